"""How a release is brought to its target, and with which limits."""

from __future__ import annotations

from pydantic import Field

from domain.policy import Policy


class RolloutPolicy(Policy):
    """The section `rollout` of `params.yaml`."""

    start_timeout_seconds: float = Field(120, gt=0, description="a replica that is not ready by then has failed")
    drain_seconds: float = Field(10, ge=0, description="time for the requests in flight when a replica stops")
    keep_releases: int = Field(5, ge=2, description="release bundles kept on this machine for a rollback")
