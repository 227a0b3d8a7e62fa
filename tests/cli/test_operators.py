"""`consumers`, `keys`, `sweep`, `health`: what operators ask for, and what they see."""

import pytest

from tests.cli.conftest import Run
from tests.cli.stub import Answer, Stub, problem

ALICE = {"id": "alice", "role": "consumer", "max_sessions": 3, "max_price_per_hour": 2.0, "status": "active"}
HEALTH = {
    "status": "degraded",
    "deployment": "local",
    "version": "0.1.0",
    "checks": {
        "store": {"status": "ok"},
        "providers": {
            "vastai": {
                "status": "error",
                "last_complete_list_at": "2026-03-01T10:00:00Z",
                "creates_allowed": False,
                "reason": "no complete list for 16 min",
            }
        },
        "sweeps": {"reconcile": {"status": "ok", "last_completed_at": None}},
    },
}


def test_a_consumer_is_made_changed_and_listed(stub: Stub, run: Run) -> None:
    stub.says("POST", "/consumers", ALICE, status=201)
    stub.says("PATCH", "/consumers/alice", {**ALICE, "status": "disabled"})
    stub.lists("/consumers", "consumers", [ALICE])
    assert run("consumers", "create", "alice", "--max-sessions", "3", "--max-price", "2").code == 0
    assert stub.of("POST")[0].body == {"id": "alice", "max_sessions": 3, "max_price_per_hour": 2.0}
    assert run("consumers", "set", "alice", "--status", "disabled", "--json").json["status"] == "disabled"
    assert stub.of("PATCH")[0].body == {"status": "disabled"}
    assert run("consumers", "ls").out.splitlines()[1] == "alice\tconsumer\tactive\t3\t$2.00"
    assert run("consumers", "ls", "--json").json["consumers"] == [ALICE]


def test_a_change_that_changes_nothing_is_a_usage_error(stub: Stub, run: Run) -> None:
    assert run("consumers", "set", "alice").code == 2
    assert stub.asked == []


def test_a_new_key_alone_goes_to_stdout(stub: Stub, run: Run) -> None:
    stub.says("POST", "/consumers/alice/keys", {"key_id": "0000000001", "key": "gs_new"}, status=201)
    ran = run("keys", "create", "alice")
    assert ran.out == "gs_new\n"
    assert "0000000001" in ran.err
    assert run("keys", "create", "alice", "--json").json == {"key_id": "0000000001", "key": "gs_new"}


def test_keys_are_listed_and_revoked(stub: Stub, run: Run) -> None:
    key = {"key_id": "0000000001", "created_at": "2026-03-01T10:00:00Z", "last_used_at": None, "revoked_at": None}
    stub.lists("/consumers/alice/keys", "keys", [key])
    stub.says("DELETE", "/consumers/alice/keys/0000000001", key)
    stub.says("DELETE", "/consumers/alice/keys/2", Answer(204, b""))
    assert run("keys", "ls", "alice").out.splitlines()[1] == "0000000001\t2026-03-01T10:00:00Z\t-\t-"
    assert run("keys", "rm", "alice", "0000000001").out == "0000000001 of alice is revoked\n"
    assert run("keys", "rm", "alice", "2", "--json").json == {}


def test_who_may_not_is_told_whose_key_it_takes(stub: Stub, run: Run) -> None:
    stub.says("GET", "/consumers", problem(403, "forbidden", "operators only"))
    ran = run("consumers", "ls")
    assert (ran.code, ran.err) == (1, "gpu-shopper: operators only; this needs an operator's key\n")


def test_a_sweep_is_asked_for_by_name(stub: Stub, run: Run) -> None:
    stub.says("POST", "/sweeps/reconcile", {"sweep": "reconcile"}, status=202)
    assert run("sweep", "reconcile").out == "reconcile runs soon\n"
    stub.says("POST", "/sweeps/x", problem(404, "unknown_sweep", "no such sweep; there are reconcile, expire"))
    assert "there are reconcile, expire" in run("sweep", "x").err


def test_health_tells_what_is_wrong_and_needs_no_key(stub: Stub, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GPU_SHOPPER_KEY")
    stub.says("GET", "/health", HEALTH)
    ran = run("health")
    assert ran.code == 0
    assert ran.out.splitlines()[0].startswith("degraded · http://127.0.0.1:")
    assert "vastai\terror\t2026-03-01T10:00:00Z\tcreates: no, no complete list for 16 min" in ran.out.splitlines()
    assert "sweep reconcile\tok\t-\t" in ran.out.splitlines()


def test_a_service_that_is_down_is_exit_code_one(stub: Stub, run: Run) -> None:
    stub.says("GET", "/health", Answer(503, {"status": "down", "checks": {"store": {"status": "error"}}}))
    assert run("health").code == 1
    assert run("health", "--json").json["status"] == "down"


def test_consumers_and_keys_alone_list_them_all(stub: Stub, run: Run) -> None:
    key = {"key_id": "0000000001", "created_at": "2026-03-01T10:00:00Z", "last_used_at": None, "revoked_at": None}
    stub.lists("/consumers", "consumers", [ALICE])
    stub.lists("/consumers/alice/keys", "keys", [key])
    assert run("consumers").out == run("consumers", "ls").out
    assert run("consumers", "--json").json["consumers"] == [ALICE]
    assert run("keys").out.splitlines()[1] == "alice\t0000000001\t2026-03-01T10:00:00Z\t-\t-"
    assert run("keys", "--json").json == {"keys": [{**key, "consumer": "alice"}], "count": 1}
