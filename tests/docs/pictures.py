"""Make docs/images/terminal.svg: `python -m tests.docs.pictures` runs `ratchet retrain` on the example for real."""

from __future__ import annotations

import io
import re
import subprocess
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme

from ratchet.adapters.system.processes import free_port
from tests.e2e.cli import RATCHET, ROOT

THEME = TerminalTheme(
    (20, 23, 27),
    (232, 234, 237),
    [
        (29, 33, 39),
        (255, 143, 134),
        (111, 208, 143),
        (240, 187, 90),
        (127, 176, 255),
        (200, 160, 255),
        (120, 210, 220),
        (232, 234, 237),
    ],
)


def tidy(svg: str, names: dict[str, str]) -> str:
    """Write what differs by machine as everybody has it, and take out fonts that would be fetched from elsewhere.

    A line whose length changes loses its fixed width, or its letters would be spread.
    """
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL).replace(
        "Fira Code, monospace", "monospace"
    )
    lines = []
    for line in re.split(r"(?=<text )", svg):
        changed = line
        for old, new in names.items():
            changed = changed.replace(old, new)
        lines.append(line if changed == line else re.sub(r' textLength="[^"]*"', "", changed))
    return "".join(lines)


def main() -> None:
    """Run in a new workspace, and write what the terminal shows."""
    from ratchet.adapters.system import console
    from ratchet.cli import output, retrain
    from ratchet.cli.context import shared

    screen = Console(
        record=True, file=io.StringIO(), width=116, color_system="truecolor", highlight=False, soft_wrap=False
    )
    console.terminal = output.out = retrain.out = screen
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder) / "helpdesk"
        subprocess.run([RATCHET, "init", workspace, "--example", "helpdesk"], check=True)
        port = free_port()
        (workspace / ".env").write_text(f"RATCHET_PORT={port}\n")
        shared.workspace = workspace
        screen.print("$ ratchet retrain", style="bold")
        try:
            retrain.retrain()
        finally:
            subprocess.run([RATCHET, "--workspace", workspace, "stop"], check=True)
        svg = tidy(
            screen.export_svg(title="ratchet retrain", theme=THEME), {folder: "~", f":{port}": ":5005"}
        )
    path = ROOT / "docs" / "images" / "terminal.svg"
    path.write_text(svg)
    print(path)


if __name__ == "__main__":
    main()
