"""Rasa's own command line in this environment, for instance `python -m ratchet_bot.tools.rasa data validate`."""

from __future__ import annotations


def main() -> None:
    """Hand over to Rasa, which reads the arguments."""
    from rasa.__main__ import main as rasa

    rasa()


if __name__ == "__main__":
    main()
