"""The commands that the orchestrator runs in the bot environment: `python -m ratchet_bot.tools.NAME` in `bot/`.

Importing this package prepares the process for Rasa; it has to happen before the first import of Rasa, and it is
the only import here that does something: no telemetry, no noise from its old dependencies, placeholders for
the heavy libraries that the lean environment leaves out, and the names that components had in older models.
"""

import logging
import os
import warnings
from typing import Any

import structlog

from ratchet_bot import aliases
from ratchet_bot.components import lean, repairs

os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
os.environ.setdefault("LOG_LEVEL", "WARNING")
os.environ.setdefault("SQLALCHEMY_SILENCE_UBER_WARNING", "1")
os.environ.setdefault("MPLBACKEND", "agg")
logging.basicConfig(format="%(levelname)s %(name)s: %(message)s", level=os.environ["LOG_LEVEL"])
structlog.configure(
    wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(os.environ["LOG_LEVEL"]))
)
_show_warning = warnings.showwarning


def _show_useful_warning(message: Any, category: type[Warning], *place: Any) -> None:
    """Old libraries warn of what only their authors can change; filters would not last, some reset them."""
    old_news = issubclass(category, (DeprecationWarning, FutureWarning, PendingDeprecationWarning))
    if not old_news and "Slot auto-fill has been removed" not in str(message):  # Rasa's, on every domain
        _show_warning(message, category, *place)


warnings.showwarning = _show_useful_warning
lean.install()
repairs.install()
aliases.install()
