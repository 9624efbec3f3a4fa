/* Progressive enhancement only: every form of the portal works as plain HTML without this file,
   and the server decides everything that is previewed here. Each init function is one behaviour,
   looks for its own markup, and does nothing where there is none. */
"use strict";

/* ---------- helpers ---------- */

const language = document.documentElement.lang || "en";
const numberFormat = new Intl.NumberFormat(language);
const plurals = new Intl.PluralRules(language);

/** What this file says, as the page has it in its language: components/_script_words.html. */
const words = document.getElementById("script-words")?.dataset ?? {};

/** A sentence with what stands for {each} of its places. */
function filled(sentence = "", places = {}) {
  return sentence.replace(/\{(\w+)\}/g, (_, name) => places[name]);
}

/** A number as people read it: with separators, and a true minus sign. */
function formatNumber(number) {
  return numberFormat.format(number).replace("-", "\u2212");
}

/** A number with its noun. The page has the words for some numbers: taken are those of the first that is like this one. */
function countOf(number, forms) {
  const byNumber = JSON.parse(forms);
  const like = Object.keys(byNumber).find((some) => plurals.select(Number(some)) === plurals.select(number));
  return filled(byNumber[like], { number: formatNumber(number) });
}

/** A new element; its text is always text, never markup. */
function element(tag, { className = "", text = "", attributes = {} } = {}) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.textContent = text;
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

function setText(selector, text) {
  for (const node of document.querySelectorAll(selector)) node.textContent = text;
}

/** The page's one live region. It has to be there before its text changes, else nothing is read out. */
function initLiveRegion() {
  if (document.getElementById("live")) return;
  document.body.append(
    element("div", { className: "visually-hidden", attributes: { id: "live", role: "status" } }),
  );
}

function announce(text) {
  document.getElementById("live").textContent = text;
}

/** Calls `action` once, `delay` milliseconds after the last of many calls. */
function debounce(action, delay) {
  let timer;
  const later = (...args) => {
    window.clearTimeout(timer);
    timer = window.setTimeout(action, delay, ...args);
  };
  later.cancel = () => window.clearTimeout(timer);
  return later;
}

/** Says a text once people have stopped typing, or a page has settled. */
const sayLater = debounce(announce, 600);

/* ---------- errors ---------- */

/** The error summary takes the focus when the page is loaded; its links lead to the field itself. */
function initErrorSummary() {
  const summary = document.querySelector(".error-summary");
  if (!summary) return;
  summary.focus();
  summary.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    const field = link && document.getElementById(link.hash.slice(1));
    if (!field) return;
    event.preventDefault();
    field.scrollIntoView({ block: "center" });
    field.focus({ preventScroll: true });
  });
}

/* ---------- one press ---------- */

/** Directly after the press the heading takes the focus: it names what was made, and the panel describes it. */
function initConfirmation() {
  if (document.querySelector(".confirm")) document.querySelector("h1").focus({ preventScroll: true });
}

/** A form is sent once per page load. The server has its one-use key; this spares people the wait for it. */
function initSendOnce() {
  const forms = document.querySelectorAll("form[data-once]");
  for (const form of forms) form.addEventListener("submit", sendOnce);

  // Back from the next page, the browser may show this one as it was left: it can be sent again.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) forms.forEach(allowSendingAgain);
  });
}

function sendOnce(event) {
  const form = event.currentTarget;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  event.submitter?.setAttribute("aria-disabled", "true"); // not disabled: its name and value are sent
  rememberWhatIsSent(form);
}

function allowSendingAgain(form) {
  delete form.dataset.sent;
  for (const button of form.querySelectorAll("[type=submit]")) button.removeAttribute("aria-disabled");
}

/* Back from the receipt, a browser that asks for the page again gets an empty form with a key of its own: typed once
   more, it would move the licenses once more. So the form is shown as it was sent, its key included, and pressing
   again leads to the first receipt. A reload gives a new form. */

const MOVES_LICENSES = "form[data-once]:has(table[data-qty])";

function rememberWhatIsSent(form) {
  if (!form.matches(MOVES_LICENSES)) return;
  const sent = Object.fromEntries([...form.elements].filter(isRemembered).map(({ name, value }) => [name, value]));
  window.history.replaceState({ ...window.history.state, sent }, "");
}

