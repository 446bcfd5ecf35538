"""New names of intents as a finding of validation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ratchet.domain.corpus.findings import SHOWN, Finding, ValidationReport
from ratchet.domain.corpus.naming import Use
from ratchet.domain.corpus.renames import Succession, new_names, summary
from ratchet.domain.wording import listed

RULE = "new names of intents"


def with_new_names(
    report: ValidationReport, found: Sequence[Succession], leftovers: Sequence[Use]
) -> ValidationReport:
    """Return a report with the intents that were renamed, split or merged, and the lines that use their old names."""
    if not found:
        return report
    said = f"{listed(summary(found))}."
    if leftovers:
        old, new = next(iter(new_names(found).items()), ("OLD", "NEW"))
        lines = (
            "1 line of the bot still uses"
            if len(leftovers) == 1
            else f"{len(leftovers)} lines of the bot still use"
        )
        said += f" {lines} a name that is gone; once the messages are in, `ratchet rename {old} {new}` changes the bot."
    shown = leftovers[:SHOWN]
    rows, texts = tuple(use.place for use in shown), tuple(use.text for use in shown)
    finding = Finding(RULE, rows, texts, len(leftovers), said)
    return replace(report, warnings=(*report.warnings, finding))
