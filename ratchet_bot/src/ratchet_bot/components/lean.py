"""Stands in for the libraries that Rasa imports at start but that a lean bot never uses.

Rasa 3.6 imports TensorFlow, Matplotlib and the libraries of all its channels, stores and brokers from modules that
every command loads; DIET, TED, the plots of `rasa test`, or a bot that speaks through Telegram call them. `install()`
makes those imports succeed with placeholders that can be subclassed, annotated with, caught and used as decorators,
and that refuse, with the remedy, as soon as something wants work from them. A library that is installed is left alone.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import platform
import sys
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any

HEAVY = ("tensorflow", "tensorflow_hub", "tensorflow_text", "keras", "matplotlib")
EXTRAS = {
    "aiogram": "telegram",
    "twilio": "twilio",
    "slack_sdk": "slack",
    "webexteamssdk": "webexteams",
    "rocketchat_API": "rocketchat",
    "fbmessenger": "facebook",
    "google.auth": "hangouts",
    "google.oauth2": "hangouts",
    "cachecontrol": "hangouts",
    "boto3": "aws",
    "botocore": "aws",
    "pymongo": "mongodb",
    "confluent_kafka": "kafka",
    "aio_pika": "rabbitmq",
    "aiormq": "rabbitmq",
}
"""Libraries that Rasa imports at start, and the extra of ratchet-bot that brings each."""
LATE = {"rasa.core.channels.rocketchat": "rocketchat_API"}
"""Modules of Rasa that import such a library only when a message comes."""
HEAVY_REMEDY = (
    'In bot/, write 3.11 into .python-version, add "tensorflow" to default-groups in pyproject.toml and run `uv sync`, '
    "or choose components that need no TensorFlow."
)

NO_HEAVY = "TensorFlow 2.12 is there for x86-64 only: choose components that need none."


def remedy(library: str) -> str:
    """What to do where a library is wanted that is not there."""
    found = next((e for name, e in EXTRAS.items() if _within(library, name) or _within(name, library)), None)
    if found:
        return f"Run `uv add 'ratchet-bot[{found}]'` in bot/."
    return HEAVY_REMEDY if platform.machine() in ("x86_64", "AMD64") else NO_HEAVY


class LibraryMissing(ImportError):
    """Something wants work from a library that the lean environment leaves out."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is not in this lean environment. {remedy(name)}")


class _Placeholder(type):
    """Metaclass: an attribute of a placeholder is a placeholder; making an instance of one is refused."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _placeholder(f"{cls.__qualname__}.{name}")

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        if _is_decorator_use(args, kwargs):
            return args[0]
        raise LibraryMissing(cls.__qualname__)

    def __iter__(cls) -> Iterator[Any]:
        """Rasa catches lists of a library's exceptions: there are none."""
        return iter(())


def _is_decorator_use(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    return len(args) == 1 and not kwargs and callable(args[0]) and hasattr(args[0], "__code__")


def _placeholder(name: str) -> Any:
    parts = name.split(".")
    caught = parts[-1].endswith(("Error", "Exception")) or parts[-2] in ("errors", "exceptions")
    return _Placeholder(name, (Exception,) if caught else (), {"__module__": parts[0]})


class _PlaceholderModule(ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _placeholder(f"{self.__name__}.{name}")


def needed(wanting: type) -> str:
    """Return the absent library without which a class cannot work, "" when there is none.

    That is what the module which defines it, or one of its bases, has imported.
    """
    for base in wanting.__mro__:
        late = LATE.get(base.__module__, "")
        if late and _is_absent(late):
            return late
        for value in vars(sys.modules.get(base.__module__, base)).values():
            if isinstance(value, _PlaceholderModule):
                return value.__name__.split(".")[0]
            if isinstance(value, _Placeholder) and value.__module__ != base.__module__:
                return value.__module__
    return ""


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def __init__(self, absent: frozenset[str]) -> None:
        self.absent = absent

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if not any(_within(fullname, name) or _within(name, fullname) for name in self.absent):
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return _PlaceholderModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        pass


def absent() -> frozenset[str]:
    """Names of the libraries that this environment does not have."""
    return frozenset(name for name in (*HEAVY, *EXTRAS) if _is_absent(name))


def _within(name: str, package: str) -> bool:
    return f"{name}.".startswith(f"{package}.")


def _is_absent(name: str) -> bool:
    loaded = sys.modules.get(name)
    if loaded is not None:
        return isinstance(loaded, _PlaceholderModule)
    try:
        spec = importlib.util.find_spec(name)
    except ModuleNotFoundError:  # the package around it
        return True
    return spec is None or isinstance(spec.loader, _Finder)


def install() -> None:
    """Serve placeholders for the absent libraries from now on. Does nothing the second time."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.append(_Finder(absent()))
