"""The geometry of the report's charts; the templates draw the SVG."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil
from math import floor as whole

from ratchet.domain.gate.evaluation import Confusion
from ratchet.domain.release.manifest import Release
from ratchet.domain.release.model import Model

STEPS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2)
MOST_TICKS = 7
LABEL_PIXELS = 64


@dataclass(frozen=True)
class HistoryPoint:
    """One gated run: shares in [0, 1]; `release` names what went live from it, '' where nothing did."""

    day: date
    accuracy: float
    interval: tuple[float, float]
    target: float
    decision: str
    release: str = ""


@dataclass(frozen=True)
class HistoryChart:
    """Accuracy over time, in pixels from the top left; `low` and `high` bound the shares that are shown."""

    points: tuple[HistoryPoint, ...]
    width: int
    height: int
    low: float
    high: float
    step: float

    left, right, top, bottom = 46, 14, 14, 48

    def x(self, number: int) -> float:
        """The place of a run: by its day, runs of one day side by side."""
        first, last = self._moment(0), self._moment(len(self.points) - 1)
        span = self.width - self.left - self.right - 40
        share = (self._moment(number) - first) / (last - first) if last > first else 0.5
        return round(self.left + 20 + span * share, 1)

    def _moment(self, number: int) -> float:
        day = self.points[number].day
        same = [place for place, point in enumerate(self.points) if point.day == day]
        return day.toordinal() + same.index(number) / len(same)

    def y(self, share: float) -> float:
        bounded = min(max(share, self.low), self.high)
        span = self.height - self.top - self.bottom
        return round(self.top + span * (self.high - bounded) / (self.high - self.low), 1)

    @property
    def ticks(self) -> list[float]:
        count = round((self.high - self.low) / self.step)
        return [round(self.low + number * self.step, 4) for number in range(count + 1)]

    @property
    def labelled(self) -> list[int]:
        """The runs whose day is written, so that no two labels touch; the last one always is."""
        chosen: list[int] = []
        for number in reversed(range(len(self.points))):
            if not chosen or self.x(chosen[-1]) - self.x(number) >= LABEL_PIXELS:
                chosen.append(number)
        return chosen[::-1]

    @property
    def target_line(self) -> str:
        """The target as the points of a polyline of steps."""
        corners = []
        for number, point in enumerate(self.points):
            if number:
                corners.append((self.x(number), self.y(self.points[number - 1].target)))
            corners.append((self.x(number), self.y(point.target)))
        ends = [(self.left, corners[0][1]), *corners, (self.width - self.right, corners[-1][1])]
        return " ".join(f"{x},{y}" for x, y in ends)


def history_points(models: Iterable[Model], releases: Iterable[Release]) -> list[HistoryPoint]:
    """Return the points of registered models, in their order, with what went live from them."""
    released = {release.model_version: release.id for release in releases}
    return [
        HistoryPoint(
            date.fromisoformat(model.created_at[:10]),
            model.accuracy,
            model.interval,
            model.target,
            model.decision,
            released.get(model.version, ""),
        )
        for model in models
    ]


def history_chart(points: Sequence[HistoryPoint], floor: float, width: int, height: int) -> HistoryChart:
    """A chart that shows every interval and target, and the floor where it is near."""
    shares = [share for point in points for share in (*point.interval, point.target)]
    low, high = min(shares), max(shares)
    if low - floor < 0.1:
        low = min(low, floor)
    step = next((step for step in STEPS if (high - low) / step <= MOST_TICKS - 2), STEPS[-1])
    low, high = whole(low / step + 1e-9) * step, ceil(high / step - 1e-9) * step
    return HistoryChart(
        tuple(points), width, height, round(low, 4), round(min(max(high, low + step), 1.0), 4), step
    )


@dataclass(frozen=True)
class ConfusionMatrix:
    """The most confused intents; `cells[row][column]` counts the rows of one taken for the other."""

    given: tuple[str, ...]
    predicted: tuple[str, ...]
    cells: tuple[tuple[int, ...], ...]
    shown: int
    total: int

    @property
    def most(self) -> int:
        return max((count for row in self.cells for count in row), default=0)


def confusion_matrix(confusions: Sequence[Confusion], limit: int = 12) -> ConfusionMatrix:
    """Take the most frequent confusions (they come sorted) until `limit` intents are named on a side."""
    given: list[str] = []
    predicted: list[str] = []
    for pair in confusions:
        rows, columns = {*given, pair.given}, {*predicted, pair.predicted}
        if len(rows) > limit or len(columns) > limit:
            continue
        given += [pair.given] if pair.given not in given else []
        predicted += [pair.predicted] if pair.predicted not in predicted else []
    counts = {(pair.given, pair.predicted): pair.count for pair in confusions}
    cells = tuple(tuple(counts.get((row, column), 0) for column in predicted) for row in given)
    shown = sum(sum(row) for row in cells)
    return ConfusionMatrix(
        tuple(given), tuple(predicted), cells, shown, sum(pair.count for pair in confusions)
    )
