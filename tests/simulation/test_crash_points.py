"""A process may die at any step of a launch or an end; whoever comes next finishes the work."""

import pytest

from tests.simulation.crashing import Actor, CrashWorld, Phase, cases, survived

CASES = list(cases())


def test_there_are_many_points_to_die_at() -> None:
    assert len(CASES) >= 120


@pytest.mark.parametrize(("phase", "point", "actor"), CASES)
def test_a_death_at_any_step_costs_nothing_but_time(phase: Phase, point: int, actor: Actor) -> None:
    world = CrashWorld(phase, point, actor)
    session = world.live()
    assert world.died is not None
    assert survived(session, world)
    assert world.watch.creates <= 1
