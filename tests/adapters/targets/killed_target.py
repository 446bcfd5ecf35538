"""Switch a target and be killed at a given point on the way: `python -m … WORKSPACE PORT STEP NUMBER RELEASE`.

STEP is `deploy` (of what is staged) or `switch_back`; NUMBER is that of the lasting change after which it ends, and
RELEASE the manifest as JSON.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from ratchet.adapters.settings import load_settings
from ratchet.adapters.targets.process import ProcessTarget
from ratchet.domain.release.manifest import Release


def dying(number: int) -> Callable[[Any], Any]:
    """Return what makes functions end this process, as an out-of-memory killer would, after the call of this number."""
    count = [0]

    def counted(function: Any) -> Any:
        @wraps(function)
        def call(*arguments: Any, **options: Any) -> Any:
            result = function(*arguments, **options)
            count[0] += 1
            if count[0] == number:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return call

    return counted


def main() -> None:
    """Do it."""
    workspace, port, step, number, manifest = sys.argv[1:]
    settings = load_settings(workspace, port=int(port), bot_python=Path(sys.executable), target="process")
    release, target = Release.from_dict(json.loads(manifest)), ProcessTarget(settings)
    counted = dying(int(number))
    os.replace = counted(os.replace)
    getattr(target, step)(release, print)


if __name__ == "__main__":
    main()