function initBackAfterSending() {
  const form = document.querySelector(MOVES_LICENSES);
  const [visit] = performance.getEntriesByType("navigation");
  const sent = visit?.type === "back_forward" && window.history.state?.sent;
  if (!form || !sent) return;
  for (const [name, value] of Object.entries(sent)) {
    const field = form.elements.namedItem(name);
    if (field) field.value = value;
    else form.append(element("input", { attributes: { type: "hidden", name, value } })); // all of it is sold: it has no row
  }
}

function isRemembered({ name, type }) {
  return name === "key" || (name !== "" && !["hidden", "file", "password", "submit"].includes(type));
}

/* ---------- shell ---------- */

/** On small screens the menu is a dialog, but only while it is open: then it needs a name. */
function initMenu() {
  const menu = document.getElementById("side");
  if (!menu) return;
  menu.addEventListener("show.bs.offcanvas", () => menu.setAttribute("aria-label", words.menu));
  menu.addEventListener("hidden.bs.offcanvas", () => menu.removeAttribute("aria-label"));
}

/** The top bar sticks right under the acting bar, which grows when a long name wraps. */
function initActingBar() {
  const bar = document.querySelector(".acting-bar");
  if (!bar) return;
  const measure = () => {
    document.documentElement.style.setProperty("--p-acting-h", `${bar.offsetHeight}px`);
  };
  new ResizeObserver(measure).observe(bar);
}

const THEMES = ["auto", "light", "dark"];
const THEME_NAMES = { auto: words.themeAuto, light: words.themeLight, dark: words.themeDark };
const ONE_YEAR = 365 * 24 * 60 * 60; // seconds

/** The theme button goes from automatic over light to dark; the server reads the cookie, see theme.js. */
function initThemeButton() {
  const root = document.documentElement;
  const button = document.querySelector("[data-theme-toggle]");
  if (!button) return;

  const nameButton = () => {
    const name = THEME_NAMES[root.dataset.theme] || THEME_NAMES.auto;
    button.setAttribute("aria-label", name);
    button.title = name;
    return name;
  };

  nameButton();
  button.addEventListener("click", () => {
    const next = THEMES[(Math.max(THEMES.indexOf(root.dataset.theme), 0) + 1) % THEMES.length];
    const secure = window.location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `theme=${next}; Path=/; Max-Age=${ONE_YEAR}; SameSite=Lax${secure}`;
    root.dataset.theme = next;
    root.dispatchEvent(new Event("themechange"));
    announce(nameButton());
  });
}

/* ---------- small buttons ---------- */

/** [data-copy="text"]: puts the text on the clipboard; data-copied says what it is where the text is long. */
function initCopyButtons() {
  for (const button of document.querySelectorAll("[data-copy]")) {
    if (!navigator.clipboard) {
      button.hidden = true; // browsers give the clipboard to secure pages only
      continue;
    }
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(button.dataset.copy);
      } catch {
        return; // not allowed: the text stands beside the button and can be marked by hand
      }
      button.dataset.copiedText = words.copied;
      button.classList.add("is-copied");
      announce(filled(words.copiedWhat, { what: button.dataset.copied || button.dataset.copy }));
      window.setTimeout(() => button.classList.remove("is-copied"), 2000);
    });
  }
}

function initPrintButtons() {
  for (const button of document.querySelectorAll("[data-print]")) {
    button.addEventListener("click", () => window.print());
  }
}

/** A moment as the server writes it, in the reader's zone and with the letters that it goes by there: 24 Nov 2026, 2:32 pm PST. */
function momentText(moment, timeZone, letters) {
  const written = (parts) => new Intl.DateTimeFormat(language, { ...parts, timeZone }).format(moment);
  const day = `${written({ day: "numeric" })} ${written({ month: "short" })} ${written({ year: "numeric" })}`;
  const time = written({ hour: "numeric", minute: "2-digit" }).replace(/\s/, " ").toLowerCase();
  return `${day}, ${time} ${letters}`;
}

