"""The stacks that are derived from the user's."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest
import yaml

from ratchet.adapters.settings import SOURCE, Settings, load_settings
from ratchet.adapters.targets.swarm import stack
from ratchet.domain.errors import RatchetError


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A workspace without deployments of its own."""
    (tmp_path / "bot").mkdir()
    (tmp_path / "params.yaml").write_text("")
    return load_settings(tmp_path, stack="team")


def test_a_workspace_without_a_stack_uses_ratchets_own(settings: Settings) -> None:
    """The declaration is the workspace's where it has one."""
    assert set(stack.recipes(settings).values()) == {SOURCE / "deployments" / name for name in stack.RECIPES}
    own = settings.workspace / "deployments"
    own.mkdir()
    (own / "stack.yml").write_text("services: {bot: {image: x}}")
    assert stack.read(settings)["services"]["bot"]["image"] == "x"


@pytest.mark.parametrize("name", stack.RECIPES)
def test_own_files_are_completed_from_ratchets(settings: Settings, name: str) -> None:
    """A team that changes one file keeps the others as they are; a link to a folder is followed."""
    own, ours = settings.workspace / "deployments", SOURCE / "deployments"
    shared = settings.workspace / "shared"
    (shared / name).parent.mkdir(parents=True)
    (shared / name).write_text("services: {bot: {image: x}}")
    own.mkdir()
    part = name.partition("/")[0]
    (own / part).symlink_to(shared / part)
    found = stack.recipes(settings)
    assert found == {one: (own if one == name else ours) / one for one in stack.RECIPES}


def test_the_files_of_a_stack_lie_where_the_team_wrote_it(settings: Settings) -> None:
    """Relative to its own stack.yml; the proxy's configuration that it does not have is Ratchet's."""
    own = settings.workspace / "deployments"
    own.mkdir()
    (settings.workspace / "directory.csv").write_text("user,role\n")
    (own / "stack.yml").write_text(
        "services: {bot: {image: x, env_file: [../.env]}}\n"
        "configs: {people: {file: ../directory.csv}, proxy: {file: ./proxy/haproxy.cfg}}\n"
        "secrets: {token: {file: '${RATCHET_STAGING_TOKEN_FILE}'}}\n"
    )
    document = stack.read(settings)
    assert Path(document["configs"]["people"]["file"]).resolve() == settings.workspace / "directory.csv"
    assert Path(document["configs"]["proxy"]["file"]) == SOURCE / "deployments" / "proxy" / "haproxy.cfg"
    assert document["secrets"]["token"]["file"] == "${RATCHET_STAGING_TOKEN_FILE}"
    assert Path(document["services"]["bot"]["env_file"][0]).resolve() == settings.workspace / ".env"


def test_a_proxy_configuration_alone_is_used(settings: Settings) -> None:
    """With Ratchet's own stack around it."""
    own = settings.workspace / "deployments" / "proxy" / "haproxy.cfg"
    own.parent.mkdir(parents=True)
    own.write_text("global\n")
    assert str(own) in [entry.get("file") for entry in stack.read(settings)["configs"].values()]


def test_a_broken_stack_is_named_where_the_team_wrote_it(settings: Settings) -> None:
    """Not in the copy that was completed."""
    own = settings.workspace / "deployments"
    own.mkdir()
    (own / "stack.yml").write_text("services: [")
    with pytest.raises(RatchetError, match=re.escape(f"{own / 'stack.yml'} cannot be read")):
        stack.read(settings)


def test_a_stack_without_the_bot_is_refused(settings: Settings) -> None:
    """Ratchet relies on the service `bot` and says so."""
    own = settings.workspace / "deployments"
    own.mkdir()
    (own / "stack.yml").write_text("services: {web: {image: x}}")
    with pytest.raises(RatchetError, match="declares no service `bot`"):
        stack.read(settings)


def test_client_tokens_are_made_once_and_kept_from_others(settings: Settings) -> None:
    """The fleet never answers without a token: one client is made, readable by its owner only."""
    path = stack.client_tokens(settings)
    entry = yaml.safe_load(path.read_text())[0]
    assert len(entry["token"]) >= 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stack.client_tokens(settings).read_text() == path.read_text()


def test_every_variable_that_the_stack_uses_is_filled_in(settings: Settings) -> None:
    """A variable without a value would become an empty string without a word."""
    text = (SOURCE / "deployments" / "stack.yml").read_text()
    used = {part.partition("}")[0] for part in text.replace("$${", "").split("${")[1:]}
    values = stack.variables(settings)
    assert used <= set(values)
    of_the_release = {"RATCHET_COLOUR", "RATCHET_IMAGE", "RATCHET_RELEASE", "RATCHET_MODEL_VERSION"}
    assert all(values[name] for name in used - of_the_release - {"RATCHET_EVENTS_URL"})
