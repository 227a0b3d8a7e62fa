"""The hands of a drill: renting, arming faults, looking at sessions and at the machines behind them."""

import time
from datetime import datetime
from typing import Any

from local.drill.cases import BOOT_SECONDS, Case
from local.drill.stack import MARKETS, PUBLIC_KEY, Stack, TooLate, wait_until

Session = dict[str, Any]
FINAL = ("terminated", "failed")
LIVE = ("pending", "provisioning", "running", "terminating")


class Hands:
    """What a person at the keyboard could do, and what only the markets know."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack

    def rent(self, offer: dict[str, Any], hours: float = 1.0) -> str:
        order = {"offer_id": offer["id"], "ssh_public_key": PUBLIC_KEY, "hours": hours}
        session = self.stack.post("/sessions", order)
        return str(session["id"])

    def arm(self, case: Case, match: dict[str, str]) -> None:
        fault = {"name": case.fault, "count": case.count, "params": case.params, "match": match}
        self.stack.market(case.market, "/faults", fault)

    def struck(self, case: Case) -> bool:
        active = self.stack.market(case.market, "/faults")["active"]
        return any(fault["name"] == case.fault and fault["struck"] for fault in active)

    def clear(self) -> None:
        for market in MARKETS:
            self.stack.market(market, "/faults", {"clear": True})

    def brisk(self) -> None:
        for market in MARKETS:
            self.stack.market(market, "/options", {"boot_seconds": BOOT_SECONDS})

    def plant(self, market: str, label: str) -> tuple[str, str]:
        return market, str(self.stack.market(market, "/machines", {"label": label})["id"])

    def machine(self, market: str, machine_id: str) -> dict[str, Any]:
        view: dict[str, Any] = self.stack.market(market, f"/machines/{machine_id}")
        return view

    def session(self, session_id: str) -> Session:
        return self.stack.get(f"/sessions/{session_id}")

    def sessions(self, status: str | None) -> list[Session]:
        found = self.stack.sessions()
        wanted = LIVE if status == "active" else (status,)
        return found if status is None else [session for session in found if session["status"] in wanted]

    def settled(self, session_id: str, status: str) -> tuple[bool, Session]:
        """(did it become so, with no machine too many; the session as it is)."""
        try:
            wait_until(lambda: self.session(session_id)["status"] in (status, *FINAL), 60, status)
            if status == "running":
                wait_until(lambda: self.alive(session_id) == 1, 20, "one machine")
        except TooLate:
            return False, self.session(session_id)
        session = self.session(session_id)
        return session["status"] == status and self.alive(session_id) == (status == "running"), session

    def alive(self, session_id: str) -> int:
        return sum(one["alive"] and one["label"] == f"shopper-{session_id}" for one in self.stack.machines())

    def due_of(self, view: dict[str, Any], session: Session | None) -> float:
        """A twin, and what came with a refusal, was due at once; a session's machine when its end was asked for."""
        if session is None or session["running_at"] is None or view["id"] != session["provider_instance_id"]:
            return float(view["created_at"])
        asked = self.moments(session).get("terminating")
        return min(stamp(session["expires_at"]), asked or time.time())

    def ending(self, session: Session) -> float | None:
        moments = self.moments(session)
        return moments[session["status"]] - moments["terminating"] if session["status"] in FINAL else None

    def moments(self, session: Session) -> dict[str, float]:
        """When it entered each state."""
        events = self.stack.get(f"/sessions/{session['id']}/events")["events"]
        return {event["to"]: stamp(event["at"]) for event in events}


def stamp(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
