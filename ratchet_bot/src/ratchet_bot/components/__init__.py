"""Ratchet's own Rasa components."""
