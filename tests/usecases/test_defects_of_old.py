"""What the service's predecessor got wrong, one by one: none of it may ever come back.

The ninth, an idle limit that was stored and never read, is held by the tests of the watch sweep.
"""

from functools import partial

import pytest

from chalicelib.domain import tag as tags
from chalicelib.domain.errors import ListIncomplete, ProviderAuth, ProviderDown, Refusal
from chalicelib.domain.instance import Phase
from chalicelib.domain.instant import HOUR, SECOND
from chalicelib.domain.session import EndReason, Session, Status
from chalicelib.usecases import lifecycle
from tests.builders import NOW, SIGNING_KEY, a_session_id
from tests.contracts.store import race
from tests.world import World

DAY = 24 * 3600


def running(world: World, hours: float = 4) -> Session:
    session = world.rent(hours=hours)
    world.run(120)
    found = world.again(session)
    assert found.status is Status.RUNNING
    return found


def ending(world: World, session: Session) -> None:
    lifecycle.end(world.ports, world.again(session), EndReason.DELETED, "c-ada")


@pytest.mark.parametrize("error", [ListIncomplete("page 2 missing"), ProviderDown("502"), ProviderAuth("revoked")])
def test_one_a_list_that_failed_is_not_an_empty_list(error: Exception) -> None:
    world = World()
    session = running(world, hours=12)
    world.market.fail("list", error, times=None)
    world.run(3 * 3600)
    assert world.again(session).status is Status.RUNNING
    assert len(world.market.live(session.tag)) == 1
    world.market.heal()
    world.run(900)
    assert world.again(session).status is Status.RUNNING


@pytest.mark.parametrize("phase", [Phase.STOPPED, Phase.FAILED, Phase.UNKNOWN, Phase.STARTING])
def test_two_a_machine_that_does_not_run_is_not_a_machine_that_is_gone(phase: Phase) -> None:
    world = World()
    session = running(world)
    (machine,) = world.market.live(session.tag)
    world.market.fail("destroy", ProviderDown("500"), times=None)
    ending(world, session)
    world.market.set_phase(machine.id, phase)
    world.run(3600)
    assert world.again(session).status is Status.TERMINATING
    assert world.again(session).absence_proof is None
    world.market.heal()
    world.run(600)
    assert (world.again(session).status, world.market.live()) == (Status.TERMINATED, [])


def test_three_the_providers_id_survives_every_failed_destroy_and_the_end() -> None:
    world = World()
    session = running(world)
    machine_ids = session.attempts[0].instance_ids
    world.market.fail("destroy", ProviderDown("500"), times=20)
    ending(world, session)
    world.run(3600)
    assert world.again(session).attempts[0].instance_ids == machine_ids
    world.run(3 * 3600)
    ended = world.again(session)
    assert ended.status is Status.TERMINATED
    assert ended.attempts[0].instance_ids == machine_ids


def test_four_a_destroy_is_never_given_up_and_never_called_a_failure_of_the_session() -> None:
    world = World()
    session = running(world)
    world.market.fail("destroy", ProviderDown("500"), times=None)
    ending(world, session)
    world.run(2 * DAY)
    assert world.again(session).status is Status.TERMINATING
    asked = world.market.count("destroy")
    world.run(3600)
    assert world.market.count("destroy") >= asked + 11
    world.market.heal()
    world.run(600)
    assert (world.again(session).status, world.market.live()) == (Status.TERMINATED, [])


def test_five_the_filter_by_deployment_matches_ours_and_nothing_else() -> None:
    world = World()
    old = NOW - DAY * SECOND
    others = tags.of(tags.mint("prod", old, b"\1" * 10, SIGNING_KEY))
    prefix_of_ours = tags.of(tags.mint("tes", old, b"\2" * 10, SIGNING_KEY))
    for label in (None, "", "training", "shopper-", "shopper-test", others, prefix_of_ours):
        world.market.add(label, age_seconds=DAY)
    ours = world.market.add(tags.of(a_session_id(1, old)), age_seconds=DAY)
    world.run(3600)
    assert ours not in world.market.live()
    assert len(world.market.live()) == 7
    assert {call.subject for call in world.market.calls if call.method == "destroy"} == {ours.id}


def test_six_one_absence_makes_no_ghost() -> None:
    world = World()
    session = running(world, hours=12)
    for _ in range(6):
        world.market.lie("list", times=1)
        world.run(15 * 60)
        assert world.again(session).status is Status.RUNNING
    assert len(world.market.live(session.tag)) == 1


def test_seven_what_is_stuck_is_timed_from_the_state_it_is_stuck_in() -> None:
    """A session that ran for hours is not late with its end the moment that it begins to end."""
    world = World()
    session = running(world, hours=11)
    world.run(10 * 3600)
    world.market.fail("destroy", ProviderDown("500"), times=2)
    ending(world, session)
    world.run(60)
    assert [alert.kind for alert in world.alerts.pending(100)] == []
    assert world.store.health.provider("vastai").destroy_stuck_since in (None, world.again(session).state_entered_at)
    world.run(300)
    assert world.again(session).status is Status.TERMINATED


def test_seven_the_boot_deadline_counts_from_the_create_and_not_from_the_request() -> None:
    world = World(boot_seconds=6 * 60)
    world.market.fail("quote", ProviderDown("503"), times=None)
    session = world.rent(hours=6)
    world.run(18 * 60)
    assert world.again(session).status is Status.PENDING
    world.market.heal()
    world.run(8 * 60)
    assert world.again(session).status is Status.RUNNING


def test_eight_no_number_of_extensions_passes_twelve_hours_even_at_once() -> None:
    world = World(environ={"SHOPPER_PUBLIC_URL": "https://shopper.example.com"})
    session = running(world, hours=6)
    extend = partial(lifecycle.extend, world.ports, session, 2, False, "c-ada")
    answers, errors = race([extend] * 10)
    assert len(answers) == 3
    assert {error.code for error in errors if isinstance(error, Refusal)} == {"past_hard_max"}
    assert world.again(session).expires_at <= session.created_at + 12 * HOUR
    assert world.again(session).hard_max_at == session.created_at + 12 * HOUR
    world.run(12 * 3600)
    assert (world.again(session).final, world.market.live()) == (True, [])