/** [data-printed-at="zone"] holds a <time>: the page may have been open for long when it is printed. */
function initPrintedAt() {
  const line = document.querySelector("[data-printed-at]");
  if (!line) return;
  const time = line.querySelector("time");
  const letters = time.textContent.split(" ").at(-1);
  window.addEventListener("beforeprint", () => {
    const now = new Date();
    time.dateTime = now.toISOString();
    time.textContent = momentText(now, line.dataset.printedAt, letters);
  });
}

/** [data-toggle-password="#id"]: shows what was typed, and hides it again before it is sent. */
function initPasswordButtons() {
  for (const button of document.querySelectorAll("[data-toggle-password]")) {
    const field = document.querySelector(button.dataset.togglePassword);
    if (!field) continue;
    const show = (isShown) => {
      field.type = isShown ? "text" : "password";
      button.textContent = isShown ? words.hide : words.show;
    };
    button.addEventListener("click", () => show(field.type === "password"));
    field.form?.addEventListener("submit", () => show(false)); // password managers look at the type
  }
}

/* ---------- quantities ---------- */

/** What a Qty field says: null where it is not a quantity. Blank is 0, else one to seven ASCII digits. */
function parseQuantity(text) {
  const trimmed = text.trim();
  if (trimmed === "") return 0;
  return /^[0-9]{1,7}$/.test(trimmed) ? Number(trimmed) : null;
}

/** Numbers after, lines and total, beside the fields while one types. */
function initQuantities() {
  const table = document.querySelector("table[data-qty]");
  if (!table) return;

  const update = () => {
    const rows = readQuantityRows(table);
    const totals = sumUp(rows);
    rows.forEach(showAfter);
    showLines(rows);
    showTotals(totals);
    return totals;
  };

  table.addEventListener("input", () => sayLater(totalsInWords(update())));
  table.addEventListener("click", (event) => {
    const button = event.target.closest("[data-all]");
    if (!button) return;
    const row = button.closest("tr");
    const field = row.querySelector("input");
    field.value = row.dataset.available;
    field.focus();
    sayLater(totalsInWords(update()));
  });

  // Also after going back, when the browser has put the old values into the fields.
  window.addEventListener("pageshow", update);
  update();
}

function readQuantityRows(table) {
  const rows = [];
  for (const row of table.querySelectorAll("tr[data-available]")) {
    const field = row.querySelector("input");
    if (!field) continue; // nothing available: the row has no field
    const available = Number(row.dataset.available);
    const quantity = parseQuantity(field.value);
    const isGood = quantity !== null && quantity <= available;
    rows.push({ row, name: row.dataset.name, available, quantity, isGood });
  }
  return rows;
}

function sumUp(rows) {
  const good = rows.filter(({ isGood, quantity }) => isGood && quantity > 0);
  return {
    licenses: good.reduce((total, { quantity }) => total + quantity, 0),
    products: good.length,
    bad: rows.filter(({ isGood }) => !isGood).length,
  };
}

/** The row's numbers as they will be: what is left, and in a transfer what this account will have. */
function showAfter({ row, available, quantity, isGood }) {
  const left = row.querySelector(".js-after");
  if (left) {
    left.textContent = quantity === null ? "–" : formatNumber(available - quantity);
    left.closest(".delta")?.classList.toggle("neg", !isGood);
  }

  const there = row.querySelector(".js-there");
  if (there) {
    there.textContent = isGood ? formatNumber(Number(row.dataset.there) + quantity) : "–";
    for (const delta of row.querySelectorAll(".delta")) delta.classList.toggle("same", quantity === 0);
  }
}

function showLines(rows) {
  const list = document.getElementById("sum-lines");
  if (!list) return;
  const lines = rows.filter(({ isGood, quantity }) => !isGood || quantity > 0).map(summaryLine);
  const hint = element("li", { className: "t-quiet", text: words.noLines });
  list.replaceChildren(...(lines.length ? lines : [hint]));
}

function summaryLine({ name, quantity, isGood }) {
  const line = element("li", { className: isGood ? "" : "t-bad" });
  const amount = isGood ? `× ${formatNumber(quantity)}` : words.fixQty;
  line.append(element("span", { text: name }), element("b", { className: "num text-nowrap", text: amount }));
  return line;
}

