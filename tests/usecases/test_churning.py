"""What failed lately is remembered: by machine for everybody, by consumer for the one who keeps trying."""

import pytest

from chalicelib.domain.access import Caller
from chalicelib.domain.errors import LaunchUncertain, Refusal
from chalicelib.domain.offer import Offer
from chalicelib.domain.session import Requirements, Status
from chalicelib.usecases import renting
from tests.builders import an_offer, an_order
from tests.world import World

ANY_4090 = Requirements(gpu=("RTX 4090",))


def offers(count: int) -> list[Offer]:
    """Cheapest first, each of a machine of its own."""
    return [
        an_offer(id=f"vastai:{n}", provider_offer_id=str(n), machine_id=f"m-{n}", gpu_per_hour=0.40 + n / 1000)
        for n in range(count)
    ]


def a_failed_launch(world: World) -> None:
    """The market answers with a refusal and a machine all the same."""
    world.market.fail("create", LaunchUncertain("bid too low"), with_effect=True, names_it=True)
    session = world.rent()
    world.run(60)
    assert world.again(session).status is Status.FAILED


def test_a_machine_that_did_not_boot_is_given_to_nobody_for_an_hour() -> None:
    world = World(offers=offers(2), boot_seconds=None)
    failed = world.rent(hours=3, offer_id="vastai:0")
    world.run(22 * 60)
    assert world.again(failed).attempts[0].outcome == "timed_out"
    world.list_offers()
    assert world.rent(requirements=ANY_4090).wanted.id == "vastai:1"
    world.run(60 * 60)
    world.list_offers()
    assert world.rent(requirements=ANY_4090).wanted.id == "vastai:0"


def test_who_names_a_machine_gets_it_however_it_failed() -> None:
    world = World(offers=offers(1), boot_seconds=None)
    world.rent(hours=3, offer_id="vastai:0")
    world.run(22 * 60)
    world.list_offers()
    assert world.rent(offer_id="vastai:0").wanted.id == "vastai:0"


def test_after_three_failed_creates_the_consumer_waits_and_nobody_else_does() -> None:
    world = World()
    for _ in range(3):
        a_failed_launch(world)
    with pytest.raises(Refusal) as refused:
        world.rent()
    assert (refused.value.status, refused.value.code) == (429, "churn_guard")
    assert world.rent(consumer=world.operator).status is Status.PENDING
    world.run(10 * 60)
    world.list_offers()
    assert world.rent().status is Status.PENDING


def test_a_replay_is_answered_even_while_its_consumer_waits() -> None:
    world = World()
    first = world.rent(key="once")
    world.run(60)
    for _ in range(3):
        a_failed_launch(world)
    assert world.rent(key="once").id == first.id


def test_an_operator_may_rent_for_a_consumer_who_waits() -> None:
    world = World()
    for _ in range(3):
        a_failed_launch(world)
    session = renting.rent(
        world.ports,
        caller=Caller(consumer=world.operator, key_id="k-operator"),
        consumer=world.consumer,
        order=an_order(),
        hours=1,
        idempotency_key=None,
        body_hash="",
    )
    assert session.consumer == world.consumer.id
