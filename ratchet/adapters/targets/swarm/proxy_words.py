"""What HAProxy says of its configuration, told as fact and remedy."""

from __future__ import annotations

import re

from ratchet.adapters.targets.swarm.declared import Reason
from ratchet.domain.release.reasons import plain

CONFIGURATION = "deployments/proxy/haproxy.cfg"
ALERT = re.compile(r"^.*?\[ALERT\]\s+(?:\d+/\d+\s+)?\(\d+\)\s*:\s*(?:config : )?(?P<said>.+)$")
AT = re.compile(r"^(?:parsing )?\[[^\]]+:(?P<line>\d+)\]\s*:\s*(?P<said>.+)$")
SUMMARY = re.compile(
    r"^(?:Error\(s\) found in configuration file|Fatal errors? found in configuration)", re.IGNORECASE
)


def of_proxy(output: str, file: str = CONFIGURATION, again: str = "ratchet release") -> Reason | None:
    """Say what HAProxy finds wrong in its configuration (`haproxy -c`) or at its start; None where it finds nothing.

    `file` is the configuration as the reader knows it, since HAProxy names the one inside its container; `again` the
    command, without backticks, that tries again once it is corrected.
    """
    lines = (plain(line) for line in output.splitlines())
    alerts = [found["said"] for line in lines if (found := ALERT.match(line))]
    alerts = [said for said in alerts if not SUMMARY.match(said)]
    if not alerts:
        return None
    more = f" ({len(alerts) - 1} more)" if alerts[1:] else ""
    at = AT.match(alerts[0])
    where, said = (f"{file}, line {at['line']}", at["said"]) if at else (file, alerts[0])
    return Reason(
        f"HAProxy refuses {where}: {said.rstrip('.')}{more}.", f"Correct that file. Then run `{again}` again."
    )
