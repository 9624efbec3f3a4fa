// Names for the fields that the scripts of Django's admin draw (WCAG 4.1.2). Each waits for what its drawer waits for, after it.

"use strict";

// The lists of two columns are drawn when all is loaded. An icon may have a name, a span may not; here it is all that the field's label says.
addEventListener("load", () => {
  for (const icon of document.querySelectorAll(".search-label-icon")) icon.role = "img";
});

// A choice with suggestions is called what is chosen, which is nothing at first; the label stands before that.
django.jQuery(() => {
  for (const select of document.querySelectorAll("select.admin-autocomplete")) {
    const [label] = select.labels;
    const drawn = select.nextElementSibling;
    const chosen = drawn.querySelector(".select2-selection__rendered");
    label.id ||= `${select.id}_label`;
    chosen.setAttribute("aria-labelledby", label.id);
    drawn.querySelector(".select2-selection").setAttribute("aria-labelledby", `${label.id} ${chosen.id}`);
  }
});
