// Passkeys: a form that carries data-passkey asks the browser first, and is then sent with what the browser said.

for (const form of document.querySelectorAll("form[data-passkey]")) form.addEventListener("submit", askTheBrowser);

async function askTheBrowser(event) {
  const form = event.currentTarget;
  const { credential } = form.elements;
  // What was left empty is for the portal to say: nobody is asked for a finger before.
  if (credential.value || !form.checkValidity()) return;
  event.preventDefault();
  const words = form.querySelector("[data-passkey-words]");
  words.textContent = "";
  try {
    const said = await window.webauthnJSON[form.dataset.passkey](JSON.parse(form.dataset.options));
    credential.value = JSON.stringify(said);
    form.submit();
  } catch {
    // The person looked away, has none of these passkeys, or the browser knows none.
    words.textContent = words.dataset.passkeyWords;
  }
}

// Back from the next page a form has its answer still, which is good for once.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-passkey]")) form.elements.credential.value = "";
});
