"""The commands that the orchestrator runs in the bot environment, as `python -m tools.NAME` in this folder.

Importing this package prepares the process for Rasa; it has to happen before the first import of Rasa, and it is
the only import here that does something: no telemetry, no noise from its old dependencies, and placeholders for
the heavy libraries that the lean environment leaves out.
"""

import os
import warnings

from components import lean

os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
os.environ.setdefault("SQLALCHEMY_SILENCE_UBER_WARNING", "1")
os.environ.setdefault("MPLBACKEND", "agg")
warnings.filterwarnings("ignore", category=DeprecationWarning)
warnings.filterwarnings("ignore", category=FutureWarning)
warnings.filterwarnings("ignore", message="pkg_resources is deprecated")
lean.install()
