"""Archives of models that were trained before this package had its name say `components.classifier.…`.

`install()` serves `components` and its modules from `ratchet_bot.components`, but only where the bot has no package
`components` of its own: the finder comes last.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.util
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

OLD, NEW = "components", f"{__package__}.components"


class _Loader(importlib.abc.Loader):
    """Gives the module itself under its old name, so that its classes are the same ones."""

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = importlib.import_module(NEW + spec.name[len(OLD) :])
        self.spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self.spec  # the import has just put the alias's there


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        package, _, module = fullname.partition(".")
        if package != OLD or (module and sys.modules.get(OLD) is not sys.modules.get(NEW)):
            return None
        found = importlib.util.find_spec(NEW + fullname[len(OLD) :])
        return ModuleSpec(fullname, _Loader(), is_package=not module) if found else None


def install() -> None:
    """Serve the old names from now on. Does nothing the second time."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.append(_Finder())
