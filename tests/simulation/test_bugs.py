"""Each planted bug is caught: by the seed that did it first, or by one of the next."""

import re
from pathlib import Path

import pytest

from tests.simulation.bugs import BUGS, caught

FIRST = {
    "no_deployment_filter": 4,
    "unverified_is_ours": 4,
    "create_retried": 1,
    "lost_is_refused": 5,
    "no_adoption": 3,
    "stuck_is_failed": 1,
    "gives_up_after_five": 1,
    "ghost_at_once": 1,
    "any_error_is_absent": 20,
    "orphan_by_id": 25,
    "no_grace": 13,
    "proof_by_list_alone": 7,
    "proof_by_get_alone": 2,
    "lease_never_looked_at": 3,
    "renewed_beyond_the_end": 7,
    "janitor_knows_no_override": 14,
    "settled_twice": 20,
    "price_change_ignored": 1,
    "dearest_rule_everywhere": 2,
    "sent_before_it_went": 1,
    "period_never_ends": 1,
    "budget_looked_at_beforehand": 43,
    "dead_tokens_open": 26,
    "unseen_is_idle": 15,
    "silence_is_rest": 9,
    "our_absence_is_silence": 24,
    "believes_anybody": 4,
    "extends_out_of_reach": 3,
    "stopped_is_gone": 1,
    "logins_do_not_count": 5,
    "one_beat_is_time_enough": 5,
    "silence_is_the_end": 4,
}
"""The first seed that catches it, where that is not seed 0."""

MOST = 1_000
PAGE = Path(__file__).parents[2] / "docs" / "simulation.md"


@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_is_caught(name: str) -> None:
    seeds = (FIRST.get(name, 0), *range(MOST))
    assert any(caught(name, seed) is not None for seed in seeds), BUGS[name].says


def test_the_documentation_tells_of_each_and_by_which_seed() -> None:
    rows = re.findall(r"^\| (\w+) \|.*\| (\d+) \| [^|]+ \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert {name: int(seed) for name, seed in rows} == {name: FIRST.get(name, 0) for name in BUGS}


def test_there_are_enough_of_them() -> None:
    assert len(BUGS) >= 16
