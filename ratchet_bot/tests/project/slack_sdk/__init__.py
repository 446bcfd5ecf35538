"""Stands for Slack's library: what is sent to Slack goes to the address in FAKE_PLATFORM. Signatures are Rasa's own."""
