"""Whose key is it? Everything that does not hold is the same 401."""

import pytest

from chalicelib.domain.access import KeyRecord, digest, issue
from chalicelib.domain.errors import Refusal
from chalicelib.domain.instant import HOUR
from chalicelib.usecases import keyring
from chalicelib.usecases.authenticating import LOCAL_OPERATOR, acting_for, authenticate
from tests.builders import NOW, a_consumer
from tests.world import World


def _refused(world: World, header: str | None) -> bool:
    with pytest.raises(Refusal) as caught:
        authenticate(world.ports, header)
    return (caught.value.status, caught.value.code) == (401, "unauthorized")


def test_a_valid_key_names_its_consumer() -> None:
    world = World()
    record, key = keyring.issue_key(world.ports, "c-ada")
    for header in (f"Bearer {key}", f"bearer {key}", f"  Bearer   {key} "):
        caller = authenticate(world.ports, header)
        assert (caller.consumer.id, caller.key_id, caller.is_operator) == ("c-ada", record.id, False)


def test_a_key_with_a_typo_costs_no_read(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    _, key = keyring.issue_key(world.ports, "c-ada")
    monkeypatch.setattr(world.store.access, "key", lambda _: pytest.fail("it was read"))
    for wrong in (key[:-1] + ("0" if key[-1] != "0" else "1"), key[:-1], key + "0", "", "gs_", key.upper()):
        assert _refused(world, f"Bearer {wrong}")
    assert _refused(world, None)
    assert _refused(world, key)
    assert _refused(world, f"Basic {key}")


def test_unknown_revoked_and_disabled_are_the_same() -> None:
    world = World()
    _, unknown, _ = issue(b"x" * 38, b"pepper")
    assert _refused(world, f"Bearer {unknown}")
    record, key = keyring.issue_key(world.ports, "c-ada")
    keyring.revoke_key(world.ports, "c-ada", record.id)
    assert _refused(world, f"Bearer {key}")
    _, key = keyring.issue_key(world.ports, "c-ada")
    world.store.access.put_consumer(a_consumer(active=False), create=False)
    assert _refused(world, f"Bearer {key}")


def test_a_key_of_another_pepper_does_not_hold() -> None:
    world = World()
    key_id, key, stored = issue(b"x" * 38, b"another pepper")
    world.store.access.put_key(KeyRecord(id=key_id, consumer="c-ada", digest=stored, created_at=NOW))
    assert _refused(world, f"Bearer {key}")


def test_the_last_use_is_noted_once_an_hour() -> None:
    world = World()
    record, key = keyring.issue_key(world.ports, "c-ada")

    def last_used() -> int | None:
        authenticate(world.ports, f"Bearer {key}")
        found = world.store.access.key(record.id)
        assert found is not None
        return found.last_used_at

    first = world.clock.now()
    assert last_used() == first
    world.clock.advance(3599)
    assert last_used() == first
    world.clock.advance(1)
    assert last_used() == first + HOUR


def test_noting_the_last_use_never_undoes_a_revocation_made_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    record, key = keyring.issue_key(world.ports, "c-ada")
    touch = world.store.access.touch_key

    def revoked_meanwhile(key_id: str, at: int) -> None:
        keyring.revoke_key(world.ports, "c-ada", key_id)
        touch(key_id, at)

    monkeypatch.setattr(world.store.access, "touch_key", revoked_meanwhile)
    authenticate(world.ports, f"Bearer {key}")
    found = world.store.access.key(record.id)
    assert found is not None
    assert found.revoked_at is not None


@pytest.mark.parametrize("holds", [True, False])
def test_a_key_of_any_form_holds_for_the_local_operator_alone(holds: bool) -> None:
    world = World(local=holds)
    stored = digest(LOCAL_OPERATOR, "open sesame", b"pepper")
    world.store.access.put_key(KeyRecord(id=LOCAL_OPERATOR, consumer="operator", digest=stored, created_at=NOW))
    if holds:
        assert authenticate(world.ports, "Bearer open sesame").is_operator
    else:
        assert _refused(world, "Bearer open sesame")
    assert _refused(world, "Bearer ")
    assert _refused(world, "Bearer open")


def test_a_caller_pays_for_themselves_and_an_operator_for_whom_they_name() -> None:
    world = World()
    ada = authenticate(world.ports, f"Bearer {keyring.issue_key(world.ports, 'c-ada')[1]}")
    operator = authenticate(world.ports, f"Bearer {keyring.issue_key(world.ports, 'operator')[1]}")
    assert acting_for(world.ports, ada, None).id == "c-ada"
    assert acting_for(world.ports, operator, "c-ada").id == "c-ada"
    assert acting_for(world.ports, ada, "c-ada").id == "c-ada"
    with pytest.raises(Refusal, match="operator"):
        acting_for(world.ports, ada, "operator")
