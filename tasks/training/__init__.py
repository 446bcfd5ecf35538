"""Verbs from a split corpus to a judged model and its report."""