function showTotals({ licenses, bad }) {
  setText(".js-licenses", countOf(licenses, words.licenses));
  for (const node of document.querySelectorAll("[data-if-licenses]")) node.hidden = licenses === 0;
  for (const node of document.querySelectorAll(".js-bad")) {
    node.textContent = filled(words.toFix, { number: bad });
    node.hidden = bad === 0;
  }
}

function totalsInWords({ licenses, products, bad }) {
  return filled(bad ? words.totalToFix : words.total, {
    licenses: countOf(licenses, words.licenses),
    products: countOf(products, words.products),
    number: bad,
  });
}

/* ---------- owner ---------- */

/**
 * Owner as a combobox (ARIA Authoring Practices: list autocomplete, chosen by hand).
 *
 *   <div data-combo data-suggest-url="…"><input id="id_owner" name="owner" list="…">…</div>
 *
 * The server finds the owners: GET ?q=… answers {"owners": [{username, company, email, note}]}.
 * Without scripts, or when a request fails, the input stays the text field that it is in the markup.
 */
class OwnerCombobox {
  constructor(box) {
    this.input = box.querySelector("input");
    this.url = box.dataset.suggestUrl;
    this.owners = [];
    this.active = -1; // index of the marked option
    this.own = box.dataset.own; // one's own username, where the account itself may be the owner
    this.described = this.ownerOfPage(); // what stood in the field when the page last told who the owner is
    this.request = null;
    this.suggestLater = debounce(() => this.suggest(), 200);

    this.listbox = element("ul", {
      className: "listbox",
      attributes: { id: `${this.input.id}_list`, role: "listbox", "aria-label": words.matching },
    });
    this.listbox.hidden = true;
    this.status = element("div", { className: "visually-hidden", attributes: { role: "status" } });
    box.append(this.listbox, this.status);
    this.becomeCombobox();
    this.listen();
    if (this.described) this.showKnown(true);
    if (this.input.value.trim() !== this.described) this.typed(); // find out who it is
  }

  /** The username that the server found to be an owner's and tells of already, else nothing. */
  ownerOfPage() {
    const known = document.querySelector("[data-owner-known]");
    return known && !known.hidden ? this.input.defaultValue.trim() : "";
  }

  becomeCombobox() {
    this.input.removeAttribute("list"); // the browser's own list would open over ours
    this.input.autocomplete = "off";
    this.input.setAttribute("role", "combobox");
    this.input.setAttribute("aria-autocomplete", "list");
    this.input.setAttribute("aria-controls", this.listbox.id);
    this.input.setAttribute("aria-expanded", "false");
  }

