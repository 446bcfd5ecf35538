"""How numbers are written for people, so that every sentence and table writes them alike."""


def percent(share: float, digits: int = 1) -> str:
    """0.9235 → '92.4 %'; with no digits after the point '92 %'."""
    return f"{100 * share:.{digits}f} %"


def points(difference: float) -> str:
    """A difference of two shares in percentage points, without its sign: -0.018 → '1.8 points'."""
    value = f"{abs(100 * difference):.1f}"
    return f"{value} point" if value == "1.0" else f"{value} points"


def chance(p: float) -> str:
    """A p-value as a share of cases: 0.043 → '4.3 %', 0.0000002 → 'less than 0.1 %'."""
    return "less than 0.1 %" if p < 0.001 else percent(p)


def count(number: int, noun: str) -> str:
    """1 → '1 row', 1300 → '1,300 rows'."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
