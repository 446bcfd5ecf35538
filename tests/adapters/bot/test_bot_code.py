"""The bot's code as it is kept with a model, and the environment that it runs in."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest

from ratchet.adapters.bot import bot_code, flavour, framework, rasa
from ratchet.adapters.settings import SOURCE, load_settings
from ratchet.adapters.system.files import code_sha256, sha256
from ratchet.adapters.targets.swarm import images, stack
from tests.adapters.bot.conftest import OLD_LOCK, needs_uv, vendored
from tests.workspaces import NEWER, newer_framework


def test_what_is_kept_with_a_model_holds_the_framework_and_not_the_wheel(bot: Path, tmp_path: Path) -> None:
    """It runs by itself, and has the digests of what it was packed from."""
    bot_code.pack(bot, tmp_path / "bot.tar.gz")
    right = (bot_code.shaping_hash(bot), bot_code.lock_hash(bot), bot_code.code_digest(bot))
    code = bot_code.unpack(tmp_path / "bot.tar.gz", tmp_path / "code", *right)
    assert framework.folder(code) == code
    assert not (code / "vendor").exists()
    assert not (code / "tests").exists()
    assert (code / "ratchet_bot" / "channel" / "chat.py").is_file()
    bot_code.copy(bot, tmp_path / "copy")
    assert bot_code.code_digest(tmp_path / "copy") == right[2]


def test_a_workspace_and_the_checkout_have_one_code(bot: Path) -> None:
    """The wheel's files are those of the folder, so that what shapes a model is the same."""
    ours = SOURCE / "bot"
    assert bot_code.shaping_hash(bot) == bot_code.shaping_hash(ours)
    same = bot_code.code_files(bot).keys() & bot_code.code_files(ours).keys()
    assert same == bot_code.code_files(ours).keys()


def test_what_shapes_a_model(bot: Path) -> None:
    """Configuration, rules, the framework's components and its training, and components of the bot's own."""
    (bot / "components").mkdir()
    (bot / "components" / "own.py").touch()
    own = {name for name in bot_code.shaping_files(bot) if not name.startswith("ratchet_bot/components/")}
    assert own == {"config.yml", "rules.yml", "components/own.py", "ratchet_bot/tools/train.py"}
    assert "ratchet_bot/components/classifier.py" in bot_code.shaping_files(bot)


def test_a_newer_framework_alone_needs_no_new_environment(bot: Path, tmp_path: Path) -> None:
    """The version and the digest of the wheel are not the environment's identity; its packages are."""
    before = bot_code.lock_hash(bot)
    code = bot_code.code_digest(bot)
    assert before == bot_code.lock_hash(SOURCE / "bot")
    newer_framework(bot, "src/ratchet_bot/channel/chat.py")
    assert vendored(bot).name == f"ratchet_bot-{NEWER}-py3-none-any.whl"
    assert bot_code.lock_hash(bot) == before
    assert bot_code.code_digest(bot) != code
    lock = bot / "uv.lock"
    lock.write_text(re.sub(r'(name = "redis"\nversion = )".*"', r'\1"4.6.1"', lock.read_text()))
    assert bot_code.lock_hash(bot) != before


def test_what_the_bot_itself_imports_is_part_of_the_environment(bot: Path) -> None:
    """A dependency that the team adds asks for another one."""
    before = bot_code.lock_hash(bot)
    lock = bot / "uv.lock"
    lock.write_text(
        lock.read_text().replace(
            '    { name = "ratchet-bot" },\n', '    { name = "pillow" },\n    { name = "ratchet-bot" },\n'
        )
    )
    assert bot_code.lock_hash(bot) != before


def test_the_lock_of_a_lineage_of_before_is_the_files_digest(tmp_path: Path) -> None:
    """Stored lineages name it; but its environment is looked up by what it installs."""
    (tmp_path / "uv.lock").write_text(OLD_LOCK)
    assert bot_code.lock_hash(tmp_path) == sha256(tmp_path / "uv.lock")
    assert flavour.environment_hash(tmp_path) != sha256(tmp_path / "uv.lock")
    assert bot_code.lock_hash(tmp_path / "none") == flavour.environment_hash(tmp_path / "none") == ""


