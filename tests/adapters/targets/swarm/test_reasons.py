"""Raw output of Docker, HAProxy, Redis and the bot, as these tools write it, told as one fact and one remedy."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratchet.adapters.targets.swarm import reasons
from ratchet.adapters.targets.swarm.declared import Declared
from tests.domain.release.test_reasons import HTML, REDIS, SPLIT, UNSCHEDULED

DOCUMENT = {
    "services": {
        "bot": {
            "deploy": {
                "replicas": 2,
                "resources": {"limits": {"memory": "150M"}, "reservations": {"memory": "64G", "cpus": 0.5}},
                "placement": {"max_replicas_per_node": 1, "constraints": ["node.labels.gpu == yes"]},
            }
        }
    }
}
BOT = reasons.declared(DOCUMENT, store="ratchet_redis")
AGAIN = "Then run `ratchet release` again."
UNHEALTHY = "task: non-zero exit (137): dockerexec: unhealthy container"
NOT_READY = (
    "not ready: 503 {'ready': False, 'why': 'conversation store: Error 111 connecting to redis:6379. "
    "Connection refused.', 'release': '2026-11-27-3fa9c1', 'model_id': 'a1'}"
)


def test_what_the_stack_declares_is_read() -> None:
    """As it is written there."""
    assert (BOT.memory_limit, BOT.reservations, BOT.per_node, BOT.replicas) == (
        "150M",
        "64G of memory and 0.5 CPUs",
        "1",
        "2",
    )
    assert BOT.constraints == "node.labels.gpu == yes"
    assert reasons.declared({"services": {"bot": None}}) == Declared()
    assert reasons.declared({"services": {"bot": {"deploy": {"resources": [1]}}}}) == Declared()


@pytest.mark.parametrize(
    ("error", "fact"),
    [
        (
            "no suitable node (insufficient resources on 1 node)",
            "No node has room for a replica of `bot`: it reserves 64G of memory and 0.5 CPUs "
            "(deploy.resources.reservations of `bot` in deployments/stack.yml).",
        ),
        (
            "no suitable node (max replicas per node limit exceed)",
            "No node may take another replica of `bot`: the limit of 1 a node is "
            "deploy.placement.max_replicas_per_node of `bot` in deployments/stack.yml, and 2 replicas are declared.",
        ),
        (
            "no suitable node (scheduling constraints not satisfied on 2 nodes; 1 node not available for new tasks)",
            "No node meets the constraint node.labels.gpu == yes (deploy.placement.constraints of `bot` in "
            "deployments/stack.yml).",
        ),
        (
            "no suitable node (host-mode port already in use on 1 node)",
            "No node has the port free that `bot` publishes: another service of the swarm has it.",
        ),
        (
            "no suitable node (1 node not available for new tasks)",
            "No node takes new replicas of `bot`: the nodes are down, drained or paused.",
        ),
        (
            "no suitable node (unsupported platform on 1 node)",
            "No node has the processor or system that the image of `bot` is made for.",
        ),
        (
            "No such image: sha256:0123abcd",
            "No such image: sha256:0123abcd, which `bot` runs, is not on the node.",
        ),
        (
            "pull access denied for ghcr.io/team/bot, repository does not exist or may require 'docker login'",
            "The image of `bot` cannot be fetched from its registry: pull access denied for ghcr.io/team/bot.",
        ),
        (
            'Get "https://registry.test:5000/v2/": dial tcp 10.0.0.9:5000: connect: connection refused',
            "The image of `bot` cannot be fetched from its registry: "
            'Get "https://registry.test:5000/v2/": dial tcp 10.0.0.9:5000: connect: connection refused.',
        ),
        (
            'invalid mount config for type "bind": bind source path does not exist: /srv/models',
            "/srv/models, which `bot` mounts, is not on the node.",
        ),
        (
            "driver failed programming external connectivity on endpoint bot (c4c4): Bind for 0.0.0.0:5005 failed: "
            "port is already allocated",
            "Port 5005 of the node, which `bot` publishes, is taken by another program.",
        ),
        (
            "driver failed programming external connectivity on endpoint bot (c4c4): Error starting userland proxy: "
            "listen tcp4 0.0.0.0:8405: bind: address already in use",
            "Port 8405 of the node, which `bot` publishes, is taken by another program.",
        ),
        (
            "starting container failed: failed to create task for container: failed to create shim task: OCI runtime "
            'create failed: runc create failed: unable to start container process: exec: "serv": executable file not '
            "found in $PATH: unknown",
            "The container of `bot` cannot start: its command serv is not in the image, or is no program.",
        ),
        (
            "network ratchet_state not found",
            "What `bot` needs is not on the engine: network ratchet_state not found.",
        ),
        (
            "node is missing network attachments, ip addresses may be exhausted",
            "A network of `bot` has no free address left.",
        ),
        (
            "assigned node no longer meets constraints",
            "The node no longer meets a constraint of `bot`, or has no longer the memory that it reserves.",
        ),
        (
            "failed to register layer: write /usr/lib/x: no space left on device",
            "The disk of the node is full.",
        ),
    ],
)
def test_what_the_engine_cannot_do_names_what_is_declared(error: str, fact: str) -> None:
    """It comes before whatever a log says, which is of an earlier try or about the log itself."""
    found = reasons.of([error], log=UNSCHEDULED, service=BOT)
    assert found is not None
    assert found.fact == fact
    assert found.remedy.endswith(("`ratchet release` again.", "`ratchet release` tries again."))


@pytest.mark.parametrize(
    ("error", "oom"),
    [
        ("task: non-zero exit (137)", None),
        ("task: non-zero exit (137)", True),
        ("task: non-zero exit (1)", True),
    ],
)
def test_a_replica_above_its_memory_limit_is_told_so(error: str, oom: bool | None) -> None:
    """By the engine's flag, or by the exit code where nobody asked for that."""
    assert reasons.of([error], log="loading\n", service=BOT, oom=oom) == (
        "The replica was killed because it needs more memory than its limit of 150M "
        "(deploy.resources.limits.memory of `bot` in deployments/stack.yml).",
        f"Raise that limit. {AGAIN}",
    )


