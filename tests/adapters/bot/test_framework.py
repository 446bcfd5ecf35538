"""The bot's framework: its wheel, the lock file that names it, and which one a bot's code runs with."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from ratchet.adapters.bot import bot_code, framework, rasa
from ratchet.adapters.settings import SOURCE, Settings, load_settings
from ratchet.adapters.system.files import sha256
from ratchet.domain.errors import RatchetError
from tests.adapters.bot.conftest import OLD_LOCK, UV, needs_uv, vendored
from tests.workspaces import own_framework


def test_a_wheel_has_the_same_bytes_each_time(tmp_path: Path) -> None:
    """Its digest in a lock says what is in it, whenever and from wherever it was built."""
    one, two = framework.wheel(tmp_path / "one"), framework.wheel(tmp_path / "two")
    assert one.name == two.name
    assert sha256(one) == sha256(two)
    packed = zipfile.ZipFile(one).namelist()
    ours = {
        f"ratchet_bot/{name.removeprefix('ratchet_bot/')}"
        for name in framework.modules(SOURCE / "ratchet_bot/src")
    }
    assert ours == {name for name in packed if ".dist-info/" not in name}


def test_an_installed_ratchet_hands_out_the_wheel_among_its_resources(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is built there."""
    (tmp_path / "vendor").mkdir()
    (tmp_path / "vendor" / "ratchet_bot-7.0-py3-none-any.whl").write_bytes(b"a wheel")
    monkeypatch.setattr(framework, "SOURCE", tmp_path)
    assert framework.wheel(tmp_path / "bot" / "vendor").read_bytes() == b"a wheel"


@needs_uv
def test_uv_takes_the_lock_that_was_rewritten(bot: Path) -> None:
    """Made without network or resolver, it is up to date in uv's eyes, and all others' versions are the checkout's."""
    for folder in (bot, SOURCE / "bot"):
        subprocess.run(
            [UV, "lock", "--check", "--offline"], cwd=folder, check=True, capture_output=True, timeout=60
        )
    ours, theirs = (path.joinpath("uv.lock").read_text() for path in (SOURCE / "bot", bot))
    changed = set(theirs.splitlines()) - set(ours.splitlines())
    assert all(vendored(bot).name in line or line == "wheels = [" for line in changed), changed
    assert f'hash = "sha256:{sha256(vendored(bot))}"' in theirs


@needs_uv
def test_uv_would_install_this_framework(bot: Path, tmp_path: Path) -> None:
    """`uv sync --locked` takes the lock as it is."""
    env = {**os.environ, "UV_PROJECT_ENVIRONMENT": str(tmp_path / "env")}
    argv = [UV, "sync", "--locked", "--offline", "--no-default-groups", "--dry-run"]
    done = subprocess.run(argv, cwd=bot, env=env, check=True, capture_output=True, text=True, timeout=60)
    [line] = [line for line in done.stderr.splitlines() if "ratchet-bot" in line]
    assert line.endswith(f"/bot/vendor/{vendored(bot).name}")


@needs_uv
def test_uv_refuses_a_wheel_that_was_changed(bot: Path, tmp_path: Path) -> None:
    """The lock's digest holds for uv, too."""
    export = [UV, "export", "--frozen", "--offline", "--no-default-groups", "--quiet"]
    listed = subprocess.run(export, cwd=bot, check=True, capture_output=True, text=True, timeout=60).stdout
    [ours] = [entry for entry in re.split(r"(?m)^(?=\S)", listed) if entry.startswith("./vendor/")]
    (tmp_path / "requirements.txt").write_text(ours)
    argv = [UV, "pip", "install", "--offline", "--no-deps", "--require-hashes", "--python-version", "3.13"]
    argv += ["--target", tmp_path / "target", "--requirements", tmp_path / "requirements.txt"]
    subprocess.run(argv, cwd=bot, check=True, capture_output=True, timeout=60)
    assert (tmp_path / "target" / "ratchet_bot" / "tools" / "serve.py").is_file()
    with zipfile.ZipFile(vendored(bot), "a") as archive:
        archive.writestr("ratchet_bot/evil.py", "")
    refused = subprocess.run(argv, cwd=bot, capture_output=True, text=True, timeout=60)
    assert refused.returncode != 0
    assert "hash mismatch" in refused.stderr.lower()