OLD_FORM = {
    "config.yml": "pipeline: []\n",
    "rules.yml": "rules: []\n",
    "uv.lock": OLD_LOCK,
    "domain.yml": "intents: [greet]\nresponses:\n  utter_greet: [{text: Hello}]\n",
    "components/__init__.py": "",
    "components/linear.py": "A = 1\n",
    "components/a/b.py": "B = 1\n",
    "components-x.txt": "x",
    "tools/train.py": "T = 1\n",
    "tools/serve.py": "S = 1\n",
    "channel/chat.py": "C = 1\n",
    "tests/test_x.py": "",
}


def test_code_of_before_has_the_digests_that_registries_name(tmp_path: Path) -> None:
    """As commit 1f02769 computed them; with any other, the code stored with an older model would not be run."""
    for name, text in OLD_FORM.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert (
        bot_code.shaping_hash(tmp_path) == "9f406d944858a7a0fa8f3e5acbf07aebc1b2ef68a541981145cf56ad14772a5a"
    )
    assert (
        bot_code.code_digest(tmp_path) == "650a9fa07963722df329a55c0fb7fd240a27380d1bbecf94135dab0d634a4417"
    )
    assert bot_code.lock_hash(tmp_path) == "f1ee9ce01a2de19e78ba656638b15337090066c653a31638d7e518da75b77515"


