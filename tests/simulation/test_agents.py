"""With agents on the machines, sound and unsound, nothing breaks; and with nobody else left they end them on time."""

from collections import Counter

import pytest

from tests.simulation import seed as seeds
from tests.simulation.agents import FATES, AgentWorld


def run(number: int, monkeypatch: pytest.MonkeyPatch, layers: tuple[str, ...] = ()) -> tuple[seeds.Result, AgentWorld]:
    built: list[AgentWorld] = []

    def build(seed: int, *, wish: str = "mixed", sessions: int = 20) -> AgentWorld:
        built.append(AgentWorld(seed, wish=wish, sessions=sessions))
        return built[-1]

    monkeypatch.setattr(seeds, "World", build)
    return seeds.run(number, layers=layers), built[0]


def test_agents_of_every_fate_break_no_invariant(monkeypatch: pytest.MonkeyPatch) -> None:
    fates: Counter[str] = Counter()
    for number in range(40_000, 40_012):
        result, world = run(number, monkeypatch)
        assert result.rule is None, f"{number}: {result.rule}: {result.detail}\n" + "\n".join(result.tail)
        fates.update(agent.fate for agent in world.agents)
    assert set(fates) == set(FATES)


def test_alone_they_end_their_machines_by_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = 0
    for number in range(50_000, 50_012):
        result, world = run(number, monkeypatch, layers=("agent",))
        assert result.rule is None, f"{number}: {result.rule}: {result.detail}\n" + "\n".join(result.tail)
        assert world.alone is not None
        assert world.overstayed() == []
        ended += sum(world.alone < agent.machine.dead_at <= world.kernel.time for agent in world.agents)
    assert ended > 25
