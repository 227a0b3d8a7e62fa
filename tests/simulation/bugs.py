"""Mistakes that somebody could make, each a switch: the simulation is worth what it catches of them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from unittest.mock import patch

from tests.simulation import mistakes
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
}


def caught(name: str, seed: int) -> str | None:
    """The rule that this seed finds broken with the bug in, if any."""
    with planted(name) as bug:
        return run(seed, wish=bug.wish, layers=bug.layers).rule
