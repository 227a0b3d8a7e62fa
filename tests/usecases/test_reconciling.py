"""What the provider lists against what the table says: orphans die, ghosts are proven, doubt changes nothing."""

import pytest

from chalicelib import sweeps
from chalicelib.domain.diff import Doomed, Findings, Memory
from chalicelib.domain.errors import ListIncomplete, ProviderAuth, ProviderDown
from chalicelib.domain.instance import Phase
from chalicelib.domain.policy import Policy
from chalicelib.domain.session import EndReason, Session, Status
from chalicelib.usecases import lifecycle, reconciling
from tests.builders import NOW, a_session, a_session_id, an_offer
from tests.world import World


def running(world: World, hours: float = 4) -> Session:
    session = world.rent(hours=hours)
    world.run(120)
    found = world.again(session)
    assert found.status is Status.RUNNING
    return found


def a_tag_of_ours(age_seconds: int = 0) -> str:
    return "shopper-" + a_session_id(7, NOW - age_seconds * 1000)


def test_an_orphan_dies_after_its_grace_and_two_lists() -> None:
    world = World()
    world.market.add(a_tag_of_ours(), age_seconds=0)
    world.run(10 * 60)
    assert len(world.market.live()) == 1
    world.run(11 * 60)
    assert world.market.live() == []


def test_an_old_orphan_still_needs_two_lists() -> None:
    world = World()
    world.market.add(a_tag_of_ours(3600), age_seconds=3600)
    world.run(60)
    assert len(world.market.live()) == 1
    world.run(300)
    assert world.market.live() == []


@pytest.mark.parametrize(
    "tag",
    [
        None,
        "",
        "my-training",
        "shopper-",
        "shopper-other-01m3250v007f0v023j9xkyejmh-6yqegmkx",
        a_tag_of_ours()[:-1] + "0",
    ],
)
def test_a_machine_whose_tag_does_not_verify_is_never_touched(tag: str | None) -> None:
    world = World()
    world.market.add(tag, age_seconds=20 * 86400)
    world.run(26 * 3600)
    assert len(world.market.live()) == 1
    assert world.market.count("destroy") == 0


def test_a_machine_that_comes_back_after_its_session_ended_is_an_orphan() -> None:
    world = World()
    session = running(world)
    lifecycle.end(world.ports, session, EndReason.DONE, "c-ada")
    world.run(60)
    assert world.again(session).status is Status.TERMINATED
    world.market.revive(session.attempts[0].instance_ids[0])
    world.run(25 * 60)
    assert world.market.live() == []


def test_a_vanished_machine_makes_its_session_lost_with_proof() -> None:
    world = World()
    session = running(world)
    world.market.vanish(session.attempts[0].instance_ids[0])
    world.run(9 * 60)
    assert world.again(session).status is Status.RUNNING
    world.run(16 * 60)
    ended = world.again(session)
    assert (ended.status, ended.end_reason) == (Status.TERMINATED, EndReason.LOST)
    assert ended.absence_proof is not None


def test_empty_lists_that_lie_do_not_make_a_ghost_while_the_machine_answers_for_itself() -> None:
    world = World()
    session = running(world)
    world.market.lie("list", times=None)
    world.run(3600)
    assert world.again(session).status is Status.RUNNING
    assert len(world.market.live(session.tag)) == 1


@pytest.mark.parametrize("error", [ListIncomplete("page"), ProviderDown("503"), ProviderAuth("revoked")])
def test_a_list_that_fails_changes_nothing(error: Exception) -> None:
    world = World()
    session = running(world)
    world.market.add(a_tag_of_ours(7200), age_seconds=7200)
    world.market.fail("list", error, times=None)
    world.market.fail("get", ProviderDown("503"), times=None)
    world.run(2 * 3600)
    assert world.again(session).status is Status.RUNNING
    assert world.market.count("destroy") == 0


