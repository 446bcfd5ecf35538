"""Train a model archive from JSON Lines: `python -m ratchet_bot.tools.train --data FILE --out FILE --report FILE`."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

from ratchet_bot.tools._dialogue import dialogue_files
from ratchet_bot.tools._errors import ToolError, require_libraries, run

OLD_IMPORTER = "components.importer.JsonLinesImporter"
IMPORTER = f"ratchet_bot.{OLD_IMPORTER}"


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    """Arguments of the command."""
    parser = argparse.ArgumentParser(
        prog="python -m ratchet_bot.tools.train", description="Train a Rasa model archive."
    )
    parser.add_argument("--data", type=Path, required=True, help="JSON Lines: text, intent, context")
    parser.add_argument("--out", type=Path, required=True, help="model archive to write (.tar.gz)")
    parser.add_argument("--config", type=Path, default=Path("config.yml"))
    parser.add_argument("--domain", type=Path, default=Path("domain.yml"))
    parser.add_argument(
        "--rules", type=Path, default=Path("rules.yml"), help="beside it stories.yml and data/ are read, too"
    )
    parser.add_argument(
        "--extras", type=Path, help="folder with Rasa YAML: lookups, synonyms, regular expressions"
    )
    parser.add_argument("--seed", type=int, help="random_seed for every component that takes one")
    parser.add_argument("--report", type=Path, required=True, help="JSON report to write")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Train, and write the report."""
    arguments = parse(argv)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="ratchet-train-") as scratch:
        report = train(arguments, Path(scratch))
    report["seconds"] = round(time.perf_counter() - started, 2)
    arguments.report.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(
        f"trained {report['model_id']} on {report['rows']} messages in {report['seconds']:.1f} s", flush=True
    )
    return 0


