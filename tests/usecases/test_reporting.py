"""Well, degraded or down: said from what the store knows."""

from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.domain.admission import ProviderState
from chalicelib.domain.errors import StoreDown
from chalicelib.domain.schedule import EVERY
from chalicelib.usecases.reporting import health
from tests.builders import NOW
from tests.world import World


def _swept(*, local: bool = True, **changes: object) -> World:
    """A world whose sweeps have just run, and whose market is as `changes` say."""
    world = World(local=local)
    for name in EVERY:
        world.store.health.sweep_done(name, NOW)
    state = ProviderState(provider="vastai", last_complete_list_at=NOW)
    world.store.health.save_provider(replace(state, **changes))
    return world


def _checks(world: World) -> Any:
    return health(world.ports)[1]["checks"]


def test_a_service_whose_sweeps_run_and_whose_markets_answer_is_ok() -> None:
    status, answer = health(_swept().ports)
    assert (status, answer["status"], answer["deployment"]) == (200, "ok", "test")
    assert answer["checks"] == {
        "store": {"status": "ok"},
        "providers": {
            "vastai": {
                "status": "ok",
                "last_complete_list_at": "2026-09-21T14:13:20.000Z",
                "creates_allowed": True,
                "reason": None,
            }
        },
        "sweeps": {name: {"status": "ok", "last_completed_at": "2026-09-21T14:13:20.000Z"} for name in EVERY},
    }


def test_a_market_that_refuses_our_credentials_degrades_it_and_says_why() -> None:
    world = _swept(auth_failed_at=NOW, last_error="HTTP 401")
    assert health(world.ports)[1]["status"] == "degraded"
    market = _checks(world)["providers"]["vastai"]
    assert (market["status"], market["creates_allowed"]) == ("error", False)
    assert "credentials" in market["reason"]


def test_a_list_that_fails_degrades_it_before_creates_are_stopped() -> None:
    world = _swept(list_failing_since=NOW - 60_000, last_error="timeout")
    assert health(world.ports)[1]["status"] == "degraded"
    market = _checks(world)["providers"]["vastai"]
    assert (market["status"], market["creates_allowed"], market["reason"]) == ("error", True, "timeout")


@pytest.mark.parametrize("name", list(EVERY))
def test_a_sweep_that_stopped_degrades_it(name: str) -> None:
    world = _swept()
    world.clock.advance(EVERY[name] * 5 + 1)
    for other in EVERY:
        if other != name:
            world.store.health.sweep_done(other, world.clock.now())
    assert health(world.ports)[1]["status"] == "degraded"
    assert [sweep for sweep, check in _checks(world)["sweeps"].items() if check["status"] == "overdue"] == [name]


def test_on_aws_the_janitor_that_has_no_table_to_tell_in_is_unseen_and_degrades_nothing() -> None:
    world = _swept(local=False)
    assert _checks(world)["sweeps"]["janitor"]["status"] == "unseen"
    world.clock.advance(EVERY["janitor"] * 5 + 1)
    for other in EVERY:
        if other != "janitor":
            world.store.health.sweep_done(other, world.clock.now())
    assert _checks(world)["sweeps"]["janitor"]["status"] == "unseen"
    assert health(world.ports)[1]["status"] == "ok"


def test_a_service_that_has_never_swept_does_not_claim_to_be_well() -> None:
    assert health(World().ports)[1]["status"] == "degraded"


def test_without_its_store_it_is_down_and_tells_no_detail(monkeypatch: pytest.MonkeyPatch) -> None:
    world = _swept()

    def down() -> Any:
        raise StoreDown("table shopper-test: secret detail")

    monkeypatch.setattr(world.store.health, "sweeps", down)
    status, answer = health(world.ports)
    assert (status, answer["status"]) == (503, "down")
    assert "secret detail" not in str(answer)
