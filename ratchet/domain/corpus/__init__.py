"""The messages, their sides, and what must hold of them."""
