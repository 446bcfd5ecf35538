"""Bringing a Rasa project over: what is taken, changed and left behind, as pure decisions."""
