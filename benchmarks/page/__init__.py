"""How fast the pages for the people who own the bot appear, on an example with 100,000 messages."""