def test_a_workspace_runs_the_framework_of_its_wheel(bot: Path) -> None:
    """Unpacked once, under the state folder, and again when a file there was changed."""
    folder = framework.folder(bot)
    assert folder == bot.parent / ".ratchet" / "frameworks" / sha256(vendored(bot))[:16]
    marker = folder / "ratchet_bot" / "tools" / "serve.py"
    made = marker.stat().st_mtime_ns
    assert framework.folder(bot) == folder
    assert marker.stat().st_mtime_ns == made
    marker.write_text("raise SystemExit('owned')\n")
    (folder / "ratchet_bot" / "more.py").write_text("")
    assert framework.folder(bot) == folder
    assert "owned" not in marker.read_text()
    assert not (folder / "ratchet_bot" / "more.py").exists()
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_a_wheel_that_is_missing_or_changed_is_named_with_its_remedy(bot: Path) -> None:
    """Nothing of it is run; the remedy brings it back."""
    git = ["git", "-c", "user.name=Test", "-c", "user.email=test@localhost"]
    for words in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", "x"]):
        subprocess.run([*git, *words], cwd=bot.parent, check=True, timeout=60)
    name = f"bot/vendor/{vendored(bot).name}"
    for change, fact in (
        (lambda path: path.unlink(), f"{name}, which bot/uv.lock names, is missing."),
        (
            lambda path: path.write_bytes(b"x"),
            f"{name} is not the file that bot/uv.lock names: its SHA-256 differs.",
        ),
    ):
        change(bot / "vendor" / Path(name).name)
        with pytest.raises(RatchetError) as refused:
            bot_code.code_files(bot)
        assert refused.value.fact == fact
        [command] = re.findall(r"`(.*)`", refused.value.remedy)
        subprocess.run(command.split(), cwd=bot.parent, check=True, timeout=60, capture_output=True)
        assert framework.folder(bot) is not None


def test_a_wheel_that_lfs_keeps_is_named_as_a_pointer(bot: Path) -> None:
    """Its digest would not fit either, which would not say why."""
    vendored(bot).write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    with pytest.raises(RatchetError, match="Git LFS pointer"):
        framework.folder(bot)


def test_a_checkout_runs_its_own_folder() -> None:
    """A change in ratchet_bot/ counts at once, as in any editable installation."""
    assert framework.folder(SOURCE / "bot") == SOURCE / "ratchet_bot" / "src"


def test_code_that_holds_the_framework_runs_with_that(bot: Path) -> None:
    """A bundle, an image, what is kept with a model, and a team that changes the framework for one bot."""
    own_framework(bot)
    assert framework.folder(bot) == bot


def test_code_of_before_runs_its_own_tools(tmp_path: Path) -> None:
    """Its lock names the framework as the project itself."""
    (tmp_path / "uv.lock").write_text(OLD_LOCK)
    assert framework.folder(tmp_path) is None
    assert framework.tools(tmp_path) == "tools"
    assert "PYTHONPATH" not in rasa.environment(tmp_path)


def settings_of(workspace: Path) -> Settings:
    return load_settings(workspace, bot_python=Path(sys.executable))


def test_a_tool_runs_with_the_exact_framework_whichever_is_installed(bot: Path, tmp_path: Path) -> None:
    """The environment's own `ratchet_bot` comes after it, also where code is run with another lock's environment."""
    settings = settings_of(bot.parent)
    other = tmp_path / "other"
    (other / "ratchet_bot" / "tools").mkdir(parents=True)
    (other / "ratchet_bot" / "__init__.py").touch()
    (other / "uv.lock").write_text(OLD_LOCK)
    assert rasa.tool(settings, bot, "train", locked=other)[1:] == ["-m", "ratchet_bot.tools.train"]
    code = "import importlib.util; print(importlib.util.find_spec('ratchet_bot').origin)"
    for folder in (bot, other):
        env = {**os.environ, **rasa.environment(folder)}
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=folder,
            env=env,
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        )
        source = framework.folder(folder)
        assert source is not None
        assert Path(done.stdout.strip()) == source / "ratchet_bot" / "__init__.py"


def test_the_framework_never_imports_the_orchestrator() -> None:
    """It is a package of its own, for another Python."""
    for path in framework.modules(SOURCE / "ratchet_bot" / "src").values():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            named = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            named += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not {name.partition(".")[0] for name in named} & {"ratchet", "flows", "tasks"}, path
