"""Verbs from production back to the corpus."""
