"""What was checked before, so that a retrain checks only what is new.

A validation report is kept by the data revision and the policies it was made under; the sides of the texts
whose pairs were compared, by the policy of the split; both by the code that checked, so that a rule which came
with a later version of Ratchet is not left out. Losing these files costs time, not safety.
"""

from __future__ import annotations

import contextlib
import hashlib
from functools import cache
from pathlib import Path

import pandas as pd

from ratchet.adapters.system.files import read_record, replacing, tree_digest, write_json
from ratchet.domain import corpus
from ratchet.domain.corpus.findings import ValidationReport
from ratchet.domain.corpus.policies import SplitPolicy
from ratchet.domain.errors import RatchetError
from ratchet.domain.policy import Policy


@cache
def rules() -> str:
    """Return one SHA-256 over the code that checks."""
    folder = Path(corpus.__file__).parent
    return tree_digest(sorted(folder.glob("*.py")), folder)


def digest(*parts: Policy | str) -> str:
    """Return a name made of policies and revisions, and of the code that checks."""
    texts = [rules(), *(part if isinstance(part, str) else part.model_dump_json() for part in parts)]
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:24]


def report_file(state: Path, revision: str, *policies: Policy) -> Path:
    """The file of a revision's validation report."""
    return state / "proved" / f"report-{digest(revision, *policies)}.json"


def remember_report(state: Path, report: ValidationReport, revision: str, *policies: Policy) -> None:
    """Keep the report of a revision."""
    write_json(report_file(state, revision, *policies), report.as_dict())


def known_report(state: Path, revision: str, *policies: Policy) -> ValidationReport | None:
    """Return the report of a revision under these policies, if it was made before; a damaged one is made again."""
    with contextlib.suppress(RatchetError):
        return read_record(report_file(state, revision, *policies), ValidationReport.from_dict, "")
    return None


def sides_file(state: Path, policy: SplitPolicy) -> Path:
    """The file of the sides under a policy and what it calls the language."""
    return state / "proved" / f"sides-{digest(policy, policy.language or '')}.csv"


def remember_sides(state: Path, sides: pd.DataFrame, policy: SplitPolicy) -> None:
    """Keep the sides (`key`, `side`, `languages`) of texts whose pairs were all compared."""
    with replacing(sides_file(state, policy)) as path:
        sides.to_csv(path, index=False, lineterminator="\n")


def known_sides(state: Path, policy: SplitPolicy) -> pd.DataFrame | None:
    """Return the sides that were kept last under this policy; where they are damaged all pairs are compared again."""
    path = sides_file(state, policy)
    if not path.is_file():
        return None
    with contextlib.suppress(ValueError):  # pandas' errors are of that kind, and those of decoding
        sides = pd.read_csv(path, dtype="str", na_filter=False)
        return sides if list(sides.columns) == ["key", "side", "languages"] else None
    return None
