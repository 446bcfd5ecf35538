"""The settings about the corpus: sections of `params.yaml`.

Apart from what they govern, so that reading them imports no library: every command reads the settings.
"""

from __future__ import annotations

import codecs
import contextlib
from typing import Literal, Self

from pydantic import Field, PrivateAttr, field_validator, model_validator

from ratchet.domain.policy import Policy

RESERVED = {"text", "intent", "source", "key", "place"}


class CorpusPolicy(Policy):
    """What a message carries besides its text and intent.

    `context` maps each context field to the values it may have, or to None where any value may be;
    `language` is the one of them that holds a message's language, None in a bot of one language;
    `out_of_scope` is the intent of messages that the bot is not meant for.
    """

    context: dict[str, list[str] | None] = Field(default_factory=dict)
    language: str | None = None
    out_of_scope: str = "out_of_scope"

    @field_validator("context")
    @classmethod
    def not_reserved(cls, context: dict[str, list[str] | None]) -> dict[str, list[str] | None]:
        """Refuse context fields that are columns already."""
        taken = RESERVED & set(context)
        if taken:
            raise ValueError(f"{', '.join(sorted(taken))} cannot name a context field")
        return context

    @model_validator(mode="after")
    def language_is_a_field(self) -> Self:
        """Refuse a language that is no context field."""
        if self.language is not None and self.language not in self.context:
            known = ", ".join(self.context) or "there is none"
            raise ValueError(
                f"language names the context field {self.language!r}, which corpus.context does not have ({known})"
            )
        return self

    @property
    def columns(self) -> list[str]:
        """The columns of a corpus frame, in their order in the file."""
        return ["text", "intent", *self.context, "source"]


class SplitPolicy(Policy):
    """How the ledger gives sides.

    `test_share` is the share of each intent's distinct texts that the holdout is to have; `near_duplicate`
    the ratio in percent from which two texts count as one message; `salt` the secret of the keys: with
    another salt every key is another. An intent with at least `share_rows` texts whose holdout share is outside
    `share_bounds` is reported. `language` is `corpus.language`, which `within` adds: near-duplicates are two texts of
    one language, and a text whose language is not known ("") is compared with all.
    """

    _language: str | None = PrivateAttr(None)

    test_share: float = Field(0.25, gt=0, lt=1)
    near_duplicate: float = Field(90.0, ge=50, le=100)
    salt: str = Field("ratchet", min_length=1)
    share_bounds: tuple[float, float] = (0.15, 0.40)
    share_rows: int = Field(40, ge=1)

    @property
    def language(self) -> str | None:
        """The context field that holds a message's language, None in a bot of one language."""
        return self._language

    def within(self, language: str | None) -> Self:
        """Return the same for a corpus with this context field as its language."""
        made = self.model_copy()
        made._language = language
        return made


WARNINGS = ("few examples", "imbalance", "near-duplicates across intents")
"""The rules of `validate` that warn."""


class ValidationPolicy(Policy):
    """The thresholds of validation.

    An intent with fewer than `minimum_examples` rows is an error, with fewer than `few_examples` a warning;
    `imbalance` is the largest intent's rows over the smallest's; `near_duplicate` the ratio in percent from
    which two texts of different intents are reported; below `suspect_ratio` of the likeliest intent's
    likelihood a label is put on the list to review. `null_like` are texts that a tool wrote for a missing
    value; `personal_data_allowed` pieces that may be in messages although they look personal, with `*` for
    any characters.
    """

    minimum_examples: int = Field(10, ge=1)
    few_examples: int = Field(20, ge=1)
    imbalance: float = Field(10.0, ge=1)
    near_duplicate: float = Field(90.0, ge=50, le=100)
    suspect_ratio: float = Field(0.1, gt=0, lt=1)
    null_like: list[str] = Field(default=["nan", "null", "none", "n/a", "#n/a", "<na>", "nil", "undefined"])
    personal_data_allowed: list[str] = Field(default_factory=list)

    @field_validator("personal_data_allowed")
    @classmethod
    def not_everything(cls, allowed: list[str]) -> list[str]:
        """Refuse patterns that would let everything through."""
        if broad := [pattern for pattern in allowed if not pattern.strip("* ").strip("@.")]:
            raise ValueError(
                f"{broad[0]!r} would allow all personal data; name a part of it, as in '*@example.com'"
            )
        return allowed


class SourcePolicy(Policy):
    """How the files of one source are written: whose columns hold what, the sheet, the encoding.

    `files` is a pattern of their names, with `*` for any characters; `context` maps a context field to its column.
    """

    files: str = Field(min_length=1)
    text: str = "text"
    intent: str = "intent"
    context: dict[str, str] = Field(default_factory=dict)
    sheet: str | None = None
    encoding: str | None = None

    @field_validator("encoding")
    @classmethod
    def is_known(cls, encoding: str | None) -> str | None:
        """Refuse an encoding that Python does not have for texts."""
        if encoding is not None:
            with contextlib.suppress(LookupError):
                if codecs.lookup(encoding)._is_text_encoding:
                    return encoding
            raise ValueError(f"there is no encoding {encoding!r}; write one such as utf-8 or windows-1250")
        return encoding


class WearPolicy(Policy):
    """The part `gate.wear` of params.yaml; see the comments there."""

    max_decisions: int = Field(default=50, ge=1)
    max_gap_points: float = Field(default=5.0, ge=0, le=100)
    on_wear: Literal["warn", "ask"] = "warn"


class RetirePolicy(Policy):
    """The part `gate.retire` of params.yaml; see the comments there."""

    max_percent: float = Field(50.0, gt=0, le=100)
    min_holdout_rows: int = Field(300, ge=1)
