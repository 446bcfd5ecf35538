"""What is found of personal data, and what is taken for it: `python -m benchmarks.personal` prints tables."""

from __future__ import annotations

import importlib
import sys
import time
from collections import Counter

from benchmarks import public
from benchmarks.personal.planted import harmless, planted

MODULE = "ratchet.domain.corpus.personal_data"
MANY = 100_000


def main() -> None:
    """Print hits by form, false hits by kind of number and public set, and the time for many messages."""
    name = sys.argv[1] if len(sys.argv) > 1 else MODULE
    find = importlib.import_module(name).find
    made, whole, seen = Counter[str](), Counter[str](), Counter[str]()
    for message, piece, form, _ in planted():
        start = message.index(piece)
        spans = [(one.start, one.end) for one in find(message) if one.kind == form.partition(",")[0]]
        made[form] += 1
        whole[form] += any(a <= start and b >= start + len(piece) for a, b in spans)
        seen[form] += any(a < start + len(piece) and start < b for a, b in spans)
    print("| form | planted | touched | whole |\n| --- | ---: | ---: | ---: |")
    for form, count in made.items():
        print(f"| {form} | {count:,} | {100 * seen[form] / count:.1f}% | {100 * whole[form] / count:.1f}% |")
    print("\n| number of no person | messages | false hits | taken for |\n| --- | ---: | ---: | --- |")
    messages, hits, kinds = Counter[str](), Counter[str](), dict[str, Counter[str]]()
    for message, what in harmless():
        found = {one.kind for one in find(message)}
        messages[what] += 1
        hits[what] += bool(found)
        kinds.setdefault(what, Counter()).update(found)
    for what, count in messages.items():
        print(
            f"| {what} | {count:,} | {hits[what]} | {', '.join(f'{k} {n}' for k, n in kinds[what].items())} |"
        )
    print(f"| all | {sum(messages.values()):,} | {sum(hits.values()):,} | |\n")
    for name in ("banking77", "clinc150"):
        texts = public.read(name)["text"]
        taken = [(text, one) for text in texts for one in find(text)]
        telling = sum(any(char.isdigit() or char == "@" for char in text) for text in texts)
        print(f"{name}: {len(texts):,} messages, {telling:,} with a digit or @, {len(taken)} hits")
        for text, one in taken[:20]:
            print(f"  {one.kind}: {text[one.start : one.end]} in {text}")
    texts = (public.read("banking77")["text"].tolist() * 9)[:MANY]
    for label, many in (
        ("as BANKING77's", texts),
        ("each with a number", [t for t, _ in harmless(2, MANY // 25)]),
    ):
        started = time.perf_counter(), time.process_time()
        for text in many:
            find(text)
        spent = time.perf_counter() - started[0], time.process_time() - started[1]
        print(f"{len(many):,} messages {label}: {spent[0]:.2f} s, processor {spent[1]:.2f} s")


if __name__ == "__main__":
    main()
