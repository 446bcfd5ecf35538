"""The health check inside the image: exit code 0 when the server is ready with the expected model and release."""

import http.client
import json
import os
import sys


def fault() -> str:
    """Return what is wrong, "" when nothing is."""
    connection = http.client.HTTPConnection("127.0.0.1", 5005, timeout=2)
    try:
        connection.request("GET", "/status")
        answer = connection.getresponse()
        said = json.loads(answer.read())
    except (OSError, ValueError, http.client.HTTPException) as error:
        return f"no status: {error}"
    if answer.status != 200 or not said.get("ready"):
        return f"not ready: {answer.status} {said}"
    for key, variable in (("sha256", "RATCHET_MODEL_SHA256"), ("release", "RATCHET_RELEASE")):
        if said.get(key) != os.environ[variable]:
            return f"{key} is {said.get(key)!r}, expected {os.environ[variable]!r}"
    return ""


if __name__ == "__main__":
    sys.exit(fault() or 0)
