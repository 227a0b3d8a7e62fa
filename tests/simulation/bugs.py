"""Mistakes that somebody could make, each a switch: the simulation is worth what it catches of them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from unittest.mock import patch

from tests.simulation import agent_mistakes as wrong
from tests.simulation import mistakes
from tests.simulation import money_mistakes as money
from tests.simulation.seed import run


@dataclass(frozen=True, slots=True)
class Bug:
    """`layers`: the configuration that catches it, none for all layers; `wish`: its faults."""

    says: str
    patches: Callable[[], mistakes.Patches]
    layers: tuple[str, ...] = ()
    wish: str = "mixed"


@contextmanager
def planted(name: str) -> Iterator[Bug]:
    """The service with this mistake in it."""
    bug = BUGS[name]
    with ExitStack() as stack:
        for where, what, instead in bug.patches():
            stack.enter_context(patch.object(where, what, instead))
        yield bug


BUGS: dict[str, Bug] = {
    "no_deployment_filter": Bug("any deployment's tag is taken for ours", mistakes.any_deployment),
    "unverified_is_ours": Bug("a tag with a wrong MAC is taken for ours", mistakes.unverified_is_ours),
    "create_retried": Bug("a create that timed out is sent again", mistakes.create_retried),
    "lost_is_refused": Bug("a create without an answer is taken for refused", mistakes.lost_is_refused),
    "trust_destroy": Bug(
        "an accepted destroy is taken for gone",
        lambda: mistakes.ends_without_proof(
            lambda attempt, now: attempt.destroy_calls > 0 and not attempt.destroy_error
        ),
    ),
    "no_adoption": Bug("an unclear create is never looked up by its tag", mistakes.no_adoption),
    "stuck_is_failed": Bug(
        "half an hour of failed destroys is called failed",
        lambda: mistakes.ends_without_proof(lambda attempt, now: now - (attempt.ending_since or now) > 30 * 60_000),
    ),
    "gives_up_after_five": Bug("the sixth destroy is never sent", mistakes.gives_up),
    "ghost_at_once": Bug("a machine missing from one list is lost", mistakes.ghost_at_once, wish="list_lies:high"),
    "any_error_is_absent": Bug(
        "a failed GET is taken for not found",
        mistakes.any_error_is_absent,
        wish="list_lies:high,get_error:high",
    ),
    "stopped_is_gone": Bug("a stopped machine is taken for gone", mistakes.stopped_is_gone),
    "list_error_is_empty": Bug("a list that failed is taken for an empty account", mistakes.list_error_is_empty),
    "orphan_by_id": Bug(
        "a machine whose id no row holds is an orphan, though its create is in flight", mistakes.orphan_by_id
    ),
    "no_grace": Bug("a created machine must be visible at once", mistakes.numbers(appear_seconds=0.0)),
    "closed_early": Bug(
        "an unclear create is given up after one list",
        mistakes.numbers(ambiguous_close_seconds=20.0, ambiguous_close_lists=1),
    ),
    "polling_prolongs": Bug("each look at a booting machine moves its deadline", mistakes.polling_prolongs),
    "proof_by_list_alone": Bug(
        "absence is believed of the list alone",
        mistakes.proof_by_list_alone,
        wish="list_lies:high,destroy_lives_on:high",
    ),
    "proof_by_get_alone": Bug(
        "absence is believed of the known ids alone",
        mistakes.proof_by_get_alone,
        wish="get_lies:high,destroy_lives_on:high",
    ),
    "forgets_the_id": Bug("the id is cleared after failed destroys", mistakes.forgets_the_id),
    "event_lost": Bug("a session begins to end without an event", mistakes.event_lost),
    "extends_for_ever": Bug("an extension is not held against the hard max", mistakes.extends_for_ever),
    "nothing_expires": Bug("expiry and hard max are never looked at", mistakes.nothing_expires, ("sweeps",)),
    "lease_never_looked_at": Bug("a lease that is not renewed is never looked at", mistakes.lease_never_looked_at),
    "renewed_beyond_the_end": Bug("a renewal moves the end of the session too", mistakes.renewed_beyond_the_end),
    "closed_by_failing": Bug("a failed attempt counts as gone", mistakes.closed_by_failing),
    "janitor_knows_no_override": Bug("the janitor does not read the overrides", mistakes.janitor_knows_no_override),
    "silent_outbox": Bug("alerts are never published", mistakes.silent_outbox),
    "never_launched": Bug("a machine without an id was never launched", mistakes.final_without_create),
    "destroy_storm": Bug(
        "destroys are repeated every few seconds",
        mistakes.numbers(destroy_backoff_seconds=5.0, destroy_backoff_max_seconds=5.0),
    ),
    "no_intent": Bug("the create is called before anything is written down", mistakes.no_intent),
    "heartbeat_prolongs": Bug("each heartbeat moves the end", wrong.heartbeat_prolongs),
    "any_secret_will_do": Bug("a heartbeat is believed without its secret", wrong.any_secret_will_do),
    "replay_revives": Bug("a heartbeat heard before is news again", wrong.replay_revives),
    "dead_tokens_open": Bug("a token outlives its session", wrong.dead_tokens_open),
    "idle_by_one_beat": Bug("one heartbeat at rest is idle enough", wrong.idle_by_one_beat),
    "unseen_is_idle": Bug("a GPU that tells nothing is idle", wrong.unseen_is_idle),
    "logins_do_not_count": Bug("who is logged in does not matter", wrong.logins_do_not_count),
    "silence_is_rest": Bug("what was done in silence counts as nothing", wrong.silence_is_rest),
    "our_absence_is_silence": Bug("silence counts although nobody listened", wrong.our_absence_is_silence),
    "one_beat_is_time_enough": Bug("back again, silence counts at once", wrong.one_beat_is_time_enough),
    "silence_is_the_end": Bug("a silent machine is ended unasked", wrong.silence_is_the_end),
    "lost_at_once": Bug("ten minutes of silence are thirty", wrong.lost_at_once, wish="agent_reboot:high"),
    "heard_for_ever": Bug("an agent once armed is armed for ever", wrong.heard_for_ever),
    "told_to_end_too_early": Bug("a booting machine is told to end", wrong.told_to_end_too_early),
    "proof_of_no_beat": Bug("no answer proves that it is one to this beat", wrong.proof_of_no_beat),
    "believes_anybody": Bug("an agent believes an answer that nobody signed", wrong.believes_anybody),
    "extends_out_of_reach": Bug("an extension is granted that cannot reach its machine", wrong.extends_out_of_reach),
    "timer_at_the_hard_max": Bug("a machine is armed for the hard max", wrong.timer_at_the_hard_max, ("agent",)),
    "whole_hours": Bug("begun hours are billed whole", money.whole_hours),
    "tick_counted_twice": Bug("each accrual adds the whole line to the totals", money.tick_counted_twice),
    "settled_twice": Bug("a settlement whose answer was lost is made again", money.settled_twice),
    "price_change_ignored": Bug("a machine is billed at its first price for ever", money.price_change_ignored),
    "dearest_rule_everywhere": Bug("one market's billing rule is used for both", money.dearest_rule_everywhere),
    "hold_never_released": Bug("what is left of a hold stays set aside", money.hold_never_released),
    "budget_looked_at_beforehand": Bug(
        "the budget is looked at before the opening, not in it", money.budget_looked_at_beforehand
    ),
    "reserved_is_spent": Bug("a threshold counts what is only reserved", money.reserved_is_spent),
    "sent_before_it_went": Bug("an alert is marked as sent before it is", money.sent_before_it_went),
    "period_never_ends": Bug("a new day or month is never begun", money.period_never_ends),
    "told_once_for_good": Bug("a threshold told in one period is not told in the next", money.told_once_for_good),
    "invoice_entered_again": Bug("a correction is made again by the next invoice", money.invoice_entered_again),
}


def caught(name: str, seed: int) -> str | None:
    """The rule that this seed finds broken with the bug in, if any."""
    with planted(name) as bug:
        return run(seed, wish=bug.wish, layers=bug.layers).rule
