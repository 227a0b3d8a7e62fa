"""Money from end to end: the real adapters, over HTTP, against the simulated markets and their own honest books."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import requests

from chalicelib import sweeps
from chalicelib.domain.alert import Kind
from chalicelib.domain.errors import Refusal
from chalicelib.domain.instant import SECOND, Instant
from chalicelib.domain.policy import Policy
from chalicelib.domain.session import EndReason, Requirements, Session, Status
from chalicelib.ports import Snapshot
from chalicelib.providers.http import Http
from chalicelib.providers.tensordock import TensorDock
from chalicelib.providers.vastai import VastAi
from chalicelib.usecases import lifecycle
from simulators import Simulator, start_tensordock, start_vastai
from simulators.clock import ManualClock
from tests.builders import NOW
from tests.fakes.gate import OpenGate
from tests.world import World

KEY = "sim-key"
TICKS = 2 * 300 / 3600


def _answers(host: str, port: int, near: bool = False) -> bool:
    return True


class Markets(World):
    """A world whose markets are the simulators, on the world's own clock."""

    def __init__(self, stack: ExitStack, *, vastai: dict[str, Any] | None = None, **environ: str) -> None:
        super().__init__(offers=[], environ=environ)
        chosen: dict[str, Any] = {"boot_seconds": 30, "api_key": KEY}
        start = NOW / SECOND
        self.simulators: dict[str, Simulator[Any]] = {
            "vastai": stack.enter_context(start_vastai(clock=ManualClock(start), **chosen, **(vastai or {}))),
            "tensordock": stack.enter_context(start_tensordock(clock=ManualClock(start), **chosen)),
        }
        urls = {name: simulator.url for name, simulator in self.simulators.items()}
        http = {name: Http(name, url, KEY, Policy(), OpenGate(), self.clock) for name, url in urls.items()}
        providers = self.ports.providers
        assert isinstance(providers, dict)
        providers.clear()
        providers["vastai"] = VastAi(http["vastai"], self.clock)
        providers["tensordock"] = TensorDock(http["tensordock"], self.clock, 30.0)
        self.ssh.answers = _answers  # type: ignore[method-assign]
        for name, provider in providers.items():
            offers = tuple(provider.search(spot=False))
            self.store.inventory.put(Snapshot(provider=name, offers=offers, fetched_at=NOW, tried_at=NOW))

    def rent_at(self, name: str, hours: float = 3.0) -> Session:
        wanted = Requirements(gpu=("RTX 4090",), provider=(name,))
        return self.rent(hours=hours, requirements=wanted)

    def truth(self, name: str, session: Session) -> float:
        """Dollars."""
        shown = self.ask(name, "machines")["machines"]
        return sum(float(one["cost"]) for one in shown if one["label"] == session.tag)

    def ask(self, name: str, path: str, body: dict[str, Any] | None = None) -> Any:
        url = f"{self.simulators[name].url}/_sim/{path}"
        return (requests.get(url, timeout=5) if body is None else requests.post(url, json=body, timeout=5)).json()

    def written(self, session: Session) -> float:
        """Dollars."""
        lines = self.store.ledger.session_lines(session.consumer, "2026-01-01", "2026-12-31")
        return sum(line.cost for line in lines if line.session == session.id) / 1e6

    def end(self, *sessions: Session) -> None:
        for session in sessions:
            lifecycle.end(self.ports, self.again(session), EndReason.DONE, "c-ada")
        self.run(180)
        assert all(self.again(session).settled_at is not None for session in sessions)

    def kinds(self) -> list[str]:
        return [alert.kind for alert in self.alerts.rows.values()]

    def _move_to(self, at: Instant) -> None:
        length = max(0, at - self.clock.now()) / SECOND
        for simulator in self.simulators.values():
            simulator.advance(length)
        super()._move_to(at)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def test_the_ledger_is_what_each_market_truly_billed(stack: ExitStack) -> None:
    world = Markets(stack)
    sessions = {name: world.rent_at(name) for name in world.simulators}
    world.run(67 * 60)
    assert {world.again(one).status for one in sessions.values()} == {Status.RUNNING}
    world.end(*sessions.values())
    for name, session in sessions.items():
        true = world.truth(name, session)
        assert true > 0.1
        assert world.written(session) == pytest.approx(true, rel=0.01), name


def test_a_price_that_rises_is_billed_from_within_two_ticks(stack: ExitStack) -> None:
    world = Markets(stack)
    session = world.rent_at("vastai")
    world.run(40 * 60)
    [machine] = world.ask("vastai", "machines")["machines"]
    before = world.again(session).price_per_hour / 1e6
    world.ask("vastai", f"machines/{machine['id']}/price", {"factor": 1.05})
    world.run(60 * 60)
    rise = world.again(session).price_per_hour / 1e6 - before
    assert 0.04 * before < rise <= 0.05 * before
    world.end(session)
    lag = 20 / 3600 * before  # of start and end
    assert abs(world.written(session) - world.truth("vastai", session)) <= rise * TICKS + lag
    assert world.truth("vastai", session) > 1.6 * before + 0.9 * rise


def test_the_invoice_puts_the_ledger_right_to_the_micro_dollar_and_small_drift_is_told_nobody(stack: ExitStack) -> None:
    world = Markets(stack)
    sessions = [world.rent_at("vastai"), world.rent_at("tensordock")]
    world.run(50 * 60)
    world.end(*sessions)
    before = [world.written(one) for one in sessions]
    for _ in range(2):
        sweeps.run("invoice", world.ports)
    assert world.written(sessions[0]) == pytest.approx(world.truth("vastai", sessions[0]), abs=2e-6)
    assert world.written(sessions[1]) == before[1]  # a market without an invoice is taken at our word
    assert len(world.again(sessions[0]).corrections) == 1
    assert Kind.INVOICE_DRIFT not in world.kinds()


def test_traffic_that_only_the_invoice_knows_is_entered_and_told(stack: ExitStack) -> None:
    world = Markets(stack, vastai={"image_gb": 400.0})
    session = world.rent_at("vastai")
    world.run(30 * 60)
    world.end(session)
    before, true = world.written(session), world.truth("vastai", session)
    assert true > 1.01 * before
    sweeps.run("invoice", world.ports)
    assert world.written(session) == pytest.approx(true, abs=2e-6)
    [entry] = world.again(session).corrections
    assert entry.provider == "vastai"
    assert entry.amount / 1e6 == pytest.approx(true - before, abs=2e-6)
    assert world.kinds().count(Kind.INVOICE_DRIFT) == 1
    totals = world.store.ledger.totals("c-ada", "2026-01-01", "2026-12-31")
    assert sum(total.cost for total in totals) / 1e6 == pytest.approx(true, abs=2e-6)


def test_little_credit_is_told_and_nothing_new_is_rented_there_until_it_is_topped_up(stack: ExitStack) -> None:
    world = Markets(stack, vastai={"credit": 2.0})
    world.rent_at("vastai", hours=8)
    world.run(30 * 60)
    assert world.ports.health.provider("vastai").low_credit is None
    world.run(3 * 3600)
    with pytest.raises(Refusal) as refused:
        world.rent_at("vastai")
    assert (refused.value.status, refused.value.code) == (503, "creates_blocked")
    assert "less than 3 hours" in str(refused.value.detail)
    assert world.kinds().count(Kind.LOW_BALANCE) == 1
    assert world.rent_at("tensordock").wanted.provider == "tensordock"
    world.ask("vastai", "credit", {"add": 50})
    world.run(400)
    assert world.rent_at("vastai").wanted.provider == "vastai"