def test_not_every_kill_is_for_memory() -> None:
    """An unhealthy container ends with the same code, and so does one that a person killed."""
    by_hand = reasons.of(["task: non-zero exit (137)"], service=BOT, oom=False)
    assert by_hand is not None
    assert by_hand.fact.startswith("The replica was killed (SIGKILL): by hand")
    sick = reasons.of([UNHEALTHY], checks=["no status: [Errno 111] Connection refused"], service=BOT)
    assert sick is not None
    assert sick.fact == "The replica does not answer its health check: [Errno 111] Connection refused."
    unlimited = reasons.of(["task: non-zero exit (137)"], service=Declared(), oom=True)
    assert unlimited is not None
    assert "its node has no memory left" in unlimited.fact


def test_a_lost_store_is_named_by_its_own_words() -> None:
    """From the log, or from the health check whose answer says why; the address that is wrong is named."""
    said = "The conversations' store does not answer: Error 111 connecting to redis:6379. Connection refused."
    remedy = (
        "Correct RATCHET_REDIS_URL of `bot` in deployments/stack.yml, or see why the store does not run: "
        f"`docker service ps ratchet_redis`. {AGAIN}"
    )
    tool = (
        "error: /app/model.tar.gz cannot be served: Error 111 connecting to redis:6379. Connection refused. Train it "
        "again, or see what it needs."
    )
    for log, checks in ((REDIS, []), (tool, []), ("", [NOT_READY]), ("", [NOT_READY[:130]])):
        assert reasons.of([UNHEALTHY], log, checks, BOT) == (said, remedy)


@pytest.mark.parametrize(
    "why",
    [
        "There is no sentence encoder 88789b43e554 in /app/encoders",
        "/app/encoders/88789b43e554ad69376561f6bb324635/model.onnx was changed: its SHA-256 is not the one that its "
        "encoder names",
    ],
)
def test_a_replica_without_its_encoder_says_so_and_what_an_image_needs(why: str) -> None:
    """In one sentence; the server's own remedy is for a bot on one machine, so that of a fleet replaces it."""
    said = f"/app/model.tar.gz cannot be served without its sentence encoder: {why}."
    log = f"error: {said} Run `ratchet serve`: it gets the weights again."
    found = reasons.of(["task: non-zero exit (1)"], log, [], BOT)
    assert found is not None
    assert found.fact == said
    assert "deployments/stack.yml sets no RATCHET_ENCODERS" in found.remedy
    assert "ratchet serve" not in found.remedy
    assert found.remedy.endswith(AGAIN)


