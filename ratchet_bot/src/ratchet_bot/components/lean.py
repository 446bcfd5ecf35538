"""Stands in for the heavy libraries that Rasa imports at start but that a lean pipeline never uses.

Rasa 3.6 imports TensorFlow, TensorFlow Hub, TensorFlow Text, Keras and Matplotlib from modules that every command
loads, yet only DIET, TED, the response selector and the plots of `rasa test` call them. `install()` makes those
imports succeed with placeholders that can be subclassed, annotated with and used as decorators, and that refuse,
with the remedy, as soon as something wants work from them. A library that is installed is left alone.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

HEAVY = ("tensorflow", "tensorflow_hub", "tensorflow_text", "keras", "matplotlib")
REMEDY = "Run `uv sync --group tensorflow` in bot/, or choose components that need no TensorFlow."


class HeavyLibraryMissing(ImportError):
    """A component wants work from a library that the lean environment leaves out."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is not in this lean environment. {REMEDY}")


class _Placeholder(type):
    """Metaclass: an attribute of a placeholder is a placeholder; making an instance of one is refused."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _placeholder(f"{cls.__qualname__}.{name}")

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        if _is_decorator_use(args, kwargs):
            return args[0]
        raise HeavyLibraryMissing(cls.__qualname__)


def _is_decorator_use(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    return len(args) == 1 and not kwargs and callable(args[0]) and hasattr(args[0], "__code__")


def _placeholder(name: str) -> Any:
    return _Placeholder(name, (), {"__module__": name.split(".")[0]})


class _PlaceholderModule(ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _placeholder(f"{self.__name__}.{name}")


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def __init__(self, absent: frozenset[str]) -> None:
        self.absent = absent

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname.partition(".")[0] not in self.absent:
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return _PlaceholderModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        pass


def absent() -> frozenset[str]:
    """Names of the heavy libraries that this environment does not have."""
    return frozenset(name for name in HEAVY if _is_absent(name))


def _is_absent(name: str) -> bool:
    loaded = sys.modules.get(name)
    if loaded is not None:
        return isinstance(loaded, _PlaceholderModule)
    spec = importlib.util.find_spec(name)
    return spec is None or isinstance(spec.loader, _Finder)


def install() -> None:
    """Serve placeholders for the absent heavy libraries from now on. Does nothing the second time."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.append(_Finder(absent()))
