"""The register of consumers and keys."""

import pytest

from chalicelib.domain.access import Caller, Role
from chalicelib.domain.errors import Refusal
from chalicelib.usecases import keyring
from tests.builders import a_consumer
from tests.world import World


def test_limits_that_are_given_are_kept_even_when_they_are_zero() -> None:
    consumer = keyring.register(World().ports, "carol", Role.CONSUMER, 0, 0, active=True)
    assert (consumer.max_sessions, consumer.max_price_per_hour) == (0, 0)


def test_changing_a_consumer_leaves_what_it_uses_alone() -> None:
    world = World()
    world.rent()
    operator = Caller(consumer=world.operator, key_id="k")
    keyring.change(world.ports, operator, "c-ada", {"max_sessions": 9})
    found = world.store.access.consumer("c-ada")
    assert found is not None
    assert (found.max_sessions, found.sessions) == (9, 1)


def test_one_operator_may_take_the_rights_of_another() -> None:
    world = World()
    world.store.access.put_consumer(a_consumer(id="second", role=Role.OPERATOR), create=True)
    operator = Caller(consumer=world.operator, key_id="k")
    assert keyring.change(world.ports, operator, "second", {"role": Role.CONSUMER}).role is Role.CONSUMER
    with pytest.raises(Refusal) as caught:
        keyring.change(world.ports, operator, "operator", {"active": False})
    assert caught.value.code == "own_consumer"


def test_a_key_is_never_written_over_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    entropy = iter([b"a" * 38, b"a" * 38, b"b" * 38])
    monkeypatch.setattr(world.ports.ids, "entropy", lambda _: next(entropy))
    first, _ = keyring.issue_key(world.ports, "c-ada")
    second, _ = keyring.issue_key(world.ports, "operator")
    assert first.id != second.id
    assert world.store.access.key(first.id) == first


def test_the_stored_key_holds_no_secret() -> None:
    record, shown = keyring.issue_key(World().ports, "c-ada")
    assert shown.split("_")[2][:64] not in str(record)


def test_a_revocation_keeps_its_first_moment() -> None:
    world = World()
    record, _ = keyring.issue_key(world.ports, "c-ada")
    first = keyring.revoke_key(world.ports, "c-ada", record.id)
    world.clock.advance(60)
    assert keyring.revoke_key(world.ports, "c-ada", record.id) == first
