"""Small repairs to Rasa 3.6 for packages that have moved on since: each for what was taken away, and nothing else.

`install()` puts back what Rasa's modules import, and repairs a module of Rasa's right after its import, so that nothing
is imported just for that. Where a package has what Rasa expects, as on Python 3.11 with TensorFlow, nothing changes.
"""

from __future__ import annotations

import asyncio
import functools
import importlib.abc
import importlib.machinery
import inspect
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

Mend = Callable[[ModuleType], None]


def versions(module: ModuleType) -> None:
    """packaging 22 knows no versions but those of PEP 440; Rasa asks whether a training file's is another."""
    if not hasattr(module, "LegacyVersion"):
        module.LegacyVersion = type("LegacyVersion", (), {})  # type: ignore[attr-defined]


def visible_warning(module: ModuleType) -> None:
    """NumPy 2 keeps its warnings in a module of their own; Rasa and skops name them as before."""
    if not hasattr(module, "VisibleDeprecationWarning"):
        module.VisibleDeprecationWarning = module.exceptions.VisibleDeprecationWarning


def logistic_regression(module: ModuleType) -> None:
    """scikit-learn 1.8 has no `multi_class`: what Rasa sets it to, "auto", is what it does now, except for one solver.

    `liblinear` took each intent against the rest then, and takes two intents only now.
    """
    kind = module.LogisticRegression
    if "multi_class" in inspect.signature(kind).parameters:
        return

    def made(**options: Any) -> Any:
        kept = {name: value for name, value in options.items() if name not in ("multi_class", "l1_ratio")}
        if options.get("solver") != "liblinear":
            return kind(**kept)
        from sklearn.multiclass import OneVsRestClassifier

        return OneVsRestClassifier(kind(**kept))

    module.LogisticRegression = made  # type: ignore[attr-defined]


def empty_reports(module: ModuleType) -> None:
    """scikit-learn 1.8 compares no empty lists: those of `rasa test` on stories without entities."""
    report = module._calculate_report

    @functools.wraps(report)
    def calculated(output_directory: str | None, targets: Any, *others: Any, **options: Any) -> Any:
        import numpy

        targets = list(targets)
        if not targets:
            return {}, 0.0, 0.0, 0.0, numpy.zeros((0, 0), dtype=int), numpy.array([])
        return report(output_directory, targets, *others, **options)

    module._calculate_report = calculated  # type: ignore[attr-defined]


def kinds_of_events(module: ModuleType) -> None:
    """Rasa searches all kinds of events for each one that it reads, which takes longer than everything else."""
    search, known = module.Event.resolve_by_type, dict[str, Any]()

    @functools.wraps(search)
    def resolve(type_name: str, default: Any = None) -> Any:
        if type_name not in known:
            found = search(type_name, default)
            if found is None or found is default:
                return found
            known[type_name] = found
        return known[type_name]

    module.Event.resolve_by_type = staticmethod(resolve)


def websocket_frames(module: ModuleType) -> None:
    """Python 3.11 waits for tasks alone; Sanic 21.12 gives it a coroutine, and so receives nothing over a WebSocket."""
    get = module.WebsocketFrameAssembler.get

    @functools.wraps(get)
    def task(self: Any, timeout: float | None = None) -> asyncio.Future[Any]:
        return asyncio.ensure_future(get(self, timeout))

    module.WebsocketFrameAssembler.get = task


MENDED: dict[str, Mend] = {
    "packaging.version": versions,
    "numpy": visible_warning,
    "rasa.nlu.classifiers.logistic_regression_classifier": logistic_regression,
    "rasa.nlu.test": empty_reports,
    "rasa.shared.core.events": kinds_of_events,
    "sanic.server.websockets.frame": websocket_frames,
}


class _Mending(importlib.abc.Loader):
    """Another loader, and then the repair."""

    def __init__(self, loader: Any, mend: Mend) -> None:
        self.loader = loader
        self.mend = mend

    def __getattr__(self, name: str) -> Any:
        return getattr(self.loader, name)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        made: ModuleType | None = self.loader.create_module(spec)
        return made

    def exec_module(self, module: ModuleType) -> None:
        self.loader.exec_module(module)
        self.mend(module)


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the modules to repair where the other finders do."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        mend = MENDED.get(fullname)
        spec = mend and importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if not (mend and spec and spec.loader):
            return None
        spec.loader = _Mending(spec.loader, mend)
        return spec


def install() -> None:
    """Repair what is imported already, and the rest on import. Does nothing the second time."""
    if any(isinstance(finder, _Finder) for finder in sys.meta_path):
        return
    sys.meta_path.insert(0, _Finder())
    for name, mend in MENDED.items():
        if name in sys.modules:
            mend(sys.modules[name])