  listen() {
    this.input.addEventListener("input", () => this.typed());
    this.input.addEventListener("keydown", (event) => this.pressed(event));
    this.input.addEventListener("blur", () => this.close());

    // A press in the list must not take the focus from the field, which would close the list.
    this.listbox.addEventListener("mousedown", (event) => event.preventDefault());
    this.listbox.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.choose(this.owners[[...this.listbox.children].indexOf(option)]);
    });

    // After going back, the browser may have put another owner into the field than the page was made for.
    window.addEventListener("pageshow", () => {
      if (this.input.value.trim() !== this.described) this.typed();
    });
  }

  typed() {
    const text = this.input.value.trim();
    this.close();
    this.request?.abort();
    this.describe({}, text); // half of a name is nobody's
    if (text) this.suggestLater();
    else this.suggestLater.cancel();
  }

  pressed(event) {
    const isOpen = !this.listbox.hidden;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const isDown = event.key === "ArrowDown";
      const [first, next] = isDown ? [0, this.active + 1] : [-1, this.active - 1];
      if (!isOpen) this.suggest().then(() => this.mark(first));
      else this.mark(this.active < 0 ? first : next);
    } else if (event.key === "Enter" && isOpen && this.active >= 0) {
      event.preventDefault(); // chooses, does not send the form
      this.choose(this.owners[this.active]);
    } else if (event.key === "Escape" && isOpen) {
      event.preventDefault();
      this.close();
    }
  }

  /** Asks the server for the owners that match; an answer that a later question overtook is dropped. */
  async suggest() {
    const query = this.input.value.trim();
    this.suggestLater.cancel();
    this.request?.abort();
    if (!query) return;
    const request = new AbortController();
    this.request = request;
    try {
      const owners = await fetchOwners(this.url, query, request.signal);
      if (!request.signal.aborted) this.show(owners, query);
    } catch {
      if (!request.signal.aborted) this.close(); // a plain text field will do
    }
  }

  show(owners, query) {
    const exact = owners.find(({ username }) => username.toLowerCase() === query.toLowerCase());
    if (exact) this.describe(exact, this.input.value.trim());
    if (document.activeElement !== this.input) return;

    this.owners = owners;
    this.listbox.replaceChildren(
      ...owners.map((owner, index) => ownerOption(owner, query, `${this.listbox.id}_${index}`)),
    );
    this.mark(null);
    this.listbox.hidden = owners.length === 0;
    this.input.setAttribute("aria-expanded", String(owners.length > 0));
    this.status.textContent = owners.length
      ? countOf(owners.length, words.matches)
      : words.noMatch;
  }

  close() {
    this.listbox.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.mark(null);
  }

  /** Marks an option; past the end it goes on at the other end. With null none is marked. */
  mark(index) {
    const options = [...this.listbox.children];
    const isNone = index === null || this.listbox.hidden;
    this.active = isNone ? -1 : (index + options.length) % options.length;
    options.forEach((option, i) => option.setAttribute("aria-selected", String(i === this.active)));
    const marked = options[this.active];
    if (marked) {
      this.input.setAttribute("aria-activedescendant", marked.id);
      marked.scrollIntoView({ block: "nearest" });
    } else {
      this.input.removeAttribute("aria-activedescendant");
    }
  }

  choose(owner) {
    this.suggestLater.cancel();
    this.request?.abort();
    this.input.value = owner.username;
    this.describe(owner);
    this.close();
    this.status.textContent = filled(words.chosen, { username: owner.username });
    this.input.dispatchEvent(new Event("change", { bubbles: true }));
  }

  /** Tells the rest of the page who the owner is, so that it never names another than will be sent. */
  describe({ username = "", company = "", email = "" }, typed = username) {
    this.described = typed;
    const isUnknown = username === "" && typed !== "" && typed.toLowerCase() !== this.own;
    describeIn(".js-owner", company, isUnknown);
    describeIn(".js-owner-user", username, isUnknown);
    describeIn(".js-owner-mail", email, isUnknown);
    this.showKnown(username !== "");
  }

  showKnown(isKnown) {
    for (const node of document.querySelectorAll("[data-owner-known]")) node.hidden = !isKnown;
  }
}

/** Texts about the owner: data-before leads in, data-empty is said without one, data-unknown while it is not clear who it is. */
function describeIn(selector, text, isUnknown) {
  for (const node of document.querySelectorAll(selector)) {
    const { before = "", empty = "", unknown = empty } = node.dataset;
    const instead = isUnknown ? unknown : empty;
    const named = before ? `${before}\u2068${text}\u2069` : text; // in a sentence, in a direction of its own
    node.textContent = text ? named : instead;
  }
}

async function fetchOwners(url, query, signal) {
  const address = new URL(url, window.location.href);
  address.searchParams.set("q", query);
  const response = await fetch(address, {
    signal,
    headers: { Accept: "application/json" },
    credentials: "same-origin",
  });
  if (!response.ok) throw new Error(`suggestions answered ${response.status}`);
  const { owners } = await response.json();
  return owners;
}

function ownerOption({ username, company, email, note }, query, id) {
  const option = element("li", { attributes: { id, role: "option", "aria-selected": "false" } });
  const name = element("span", { className: "fw-560" });
  const details = element("span", { className: "sub" });
  name.append(...marked(username, query));
  details.append(...marked([company, email].filter(Boolean).join(" · "), query));
  const said = element("span");
  said.append(name, " ", details);
  option.append(said);
  if (note) option.append(" ", element("span", { className: "pill warn", text: note }));
  return option;
}

