/* Loaded blocking in <head>, so that the page never flashes in the wrong theme.
   The server writes <html data-theme="auto|light|dark"> from the `theme` cookie;
   Bootstrap and tokens.css read data-bs-theme, which knows only light and dark. */
"use strict";

(() => {
  const root = document.documentElement;
  const systemIsDark = window.matchMedia("(prefers-color-scheme: dark)");

  function resolveTheme() {
    const chosen = root.dataset.theme;
    const system = systemIsDark.matches ? "dark" : "light";
    root.dataset.bsTheme = ["light", "dark"].includes(chosen) ? chosen : system;
  }

  resolveTheme();
  systemIsDark.addEventListener("change", resolveTheme);
  root.addEventListener("themechange", resolveTheme); // sent by the theme button, see portal.js
})();
