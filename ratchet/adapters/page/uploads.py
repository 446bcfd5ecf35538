"""Files that a form sends along (`multipart/form-data`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import MessageError
from email.message import Message
from pathlib import PurePath

MOST_PARTS = 100
MOST_NAME = 100


@dataclass(frozen=True)
class Upload:
    """A file: its name, without any folder, and what it holds."""

    name: str
    content: bytes


def read(kind: str, body: bytes) -> tuple[Mapping[str, Sequence[str]], Mapping[str, Upload]]:
    """Return the fields and files of a form whose content type is `kind`; none of another body."""
    if not kind.startswith("multipart/form-data"):
        return {}, {}
    try:
        whole = message_from_bytes(b"Content-Type: " + kind.encode("latin-1") + b"\r\n\r\n" + body)
    except (MessageError, ValueError):
        return {}, {}
    fields: dict[str, list[str]] = {}
    files: dict[str, Upload] = {}
    parts = whole.get_payload() if whole.is_multipart() else []
    for part in list(parts)[:MOST_PARTS]:
        if not isinstance(part, Message) or part.is_multipart():
            continue
        name = str(part.get_param("name", "", header="content-disposition") or "")
        content = part.get_payload(decode=True)
        found = content if isinstance(content, bytes) else b""
        if (file := part.get_filename()) is not None:
            files[name] = Upload(PurePath(file.replace("\\", "/")).name[-MOST_NAME:], found)
        else:
            fields.setdefault(name, []).append(found.decode("utf-8", "replace"))
    return fields, files
