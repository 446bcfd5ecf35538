"""The framework of a Ratchet bot: Rasa components, the HTTP channel, and the tools that the orchestrator runs."""
