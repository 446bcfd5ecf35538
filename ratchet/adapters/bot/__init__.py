"""The bot as a subprocess: its environment, its code, its channel, what it wrote of conversations."""
