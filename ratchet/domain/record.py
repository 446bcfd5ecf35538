"""Values that travel as JSON: into the registry, the release manifest and the report."""

from typing import Any, Self

from pydantic import TypeAdapter


class Record:
    """A base for frozen dataclasses; `from_dict(x.as_dict()) == x`, also after a trip through JSON."""

    def as_dict(self) -> dict[str, Any]:
        return dict(TypeAdapter(type(self)).dump_python(self, mode="json"))

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        return TypeAdapter(cls).validate_python(data)
