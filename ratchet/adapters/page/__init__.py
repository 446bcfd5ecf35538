"""One page for the people who own the bot: a thin face of Ratchet's own commands, served on loopback."""