@pytest.mark.parametrize(
    ("log", "fact", "step"),
    [
        (
            "redis.exceptions.ConnectionError: Error -2 connecting to reddis:6379. Name or service not known.",
            "does not answer: Error -2 connecting to reddis:6379. Name or service not known.",
            "No host has that name on the networks of `bot`: correct RATCHET_REDIS_URL",
        ),
        (
            "redis.exceptions.AuthenticationError: invalid username-password pair or user is disabled.",
            "refuses: invalid username-password pair or user is disabled.",
            "Correct the password in RATCHET_REDIS_URL",
        ),
        (
            "redis.exceptions.ResponseError: NOAUTH Authentication required.",
            "refuses: NOAUTH Authentication required.",
            "Correct the password",
        ),
        (
            "redis.exceptions.ResponseError: OOM command not allowed when used memory > 'maxmemory'.",
            "refuses: OOM command not allowed when used memory > 'maxmemory'.",
            "Raise `--maxmemory`",
        ),
        (
            "redis.exceptions.ResponseError: MISCONF Redis is configured to save RDB snapshots, but it's currently "
            "unable to persist to disk.",
            "refuses: MISCONF Redis is configured to save RDB snapshots",
            "Make room on the disk of the store.",
        ),
        (
            "redis.exceptions.TimeoutError: Timeout connecting to server",
            "does not answer: Timeout connecting to server.",
            "Correct RATCHET_REDIS_URL",
        ),
    ],
)
def test_what_redis_says_leads_to_what_helps(log: str, fact: str, step: str) -> None:
    """Each kind to its own step."""
    found = reasons.of(["task: non-zero exit (1)"], log, (), BOT)
    assert found is not None
    assert found.fact.startswith(f"The conversations' store {fact}")
    assert found.remedy.startswith(step)


@pytest.mark.parametrize(
    ("checks", "fact"),
    [
        (["not ready: 503 {'ready': False}"], "The replica is not ready yet."),
        (["no status: timed out"], "The replica does not answer its health check: timed out."),
        (
            ["Health check exceeded timeout (5s): no status: "],
            "The replica took too long to answer its health check.",
        ),
        (
            ["release is 'r1', expected 'r2'"],
            "The replica says that its release is 'r1', and 'r2' is expected.",
        ),
        (["", HTML, "no status: timed out", " "], "The replica does not answer its health check: timed out."),
    ],
)
def test_the_last_health_check_that_spoke_is_told(checks: list[str], fact: str) -> None:
    """In words, never as a page or a dictionary."""
    found = reasons.of([UNHEALTHY], SPLIT, checks, BOT)
    assert found is not None
    assert found.fact == fact


def test_the_replicas_own_error_comes_before_its_exit_code() -> None:
    """And where it said nothing, that is told."""
    errors = ["task: non-zero exit (3)"]
    assert reasons.of(errors, "error: there is no licence for a second server\n", (), BOT) == (
        "There is no licence for a second server.",
        "`ratchet release` tries again.",
    )
    raised = reasons.of(errors, "KeyError: 'utter_ask'\n", (), BOT)
    silent = reasons.of(errors, "", (), BOT)
    assert raised is not None
    assert silent is not None
    assert raised.fact == "The replica's server failed: KeyError: 'utter_ask'."
    assert silent.fact == "The replica's server ended with exit code 3; its log names no error."
    assert reasons.of([UNHEALTHY], "", (), BOT) == (
        "The replica was stopped because its health checks did not succeed; its log names no error.",
        "`ratchet release` tries again.",
    )


