"""A flow's value reaches whoever called it."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from prefect import Flow
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import MissingResult

from flows.process import process
from ratchet.adapters.prefect import flow_runs
from tests.workspaces import fake_workspace


def test_a_value_survives_a_server_that_answers_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A busy server that is told the last state twice answers with that state alone."""
    workspace = str(fake_workspace(tmp_path).workspace)

    def lossy(self: Any, *args: Any, **options: Any) -> Any:
        self.fn(*args, **options)
        raise MissingResult

    def released(workspace: str) -> int:
        return flow_runs.ended("Released", 7)

    def failed(workspace: str) -> int:
        raise MissingResult

    monkeypatch.setattr(Flow, "__call__", lossy)
    monkeypatch.setattr(flow_runs, "current", lambda: FlowRun(flow_id=uuid4()))
    monkeypatch.setattr(flow_runs, "heartbeat", contextlib.nullcontext)
    assert process()(released)(workspace=workspace) == 7
    with pytest.raises(MissingResult):
        process()(failed)(workspace=workspace)
