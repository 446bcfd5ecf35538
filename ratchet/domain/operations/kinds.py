"""Kinds of incidents. docs/reference/alerts.md is made from their texts."""

from enum import StrEnum


class Kind(StrEnum):
    """What can be wrong; the text below each says what it means, and then what to do."""

    BOT_DOWN = "bot down"
    """The probe through the front door gets no answer or a wrong one, or no replica is ready.

    Run `ratchet serve`: it starts the live release again, or says why it cannot. If the newest release answers
    wrongly, run `ratchet rollback`.
    """

    PAUSED = "bot paused"
    """A person stopped the bot on all replicas with `ratchet pause`; it does not answer users.

    Run `ratchet resume` when the reason is gone.
    """

    WAITING = "people waiting"
    """A conversation has waited for a person for `alert_minutes` of the opening hours, and no colleague has taken it.

    Run `ratchet handoff list` for who waits, and `ratchet handoff take` for one of them.
    """

    REPLICA_DOWN = "replica down"
    """A replica does not answer, or was restarted since the last look. The others answer users.

    Run `ratchet fleet`: it shows node, health, restarts and the reason. A swarm replaces a lost replica by itself;
    if it cannot, run `ratchet serve`.
    """

    FLEET_MIXED = "fleet mixed"
    """A replica, or the front door, serves another release or model than the registry has on record.

    Run `ratchet serve` to bring the recorded release to every replica, or `ratchet doctor` for the cause.
    """

    ERRORS = "errors"
    """More than `monitor.max_error_percent` of the requests failed in the last `monitor.window_minutes`.

    Run `ratchet fleet logs` for the replicas' output. If it began with a release, run `ratchet rollback`.
    """

    LATENCY = "latency"
    """95 of 100 replies take longer than `monitor.max_p95_ms`.

    Compare load and machine: `ratchet fleet` shows the replicas. Add replicas, or run `ratchet rollback` if it
    began with a release.
    """

    DRIFT = "drift"
    """Users write differently from the baseline: the drift tests fired in two windows of messages in a row.

    If the new messages are expected (a campaign, new users), run `ratchet monitor --accept`. Else run
    `ratchet harvest`, label the sample, and ingest it.
    """

    RETRAIN_FAILED = "retrain failed"
    """The newest retrain failed, or its process was killed. The live release is not touched.

    Follow the remedy in the alert, then run `ratchet retrain`.
    """

    RUN_FAILED = "run failed"
    """The newest run of another flow (release, override, rollback, ingest, ...) failed, or its process was killed.

    Follow the remedy in the alert; `ratchet history` lists failed attempts to release. Run the same command again.
    """

    RETRAIN_OVERDUE = "retrain overdue"
    """No retrain went through since the schedule's last time plus `monitor.retrain_grace_hours`.

    Check that the service runs: `ratchet up --detach`. Then run `ratchet retrain`.
    """

    GATE_REJECTED = "gate rejected"
    """The gate rejected the newest model. The previous release stays live.

    Read the report's reasons, correct the data, and retrain; or release it on your own responsibility with
    `ratchet approve`.
    """

    GATE_ASKS = "gate asks"
    """The gate wants a person to decide about the newest model. The previous release stays live.

    Read the report, then run `ratchet approve` or `ratchet reject`.
    """

    NOT_PUSHED = "data not pushed"
    """`data.dvc` names a data revision that the data remote does not have: no other clone can get it.

    In the clone that made the revision, run `dvc push`.
    """

    OVERRIDE_ENDS = "override ends"
    """The override that let the live model through expires within `monitor.override_notice_hours`.

    Approve it again with `ratchet approve`, or retrain so that a model passes by itself.
    """

    BLIND = "monitor blind"
    """A source (fleet, traffic, registry, runs, data remote) does not answer, so what depends on it is not watched.

    Follow the reason in the alert; `ratchet doctor` names what does not work.
    """
