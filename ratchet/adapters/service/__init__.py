"""The running service under one supervisor: its parts, and what they are told."""
