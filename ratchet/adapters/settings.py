"""The one place where `params.yaml` and the environment become settings.

`params.yaml` holds policy and is versioned with the workspace; environment variables `RATCHET_*`, or the same
names in the workspace's `.env`, hold what differs by machine.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, PrivateAttr, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from ratchet.adapters.complaints import check, explain, refuse_nothing
from ratchet.adapters.system import yaml_text
from ratchet.adapters.workspace import identity, owned, version
from ratchet.adapters.workspace.identity import STATE_FOLDER as STATE_FOLDER
from ratchet.domain.corpus.policies import CorpusPolicy, SourcePolicy, SplitPolicy, ValidationPolicy
from ratchet.domain.errors import RatchetError
from ratchet.domain.gate.policies import GatePolicy, RampPolicy
from ratchet.domain.operations.policies import DeskPolicy, HarvestPolicy, MonitorPolicy
from ratchet.domain.operations.triggers import TriggersPolicy
from ratchet.domain.policy import Policy
from ratchet.domain.release.rollout import RolloutPolicy
from ratchet.domain.release.training import TrainPolicy
from ratchet.resources import SOURCE as SOURCE

CODE = Path(__file__).resolve().parents[2]
"""The folder that holds the packages `ratchet`, `flows` and `tasks`: a checkout, or where they are installed."""

MARKERS = ("params.yaml", "bot")


class Params(Policy):
    """`params.yaml`: the policy of a workspace, one section a subject."""

    corpus: CorpusPolicy = CorpusPolicy()
    split: SplitPolicy = Field(SplitPolicy(), validate_default=True)
    validation: ValidationPolicy = ValidationPolicy()
    train: TrainPolicy = TrainPolicy()
    gate: GatePolicy = GatePolicy()
    ramp: RampPolicy = RampPolicy()
    rollout: RolloutPolicy = RolloutPolicy()
    triggers: TriggersPolicy = TriggersPolicy()
    monitor: MonitorPolicy = MonitorPolicy()
    harvest: HarvestPolicy = HarvestPolicy()
    desk: DeskPolicy = DeskPolicy()
    sources: dict[str, SourcePolicy] = Field(default_factory=dict)

    @field_validator("split")
    @classmethod
    def by_language(cls, split: SplitPolicy, info: ValidationInfo) -> SplitPolicy:
        """Near-duplicates are compared within the language of the corpus."""
        corpus = info.data.get("corpus")  # absent where it is faulty itself
        return split.within(corpus.language) if corpus else split


class Settings(BaseSettings):
    """Everything that a run needs to know about its workspace and its machine; frozen."""

    model_config = SettingsConfigDict(
        env_prefix="RATCHET_", frozen=True, extra="forbid", env_file_encoding="utf-8"
    )

    _chosen: frozenset[str] = PrivateAttr(default=frozenset())

    workspace: Path
    params: Params
    name: str = Field(
        "",
        pattern=r"^([a-z0-9]+(-[a-z0-9]+)*)?$",
        max_length=60,
        description="name of the workspace on its Prefect server; default: the folder's",
    )
    target: Literal["auto", "process", "swarm"] = Field(
        "auto",
        description="where releases run; `auto`: `swarm` where a stack and an engine are, else `process`",
    )
    port: int = Field(
        5005, ge=0, le=65535, description="port of the bot: on loopback (`process`), on each node (`swarm`)"
    )
    operation_port: int = Field(
        8405, ge=1, le=65535, description="port of the fleet's metrics and checks (`swarm`)"
    )
    stack: str = Field(
        "ratchet", pattern=r"^[a-z0-9][a-z0-9-]*$", description="name of the fleet on its Docker Swarm"
    )
    registry: str | None = Field(
        None, description="image repository, as in ghcr.io/team/bot; one node needs none"
    )
    build_network: str | None = Field(
        None, description="network of image builds; `host` where the bridge reaches nothing"
    )
    client_tokens_file: Path | None = Field(
        None, description="tokens of the client applications that may call the fleet"
    )
    tls_certificate: Path | None = Field(
        None, description="PEM file with certificate, chain and key, with which the fleet's proxy speaks TLS"
    )
    tls_port: int = Field(443, ge=1, le=65535, description="port of that on each node")
    prefect_port: int = Field(
        4200, ge=1, le=65535, description="loopback port of the embedded Prefect server"
    )
    prefect_api_url: str | None = Field(None, description="a Prefect server of your own")
    prefect_auth: SecretStr | None = Field(None, description="user:password of the Prefect server")
    prefect_database: SecretStr | None = Field(
        None, description="database of the embedded Prefect server: postgresql+asyncpg://…; default: SQLite"
    )
    mlflow_port: int = Field(5000, ge=1, le=65535, description="loopback port of MLflow's pages")
    page_port: int = Field(4300, ge=1, le=65535, description="loopback port of the page for the bot's owners")
    page_url: str | None = Field(
        None,
        pattern=r"^https?://[^/\s]+/?$",
        description="address under which people reach that page through your proxy; alerts link to it",
    )
    webhook_token: SecretStr | None = Field(
        None,
        min_length=32,
        description="token with which a labelling tool may call the page's webhook; without it there is none",
    )
    inbox: str | None = Field(
        None,
        pattern=r"^(s3://[^/]+(/.*)?|[^:]+)$",
        description="where files with labelled messages are dropped: s3://…, or a folder",
    )
    tracking_uri: str | None = Field(None, description="an MLflow server or database of your own")
    artifact_root: str | None = Field(None, description="where MLflow puts artifacts: a folder or s3://…")
    s3_endpoint: str | None = Field(None, description="an S3 endpoint other than AWS")
    bot_python: Path | None = Field(None, description="the Python of a bot environment of your own")
    encoder_weights: str | None = Field(
        None,
        description="where a sentence encoder comes from in place of its package: a folder, a zip file or its address; "
        "`none`: use none",
    )
    events_url: SecretStr | None = Field(
        None, description="database of conversation events: postgresql://…; default: SQLite (`process`)"
    )
    alert_urls: SecretStr | None = Field(
        None, description="where alerts go, as Apprise URLs with spaces between them"
    )
    metrics_port: int | None = Field(
        None, ge=1, le=65535, description="loopback port of the monitor's figures for Prometheus"
    )
    conversation_messages: int = Field(
        10, ge=3, description="messages of a person that rules and stories can look back on, at least"
    )
    handoff: Literal["auto", "silent", "continue"] = Field(
        "auto",
        description="what the bot does after a hand-off; `auto`: `silent` where a client has the right `handoff`",
    )
    handoff_token: SecretStr | None = Field(
        None, description="token of a client with the right `handoff`, for `ratchet handoff`"
    )
    actions_url: str | None = Field(
        None, description="the server of Rasa's custom actions: http://HOST:5055/webhook (`process`)"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        if isinstance(dotenv_settings, DotEnvSettingsSource):  # `.env` also holds the secrets of channels
            known = {
                key: value
                for key, value in dotenv_settings.env_vars.items()
                if key.lower().startswith("ratchet_")
            }
            dotenv_settings.env_vars = known
        return init_settings, env_settings, dotenv_settings

    def explicit(self, name: str) -> bool:
        """Say whether someone set this, in contrast to a default and to what Ratchet chose."""
        return name in self.model_fields_set and name not in self._chosen

    def with_chosen(self, values: Mapping[str, Any]) -> Settings:
        """Return settings with what Ratchet chose where no one set anything."""
        fresh = {name: value for name, value in values.items() if not self.explicit(name)}
        made = self.model_copy(update=fresh)
        made._chosen = self._chosen | fresh.keys()
        return made

    @property
    def state(self) -> Path:
        """The folder of all state that Ratchet keeps for this workspace."""
        return self.workspace / STATE_FOLDER

    @property
    def bot(self) -> Path:
        """The Rasa project."""
        return self.workspace / "bot"

    @property
    def runs(self) -> Path:
        """One folder a run: logs, predictions, report."""
        return self.state / "runs"


def load_settings(workspace: Path | str | None = None, **overrides: Any) -> Settings:
    """Read the settings of the workspace that `workspace` (default: the working directory) lies in.

    Raises `RatchetError` when there is no workspace, when it is a copy or was moved, and, naming each, when a file
    or variable has an unknown key or a value out of bounds.
    """
    return read_settings(root_of(workspace), **overrides)


def chosen_folder(workspace: Path | str | None) -> Path:
    """Return the folder that an option or RATCHET_WORKSPACE names, else the working directory."""
    return Path(workspace) if workspace else Path(os.environ.get("RATCHET_WORKSPACE") or Path.cwd())


def read_settings(root: Path, **overrides: Any) -> Settings:
    """Read the settings of the workspace `root`, wherever it belongs; see `load_settings`."""
    params = validate_params(read_params(root / "params.yaml"))
    try:
        settings = Settings(workspace=root, params=params, _env_file=root / ".env", **overrides)
        return settings.with_chosen(owned.read(root).settings())
    except ValidationError as error:
        raise RatchetError(
            explain("The environment (RATCHET_…, .env)", error, Settings),
            "Correct or remove these variables.",
        ) from error
    except (UnicodeDecodeError, OSError) as error:
        raise RatchetError(
            f"{root / '.env'} cannot be read: {error}.", "Save it as text in UTF-8."
        ) from error


def root_of(workspace: Path | str | None = None) -> Path:
    """Return the workspace that `workspace` (default: RATCHET_WORKSPACE, else the working directory) lies in.

    Reads no settings, so that they can be read after the folder was brought to another commit. Raises
    `RatchetError` when there is no workspace, when it is a copy or was moved, and when it is newer than the program.
    """
    root = find_workspace(chosen_folder(workspace))
    identity.require(root)
    version.require(root)
    return root


class Named(BaseSettings):
    """RATCHET_NAME alone."""

    model_config = SettingsConfigDict(env_prefix="RATCHET_", extra="ignore", env_file_encoding="utf-8")

    name: str = ""


def name_at(root: Path) -> str:
    """Return RATCHET_NAME without reading `params.yaml`, "" where it is not set or `.env` cannot be read."""
    try:
        return Named(_env_file=root / ".env").name
    except (OSError, ValueError):
        return ""


def find_workspace(start: Path) -> Path:
    """Return the nearest folder upwards from `start` that holds `params.yaml` and `bot/`."""
    start = start.expanduser().resolve()
    for folder in (start, *start.parents):
        if all((folder / marker).exists() for marker in MARKERS):
            return folder
    raise RatchetError(
        f"{start} is not in a workspace: no folder from here upwards holds params.yaml and bot/.",
        "Go to one, name one with --workspace, or make one with `ratchet init DIR`.",
    )


def read_params(path: Path) -> dict[str, Any]:
    """Read `params.yaml` as plain data."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RatchetError(
            f"params.yaml cannot be read: {error}.", "Restore it with `git checkout params.yaml`."
        ) from error
    return parse_params(text)


def parse_params(text: str, where: str = "params.yaml") -> dict[str, Any]:
    """Return the text of `params.yaml` as plain data; `where` names it in the error if it is not valid."""
    try:
        content = yaml_text.load(text)
        twice = yaml_text.repeated(text)
    except yaml_text.NotYaml as error:
        raise RatchetError(
            f"{where} is not valid YAML: {error}.", "Correct it, or restore it with Git."
        ) from error
    if twice:
        raise RatchetError(
            f"{where} names {twice[0]} twice, in lines {twice[1]} and {twice[2]}: only one of them would count.",
            "Make one of the two.",
        )
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise RatchetError(f"{where} does not hold sections.", "Restore it with `git checkout params.yaml`.")
    return content


def validate_params(content: dict[str, Any], where: str = "params.yaml") -> Params:
    """Return plain data as the policy; raises `RatchetError` naming each key that is unknown or out of bounds."""
    refuse_nothing(content, where)
    try:
        params = Params.model_validate(content)
        check(params)
        return params
    except ValidationError as error:
        raise RatchetError(
            explain(where, error, Params), "Correct the file; every key is commented there."
        ) from error
