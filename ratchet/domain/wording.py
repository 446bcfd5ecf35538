"""How numbers are written for people, so that every sentence and table writes them alike."""

from collections.abc import Iterable
from typing import Literal

Unit = Literal["share", "points", "count", "ratio"]


def percent(share: float, digits: int = 1) -> str:
    """0.9235 → '92.4%'; with no digits after the point '92%'."""
    return f"{100 * share:.{digits}f}%"


def points(difference: float) -> str:
    """A difference of two shares in percentage points, without its sign: -0.018 → '1.8 points'."""
    value = f"{abs(100 * difference):.1f}"
    return f"{value} point" if value == "1.0" else f"{value} points"


def measured(value: float, unit: Unit) -> str:
    """A number in its unit: a share in percent, a difference of shares in points, a count, or a ratio."""
    match unit:
        case "share":
            return percent(value)
        case "points":
            return points(value)
        case "count":
            return f"{value:,.0f}"
        case "ratio":
            return f"{value:.2g} ×"


def chance(p: float) -> str:
    """A p-value as a share of cases: 0.043 → '4.3%', 0.0000002 → 'less than 0.1%'."""
    return "less than 0.1%" if p < 0.001 else percent(p)


def p_value(p: float) -> str:
    """A p-value as a number of three digits: 0.0432 → '0.043', 0.0002 → '< 0.001'."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def count(number: int, noun: str, many: str = "") -> str:
    """1 → '1 row', 1300 → '1,300 rows'; `many` is a plural that is not made with s: '2 entities'."""
    return f"{number:,} {noun if number == 1 else many or f'{noun}s'}"


def listed(names: Iterable[str], most: int = 8) -> str:
    """Join names, the first few of many: 'a, b and 3 more'."""
    names = list(names)
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def size(count: int) -> str:
    """Bytes as people say them: 950 → '950 bytes', 12_345_678 → '12.3 MB'."""
    if count < 1000:
        return "1 byte" if count == 1 else f"{count} bytes"
    value, unit = count / 1000, "kB"
    for larger in ("MB", "GB", "TB"):
        if value < 999.95:
            break
        value, unit = value / 1000, larger
    return f"{value:.1f} {unit}"
