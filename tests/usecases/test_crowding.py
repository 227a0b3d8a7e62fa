"""Many who want the same: nobody fails because somebody else was faster, as long as the market has enough."""

import pytest
from msgspec.structs import replace

from chalicelib.domain.errors import LaunchRefused, Refusal
from chalicelib.domain.launch import end_reason
from chalicelib.domain.offer import Offer
from chalicelib.domain.session import Requirements, Status
from tests.builders import an_offer
from tests.fakes.store import MemoryStore
from tests.world import World

ANY_4090 = Requirements(gpu=("RTX 4090",))


def offers(count: int, **changes: object) -> list[Offer]:
    return [an_offer(id=f"vastai:{n}", provider_offer_id=str(n), machine_id=f"m{n}", **changes) for n in range(count)]


def take(world: World, *numbers: int) -> None:
    """By somebody else, since the inventory was read."""
    for number in numbers:
        del world.market.offers[f"vastai:{number}"]


def test_eight_who_ask_for_the_same_at_once_all_get_a_machine_of_their_own() -> None:
    world = World(offers=offers(10))
    sessions = [world.rent(requirements=ANY_4090) for _ in range(8)]
    world.run(10 * 60)
    rented = [world.again(session) for session in sessions]
    assert [session.status for session in rented] == [Status.RUNNING] * 8
    assert len({session.attempts[-1].offer.id for session in rented}) == 8


def test_an_offer_found_taken_before_anything_was_sent_is_no_attempt_of_the_consumers() -> None:
    world = World(offers=offers(8))
    session = world.rent(requirements=ANY_4090, max_attempts=2)
    take(world, *range(7))
    world.run(10 * 60)
    session = world.again(session)
    assert session.status is Status.RUNNING
    assert session.attempts[-1].offer.id == "vastai:7"
    assert [attempt.outcome for attempt in session.attempts[:-1]] == ["offer_gone"] * 7
    assert world.market.count("create") == 1


def test_a_market_where_everything_is_taken_is_not_asked_for_ever() -> None:
    world = World(offers=offers(40))
    session = world.rent(requirements=ANY_4090)
    take(world, *range(40))
    world.run(10 * 60)
    session = world.again(session)
    assert session.status is Status.FAILED
    assert session.end_reason is end_reason("offer_gone")
    assert len(session.attempts) == 20
    assert "no other offer that fits" in (session.status_reason or "")


def test_creates_that_were_sent_are_still_counted() -> None:
    world = World(offers=offers(8))
    session = world.rent(requirements=ANY_4090, max_attempts=2)
    take(world, 0, 2)
    world.market.fail("create", LaunchRefused("no", "no_capacity"), times=5)
    world.run(10 * 60)
    assert world.again(session).status is Status.FAILED
    assert world.market.count("create") == 2


def test_who_chooses_next_is_not_given_what_was_found_taken_until_it_is_seen_again() -> None:
    world = World(offers=offers(3))
    world.rent(requirements=ANY_4090)
    take(world, 0)
    world.run(60)
    assert world.rent(requirements=ANY_4090).wanted.id == "vastai:2"  # 0 was found gone, 1 was rented
    world.market.offers |= {offer.id: offer for offer in offers(1)}
    world.list_offers()
    world.run(5)
    assert world.rent(requirements=ANY_4090).wanted.id == "vastai:0"


@pytest.mark.parametrize("count", [1, 2])
def test_what_one_finds_taken_is_not_asked_for_by_others_who_had_chosen_it(count: int) -> None:
    world = World(offers=offers(2, max_gpu_count=4))
    wish = Requirements(gpu=("RTX 4090",), gpu_count=count)
    first, second = world.rent(requirements=wish), world.rent(requirements=wish)
    assert first.wanted.id == second.wanted.id
    take(world, 0)
    world.run(10 * 60)
    assert [attempt.outcome for attempt in world.again(first).attempts] == ["offer_gone", "running"]
    assert [attempt.outcome for attempt in world.again(second).attempts] == ["running"]


@pytest.mark.parametrize("taken", [True, False])
def test_who_names_an_offer_hears_from_the_market_itself_whether_it_is_taken(taken: bool) -> None:
    world = World(offers=offers(2))
    world.rent(requirements=ANY_4090)
    world.run(120)  # the service knows that it is taken; the fake market rents it again all the same
    if taken:
        take(world, 0)
    session = world.rent(offer_id="vastai:0")
    world.run(10 * 60)
    assert world.again(session).status is (Status.FAILED if taken else Status.RUNNING)


def test_where_the_buyer_chooses_how_many_there_is_more_of_it_after_a_rent() -> None:
    world = World(offers=offers(1, max_gpu_count=4))
    world.rent(requirements=ANY_4090)
    world.run(120)
    assert world.rent(requirements=ANY_4090).wanted.id == "vastai:0"


def test_who_asks_before_the_markets_were_read_is_told_so() -> None:
    world = World()
    world.ports = replace(world.ports, inventory=MemoryStore().inventory)
    with pytest.raises(Refusal, match="vastai could not be read yet"):
        world.rent(requirements=ANY_4090)