def train(arguments: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    """Train in a scratch folder, move the archive into place, and return the report without its duration."""
    # A fresh cache: a real retrain, and nothing left behind in the user's folders.
    os.environ["RASA_CACHE_DIRECTORY"] = str(scratch / "cache")
    for path in filter(None, [arguments.data, arguments.config, arguments.extras]):
        if not path.exists():
            raise ToolError(f"{path} does not exist.", "Name an existing file.")
    config_file = scratch / "config.yml"
    config = effective_config(read_config(arguments.config), arguments.seed)
    config_file.write_text(json.dumps(config), encoding="utf-8")  # JSON is YAML
    domain = _existing(arguments.domain) or _empty_domain(scratch)
    dialogue = [arguments.rules, *(p for p in dialogue_files(arguments.rules.parent) if p != arguments.rules)]
    files = [str(p) for p in [arguments.data, *map(_existing, dialogue), arguments.extras] if p]

    print(f"reading {arguments.data}", flush=True)
    importer = _importer(config, config_file, domain, files)
    summary = describe(importer)
    print(f"training on {summary['rows']} messages of {len(summary['intents'])} intents", flush=True)
    archive = _train_with_rasa(importer, scratch)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(str(archive), arguments.out)
    return {**archive_facts(arguments.out), **summary}


def read_config(path: Path) -> dict[str, Any]:
    """The configuration as a dict. Raises ToolError for a file that is no configuration."""
    import rasa.shared.utils.io
    from rasa.shared.exceptions import RasaException

    try:
        config = rasa.shared.utils.io.read_model_configuration(path)
    except RasaException as error:
        raise ToolError(
            f"{path} is not a Rasa configuration: {error}.", "Compare it with the config.yml shipped."
        ) from error
    if not config.get("pipeline"):
        raise ToolError(f"{path} names no pipeline.", "List at least an intent classifier under `pipeline`.")
    return dict(config)


def effective_config(config: dict[str, Any], seed: int | None) -> dict[str, Any]:
    """The configuration that is trained: with the importer, an assistant id, and a seed wherever one is taken.

    Raises ToolError for a component that the lean environment cannot run, and for one that takes a seed when
    neither the configuration nor the caller gives one: unseeded, DIET moved two points between identical runs.
    """
    config = {"assistant_id": "ratchet-bot", "recipe": "default.v1", **config}
    importers = config.get("importers") or []
    if IMPORTER not in [importer.get("name") for importer in importers]:
        config["importers"] = [
            {"name": IMPORTER},
            *(one for one in importers if one.get("name") != OLD_IMPORTER),
        ]
    for section in ("pipeline", "policies"):
        config[section] = [_seeded(dict(item), seed) for item in config.get(section) or []]
    return config


def _seeded(item: dict[str, Any], seed: int | None) -> dict[str, Any]:
    component = _component(item["name"])
    require_libraries(item["name"], component)
    if "random_seed" not in component.get_default_config():
        return item
    if seed is not None:
        item["random_seed"] = seed
    if item.get("random_seed") is None and component.get_default_config()["random_seed"] is None:
        raise ToolError(
            f"{item['name']} has no random_seed, so that two runs on the same data would differ.",
            "Set random_seed in the configuration, or pass --seed.",
        )
    return item


def _component(name: str) -> Any:
    import rasa.engine.recipes.default_components
    import rasa.shared.utils.common
    from rasa.engine.recipes.default_recipe import DefaultV1Recipe
    from rasa.engine.recipes.recipe import InvalidRecipeException  # noqa: F401

    registered = DefaultV1Recipe._registered_components.get(name)
    if registered:
        return registered.clazz
    try:
        return rasa.shared.utils.common.class_from_module_path(name)
    except (ImportError, AttributeError) as error:
        raise ToolError(
            f"The configuration names {name}, which does not exist.", "Correct the name."
        ) from error


def _existing(path: Path) -> Path | None:
    return path if path.exists() else None


def _empty_domain(scratch: Path) -> Path:
    path = scratch / "domain.yml"
    path.write_text("version: '3.1'\n", encoding="utf-8")
    return path


def _importer(config: dict[str, Any], config_file: Path, domain: Path, files: list[str]) -> Any:
    """Ratchet's importer alone where it is the only one: Rasa's wrappers hash and copy every message many times."""
    from rasa.shared.importers.importer import TrainingDataImporter

    from ratchet_bot.components.importer import JsonLinesImporter

    if len(config["importers"]) == 1:
        return JsonLinesImporter(str(config_file), str(domain), files)
    return TrainingDataImporter.load_from_config(str(config_file), str(domain), files)


def describe(importer: Any) -> dict[str, Any]:
    """Rows, intents and stand-in answers of the data that an importer reads."""
    from rasa.shared.exceptions import RasaException

    try:
        importer.get_domain()
        examples = importer.get_nlu_data().intent_examples
    except RasaException as error:
        raise ToolError(str(error), "") from error
    intents = sorted({example.get("intent") for example in examples})
    if len(intents) < 2:
        raise ToolError(
            f"The data has {len(intents)} intents.", "A classifier needs messages of at least two."
        )
    stand_ins = getattr(importer, "stand_in_answers", [])
    return {"rows": len(examples), "intents": intents, "stand_in_answers": stand_ins}


def _train_with_rasa(importer: Any, scratch: Path) -> Path:
    from rasa.model_training import _train_graph
    from rasa.shared.data import TrainingType
    from rasa.shared.exceptions import RasaException

    try:
        with _quiet_rasa():
            # What rasa.model_training.train does after it has made an importer. Forced, because the cache is empty.
            result = _train_graph(
                importer, TrainingType.BOTH, str(scratch), "model", force_full_training=True
            )
    except RasaException as error:
        raise ToolError(
            f"Rasa refused the training: {error}", "Correct the bot's files or the data."
        ) from error
    return Path(result.model)


@contextmanager
def _quiet_rasa() -> Iterator[None]:
    """Drop Rasa's own success message: each line on standard output is a step of ours."""
    with open(os.devnull, "w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
        yield


def archive_facts(path: Path) -> dict[str, Any]:
    """Model id of an archive, and temperature and threshold when its classifier is Ratchet's (else null)."""
    facts: dict[str, Any] = {"model_id": None, "temperature": None, "threshold": None}
    with tarfile.open(path) as archive:
        for member in archive:
            if Path(member.name) == Path("metadata.json"):
                facts["model_id"] = json.load(archive.extractfile(member))["model_id"]
            elif "LinearIntentClassifier" in member.name and member.name.endswith("/model.json"):
                model = json.load(archive.extractfile(member))
                facts.update(temperature=model["temperature"], threshold=model["threshold"])
    return facts


if __name__ == "__main__":
    run(main)
