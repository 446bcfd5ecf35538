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
