"""Verbs of looking: what is new, what is wrong, and who is told."""
