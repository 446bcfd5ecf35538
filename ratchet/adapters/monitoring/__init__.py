"""Looking at a running workspace, telling people, and keeping samples of what was written to the bot."""
