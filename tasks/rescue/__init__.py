"""Verbs that repair what is wrong with a workspace."""
