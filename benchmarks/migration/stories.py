"""Play Rasa's test stories against a model, by what `rasa test core` itself does, and say which policy decided.

`python benchmarks/migration/stories.py --model F --stories DIR --json F` in a bot's environment; the gate follows
stories by `ratchet_bot.tools.play`, which needs no original to compare with.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ratchet_bot.tools import _yaml
from ratchet_bot.tools._errors import ToolError, cause, refused, run

ENDINGS = {".yml", ".yaml"}
CONVERSATIONS = "conversations"
"""The folder beside them with Ratchet's own form of tests."""


@dataclass(frozen=True)
class Story:
    """A test story: `file` relative to the folder, its `name`, and a digest of file, name and content."""

    file: str
    name: str
    digest: str
    entries: tuple[Any, ...]


@dataclass(frozen=True)
class Result:
    """What became of one: with its intents `given`, and in `full` with understanding. `lost` are the turns that went
    otherwise: what was expected, what came, which policy decided (or `understanding`); `turns` are the policies that
    decided each action with the intents given."""

    file: str
    name: str
    digest: str
    given: bool
    full: bool
    lost: tuple[dict[str, Any], ...]
    turns: tuple[dict[str, Any], ...] = ()


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    """Arguments of the command."""
    parser = argparse.ArgumentParser(
        prog="python benchmarks/migration/stories.py", description="Play test stories."
    )
    parser.add_argument("--model", type=Path, required=True, help="a model archive")
    parser.add_argument("--stories", type=Path, required=True, help="a file, or a folder of test stories")
    parser.add_argument("--json", type=Path, required=True, help="write the results there")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Play all stories twice, and write the results. What fails is a result, not an error."""
    arguments = parse(argv)
    stories = list(read(arguments.stories))
    results = asyncio.run(play(arguments.model, stories)) if stories else []
    document = json.dumps({"stories": [asdict(one) for one in results]}, indent=2, ensure_ascii=False)
    arguments.json.write_text(document + "\n", encoding="utf-8")
    given, full = sum(one.given for one in results), sum(one.full for one in results)
    print(f"{len(results)} test stories: {given} pass with their intents given, {full} in full", flush=True)
    return 0


def read(place: Path) -> Iterator[Story]:
    """The test stories of a folder. Raises ToolError, naming the file, for one that is no YAML.

    Stories of a file with checkpoints belong together and count as one test.
    """
    root = place if place.is_dir() else place.parent
    paths = sorted(place.rglob("*")) if place.is_dir() else [place]
    for path in paths:
        name = path.relative_to(root)
        if not path.is_file() or path.suffix not in ENDINGS or CONVERSATIONS in name.parts:
            continue
        try:
            content = _yaml.load(path)
        except _yaml.NotYaml as error:
            raise ToolError(f"{path} is not YAML: {error}.", "Correct it.") from error
        entries = content.get("stories") if isinstance(content, dict) else None
        if not isinstance(entries, list):
            continue
        if "checkpoint" in path.read_text(encoding="utf-8"):
            yield story(name.as_posix(), name.stem, entries)
        else:
            for entry in entries:
                yield story(
                    name.as_posix(), str(entry.get("story") if isinstance(entry, dict) else entry), [entry]
                )


def story(file: str, name: str, entries: list[Any]) -> Story:
    """A test with the digest that it is known by."""
    known = json.dumps([file, name, entries], sort_keys=True, ensure_ascii=False, default=str)
    return Story(file, name, hashlib.sha256(known.encode()).hexdigest()[:12], tuple(entries))


async def play(model: Path, stories: list[Story]) -> list[Result]:
    """Play each story with its intents given, then in full; raises ToolError for a model or a story that is none."""
    from rasa.core.agent import Agent

    try:
        agent = Agent.load(str(model))
    except Exception as error:  # any broken archive
        raise refused(f"{model} cannot be loaded", error, "Train it again.") from error
    results = []
    with tempfile.TemporaryDirectory(prefix="ratchet-stories-") as scratch:
        for number, one in enumerate(stories):
            trackers = trackers_of(one, Path(scratch) / f"test_{number}.yml", agent.domain)
            given, full, turns = [], [], list[dict[str, Any]]()
            for tracker in trackers:
                lost, decided = await differences(tracker, agent, in_full=False)
                given, turns = [*given, *lost], [*turns, *decided]
                full += (await differences(tracker, agent, in_full=True))[0]
            one_result = Result(
                one.file, one.name, one.digest, not given, not full, tuple(given or full), tuple(turns)
            )
            results.append(one_result)
    return results


def trackers_of(one: Story, path: Path, domain: Any) -> list[Any]:
    """The conversations of a test, as Rasa makes them; one with alternatives gives several."""
    from rasa.shared.core.generator import TrainingDataGenerator
    from rasa.shared.core.training_data import loading
    from rasa.shared.core.training_data.structures import StoryGraph
    from rasa.shared.exceptions import RasaException

    document = {"version": "3.1", "stories": list(one.entries)}
    path.write_text(json.dumps(document, ensure_ascii=False, default=str), encoding="utf-8")
    try:
        graph = StoryGraph(loading.load_data_from_files([str(path)], domain))
        made = TrainingDataGenerator(graph, domain, use_story_concatenation=False, tracker_limit=None)
        return list(made.generate_story_trackers())
    except (RasaException, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ToolError(
            f"The story {one.name} of {one.file} cannot be read: {cause(error)}.", "Correct it."
        ) from error


async def differences(
    tracker: Any, agent: Any, *, in_full: bool
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Where a conversation went otherwise than the story says, and which policy decided each turn, by its number.

    As `rasa test core` sees it, with `--e2e` for `in_full`.
    """
    from rasa.core.test import _predict_tracker_actions

    store, _, actions, _ = await _predict_tracker_actions(tracker, agent, use_e2e=in_full)
    turns = [{"number": number, "by": policy(one)} for number, one in enumerate(actions)]
    found: list[dict[str, Any]] = [
        {"number": number, "expected": str(one["action"]), "came": str(one["predicted"]), "by": policy(one)}
        for number, one in enumerate(actions)
        if one["action"] != one["predicted"]
    ]
    understood = (
        (store.intent_targets, store.intent_predictions),
        (store.entity_targets, store.entity_predictions),
    )
    for expected, came in understood if in_full else ():
        if expected != came:
            wanted, got = [x for x in expected if x not in came], [x for x in came if x not in expected]
            found.append({"expected": str(wanted)[:300], "came": str(got)[:300], "by": "understanding"})
    if not found and store.check_prediction_target_mismatch():
        found.append({"expected": "the story", "came": "something else", "by": "unknown"})
    return found, turns


def policy(action: dict[str, Any]) -> str:
    """The policy that decided an action, without its place in the configuration: `policy_1_TEDPolicy`."""
    return str(action["policy"] or "").rpartition("_")[2]


if __name__ == "__main__":
    run(main)
