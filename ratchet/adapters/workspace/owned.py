"""What a workspace owns on its machine, `.ratchet/owned.json`: its ports, and the name of its fleet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from ratchet.adapters.system.files import read_record, write_json
from ratchet.adapters.workspace.identity import STATE_FOLDER
from ratchet.domain.record import Record

FILE = "owned.json"
PortName = Literal["port", "operation_port", "prefect_port", "mlflow_port", "page_port"]
Port = Annotated[int, Field(ge=1, le=65535)]
Stack = Annotated[str, Field(pattern=r"^([a-z0-9][a-z0-9-]*)?$")]


@dataclass(frozen=True)
class Owned(Record):
    """What was chosen for a workspace where no setting says otherwise.

    `ports` go by the names of their settings. `stack` is the fleet's name, "" for the usual one. `avoid` is the
    workspace that this one is a copy of, "" for none: its ports are never chosen.
    """

    ports: dict[PortName, Port] = field(default_factory=dict)
    stack: Stack = ""
    avoid: str = ""

    def settings(self) -> dict[str, str | int]:
        """Return the values that settings take where no one set anything."""
        return {
            **{str(name): port for name, port in self.ports.items()},
            **({"stack": self.stack} if self.stack else {}),
        }


def file_of(workspace: Path) -> Path:
    """The file that holds it."""
    return workspace / STATE_FOLDER / FILE


def read(workspace: Path) -> Owned:
    """Return what was chosen so far."""
    path = file_of(workspace)
    return read_record(path, Owned.from_dict, f"Delete {path}: ports are chosen again then.") or Owned()


def write(workspace: Path, owned: Owned) -> None:
    """Note what was chosen."""
    write_json(file_of(workspace), owned.as_dict())


def note(workspace: Path, ports: Mapping[PortName, int]) -> None:
    """Note ports beside those that were chosen before."""
    known = read(workspace)
    write(workspace, replace(known, ports={**known.ports, **ports}))
