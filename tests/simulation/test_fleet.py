"""All kinds of trouble with agents befall the seeds; and with nobody else left they end their machines themselves."""

from collections import Counter

from tests.simulation.agent_kinds import AGENT_KINDS
from tests.simulation.seed import run


def test_whatever_can_go_wrong_with_agents_does_and_breaks_nothing() -> None:
    met: Counter[str] = Counter()
    for number in range(40_000, 40_010):
        result = run(number)
        assert result.rule is None, f"{number}: {result.rule}: {result.detail}\n" + "\n".join(result.tail)
        met.update(result.faults)
    assert set(AGENT_KINDS) <= set(met)


def test_nobody_but_the_agents_is_left_and_they_end_their_machines() -> None:
    ended = 0
    for number in range(50_000, 50_012):
        result = run(number, layers=("agent",))
        assert result.rule is None, f"{number}: {result.rule}: {result.detail}\n" + "\n".join(result.tail)
        ended += result.figures["ended_themselves"]
    assert ended > 40
