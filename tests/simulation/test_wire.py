"""Markets behind their real adapters: the same invariants hold, and a mistake in an adapter is caught by them."""

from collections import Counter

import pytest

from tests.simulation.seed import run
from tests.simulation.wire import chosen
from tests.simulation.wire.mistakes import MISTAKES, caught

FIRST = {
    "any_404_is_done": 161,
    "counts_unread": 3,
    "unexpected_is_no": 17,
    "odd_list_is_empty": 6,
    "no_answer_is_gone": 50,
}
"""The first seed that catches it, where that is not seed 0."""

MOST = 200


def test_seeds_over_http_break_nothing_at_either_market() -> None:
    markets: Counter[str | None] = Counter()
    for seed in range(60_000, 60_010):
        result = run(seed, wire="all")
        assert result.rule is None, f"{seed}: {result.rule}: {result.detail}\n" + "\n".join(result.tail)
        markets[result.wired] += 1
        assert result.figures["requests"] > 0
    assert set(markets) == {"vastai", "tensordock"}


def test_every_tenth_seed_has_a_market_behind_http_and_the_others_are_what_they_were() -> None:
    assert [seed for seed in range(40) if chosen(seed, "tenth")] == [0, 10, 20, 30]
    assert run(3, wire="tenth", hashed=True).digest == run(3, hashed=True).digest
    assert run(10, wire="tenth", hashed=True).digest != run(10, hashed=True).digest


def test_the_same_seed_over_http_twice_is_the_same_log() -> None:
    assert run(10, wire="tenth", hashed=True).digest == run(10, wire="tenth", hashed=True).digest


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_in_an_adapter_is_caught(name: str) -> None:
    seeds = (FIRST.get(name, 0), *range(MOST))
    assert any(caught(name, seed) is not None for seed in seeds), MISTAKES[name].says
