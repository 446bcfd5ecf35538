"""What components share that have no configuration and keep what they learnt as JSON in the model archive."""

from __future__ import annotations

import json
from typing import Any, ClassVar, TypeVar

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage

K = TypeVar("K", bound="KeptAsJson")


class KeptAsJson(GraphComponent):
    """A component that is made of `known`: what `keep` wrote into `FILE`, or `NOTHING` before it is trained."""

    FILE: ClassVar[str]
    NOTHING: ClassVar[Any]

    @staticmethod
    def required_packages() -> list[str]:
        """None."""
        return []

    @classmethod
    def required_components(cls) -> list[type]:
        """None by name: what has to come before is said by each component."""
        return []

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """No keys."""
        return {}

    def __init__(self, model_storage: ModelStorage, resource: Resource, known: Any) -> None:
        self._model_storage, self._resource = model_storage, resource

    @classmethod
    def create(
        cls: type[K],
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> K:
        """A component that knows nothing yet."""
        return cls(model_storage, resource, cls.NOTHING)

    @classmethod
    def load(
        cls: type[K],
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> K:
        """The component of a model archive."""
        with model_storage.read_from(resource) as folder:
            return cls(model_storage, resource, json.loads((folder / cls.FILE).read_text(encoding="utf-8")))

    def keep(self, known: Any) -> Resource:
        """Write what was learnt into the archive."""
        with self._model_storage.write_to(self._resource) as folder:
            text = json.dumps(known, ensure_ascii=False, default=str)
            (folder / self.FILE).write_text(text, encoding="utf-8")
        return self._resource
