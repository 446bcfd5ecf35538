"""The base of every policy section of `params.yaml`."""

from __future__ import annotations

from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, model_validator


class Policy(BaseModel):
    """A frozen section of `params.yaml`; a key that it does not know is refused by name.

    A truth value is not a number: YAML reads `on`, `off`, `yes` and `no` as one, which would silently be 1 or 0.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def no_truth_for_a_number(cls, content: Any) -> Any:
        """Refuse a truth value in the place of a number, naming the key."""
        for name, value in content.items() if isinstance(content, dict) else ():
            field = cls.model_fields.get(str(name))
            if isinstance(value, bool) and field is not None:
                wanted = set(get_args(field.annotation)) or {field.annotation}
                if wanted & {int, float} and bool not in wanted:
                    raise ValueError(f"{name} is {str(value).lower()}, not a number")
        return content
