"""The components and policies that a configuration names: which of them run here, and whose they are."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ratchet_bot.components import lean


@dataclass(frozen=True)
class Component:
    """A component of the configuration.

    `own` is the file of the project that has it; `missing` why it cannot be used; `heavy` whether TensorFlow alone is
    missing; `kinds` are Rasa's component types; `seeded` says whether it takes a random_seed.
    """

    name: str
    own: str = ""
    missing: str = ""
    heavy: bool = False
    kinds: tuple[str, ...] = ()
    seeded: bool = False


def look_at(names: list[str], project: Path) -> dict[str, dict[str, Any]]:
    """What each named component is, by its name."""
    sys.path.insert(0, str(project))
    try:
        return {name: asdict(_component(name, project)) for name in dict.fromkeys(names)}
    finally:
        sys.path.remove(str(project))


def _component(name: str, project: Path) -> Component:
    import rasa.engine.recipes.default_components
    import rasa.shared.utils.common
    from rasa.engine.recipes.default_recipe import DefaultV1Recipe

    registered = DefaultV1Recipe._registered_components.get(name)
    if registered:
        library = lean.needed(registered.clazz) or _absent(registered.clazz)
        kinds = tuple(sorted(kind.name for kind in registered.types))
        seeded = "random_seed" in registered.clazz.get_default_config()
        return Component(name, missing=library, heavy=library == "tensorflow", kinds=kinds, seeded=seeded)
    if "." not in name:
        return Component(name, missing=f"Rasa 3.6 has no component {name}")
    try:
        found = rasa.shared.utils.common.class_from_module_path(name)
        file = Path(inspect.getfile(found)).resolve()
    except ModuleNotFoundError as error:
        return Component(name, missing=f"the module {error.name} is not installed")
    except Exception as error:  # whatever the project's own code raises when it is imported
        return Component(name, missing=f"it cannot be imported: {' '.join(str(error).split())[:200]}")
    own = file.relative_to(project.resolve()).as_posix() if file.is_relative_to(project.resolve()) else ""
    registered = DefaultV1Recipe._registered_components.get(found.__name__)
    kinds = tuple(sorted(kind.name for kind in registered.types)) if registered else ()
    if not registered:
        return Component(
            name, own, missing="it is not written for Rasa 3 (it is not registered with a recipe)"
        )
    return Component(name, own, kinds=kinds, seeded="random_seed" in found.get_default_config())


def _absent(kind: Any) -> str:
    """The first package that a component says it needs and that is not installed, "" where all are."""
    for package in kind.required_packages():
        if importlib.util.find_spec(package.split(".")[0]) is None:
            return str(package)
    return ""


def importable(names: list[str], project: Path) -> dict[str, str]:
    """For each module of the project, why it cannot be imported; "" where it can."""
    sys.path.insert(0, str(project))
    found = {}
    try:
        for name in names:
            try:
                importlib.import_module(name)
                found[name] = ""
            except ModuleNotFoundError as error:
                found[name] = f"the module {error.name} is not installed"
            except (Exception, SystemExit) as error:  # whatever the project's own code raises
                found[name] = " ".join(f"{type(error).__name__}: {error}".split())[:200]
    finally:
        sys.path.remove(str(project))
    return found