/** The text as nodes, with every occurrence of the query in a <mark>. */
function marked(text, query) {
  const nodes = [];
  const [haystack, needle] = [text.toLowerCase(), query.toLowerCase()];
  let start = 0;
  let found = haystack.indexOf(needle);
  while (found >= 0) {
    const end = found + needle.length;
    nodes.push(text.slice(start, found), element("mark", { text: text.slice(found, end) }));
    start = end;
    found = haystack.indexOf(needle, start);
  }
  nodes.push(text.slice(start));
  return nodes;
}

function initOwnerCombobox() {
  for (const box of document.querySelectorAll("[data-combo][data-suggest-url]")) {
    if (box.querySelector("input")) new OwnerCombobox(box);
  }
}

/** [data-unless-sale="own username"]: a deployment is a sale when its owner is another account. */
function initSaleNote() {
  const note = document.querySelector("[data-unless-sale]");
  const input = document.querySelector("input[name='owner']");
  if (!note || !input) return;
  const update = () => {
    const owner = input.value.trim().toLowerCase();
    note.hidden = owner !== "" && owner !== note.dataset.unlessSale;
  };
  input.addEventListener("input", update);
  input.addEventListener("change", update);
  window.addEventListener("pageshow", update);
  update();
}

/* ---------- linked account ---------- */

const FOCUS_KEY = "focus-after-reload";

/** select[data-reload="…"]: another account means another table, so the page is asked for again, and then says so. */
function initReloadingSelect() {
  const select = document.querySelector("select[data-reload]");
  if (!select) return;

  if (takeFromSession(FOCUS_KEY) === select.id) {
    select.focus();
    if (select.dataset.reload) sayLater(select.dataset.reload);
  }
  select.addEventListener("change", () => {
    putIntoSession(FOCUS_KEY, select.id);
    window.location.assign(`?account=${encodeURIComponent(select.value)}`);
  });

  // After going back, the browser may show another account in the field than the table was made for.
  window.addEventListener("pageshow", () => {
    const own = [...select.options].findIndex((option) => option.defaultSelected);
    select.selectedIndex = Math.max(own, 0);
  });
}

/* ---------- long jobs ---------- */

const JOB_PAUSE = 2000; // milliseconds between two looks at a job

/** #job[data-job-open]: asks how far the job is, shows it in place, and says every tenth of it; without scripts the page reloads itself. */
function initJob() {
  const job = document.querySelector("#job[data-job-open]");
  if (job) window.setTimeout(lookAtJob, JOB_PAUSE, job, tenthsOf(job));
}

async function lookAtJob(before, tenthsSaid) {
  const job = await fetchJob();
  if (!job) {
    window.setTimeout(lookAtJob, JOB_PAUSE, before, tenthsSaid); // the network, or the portal, will be back
    return;
  }
  before.replaceWith(job);
  if (!job.matches("[data-job-open]")) {
    announce(job.querySelector("h2").textContent);
    return;
  }
  const tenths = tenthsOf(job);
  if (tenths > tenthsSaid) announce(job.querySelector("#job-progress").textContent);
  window.setTimeout(lookAtJob, JOB_PAUSE, job, tenths);
}

/** The page as it is now, of which only the job is taken; nothing where it could not be fetched. */
async function fetchJob() {
  try {
    const response = await fetch(window.location.href, { credentials: "same-origin" });
    if (response.redirected) window.location.reload(); // signed out meanwhile
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    return response.ok && document.adoptNode(page.getElementById("job"));
  } catch {
    return null;
  }
}

function tenthsOf(job) {
  const progress = job.querySelector("progress");
  return Math.floor((10 * progress.value) / progress.max);
}

/* Browsers may forbid the storage: then only the focus is lost. */

function putIntoSession(key, value) {
  try {
    window.sessionStorage.setItem(key, value);
  } catch {}
}

function takeFromSession(key) {
  try {
    const value = window.sessionStorage.getItem(key);
    window.sessionStorage.removeItem(key);
    return value;
  } catch {
    return null;
  }
}

/* ---------- all of it ---------- */

initLiveRegion();
initActingBar();
initMenu();
initThemeButton();
initCopyButtons();
initPrintButtons();
initPrintedAt();
initPasswordButtons();
initSendOnce();
initBackAfterSending();
initQuantities();
initOwnerCombobox();
initSaleNote();
initReloadingSelect();
initJob();
initConfirmation();
initErrorSummary();
