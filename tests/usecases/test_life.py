"""The life of a session from the request to the proof, on a market that behaves and on one that does not."""

from chalicelib import sweeps
from chalicelib.domain.access import Caller
from chalicelib.domain.attempt import Stage
from chalicelib.domain.errors import (
    LaunchRefused,
    LaunchUncertain,
    OfferGone,
)
from chalicelib.domain.instance import Phase
from chalicelib.domain.instant import SECOND
from chalicelib.domain.session import EndReason, Requirements, Status
from chalicelib.usecases import keyring, lifecycle
from tests.builders import an_offer
from tests.world import World


def test_a_rented_machine_runs_and_after_its_hour_is_proven_gone() -> None:
    world = World()
    session = world.rent(hours=1)
    world.run(120)
    running = world.again(session)
    assert running.status is Status.RUNNING
    assert running.ssh is not None
    assert len(world.market.live(session.tag)) == 1
    world.run(3600)
    ended = world.again(session)
    assert (ended.status, ended.end_reason) == (Status.TERMINATED, EndReason.EXPIRED)
    assert world.market.live() == []
    assert ended.absence_proof is not None
    first, second = ended.absence_proof.looks
    assert second.at - first.at >= 5 * SECOND
    assert world.statuses(session) == ["pending", "provisioning", "running", "terminating", "terminated"]


def test_a_delete_is_proven_within_fifteen_seconds() -> None:
    world = World()
    session = world.rent()
    world.run(120)
    lifecycle.end(world.ports, world.again(session), EndReason.DELETED, "c-ada")
    world.run(15)
    assert world.again(session).status is Status.TERMINATED


def test_the_wait_between_ssh_and_running_is_short() -> None:
    world = World(boot_seconds=47)
    session = world.rent()
    world.run(200)
    running = world.again(session)
    assert running.running_at is not None
    assert running.running_at - session.created_at <= (47 + 6) * SECOND


def test_everything_finishes_when_every_message_is_lost() -> None:
    world = World()
    world.wakeups.lossy = True
    session = world.rent(hours=1)
    world.run(600)
    assert world.again(session).status is Status.RUNNING
    world.run(3600)
    assert world.again(session).status is Status.TERMINATED
    assert world.market.live() == []


def test_a_lost_create_answer_is_adopted_by_its_tag_and_never_sent_again() -> None:
    world = World()
    world.market.fail("create", LaunchUncertain("timeout"), with_effect=True, surfaces_after=100)
    session = world.rent()
    world.run(600)
    running = world.again(session)
    assert running.status is Status.RUNNING
    assert world.market.count("create") == 1
    assert len(world.market.live(session.tag)) == 1


def test_a_create_that_had_no_effect_is_closed_only_after_the_window() -> None:
    world = World()
    world.market.fail("create", LaunchUncertain("timeout"))
    session = world.rent(hours=3)
    world.run(29 * 60)
    assert world.again(session).status is Status.PROVISIONING
    world.run(3 * 60)
    ended = world.again(session)
    assert (ended.status, ended.end_reason) == (Status.FAILED, EndReason.PROVISION_FAILED)


def test_deleting_an_unclear_launch_waits_for_the_machine_and_kills_it() -> None:
    world = World()
    world.market.fail("create", LaunchUncertain("timeout"), with_effect=True, surfaces_after=120)
    session = world.rent()
    world.run(3)
    lifecycle.end(world.ports, world.again(session), EndReason.DELETED, "c-ada")
    world.run(60)
    assert world.again(session).status is Status.TERMINATING
    world.run(300)
    assert world.market.live() == []
    assert world.again(session).status is Status.TERMINATED


def test_a_refused_launch_fails_over_only_after_the_first_offer_is_proven_absent() -> None:
    world = World(
        offers=[an_offer(), an_offer(id="vastai:2", provider_offer_id="2", machine_id="m-2", gpu_per_hour=0.42)]
    )
    world.market.fail("create", OfferGone("taken"))
    session = world.rent(requirements=Requirements(gpu=("RTX 4090",)))
    world.run(300)
    running = world.again(session)
    assert running.status is Status.RUNNING
    first, second = running.attempts
    assert (first.outcome, first.stage, second.offer.id) == ("offer_gone", Stage.CLOSED, "vastai:2")
    assert first.proof is not None
    assert second.called_at is not None
    assert second.called_at >= first.proof.looks[1].at


def test_a_contract_that_came_with_a_refusal_is_destroyed() -> None:
    world = World()
    world.market.fail("create", LaunchUncertain("bid too low"), with_effect=True, names_it=True)
    session = world.rent()
    world.run(60)
    assert world.market.live() == []
    assert world.again(session).status is Status.FAILED


