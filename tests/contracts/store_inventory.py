"""The contract of `Inventory`: a snapshot as a whole, and the word on how the last look went."""

import msgspec

from chalicelib.ports import Snapshot
from tests.builders import NOW, an_offer
from tests.contracts.store import AnyStore


def a_snapshot(count: int = 2, **changes: object) -> Snapshot:
    offers = tuple(an_offer(id=f"vastai:{n}", provider_offer_id=str(n), gpu_per_hour=n / 7) for n in range(count))
    snapshot = Snapshot(provider="vastai", offers=offers, fetched_at=NOW, tried_at=NOW)
    return msgspec.structs.replace(snapshot, **changes)


class InventoryContract:
    def test_a_market_never_looked_at_has_nothing(self, store: AnyStore) -> None:
        assert store.inventory.get("vastai") is None
        assert store.inventory.head("vastai") is None

    def test_a_snapshot_comes_back_whole(self, store: AnyStore) -> None:
        store.inventory.put(a_snapshot())
        assert store.inventory.get("vastai") == a_snapshot()
        assert store.inventory.get("tensordock") is None

    def test_five_thousand_offers_come_back_whole(self, store: AnyStore) -> None:
        store.inventory.put(a_snapshot(5000))
        assert store.inventory.get("vastai") == a_snapshot(5000)

    def test_the_head_tells_of_the_snapshot_without_reading_it(self, store: AnyStore) -> None:
        store.inventory.put(a_snapshot(3, tried_at=NOW + 5))
        head = store.inventory.head("vastai")
        assert head is not None
        assert (head.provider, head.count, head.fetched_at, head.tried_at) == ("vastai", 3, NOW, NOW + 5)
        assert (head.error, head.limited) == (None, False)

    def test_every_put_is_a_new_revision_and_replaces_all(self, store: AnyStore) -> None:
        revisions = []
        for count in (5, 2, 2, 0):
            store.inventory.put(a_snapshot(count))
            assert store.inventory.get("vastai") == a_snapshot(count)
            head = store.inventory.head("vastai")
            revisions.append(head and head.revision)
        assert len(set(revisions)) == 4

    def test_a_failed_look_keeps_the_offers_and_their_age(self, store: AnyStore) -> None:
        store.inventory.put(a_snapshot())
        before = store.inventory.head("vastai")
        store.inventory.mark_failed("vastai", NOW + 9, "503 from the market", limited=True)
        after = store.inventory.head("vastai")
        assert store.inventory.get("vastai") == a_snapshot(tried_at=NOW + 9, error="503 from the market", limited=True)
        assert before is not None
        assert after is not None
        assert (after.revision, after.count, after.error) == (before.revision, before.count, "503 from the market")

    def test_a_first_look_that_failed_is_remembered_too(self, store: AnyStore) -> None:
        store.inventory.mark_failed("vastai", NOW, "no route", limited=False)
        assert store.inventory.get("vastai") == Snapshot(provider="vastai", tried_at=NOW, error="no route")
        head = store.inventory.head("vastai")
        assert head is not None
        assert (head.revision, head.count, head.fetched_at) == ("", 0, None)

    def test_a_good_look_forgets_the_failure(self, store: AnyStore) -> None:
        store.inventory.mark_failed("vastai", NOW, "no route", limited=True)
        store.inventory.put(a_snapshot())
        assert store.inventory.get("vastai") == a_snapshot()

    def test_the_last_question_is_remembered_and_never_goes_back(self, store: AnyStore) -> None:
        assert store.inventory.last_asked() is None
        for at in (NOW, NOW + 2, NOW + 1):
            store.inventory.asked(at)
        assert store.inventory.last_asked() == NOW + 2

    def test_one_at_a_time_looks_at_a_market(self, store: AnyStore) -> None:
        assert store.inventory.claim("vastai", NOW, NOW + 100)
        assert not store.inventory.claim("vastai", NOW + 99, NOW + 200)
        assert store.inventory.claim("tensordock", NOW, NOW + 100)

    def test_a_claim_given_back_can_be_had_again(self, store: AnyStore) -> None:
        store.inventory.claim("vastai", NOW, NOW + 100)
        store.inventory.release("vastai", NOW + 100)
        store.inventory.release("vastai", NOW + 100)
        assert store.inventory.claim("vastai", NOW + 1, NOW + 200)

    def test_a_claim_lapses_and_its_late_owner_cannot_give_back_the_next(self, store: AnyStore) -> None:
        store.inventory.claim("vastai", NOW, NOW + 100)
        assert store.inventory.claim("vastai", NOW + 100, NOW + 200)
        store.inventory.release("vastai", NOW + 100)
        assert not store.inventory.claim("vastai", NOW + 150, NOW + 250)

    def test_a_claim_is_no_snapshot(self, store: AnyStore) -> None:
        store.inventory.claim("vastai", NOW, NOW + 100)
        assert store.inventory.head("vastai") is None
        assert store.inventory.get("vastai") is None
        store.inventory.put(a_snapshot())
        assert not store.inventory.claim("vastai", NOW, NOW + 100)
