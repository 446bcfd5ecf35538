"""Nouns and decisions: pure functions over frozen values, without clock, environment or I/O."""
