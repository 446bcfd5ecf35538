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

from ratchet_bot.tools._encoding import encode
from ratchet_bot.tools._errors import ToolError, require_libraries, run
from ratchet_bot.tools._yaml import domain_of

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
    parser.add_argument("--rules", type=Path, default=Path("rules.yml"))
    parser.add_argument("--dialogue", type=Path, default=Path("data"), help="folder of rules and stories")
    parser.add_argument(
        "--extras", type=Path, help="folder with Rasa YAML: lookups, synonyms, regular expressions"
    )
    parser.add_argument("--seed", type=int, help="random_seed for every component that takes one")
    parser.add_argument(
        "--encoder", help="digest or name of the encoder in place of the configuration's; none: without one"
    )
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
    config = effective_config(read_config(arguments.config), arguments.seed, arguments.encoder)
    config_file.write_text(json.dumps(config), encoding="utf-8")  # JSON is YAML
    domain = _existing(domain_of(arguments.domain)) or _empty_domain(scratch)
    dialogue = [path for path in (arguments.rules, arguments.dialogue) if path.exists()]
    files = [str(p) for p in [arguments.data, *dialogue, arguments.extras] if p]

    print(f"reading {arguments.data}", flush=True)
    importer, summary = read(config, config_file, domain, files)
    without = encode(config, importer)
    config_file.write_text(json.dumps(config), encoding="utf-8")
    print(f"training on {summary['rows']} messages of {len(summary['intents'])} intents", flush=True)
    archive = _train_with_rasa(importer, scratch)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(str(archive), arguments.out)
    return {**archive_facts(arguments.out), **summary, "without_encoder": without}


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


def effective_config(config: dict[str, Any], seed: int | None, encoder: str | None = None) -> dict[str, Any]:
    """The configuration that is trained: with the importer, an assistant id, and a seed wherever one is taken.

    `encoder` takes the place of the one that a component names, where one does.

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
    for item in config["pipeline"]:
        if encoder and item.get("encoder"):
            item["encoder"] = None if encoder == "none" else encoder
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


def read(
    config: dict[str, Any], config_file: Path, domain: Path, files: list[str]
) -> tuple[Any, dict[str, Any]]:
    """The importer of what is trained on, with its rows, intents and stand-in answers."""
    from rasa.shared.exceptions import RasaException

    from ratchet_bot.components.reading import make_importer

    try:
        importer, alone = make_importer(config, config_file, domain, files)
        importer.get_domain()
        examples = importer.get_nlu_data().intent_examples
    except RasaException as error:
        raise ToolError(str(error), "") from error
    intents = sorted({example.get_full_intent() for example in examples})
    if len(intents) < 2:
        raise ToolError(
            f"The data has {len(intents)} intents.", "A classifier needs messages of at least two."
        )
    stand_ins = getattr(alone, "stand_in_answers", [])
    return importer, {"rows": len(examples), "intents": intents, "stand_in_answers": stand_ins}


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
    """Model id of an archive, and temperature, threshold and encoder when its classifier is Ratchet's (else null)."""
    facts: dict[str, Any] = {"model_id": None, "temperature": None, "threshold": None, "encoder": None}
    with tarfile.open(path) as archive:
        for member in archive:
            if Path(member.name) == Path("metadata.json"):
                facts["model_id"] = json.load(archive.extractfile(member))["model_id"]
            elif "LinearIntentClassifier" in member.name and member.name.endswith("/model.json"):
                model = json.load(archive.extractfile(member))
                facts.update(temperature=model["temperature"], threshold=model["threshold"])
                facts["encoder"] = model.get("pool")
    return facts


if __name__ == "__main__":
    run(main)
