"""Verbs that put right what is wrong with a workspace."""
