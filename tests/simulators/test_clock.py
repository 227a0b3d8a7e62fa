"""Simulated time runs as fast as it is told to, and goes on while nobody looks."""

import time
from pathlib import Path

import pytest

from simulators import ManualClock, RealClock, start_vastai
from tests.simulators.support import Vast


def test_a_fast_clock_starts_at_the_present() -> None:
    assert RealClock(speed=1000).now() == pytest.approx(time.time(), abs=60)


def test_a_jump_moves_only_the_simulated_time() -> None:
    clock = RealClock()
    clock.advance(3600)
    assert clock.now() == pytest.approx(time.time() + 3600, abs=5)


def test_real_seconds_follow_the_speed() -> None:
    assert RealClock(speed=4).real_seconds(60) == 15
    assert ManualClock().real_seconds(60) is None


def test_a_resumed_clock_has_run_on_at_its_speed() -> None:
    clock = RealClock(speed=10)
    clock.resume(simulated=5_000.0, wall=time.time() - 100)
    assert clock.now() == pytest.approx(6_000, abs=50)


def test_a_clock_cannot_run_backwards() -> None:
    with pytest.raises(ValueError, match="above 0"):
        RealClock(speed=-1)


def test_a_fast_market_keeps_its_time_over_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    with start_vastai(clock=RealClock(speed=100), state=state) as first:
        before = first.market.clock.now()
        assert before == pytest.approx(time.time(), abs=300)
        offers = {row["id"]: row["duration"] for row in Vast(first.url).search()}
    with start_vastai(clock=RealClock(speed=100), state=state) as second:
        assert second.market.clock.now() == pytest.approx(before, abs=1_000)
        assert second.market.clock.now() > before
        assert {row["id"] for row in Vast(second.url).search()} == offers.keys()
