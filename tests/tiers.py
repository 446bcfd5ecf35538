"""The tiers of the tests: what `make test` runs of a sweep, and what `make test-long` runs besides."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import pytest

Case = TypeVar("Case")


def exhaustive(*case: Any) -> Any:
    """Return a parameter, or one of several values, that only `make test-long` runs."""
    return pytest.param(*case, marks=pytest.mark.long)


def tiers(cases: Iterable[Case], usual: Callable[[Case], bool]) -> list[Any]:
    """Return the parameters of a sweep; those that are not `usual` run only in `make test-long`."""
    return [case if usual(case) else exhaustive(case) for case in cases]