def test_creates_are_refused_when_nothing_could_be_listed_for_a_quarter_of_an_hour() -> None:
    world = World()
    world.run(1)
    world.market.fail("list", ProviderDown("503"), times=None)
    world.run(21 * 60)
    with pytest.raises(Exception, match="no complete list") as refused:
        world.rent()
    assert getattr(refused.value, "status", None) == 503
    world.market.heal()
    world.run(6 * 60)
    world.list_offers()
    assert world.rent().status is Status.PENDING


def test_a_rented_box_that_was_stopped_is_ended() -> None:
    world = World()
    session = running(world)
    world.market.set_phase(session.attempts[0].instance_ids[0], Phase.STOPPED)
    world.run(12 * 60)
    ended = world.again(session)
    assert (ended.status, ended.end_reason) == (Status.TERMINATED, EndReason.LOST)
    assert world.market.live() == []


def test_a_price_that_rose_beyond_the_agreement_ends_the_machine() -> None:
    world = World()
    session = running(world)
    world.market.reprice(session.attempts[0].instance_ids[0], 900_000)
    world.run(6 * 60)
    assert world.again(session).end_reason is EndReason.LOST
    assert world.market.live() == []


def test_too_many_orphans_at_once_freeze_the_rule() -> None:
    world = World()
    for number in range(12):
        world.market.add("shopper-" + a_session_id(number, NOW - 3600_000), an_offer(), age_seconds=3600)
    world.run(30 * 60)
    assert len(world.market.live()) == 12
    assert world.store.health.memory("vastai").frozen == ("orphans",)


def test_a_dry_run_only_reports() -> None:
    world = World(environ={"SHOPPER_RECONCILE_DRY_RUN": "1"})
    world.market.add(a_tag_of_ours(3600), age_seconds=3600)
    world.run(30 * 60)
    assert len(world.market.live()) == 1


def test_the_janitor_alone_kills_what_outlived_its_hard_max() -> None:
    world = World()
    session = running(world, hours=12)
    world.sweeps = ("janitor",)
    world.run(12 * 3600 + 31 * 60)
    assert world.market.live(session.tag) == []


def test_the_janitor_respects_an_override_and_waits_a_day_when_it_cannot_read_them() -> None:
    world = World(environ={"SHOPPER_PUBLIC_URL": "https://shopper.example.com"})
    session = running(world, hours=12)
    lifecycle.extend(world.ports, session, 3, override=True, actor="operator")
    world.sweeps = ("janitor",)
    world.run(13 * 3600)
    assert len(world.market.live()) == 1
    world.overrides.down = True
    world.run(3 * 3600)
    assert len(world.market.live()) == 1
    world.overrides.down = False
    world.run(30 * 60)
    assert world.market.live() == []


def test_the_first_create_of_a_release_waits_for_the_recovery_pass() -> None:
    world = World()
    world.sweeps = ("launch",)
    world.market.fail("list", ListIncomplete("page"), times=3)
    session = world.rent()
    world.run(10)
    assert world.market.count("create") == 0
    world.run(180)
    assert world.again(session).status is Status.RUNNING
    assert world.store.health.provider("vastai").recovered_by == "0"


def test_a_sweep_that_ran_is_noted() -> None:
    world = World()
    sweeps.run("reconcile", world.ports)
    assert "reconcile" in world.store.health.sweeps()


def test_what_is_missing_and_what_is_wrong_pull_the_brake_together() -> None:
    session = a_session()
    wrong = Doomed(session=session, reason=EndReason.LOST, detail="another GPU")
    for missing, doomed, rules in ((2, 1, ()), (2, 2, ("lost",)), (0, 4, ("lost",))):
        found = Findings(
            memory=Memory(provider="vastai"), ours=4, orphans=(), ghosts=(session,) * missing,
            doomed=(wrong,) * doomed, renamed=(), unverified=(),
        )  # fmt: skip
        assert reconciling._frozen(found, Policy()) == rules
