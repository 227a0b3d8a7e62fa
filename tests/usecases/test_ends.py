"""The ends of a session: destroys that lie, proofs, the hard max, and who may move it."""

import itertools

import pytest

from chalicelib.domain.errors import ListIncomplete, ProviderAuth, ProviderDown, Refusal
from chalicelib.domain.instant import SECOND
from chalicelib.domain.session import EndReason, Status
from chalicelib.usecases import lifecycle
from tests.world import World


def test_a_destroy_that_lies_is_repeated_until_the_machine_is_gone() -> None:
    world = World()
    session = world.rent()
    world.run(120)
    world.market.lie("destroy", times=3)
    lifecycle.end(world.ports, world.again(session), EndReason.DONE, "c-ada")
    world.run(60)
    assert world.again(session).status is Status.TERMINATING
    world.run(300)
    assert world.again(session).status is Status.TERMINATED
    assert world.market.live() == []


def test_a_stopped_machine_is_not_gone() -> None:
    world = World()
    session = world.rent()
    world.run(120)
    world.market.lie("destroy", times=1, stops=True)
    lifecycle.end(world.ports, world.again(session), EndReason.DONE, "c-ada")
    world.run(20)
    assert world.again(session).status is Status.TERMINATING
    world.run(60)
    assert world.again(session).status is Status.TERMINATED


@pytest.mark.parametrize("error", [ListIncomplete("page 2 missing"), ProviderDown("502"), ProviderAuth("revoked")])
def test_no_failing_list_ever_ends_a_session(error: Exception) -> None:
    world = World()
    session = world.rent()
    world.run(120)
    world.market.fail("list", error, times=None)
    lifecycle.end(world.ports, world.again(session), EndReason.DONE, "c-ada")
    world.run(1800)
    assert world.again(session).status is Status.TERMINATING
    assert world.again(session).attempts[0].instance_ids
    world.market.heal()
    world.run(180)
    assert world.again(session).status is Status.TERMINATED


def test_destroys_go_on_for_ever_at_most_five_minutes_apart() -> None:
    world = World()
    session = world.rent()
    world.run(120)
    world.market.fail("destroy", ProviderDown("500"), times=None)
    lifecycle.end(world.ports, world.again(session), EndReason.DONE, "c-ada")
    world.run(6 * 3600)
    times = [call.at for call in world.market.calls if call.method == "destroy"]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert len(times) > 60
    assert max(gaps) <= 310 * SECOND
    assert world.again(session).attempts[0].instance_ids


def test_a_machine_that_comes_back_between_the_looks_is_destroyed_again() -> None:
    world = World()
    session = world.rent()
    world.run(120)
    lifecycle.end(world.ports, world.again(session), EndReason.DONE, "c-ada")
    world.run(6)
    (machine_id,) = world.again(session).attempts[0].instance_ids
    world.market.revive(machine_id)
    world.run(120)
    assert world.again(session).status is Status.TERMINATED
    assert world.market.live() == []


def test_the_hard_max_ends_what_an_override_did_not_lengthen() -> None:
    world = World()
    session = world.rent(hours=12)
    world.run(120)
    with pytest.raises(Refusal) as refused:
        lifecycle.extend(world.ports, world.again(session), 1, override=False, actor="c-ada")
    assert refused.value.code == "past_hard_max"
    world.run(12 * 3600)
    assert world.again(session).end_reason is EndReason.HARD_MAX


def test_two_extensions_together_do_not_pass_the_hard_max() -> None:
    world = World()
    session = world.rent(hours=6)
    lifecycle.extend(world.ports, world.again(session), 5, override=False, actor="c-ada")
    with pytest.raises(Refusal):
        lifecycle.extend(world.ports, world.again(session), 5, override=False, actor="c-ada")


def test_an_operator_may_move_the_hard_max_and_is_recorded() -> None:
    world = World()
    session = world.rent(hours=11)
    longer = lifecycle.extend(world.ports, world.again(session), 4, override=True, actor="operator")
    assert longer.hard_max_at == longer.expires_at == session.created_at + 15 * 3600 * SECOND
    assert longer.overridden_by == "operator"
