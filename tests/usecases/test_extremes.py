"""Numbers of the policy at their ends: whatever is set, a machine is asked to go, looked for, and proven gone."""

import pytest

from chalicelib.domain.session import EndReason, Status
from chalicelib.ports import LaunchOrder, Receipt
from chalicelib.usecases import lifecycle, stepping
from tests.world import World


@pytest.mark.parametrize(
    "environ",
    [
        {"SHOPPER_DESTROY_BACKOFF_MAX_SECONDS": "1"},
        {"SHOPPER_DESTROY_BACKOFF_MAX_SECONDS": "0"},
        {"SHOPPER_DESTROY_BACKOFF_SECONDS": "0"},
        {"SHOPPER_DESTROY_LOOK_SECONDS": "0", "SHOPPER_DESTROY_BACKOFF_SECONDS": "0"},
        {"SHOPPER_DESTROY_LOOK_SECONDS": "600"},
        {"SHOPPER_PROOF_SPACING_SECONDS": "0"},
        {"SHOPPER_PROOF_SPACING_SECONDS": "400"},
        {"SHOPPER_STEP_LEASE_SECONDS": "0"},
        {"SHOPPER_BOOT_POLL_SECONDS": "0", "SHOPPER_BOOT_POLL_MAX_SECONDS": "0", "SHOPPER_SSH_POLL_SECONDS": "0"},
    ],
    ids=lambda environ: ",".join(f"{name[8:]}={value}" for name, value in environ.items()),
)
def test_a_session_ends_with_its_proof_whatever_the_pauses_are(environ: dict[str, str]) -> None:
    world = World(environ=environ)
    session = world.rent()
    world.run(120)
    assert world.again(session).status is Status.RUNNING
    lifecycle.end(world.ports, world.again(session), EndReason.DELETED, "c-ada")
    world.run(1500)
    assert world.again(session).status is Status.TERMINATED
    assert world.market.count("destroy") <= 5


def test_a_short_ambiguity_window_never_closes_over_a_create_that_is_still_under_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(environ={"SHOPPER_AMBIGUOUS_CLOSE_SECONDS": "5", "SHOPPER_AMBIGUOUS_CLOSE_LISTS": "1"})
    session = world.rent()
    create, seen = world.market.create, list[Status]()

    def slowly(order: LaunchOrder) -> Receipt:
        lifecycle.end(world.ports, world.again(session), EndReason.DELETED, "c-ada")
        for _ in range(10):
            world.clock.advance(6)
            stepping.step(world.ports, session.id)
        seen.append(world.again(session).status)
        return create(order)

    monkeypatch.setattr(world.market, "create", slowly)
    world.run(600)
    assert seen == [Status.TERMINATING]
    assert world.again(session).status is Status.TERMINATED
    assert world.market.live() == []
