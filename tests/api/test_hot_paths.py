"""What the requests that come most often ask of the store: counted, since times depend on the machine."""

from collections import Counter
from typing import Any

import msgspec

from chalicelib.domain import lease
from tests.api.client import Api, wish
from tests.counted import counted

WHO = {"access.key": 1, "access.consumer": 1}
"""A revocation holds at once: key and consumer are read for each request."""


class Warm:
    """Somebody has looked at the inventory, and the keys were used within the hour."""

    def __init__(self) -> None:
        self.api = Api()
        self.api.world.ports, self._calls = counted(self.api.world.ports)
        for who in ("ada", "operator"):
            self.api.send("GET", "/inventory", who=who)

    def asked(self, *request: Any, status: int = 200, **more: Any) -> Counter[str]:
        """What the store was asked by this one request."""
        self._calls.clear()
        assert self.api.send(*request, **more).status == status
        return self._calls


def test_the_inventory_is_answered_from_memory() -> None:
    assert Warm().asked("GET", "/inventory?sort=value") == WHO


def test_a_session_is_one_read() -> None:
    warm = Warm()
    session = warm.api.rent()
    assert warm.asked("GET", f"/sessions/{session['id']}") == {**WHO, "sessions.get": 1}


def test_renting_is_one_transaction_and_one_message() -> None:
    """Beside them: may anything be rented there now, and did this consumer's creates fail of late?"""
    told = {"health.provider": 1, "sessions.page": 1, "sessions.open": 1, "wakeups.session": 1}
    assert Warm().asked("POST", "/sessions", wish(), status=202) == {**WHO, **told}


def test_an_operator_is_trusted_to_judge_failures() -> None:
    calls = Warm().asked("POST", "/sessions", wish(), status=202, who="operator")
    assert calls == {**WHO, "health.provider": 1, "sessions.open": 1, "wakeups.session": 1}


def test_an_idempotency_key_costs_one_read_more() -> None:
    calls = Warm().asked("POST", "/sessions", wish(), status=202, headers={"Idempotency-Key": "job-1"})
    assert calls["sessions.replayed"] == 1
    assert calls.total() == 7


def test_a_heartbeat_is_one_read_and_one_conditional_update() -> None:
    warm = Warm()
    world = warm.api.world
    row = world.store.sessions.get(warm.api.rent()["id"])
    assert row is not None
    secret = "ab" * 32
    known = lease.mark(lease.digest(row.id, secret, world.ports.secrets.pepper), 0)
    world.store.sessions.save(row, msgspec.structs.replace(row, agent_mark=known))
    headers = {"Authorization": f"Bearer ga_{row.id}_{secret}"}
    calls = warm.asked("POST", "/agent/heartbeat", {"uptime_seconds": 60}, who=None, headers=headers)
    assert calls == {"sessions.get": 1, "sessions.beat": 1}
