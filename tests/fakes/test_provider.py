"""The fake market errs only as it was told to."""

import pytest

from chalicelib.domain.errors import LaunchUncertain, OfferGone, ProviderDown
from chalicelib.domain.instance import Absent, Instance, Phase
from chalicelib.domain.instant import SECOND
from chalicelib.domain.money import to_micros
from chalicelib.ports import LaunchOrder
from tests.fakes.clock import ManualClock
from tests.fakes.provider import FakeProvider, an_offer

OFFER = an_offer(gpu_per_hour=0.36, disk_per_gb_hour=0.0)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def fake(clock: ManualClock) -> FakeProvider:
    return FakeProvider("fake", clock, [OFFER])


def order(tag: str = "shopper-a") -> LaunchOrder:
    return LaunchOrder(tag=tag, offer=OFFER, disk_gb=10, ssh_public_key="ssh-ed25519 AAAA")


def test_a_machine_starts_then_runs_where_its_address_says(fake: FakeProvider, clock: ManualClock) -> None:
    made = fake.create(order()).instance_id
    starting = fake.get(made)
    clock.advance(60)
    running = fake.get(made)
    assert isinstance(starting, Instance)
    assert isinstance(running, Instance)
    assert (starting.phase, starting.addresses) == (Phase.STARTING, ())
    assert running.phase is Phase.RUNNING
    assert len(running.addresses) == 1


def test_a_lost_create_surfaces_when_the_script_says(fake: FakeProvider, clock: ManualClock) -> None:
    fake.fail("create", LaunchUncertain("timeout"), with_effect=True, surfaces_after=120)
    with pytest.raises(LaunchUncertain):
        fake.create(order())
    assert len(fake.live("shopper-a")) == 1
    assert fake.list().instances == ()
    clock.advance(120)
    assert len(fake.list().tagged("shopper-a")) == 1


def test_a_failed_create_without_effect_makes_nothing(fake: FakeProvider) -> None:
    fake.fail("create", OfferGone("sold"))
    with pytest.raises(OfferGone):
        fake.create(order())
    assert fake.live() == []


def test_an_uncertain_create_can_name_one_of_several_machines(fake: FakeProvider) -> None:
    fake.fail("create", LaunchUncertain("odd"), with_effect=True, machines=2, names_it=True)
    with pytest.raises(LaunchUncertain) as caught:
        fake.create(order())
    assert caught.value.instance_id == "fake-1"
    assert len(fake.live("shopper-a")) == 2


def test_a_create_can_come_out_under_another_tag(fake: FakeProvider) -> None:
    fake.lie("create", tag="mislabelled")
    made = fake.create(order()).instance_id
    assert [machine.id for machine in fake.live("mislabelled")] == [made]


def test_a_lagging_list_tells_of_the_past(clock: ManualClock) -> None:
    fake = FakeProvider("fake", clock, [OFFER], list_lag_seconds=30)
    made = fake.create(order()).instance_id
    assert fake.list().instances == ()
    clock.advance(30)
    fake.destroy(made)
    assert fake.list().ids() == {made}
    assert fake.get(made) == Absent(instance_id=made)
    clock.advance(30)
    assert fake.list().instances == ()


def test_a_lying_destroy_leaves_the_machine_alive_once(fake: FakeProvider) -> None:
    made = fake.create(order()).instance_id
    fake.lie("destroy")
    fake.destroy(made)
    assert len(fake.live()) == 1
    fake.destroy(made)
    assert fake.live() == []


def test_a_destroy_may_only_stop_the_machine(fake: FakeProvider) -> None:
    made = fake.create(order()).instance_id
    fake.lie("destroy", stops=True)
    fake.destroy(made)
    assert fake.live()[0].phase is Phase.STOPPED


def test_a_destroy_may_work_and_answer_with_an_error(fake: FakeProvider) -> None:
    made = fake.create(order()).instance_id
    fake.fail("destroy", ProviderDown("timeout"), with_effect=True)
    with pytest.raises(ProviderDown):
        fake.destroy(made)
    assert fake.live() == []


def test_get_and_list_may_deny_what_lives(fake: FakeProvider) -> None:
    made = fake.create(order()).instance_id
    fake.lie("get")
    fake.lie("list")
    assert isinstance(fake.get(made), Absent)
    assert fake.list().instances == ()
    assert isinstance(fake.get(made), Instance)
    assert fake.list().ids() == {made}


def test_faults_of_one_subject_spare_the_others(fake: FakeProvider) -> None:
    first, second = fake.create(order()).instance_id, fake.create(order()).instance_id
    fake.fail("get", ProviderDown("ill"), subject=first, times=None)
    assert isinstance(fake.get(second), Instance)
    for _ in range(3):
        with pytest.raises(ProviderDown):
            fake.get(first)
    fake.heal()
    assert isinstance(fake.get(first), Instance)


def test_every_call_is_remembered_with_its_moment(fake: FakeProvider, clock: ManualClock) -> None:
    fake.search(spot=False)
    at = clock.advance(5)
    fake.create(order())
    assert [(call.at, call.method, call.subject) for call in fake.calls][1:] == [(at, "create", "shopper-a")]
    assert fake.count("create") == fake.count("create", "shopper-a") == 1


def test_the_true_cost_follows_price_changes_and_ends_with_the_machine(fake: FakeProvider, clock: ManualClock) -> None:
    made = fake.create(order()).instance_id
    clock.advance(3600)
    fake.reprice(made, to_micros(0.72))
    clock.advance(1800)
    fake.destroy(made)
    clock.advance(7200)
    assert fake.cost() == to_micros(0.72)
    fake.revive(made)
    clock.advance(1800)
    assert fake.cost() == to_micros(1.08)


def test_a_destroy_that_takes_its_time_is_billed_for_it(clock: ManualClock) -> None:
    fake = FakeProvider("fake", clock, [OFFER], destroy_seconds=10)
    made = fake.create(order()).instance_id
    fake.destroy(made)
    fake.destroy(made)
    assert len(fake.live()) == 1
    clock.advance(10)
    assert fake.live() == []
    assert fake.cost() == to_micros(0.001)


def test_a_machine_made_by_hand_is_as_old_as_told(fake: FakeProvider, clock: ManualClock) -> None:
    made = fake.add("not ours", age_seconds=100)
    assert made.created_at == clock.now() - 100 * SECOND
    assert fake.list().tagged("not ours")
    fake.vanish(made.id)
    assert fake.live() == []
