"""The contract of `Access`: consumers and keys."""

import msgspec
import pytest

from chalicelib.domain.access import Role
from chalicelib.domain.errors import Refusal, Stale
from tests.builders import NOW, a_consumer, a_key
from tests.contracts.store import AnyStore, known, opened


class AccessContract:
    def test_a_consumer_is_found_as_it_was_put(self, store: AnyStore) -> None:
        consumer = known(store, id="op", role=Role.OPERATOR, active=False)
        assert store.access.consumer("op") == consumer
        assert store.access.consumer("nobody") is None

    def test_a_consumer_is_created_once(self, store: AnyStore) -> None:
        consumer = known(store)
        with pytest.raises(Stale):
            store.access.put_consumer(a_consumer(max_sessions=9), create=True)
        assert store.access.consumer("c-ada") == consumer

    def test_new_limits_leave_the_usage_alone(self, store: AnyStore) -> None:
        session = opened(store, 1)
        store.access.put_consumer(a_consumer(max_sessions=0, active=False, sessions=7), create=False)
        held = session.held_per_hour
        assert store.access.consumer("c-ada") == a_consumer(
            max_sessions=0, active=False, sessions=1, committed_per_hour=held
        )

    def test_two_changes_at_once_keep_both_and_leave_the_usage_alone(self, store: AnyStore) -> None:
        opened(store, 1)
        before = store.access.consumer("c-ada")
        assert before is not None
        disabled = msgspec.structs.replace(before, active=False, sessions=7)
        raised = msgspec.structs.replace(before, max_sessions=9, role=Role.OPERATOR)
        for after in (disabled, raised, before):
            store.access.change_consumer(before, after)
        assert store.access.consumer("c-ada") == msgspec.structs.replace(raised, active=False)

    def test_a_new_consumer_uses_nothing_whatever_is_said(self, store: AnyStore) -> None:
        known(store, sessions=7, committed_per_hour=7)
        assert store.access.consumer("c-ada") == a_consumer()

    def test_consumers_come_in_pages_that_end_exactly(self, store: AnyStore) -> None:
        consumers = [known(store, id=f"c-{n}") for n in range(4)]
        first = store.access.consumers(2, None)
        assert first.items == consumers[:2]
        second = store.access.consumers(2, first.next_cursor)
        assert (second.items, second.next_cursor) == (consumers[2:], None)
        assert store.access.consumers(50, None).next_cursor is None

    @pytest.mark.parametrize("cursor", ["", "x", "MTc5MDAwMDAwMDAwMA"])
    def test_a_cursor_that_is_not_ours_is_refused(self, store: AnyStore, cursor: str) -> None:
        with pytest.raises(Refusal) as raised:
            store.access.consumers(2, cursor)
        assert raised.value.code == "invalid_cursor"

    def test_a_key_is_found_as_it_was_put(self, store: AnyStore) -> None:
        store.access.put_key(a_key())
        assert store.access.key(a_key().id) == a_key()
        assert store.access.key("nobody") is None

    def test_a_key_can_be_put_again(self, store: AnyStore) -> None:
        store.access.put_key(a_key(last_used_at=NOW, revoked_at=NOW))
        store.access.put_key(a_key(last_used_at=NOW + 1))
        assert store.access.key(a_key().id) == a_key(last_used_at=NOW + 1)

    def test_noting_the_last_use_of_a_key_changes_nothing_else(self, store: AnyStore) -> None:
        store.access.put_key(a_key(revoked_at=NOW))
        store.access.touch_key(a_key().id, NOW + 1)
        assert store.access.key(a_key().id) == a_key(revoked_at=NOW, last_used_at=NOW + 1)

    def test_noting_the_last_use_of_no_key_makes_none(self, store: AnyStore) -> None:
        store.access.touch_key("nobody", NOW)
        assert store.access.key("nobody") is None

    def test_keys_of_a_consumer_come_oldest_first(self, store: AnyStore) -> None:
        keys = [a_key(id=f"k{n}", created_at=NOW - n, revoked_at=NOW if n else None) for n in range(3)]
        for key in [*keys, a_key(id="other", consumer="c-bob")]:
            store.access.put_key(key)
        assert store.access.keys_of("c-ada") == keys[::-1]
        assert store.access.keys_of("c-eve") == []