def test_an_offer_gone_before_the_create_fails_without_any_create() -> None:
    world = World()
    session = world.rent()
    world.market.withdraw("vastai:1001")
    world.run(30)
    ended = world.again(session)
    assert (ended.status, ended.end_reason) == (Status.FAILED, EndReason.LAUNCH_REFUSED)
    assert world.market.count("create") == 0
    assert ended.attempts[0].outcome == "offer_gone"


def test_a_dearer_requote_is_refused() -> None:
    world = World()
    session = world.rent(max_price=420_000)
    world.market.offer(an_offer(gpu_per_hour=0.43))
    world.run(30)
    assert world.again(session).end_reason is EndReason.LAUNCH_REFUSED
    assert world.market.count("create") == 0


def test_a_machine_that_never_boots_is_destroyed_at_the_deadline() -> None:
    world = World(boot_seconds=None)
    session = world.rent(hours=3)
    world.run(21 * 60)
    ended = world.again(session)
    assert (ended.status, ended.end_reason) == (Status.FAILED, EndReason.PROVISION_TIMEOUT)
    assert world.market.live() == []


def test_a_machine_whose_ssh_never_answers_does_not_run() -> None:
    world = World()
    world.ssh.deaf = True
    session = world.rent(hours=3)
    world.run(22 * 60)
    assert world.again(session).end_reason is EndReason.PROVISION_TIMEOUT


def test_other_hardware_than_rented_is_destroyed() -> None:
    world = World()
    session = world.rent()
    world.run(1)
    next(iter(world.market.machines.values())).offer = an_offer(gpu="RTX 3060")
    world.run(60)
    assert world.again(session).attempts[0].outcome == "wrong_hardware"
    assert world.market.live() == []


def test_twins_of_one_create_are_reduced_to_one() -> None:
    world = World()
    world.market.lie("create", machines=2)
    session = world.rent()
    world.run(120)
    assert world.again(session).status is Status.RUNNING
    assert len(world.market.live(session.tag)) == 1


def test_wrong_funds_end_the_session_and_a_replay_finds_the_same_one() -> None:
    world = World()
    world.market.fail("create", LaunchRefused("no credit", "no_funds"))
    session = world.rent(key="once")
    assert world.rent(key="once").id == session.id
    world.run(60)
    assert world.again(session).end_reason is EndReason.LAUNCH_REFUSED
    assert world.rent(key="once").id == session.id


def test_a_stopped_box_while_booting_fails_the_attempt_after_its_grace() -> None:
    world = World()
    session = world.rent()
    world.run(3)
    world.market.set_phase(next(iter(world.market.machines)), Phase.STOPPED)
    world.run(120)
    assert world.again(session).attempts[0].outcome == "failed_to_boot"
    assert world.market.live() == []


def test_disabling_a_consumer_ends_what_they_rented() -> None:
    world = World()
    session = world.rent()
    world.run(120)
    caller = Caller(consumer=world.operator, key_id="k-operator")
    keyring.change(world.ports, caller, "c-ada", {"active": False})
    world.run(60)
    ended = world.again(session)
    assert (ended.status, ended.end_reason) == (Status.TERMINATED, EndReason.KEY_REVOKED)


def _two_offers() -> World:
    dear = an_offer(id="vastai:2", provider_offer_id="2", machine_id="m-2", gpu_per_hour=1.20)
    return World(offers=[an_offer(), dear])


def test_an_offer_that_grew_dearer_is_not_taken_though_a_failover_might_cost_as_much() -> None:
    world = _two_offers()
    session = world.rent(requirements=Requirements(gpu=("RTX 4090",)))
    world.market.offer(an_offer(gpu_per_hour=1.10))
    world.run(30)
    attempt = world.again(session).attempts[0]
    assert (attempt.outcome, attempt.called_at) == ("requote_dearer", None)


def test_a_machine_that_grew_dearer_ends_though_a_failover_might_have_cost_as_much() -> None:
    world = _two_offers()
    session = world.rent(requirements=Requirements(gpu=("RTX 4090",)), hours=3)
    world.run(200)
    (machine,) = world.market.live()
    world.market.reprice(machine.id, round(1.3 * world.again(session).price_per_hour))
    sweeps.run("reconcile", world.ports)
    ended = world.again(session)
    assert (ended.status, ended.end_reason) == (Status.TERMINATING, EndReason.LOST)
    assert ended.end_detail is not None
    assert ended.end_detail.startswith("the price rose to")


def test_a_failover_may_cost_what_the_dearest_of_the_first_choices_does() -> None:
    dearer = an_offer(id="vastai:2", provider_offer_id="2", machine_id="m-2", gpu_per_hour=0.60)
    world = World(offers=[an_offer(), dearer])
    session = world.rent(requirements=Requirements(gpu=("RTX 4090",)))
    world.market.withdraw("vastai:1001")
    world.run(120)
    assert world.again(session).status is Status.RUNNING
