"""A project's custom actions."""