def test_where_nobody_says_why_nothing_is_told() -> None:
    """What is only noise is nothing; words that are not known are told as they are."""
    assert reasons.of() is None
    assert reasons.of([""], SPLIT, [""]) is None
    assert reasons.of(["something new"], UNSCHEDULED) == ("Something new.", "`ratchet release` tries again.")
    serve = reasons.of(["No such image: x"], service=Declared(again="ratchet serve"))
    assert serve is not None
    assert serve.remedy == "`ratchet serve` tries again."


@given(
    st.lists(st.one_of(st.text(), st.just(UNHEALTHY)), max_size=3),
    st.text(),
    st.lists(st.one_of(st.text(), st.just(NOT_READY)), max_size=3),
    st.one_of(st.none(), st.booleans()),
)
def test_any_output_gives_whole_sentences_without_noise(
    errors: list[str], log: str, checks: list[str], oom: bool | None
) -> None:
    """One line each, whatever the tools wrote."""
    found = reasons.of(errors, f"{SPLIT}{HTML}{log}", [*checks, HTML], BOT, oom)
    assert found is None or all(len(part.splitlines()) == 1 and part.endswith(".") for part in found)
    assert found is None or not any(noise in found.fact for noise in ("grabbing logs", "<html>", "Traceback"))


CHECKED = """\
[NOTICE]   (1) : haproxy version is 3.0.5-8e879a5
[NOTICE]   (1) : path to executable is /usr/local/sbin/haproxy
[WARNING]  (1) : config : parsing [/usr/local/etc/haproxy/haproxy.cfg:7] : 'option httplog' not usable with frontend
[ALERT]    (1) : config : parsing [/usr/local/etc/haproxy/haproxy.cfg:12] : unknown keyword 'bindd' in 'listen' section
[ALERT]    (1) : config : Error(s) found in configuration file : /usr/local/etc/haproxy/haproxy.cfg
[ALERT]    (1) : config : Fatal errors found in configuration.
"""


@pytest.mark.parametrize(
    ("output", "said"),
    [
        (CHECKED, ", line 12: unknown keyword 'bindd' in 'listen' section."),
        (
            "[ALERT]    (1) : config : parsing [/usr/local/etc/haproxy/haproxy.cfg:17]: Missing LF on last line, file "
            "might have been truncated at position 34.",
            ", line 17: Missing LF on last line, file might have been truncated at position 34.",
        ),
        (
            "proxy | [ALERT]    (1) : config : [/usr/local/etc/haproxy/haproxy.cfg:30] : 'server b/w1' : could not "
            "resolve address 'w1'.\nproxy | [ALERT]    (1) : config : [/x.cfg:31] : 'server b/w2' : could not resolve",
            ", line 30: 'server b/w1' : could not resolve address 'w1' (1 more).",
        ),
        (
            "[ALERT] 134/212937 (360) : Proxy 'main': unable to find required default_backend: 'app'.\n"
            "[ALERT] 134/212937 (360) : Fatal errors found in configuration.",
            ": Proxy 'main': unable to find required default_backend: 'app'.",
        ),
    ],
    ids=["keyword", "line-end", "address", "older"],
)
def test_what_haproxy_refuses_is_told_with_file_and_line(output: str, said: str) -> None:
    """The first alert that is one, in the file that the reader knows."""
    found = reasons.of_proxy(output)
    assert found == (f"HAProxy refuses deployments/proxy/haproxy.cfg{said}", f"Correct that file. {AGAIN}")


def test_a_good_configuration_has_no_reason() -> None:
    """Warnings are none."""
    assert reasons.of_proxy("Configuration file is valid\n[WARNING]  (1) : config : x\n") is None


def test_a_check_that_answered_tells_more_than_one_that_met_silence() -> None:
    """The engine keeps the last five; a server that was about to end gave no answer to the last ones."""
    said = ["no answer: [Errno 111] Connection refused", "sha256 is 'another', expected 'this'"]
    late = ["no answer: timed out", "Health check exceeded timeout (5s)"]
    found = reasons.of(checks=[*said, *late])
    assert found is not None
    assert "its sha256 is 'another'" in found.fact
    alone = reasons.of(checks=["no answer: [Errno 111] Connection refused"])
    assert alone is not None
    assert "does not answer its health check" in alone.fact
