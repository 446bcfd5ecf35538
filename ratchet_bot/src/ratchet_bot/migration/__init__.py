"""Reading a Rasa project with Rasa's own loaders, for `ratchet_bot.tools.migrate`."""
