"""Bringing a Rasa project into a new workspace: found, read, written."""
