"""The base of every policy section of `params.yaml`."""

from pydantic import BaseModel, ConfigDict


class Policy(BaseModel):
    """A frozen section of `params.yaml`; a key that it does not know is refused by name."""

    model_config = ConfigDict(frozen=True, extra="forbid")
