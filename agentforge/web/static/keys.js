// Shortcuts for what the page does without them as well: they follow its links and put the focus into its forms.
// Nothing is decided by a single key: "a" and "r" lead to the reason, Enter sends it.
"use strict";

const link = (name) => () => document.querySelector(`a[data-key="${name}"]`)?.click();
const field = (name) => () => document.querySelector(`input[data-key="${name}"]`)?.focus();
const keys = {
  a: field("a"), r: field("r"), s: link("s"), j: link("j"), k: link("k"), "/": field("/"),
  "?": () => document.querySelector("#keys")?.toggleAttribute("open"),
};

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") document.activeElement?.blur();
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target instanceof Element && event.target.closest("input, textarea, select, [contenteditable]")) return;
  const act = keys[event.key];
  if (act) { event.preventDefault(); act(); }
});

// A decision is sent once, however often Enter is pressed.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || form.method !== "post") return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
});
window.addEventListener("pageshow", () => document.querySelectorAll("form").forEach((form) => delete form.dataset.sent));
