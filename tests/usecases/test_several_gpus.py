"""Renting several GPUs of a row whose GPU count the buyer chooses."""

from chalicelib.domain.session import EndReason, Requirements, Status
from tests.builders import an_offer
from tests.world import World

ROW = an_offer(id="vastai:row", gpu_per_hour=0.4, disk_per_gb_hour=0.0, max_gpu_count=4)


def test_the_machine_has_the_gpus_asked_for_and_costs_what_they_cost() -> None:
    world = World(offers=[ROW])
    session = world.rent(requirements=Requirements(gpu_count=4))
    world.run(180)
    running = world.again(session)
    assert running.status is Status.RUNNING
    assert running.price_per_hour == 1_600_000
    (machine,) = world.market.live()
    assert machine.offer.gpu_count == 4


def test_a_scaled_offer_is_rented_by_its_id() -> None:
    world = World(offers=[ROW])
    session = world.rent(offer_id="vastai:row:2")
    world.run(180)
    assert world.again(session).status is Status.RUNNING
    assert [machine.offer.gpu_count for machine in world.market.live()] == [2]


def test_when_the_market_has_fewer_left_nothing_is_created() -> None:
    world = World(offers=[ROW])
    session = world.rent(offer_id="vastai:row:4")
    world.market.offer(an_offer(id="vastai:row", gpu_per_hour=0.4, max_gpu_count=3))
    world.run(180)
    ended = world.again(session)
    assert ended.end_reason is EndReason.LAUNCH_REFUSED
    assert ended.final
    assert world.market.count("create") == 0
