"""What the fuzz tests share: how many inputs, where they come from, and what must come of each.

Normally some dozens of inputs a test, with RATCHET_LONG=1 thousands. The inputs follow from one seed, which is
printed at the end and with each failure; RATCHET_FUZZ_SEED=N repeats them.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from ratchet.domain.errors import RatchetError

LONG = os.environ.get("RATCHET_LONG") == "1"
SEED = int(os.environ.get("RATCHET_FUZZ_SEED", random.SystemRandom().randrange(2**32)))
SECONDS = 5.0
"""No input may take longer, in processor time, so that a busy machine is no failure."""
COUNTS: Counter[tuple[str, str]] = Counter()
"""Inputs by target and outcome: `taken` or `refused`."""

NASTY = [
    *(b"\0", b"\r", b"\n", b"\t", b'"', b"'", b"\\", b",", b";", b"|", b"#", b"%", b"-", b": ", b"? ", b"- "),
    *(b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xc3", b"\xe2\x80\xa8", b"\x0b", b"\x1a"),
    *(b"\\ud800", b"\\u0000", b"9" * 5000, b"1e999", b"-0", b"NaN", b"null", b"true", b"2001-99-99", b"0b2"),
    *(b"[" * 3000, b"{" * 3000, b'{"a":' * 3000, b"- " * 3000, b"  " * 3000, b"x" * 200_000, b"\n" * 2000),
    *(
        b"&a [*a]",
        b"*a",
        b"<<: *a",
        b"!!python/object:os.system x",
        b"!!binary =",
        b"%YAML 9.9",
        b"---\n",
        b"|",
    ),
    *(
        b"../../etc/passwd",
        b"${jndi:x}",
        b"=1+1",
        b"{}",
        b"[]",
        b"nlu:",
        b"intent:",
        b"examples: |\n",
        b"text",
    ),
]


def bomb(kind: str = "lol") -> bytes:
    """YAML whose aliases stand for a billion entries."""
    rows = [f"a0: &a0 [{', '.join([kind] * 10)}]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    return "\n".join(rows).encode()


@st.composite
def mutated(draw: st.DrawFn, valid: Sequence[bytes]) -> bytes:
    """A valid file with one to four injuries, or bytes of any kind."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.one_of(st.binary(max_size=400), st.sampled_from(NASTY), st.text().map(encoded)))
    content = draw(st.sampled_from(valid))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.sampled_from([0, 1, 1, 2, 5, 40, 1000])))
        piece = draw(
            st.one_of(st.sampled_from(NASTY), st.binary(max_size=6), st.just(content[start:end] * 2))
        )
        content = content[:start] + piece + content[end:]
    return content[: len(content) - draw(st.sampled_from([0, 0, 0, 1, 7, 100]))]


def encoded(text: str) -> bytes:
    """A text in UTF-8; halves of surrogate pairs, which it cannot have, as they would stand there."""
    return text.encode("utf-8", "surrogatepass")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@st.composite
def twisted(draw: st.DrawFn, valid: dict[str, Any]) -> Any:
    """JSON in which some entries of a valid document are gone or of another type, or any JSON at all."""
    if draw(st.integers(0, 9)) == 0:
        return draw(JSON)
    content = dict(valid)
    for name in draw(st.lists(st.sampled_from(sorted(valid)), min_size=1, max_size=3)):
        if draw(st.booleans()):
            content.pop(name, None)
        else:
            content[name] = draw(JSON)
    return content


def fuzz(fast: int, long: int, **strategies: st.SearchStrategy[Any]) -> Callable[[Any], Any]:
    """Run a test with `fast` inputs, with RATCHET_LONG=1 `long`, all of them from SEED."""

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        profile = settings(
            max_examples=long if LONG else fast,
            deadline=None,
            database=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        )
        return seed(SEED)(profile(given(**strategies)(test)))

    return decorate


def refused(error: RatchetError) -> None:
    """Fail for an error that a person could not read."""
    assert error.fact, repr(error)
    assert "Traceback" not in str(error)
    assert len(str(error)) < 20_000, "nobody reads such a message"


def survive(target: str, call: Callable[[], Any]) -> Any | None:
    """Return the result of `call`, None where the input was refused.

    Fails for any exception but `RatchetError` with a fact, and for an input that takes too long.
    """
    started = time.process_time()
    try:
        result = call()
        COUNTS[target, "taken"] += 1
    except RatchetError as error:
        refused(error)
        COUNTS[target, "refused"] += 1
        result = None
    except BaseException as error:
        error.add_note(f"RATCHET_FUZZ_SEED={SEED}")
        raise
    took = time.process_time() - started
    assert took < SECONDS, f"{target}: {took:.1f} s; RATCHET_FUZZ_SEED={SEED}"
    return result
