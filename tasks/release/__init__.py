"""Verbs from a judged model to a verified fleet."""
