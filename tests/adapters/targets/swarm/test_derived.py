"""The stacks that are derived from the user's: what all releases stand on, and the bot in one colour."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from ratchet.adapters.settings import SOURCE, Settings, load_settings
from ratchet.adapters.system.files import sha256
from ratchet.adapters.targets.swarm import derived, stack
from ratchet.domain.release.manifest import Lineage, Release

OLD = SOURCE / "tests" / "adapters" / "targets" / "swarm" / "stack-of-one-colour.yml"


def release(name: str) -> Release:
    """A release of that name."""
    lineage = Lineage("", "", "", "", "", "", 1)
    return Release(
        name,
        "2026-11-27T10:00:00+00:00",
        "1",
        "m",
        "0" * 64,
        lineage,
        "c",
        "swarm",
        "sha256:new",
        "promote",
        None,
        None,
        "",
    )


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A workspace without deployments of its own."""
    (tmp_path / "bot").mkdir()
    (tmp_path / "params.yaml").write_text("")
    return load_settings(tmp_path, stack="team")


def colour(settings: Settings, name: str = "team-blue", key: str = "bot-blue") -> dict[str, Any]:
    """The stack of a colour with the release r2."""
    values = stack.variables(settings, release("r2"))
    return derived.coloured(stack.read(settings), "team", name, key, values, sha256)


def test_a_colour_is_the_bot_as_it_serves(settings: Settings) -> None:
    """Image, environment, store, limits and hardening are those that users meet; nothing differs for the proof."""
    bot = stack.read(settings)["services"]["bot"]
    made = colour(settings)["services"]["bot-blue"]
    assert {key: value for key, value in made.items() if key != "deploy"} == {
        key: value for key, value in bot.items() if key != "deploy"
    }
    assert made["deploy"]["replicas"] == bot["deploy"]["replicas"]
    assert made["deploy"]["resources"] == bot["deploy"]["resources"]


def test_a_colour_is_not_called_bot(settings: Settings) -> None:
    """That name on the networks would be both colours'."""
    assert list(colour(settings)["services"]) == ["bot-blue"]
    assert colour(settings)["networks"]["front"] == {"external": True, "name": "team_front"}


def test_each_colour_has_secrets_of_its_own(settings: Settings) -> None:
    """A changed secret is another one; the colour that serves keeps its own, and both are told apart by their label."""
    blue, green = colour(settings), colour(settings, "team-green", "bot-green")

    def names(made: dict[str, Any]) -> set[str]:
        return {entry["name"] for entry in made["secrets"].values()}

    assert not names(blue) & names(green)
    assert all(len(name) <= derived.LONGEST_NAME for name in names(blue) | names(green))
    before = blue["services"]["bot-blue"]["deploy"]["labels"][derived.SECRETS]
    assert before == green["services"]["bot-green"]["deploy"]["labels"][derived.SECRETS]
    tokens = settings.state / "secrets" / "client-tokens.yml"
    tokens.write_text(yaml.safe_dump([{"name": "web", "token": "another" * 4, "rights": ["chat"]}]))
    after = colour(settings)
    assert names(after) != names(blue)
    assert after["services"]["bot-blue"]["deploy"]["labels"][derived.SECRETS] != before


def test_a_long_name_of_a_fleet_makes_no_name_too_long(settings: Settings) -> None:
    """Docker takes 64 characters; the digest at the end tells them apart."""
    made = colour(settings, "a-fleet-with-a-name-of-forty-characters--green")
    names = [entry["name"] for entry in made["secrets"].values()]
    assert all(len(name) <= derived.LONGEST_NAME for name in names)
    assert len(set(names)) == len(names)


def test_one_replica_to_compare_with(settings: Settings) -> None:
    """Alone, on the named node, not started again, and on a port of the node only where that is asked for."""
    made = derived.single(colour(settings, "team-staging", "champion"), "node-1")["services"]["champion"]
    assert made["deploy"]["replicas"] == 1
    assert made["deploy"]["placement"] == {"constraints": ["node.id == node-1"]}
    assert made["deploy"]["restart_policy"] == {"condition": "none"}
    assert "ports" not in made
    with_port = derived.single(colour(settings, "team-staging", "canary"), "node-1", published=True)
    assert with_port["services"]["canary"]["ports"][0]["target"] == 5005


def test_the_base_is_everything_else(settings: Settings) -> None:
    """Nothing of it changes with a release: no bot, and none of the bot's secrets."""
    document = stack.read(settings)
    made = derived.base(document)
    assert set(made["services"]) == set(document["services"]) - {"bot", "actions"}
    assert "secrets" not in made
    assert set(made["configs"]) == {"haproxy", "proxy-start", "switch"}
    assert "bot" in document["services"]


def test_a_stack_of_one_colour_is_completed(settings: Settings) -> None:
    """A team's own stack.yml from before there were colours keeps what the team wrote."""
    own = settings.workspace / "deployments"
    own.mkdir()
    text = (
        OLD.read_text()
        .replace("replicas: 2", "replicas: 3")
        .replace("image: haproxy:lts", "image: haproxy:3.2")
    )
    (own / "stack.yml").write_text(text)
    services = stack.read(settings)["services"]
    ours = yaml.safe_load((SOURCE / "deployments" / "stack.yml").read_text())["services"]
    assert services["bot"]["deploy"]["replicas"] == 3
    assert services["proxy"]["image"] == "haproxy:3.2"
    assert services["proxy"]["entrypoint"] == ours["proxy"]["entrypoint"]
    assert services["proxy"]["configs"] == ours["proxy"]["configs"]
    assert set(services["proxy"]["networks"]) == {"front", "control"}
    assert services["switch"] == ours["switch"]


def test_a_completed_stack_is_left_as_it_is(settings: Settings) -> None:
    """Completing is for what lacks something."""
    ours = yaml.safe_load((SOURCE / "deployments" / "stack.yml").read_text())
    changed = copy.deepcopy(ours)
    changed["services"]["switch"]["image"] = "haproxy:3.2"
    assert derived.completed(changed, ours) == changed


def test_an_environment_and_volumes_may_be_written_in_two_ways() -> None:
    """As Compose allows it."""
    assert derived.pairs(["A=${X}", "KEY=a=b"]) == {"A": "${X}", "KEY": "a=b"}
    assert derived.volumes_of(
        {"volumes": ["data:/data", {"type": "volume", "source": "more", "target": "/m"}]}
    ) == {
        "data",
        "more",
    }
    assert derived.volumes_of({"volumes": [{"type": "tmpfs", "target": "/tmp"}]}) == set()
    assert derived.sources({"secrets": ["a", {"source": "b"}]}, "secrets") == {"a", "b"}
    assert derived.networks_of({"networks": ["front"]}) == {"front": None}
    assert derived.networks_of({}) == {"default": None}


def test_a_volume_of_the_bot_is_one_for_both_colours(settings: Settings) -> None:
    """Its content does not change with the colour."""
    document = stack.read(settings)
    document["services"]["bot"]["volumes"].append("cache:/cache")
    document["volumes"]["cache"] = None
    values = stack.variables(settings, release("r2"))
    made = derived.coloured(document, "team", "team-blue", "bot-blue", values, sha256)
    assert made["volumes"] == {"cache": {"name": "team_cache"}}
