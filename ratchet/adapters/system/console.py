"""What people see in the terminal while steps run: to standard error, so that `--json` output stays clean."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from rich.console import Console
from rich.markup import escape
from rich.status import Status

terminal = Console(stderr=True, highlight=False, soft_wrap=True)
_status: list[Status] = []


class Line:
    """The line of a step: what it is doing now, and in the end what came out."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.result = ""
        self.started = time.monotonic()

    @property
    def seconds(self) -> float:
        """How long the step has been running."""
        return time.monotonic() - self.started

    def show(self, mark: str, text: str) -> None:
        """Print the line in its final form."""
        terminal.print(f"{mark} [bold]{self.name:<9}[/bold] {self.seconds:6.1f} s  {escape(text)}")


@contextlib.contextmanager
def step(name: str) -> Iterator[Line]:
    """Show a step: a moving line while it runs, a mark, its duration and one line of result at its end."""
    line = Line(name)
    with terminal.status(f"[bold]{name}[/bold] …") as status:
        _status.append(status)
        try:
            yield line
        except BaseException:
            line.show("[red]✗[/red]", line.result or "interrupted")
            raise
        finally:
            _status.pop()
    line.show("[green]✓[/green]", line.result)


def progress(text: str) -> None:
    """Say what the running step is doing now; without a terminal it is not printed."""
    if _status:
        _status[-1].update(f"[bold]…[/bold] {escape(text[:120])}")


def note(text: str) -> None:
    """Print one line between the steps."""
    terminal.print(f"  {escape(text)}")
