"""The contracts of `Health` and of `RateRows`."""

import msgspec
import pytest

from chalicelib.domain.admission import ProviderState
from chalicelib.domain.errors import Stale
from chalicelib.domain.instant import Instant
from chalicelib.domain.turn import Turn
from chalicelib.ports import CallKind
from tests.builders import NOW
from tests.contracts.store import AnyStore


class HealthContract:
    def test_a_provider_nobody_wrote_of_is_in_its_first_state(self, store: AnyStore) -> None:
        assert store.health.provider("vastai") == ProviderState(provider="vastai")

    def test_a_state_comes_back_as_saved_one_version_on(self, store: AnyStore) -> None:
        state = ProviderState(
            provider="vastai", last_error="no", recent_creates=((NOW, True), (NOW + 1, False)), open_for_seconds=1.5
        )
        saved = store.health.save_provider(state)
        assert saved == msgspec.structs.replace(state, version=1)
        assert store.health.provider("vastai") == saved
        cleared = store.health.save_provider(msgspec.structs.replace(saved, last_error=None, recent_creates=()))
        assert (
            store.health.provider("vastai")
            == cleared
            == ProviderState(provider="vastai", version=2, open_for_seconds=1.5)
        )

    def test_a_state_from_an_old_reading_is_stale(self, store: AnyStore) -> None:
        first = store.health.save_provider(ProviderState(provider="vastai"))
        for old in (ProviderState(provider="vastai"), msgspec.structs.replace(first, version=7)):
            with pytest.raises(Stale):
                store.health.save_provider(old)
        assert store.health.provider("vastai") == first

    def test_a_sweep_that_ran_late_or_twice_tells_nothing_new(self, store: AnyStore) -> None:
        assert store.health.sweeps() == {}
        for name, at in (("reconcile", NOW), ("expire", NOW + 5), ("reconcile", NOW - 9), ("expire", NOW + 6)):
            store.health.sweep_done(name, at)
        assert store.health.sweeps() == {"reconcile": NOW, "expire": NOW + 6}

    def test_a_turn_is_kept_until_it_is_taken_away(self, store: AnyStore) -> None:
        assert store.health.turn("watch") is None
        for turn in (Turn(place="2#0001790000000000#a", until=NOW), Turn(place="3#0001790000000001#b", until=NOW + 1)):
            store.health.save_turn("watch", turn)
            assert store.health.turn("watch") == turn
        assert store.health.turn("accrue") is None
        store.health.save_turn("watch", None)
        store.health.save_turn("watch", None)
        assert store.health.turn("watch") is None
        assert store.health.sweeps() == {}


def _slots(store: AnyStore, kind: CallKind, count: int, now: Instant = NOW, burst: int = 1) -> list[int]:
    """When each of so many calls may go, in milliseconds from NOW."""
    return [store.rates.reserve("vastai", kind, now, 1000, burst) - NOW for _ in range(count)]


class RatesContract:
    def test_slots_of_a_lane_are_spaced(self, store: AnyStore) -> None:
        assert _slots(store, "read", 3) == [0, 1000, 2000]
        assert _slots(store, "read", 1, NOW + 2500) == [3000]
        assert _slots(store, "read", 1, NOW + 9000) == [9000]

    def test_a_burst_goes_at_once_and_comes_back_with_time(self, store: AnyStore) -> None:
        assert _slots(store, "search", 5, burst=3) == [0, 0, 0, 1000, 2000]
        assert _slots(store, "search", 3, NOW + 4000, burst=3) == [4000, 4000, 5000]

    def test_lanes_and_providers_do_not_wait_for_each_other(self, store: AnyStore) -> None:
        assert _slots(store, "read", 3) == [0, 1000, 2000]
        assert _slots(store, "create", 1) == [0]
        assert store.rates.reserve("tensordock", "read", NOW, 1000, 1) == NOW

    def test_a_destroy_goes_first_and_pushes_the_others_back(self, store: AnyStore) -> None:
        assert _slots(store, "read", 2) == [0, 1000]
        assert _slots(store, "destroy", 2) == [0, 1000]
        assert _slots(store, "read", 1) == [4000]
        assert _slots(store, "create", 1) == [2000]

    def test_a_slot_beyond_the_latest_is_told_and_left_to_others(self, store: AnyStore) -> None:
        _slots(store, "read", 3)
        assert store.rates.reserve("vastai", "read", NOW, 1000, 1, latest=NOW + 2999) == NOW + 3000
        assert store.rates.reserve("vastai", "read", NOW, 1000, 1, latest=NOW + 3000) == NOW + 3000
        assert store.rates.reserve("vastai", "read", NOW, 1000, 1, latest=NOW + 3000) == NOW + 4000
        assert _slots(store, "read", 1) == [4000]

    def test_a_slot_right_now_is_always_taken(self, store: AnyStore) -> None:
        assert store.rates.reserve("vastai", "read", NOW, 1000, 1, latest=NOW - 5) == NOW
        assert _slots(store, "read", 1) == [1000]

    def test_a_destroy_that_was_not_made_pushes_nobody(self, store: AnyStore) -> None:
        _slots(store, "destroy", 1)
        assert store.rates.reserve("vastai", "destroy", NOW, 1000, 1, latest=NOW) == NOW + 1000
        assert _slots(store, "read", 1) == [1000]

    @pytest.mark.parametrize("kind", ["read", "destroy", "create"])
    def test_a_lane_busy_until_next_week_was_written_by_a_wrong_clock_and_starts_afresh(
        self, store: AnyStore, kind: CallKind
    ) -> None:
        week = NOW + 7 * 86_400_000
        assert store.rates.reserve("vastai", kind, week, 1000, 1, latest=week) == week
        assert store.rates.reserve("vastai", kind, NOW, 1000, 1, latest=NOW + 8000) == NOW
        assert store.rates.reserve("vastai", kind, NOW, 1000, 1, latest=NOW + 8000) == NOW + 1000

    def test_a_destroy_of_a_wrong_clock_keeps_nobody_else_waiting(self, store: AnyStore) -> None:
        week = NOW + 7 * 86_400_000
        assert store.rates.reserve("vastai", "destroy", week, 1000, 1, latest=week) == week
        assert store.rates.reserve("vastai", "read", NOW, 1000, 1, latest=NOW + 8000) == NOW