def test_the_environment_of_the_checkout_serves_a_workspace_and_older_code(
    workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A workspace needs none of its own as long as it installs the same, nor does code of before."""
    ours = tmp_path / "checkout"
    python = ours / "bot" / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    for name in ("uv.lock", "pyproject.toml"):
        shutil.copy(SOURCE / "bot" / name, ours / "bot" / name)
    monkeypatch.setattr(rasa, "SOURCE", ours)
    settings, older = load_settings(workspace), tmp_path / "older"
    assert rasa.python(settings, workspace / "bot") == python
    older.mkdir()
    shutil.copy(workspace / "bot" / "pyproject.toml", older / "pyproject.toml")
    [ratchet_bot, bot, *rest] = before(workspace / "bot" / "uv.lock")
    (older / "uv.lock").write_text(framework.ENTRY.join([*rest, ratchet_bot]))
    assert framework.folder(older) is None
    assert framework.locked(older) == ""
    assert "bot" in bot
    assert rasa.python(settings, older) == python


def before(lock: Path) -> list[str]:
    """The parts of a lock as when the framework was the project itself: that entry, today's project, and the rest."""
    head, *entries = lock.read_text().split(framework.ENTRY)
    [ours] = [entry for entry in entries if framework.NAMED.search(entry)]
    [bot] = [entry for entry in entries if entry.startswith('name = "bot"\n')]
    needed = ours[ours.index("dependencies = [") : ours.index("wheels = [")]
    groups = bot[bot.index("[package.dev-dependencies]") : bot.index("[package.metadata]")]
    old = f'name = "ratchet-bot"\nversion = "0.1.0"\nsource = {{ virtual = "." }}\n{needed}\n{groups}'
    return [old, bot, head, *(entry for entry in entries if entry not in (ours, bot))]


TINY_LOCK = """version = 1
revision = 3
requires-python = ">=3.11, <3.14"

[[package]]
name = "bot"
version = "0.1.0"
source = { virtual = "." }
dependencies = [
    { name = "ratchet-bot" },
]

[package.metadata]
requires-dist = [{ name = "ratchet-bot", path = "vendor/ratchet_bot-0.1.0-py3-none-any.whl" }]

[[package]]
name = "ratchet-bot"
version = "0.1.0"
source = { path = "vendor/ratchet_bot-0.1.0-py3-none-any.whl" }
wheels = [
    { filename = "ratchet_bot-0.1.0-py3-none-any.whl", hash = "sha256:DIGEST" },
]
"""


@needs_uv
def test_the_environment_of_kept_code_is_made_without_its_wheel(workspace: Path, tmp_path: Path) -> None:
    """The framework lies beside that code already; what is made serves every framework with such a lock."""
    code = tmp_path / "code"
    bot_code.copy(workspace / "bot", code)
    (code / "uv.lock").write_text(TINY_LOCK.replace("DIGEST", "0" * 64))
    settings = load_settings(workspace)
    python = rasa.python(settings, code)
    assert python.is_file()
    assert python.is_relative_to(settings.state / "environments")
    (code / "uv.lock").write_text(
        TINY_LOCK.replace("0.1.0-py3", "0.2.0-py3").replace("sha256:DIGEST", "sha256:11")
    )
    assert rasa.python(settings, code) == python


def test_a_newer_framework_alone_needs_no_new_runtime_image(
    bot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its tag, from which an engine knows the image, stays."""

    class Engine:
        images = type("Images", (), {"get": lambda self, tag: tag})()

    settings = load_settings(bot.parent, bot_python=Path(sys.executable))
    recipes = stack.recipes(settings)
    before = images.ensure_runtime(Engine(), settings, recipes, print)  # type: ignore[arg-type]
    newer_framework(bot, "src/ratchet_bot/channel/chat.py")
    assert images.ensure_runtime(Engine(), settings, recipes, print) == before  # type: ignore[arg-type]
    project = bot / "pyproject.toml"
    project.write_text(project.read_text() + "\n[tool.more]\n")
    assert images.ensure_runtime(Engine(), settings, recipes, print) != before  # type: ignore[arg-type]


def test_line_ends_that_git_writes_on_other_machines_change_no_fingerprint(tmp_path: Path) -> None:
    """`core.autocrlf`: the same commit is the same bot; a file that is no text is taken as it is."""
    hashes = []
    for ends in ("\n", "\r\n"):
        bot = tmp_path / repr(ends)
        (bot / "components").mkdir(parents=True)
        for name, lines in (
            ("config.yml", ("pipeline:", "- name: x")),
            ("domain.yml", ("intents:", "- greet")),
            ("uv.lock", ("version = 1", "")),
            ("components/own.py", ("A = 1", "B = 2")),
        ):
            (bot / name).write_bytes(ends.join(lines).encode())
        hashes.append((bot_code.shaping_hash(bot), bot_code.lock_hash(bot), bot_code.code_digest(bot)))
    assert hashes[0] == hashes[1]
    (tmp_path / "one.bin").write_bytes(b"\0\r\n")
    (tmp_path / "two.bin").write_bytes(b"\0\n")
    assert code_sha256(tmp_path / "one.bin") != code_sha256(tmp_path / "two.bin")


def test_rules_and_stories_in_many_files_shape_a_model_and_responses_in_a_folder_do_not(
    tmp_path: Path,
) -> None:
    """A bot that came from Rasa: `data/` and `domain/` in place of one file each."""
    files = {
        "config.yml": "pipeline: []\n",
        "data/a/rules.yml": "rules: []\n",
        "domain/one.yml": "intents: [greet]\n",
        "domain/two/answers.yml": "responses:\n  utter_greet: [{text: Hello}]\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    before = bot_code.shaping_hash(tmp_path)
    (tmp_path / "domain" / "two" / "answers.yml").write_text("responses:\n  utter_greet: [{text: Hi}]\n")
    assert bot_code.shaping_hash(tmp_path) == before
    (tmp_path / "domain" / "one.yml").write_text("intents: [greet, bye]\n")
    changed = bot_code.shaping_hash(tmp_path)
    assert changed != before
    (tmp_path / "data" / "a" / "rules.yml").write_text("rules: [{rule: a, steps: []}]\n")
    assert bot_code.shaping_hash(tmp_path) != changed
