"""Verbs on messages: read, take, assign, store, fetch, split."""
