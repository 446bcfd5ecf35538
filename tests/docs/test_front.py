"""The README's pictures are drawn from figures that the pages have."""

from __future__ import annotations

from benchmarks import front
from tests.docs.reading import ROOT


def test_every_figure_of_the_front_page_is_found_where_it_says() -> None:
    """Three sizes, three splits over ten weeks, four faults; the pictures are there and the README shows them."""
    assert set(front.accuracy()) == set(front.SIZES)
    assert {len(weeks) for weeks in front.leaks().values()} == {10}
    assert all(sent > 0 for sent, _ in front.faults().values())
    shown = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in ("front-accuracy.svg", "front-leaks.svg", "front-faults.svg"):
        assert (front.IMAGES / name).is_file()
        assert f"docs/images/{name}" in shown
