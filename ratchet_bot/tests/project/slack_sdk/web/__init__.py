"""See slack_sdk."""
