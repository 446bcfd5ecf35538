// What the page does in the browser besides htmx: it works without, only less comfortably.
"use strict";

// A form is sent once: a second press while the first is on its way does nothing.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  if (!form.hasAttribute("hx-post")) form.dataset.sent = "yes";
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form")) delete form.dataset.sent;
});

// A dialog opens by the button that names it; the browser keeps the focus in it and closes it with Escape.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens).showModal();
  const closer = event.target.closest("[data-closes]");
  if (closer) closer.closest("dialog").close();
});

// A piece that renews itself leaves a person alone who is just in it with the keyboard.
document.addEventListener("htmx:beforeRequest", (event) => {
  const piece = event.target;
  if (piece.id === "now" && piece.contains(document.activeElement)) event.preventDefault();
});

// A message that was answered leaves the field free for the next one.
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.target.id === "say" && event.detail.successful) {
    const field = document.getElementById("message");
    field.value = "";
    field.focus();
  }
});

// Keys of a card: one presses the button, or goes to the field, that names it; none while a person types.
const cards = () => [...document.querySelectorAll("[data-card]")];
document.addEventListener("keydown", (event) => {
  const card = event.target.closest("[data-keys] [data-card]");
  const types = event.target.matches("input:not([type=checkbox]), select, textarea");
  if (!card || types || event.ctrlKey || event.metaKey || event.altKey) return;
  const step = { j: 1, s: 1, k: -1 }[event.key];
  const key = `[aria-keyshortcuts="${CSS.escape(event.key)}"]`;
  const found = step ? neighbour(card, step) : card.querySelector(key) ?? document.querySelector(`:not([data-card] *)${key}`);
  if (!found) return;
  event.preventDefault();
  if (step || found.matches("input")) found.focus();
  else found.click();
});

function neighbour(card, step) {
  const all = cards();
  return all[all.indexOf(card) + step] ?? (step > 0 ? document.getElementById("more") : null);
}

// After a card is done the next one has the focus; after the last one the way to more.
document.addEventListener("htmx:afterSwap", (event) => {
  const done = event.target;
  if (!(done instanceof Element) || !done.matches("[data-done]")) return;
  const after = cards().find((card) => done.compareDocumentPosition(card) & Node.DOCUMENT_POSITION_FOLLOWING);
  (after ?? document.getElementById("more") ?? document.getElementById("main")).focus();
});
