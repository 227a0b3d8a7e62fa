"""The course of a drill: rent amid lost answers, lie about the living, pull the plug, end amid lying deletes, look."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from requests import RequestException

from chalicelib.domain import tag as tags
from chalicelib.vault.secrets import from_folder
from local.drill.board import Progress, Row, Score, machine_of
from local.drill.cases import PLUGGED, SHORT, Case
from local.drill.hands import FINAL, Hands, Session, stamp
from local.drill.stack import MARKETS, Stack, TooLate, wait_until

OTHERS = "shopper-other-01m3250v007f0v023j9xkyejmh-6yqegmkx"
DEPLOYMENT = "local"
EXPIRES_HOURS = 0.006  # 22 s: it runs out while the plug is out


class Course:
    """Every step notes its rows; a step that fails does not keep the others from being run."""

    def __init__(self, stack: Stack, progress: Progress) -> None:
        self.stack = stack
        self._hands = Hands(stack)
        self.score = Score()
        self._progress = progress
        self._offers: dict[str, list[dict[str, Any]]] = {}
        self._due: dict[str, float] = {}
        """By machine, where it is not its session that tells."""
        self._twins: list[str] = []
        """Tags under which the market itself makes two machines."""

    def run(self, creates: Sequence[Case], ends: Sequence[Case], whole: bool) -> Score:
        """`whole` adds what takes longer: lying lists, an outage, the plug."""
        self._open(whole)
        steps: list[tuple[str, Callable[[], None]]] = [("renting", lambda: self._creates(creates))]
        if whole:
            steps += [("lists that lie", self._lists_lie), ("the pulled plug", self._plug)]
        steps += [
            ("ending", lambda: self._ends(ends, whole)),
            ("what was planted", self._planted),
            ("the audit", self._audit),
        ]
        for name, step in steps:
            try:
                step()
            except (TooLate, RequestException, LookupError) as error:
                self.score.rows.append(Row(fault=name, survived=False, detail=f"{type(error).__name__}: {error}"))
        self.score.took_seconds = self._progress.seconds
        return self.score

    # --- steps

    def _open(self, whole: bool) -> None:
        self._progress("starting the stack and the markets")
        self.stack.start()
        self._hands.brisk()
        wait_until(lambda: self.stack.get("/inventory", limit=1)["total"] > 300, 60, "both markets are listed")
        for market in MARKETS:
            page = self.stack.get("/inventory", provider=market, spot="false", max_price=1.5, limit=100)
            seen: dict[str, dict[str, Any]] = {}
            for offer in page["offers"]:
                if offer["gpu_count"] == 1:
                    seen.setdefault(offer["machine_id"] or offer["id"], offer)
            self._offers[market] = list(seen.values())
        keys = from_folder(self.stack.folder).signing_keys
        minted = tags.mint(DEPLOYMENT, round(time.time() * 1000), b"\0" * 10, keys[0])
        self._orphan = self.stack.market("vastai", "/machines", {"label": tags.of(minted)})["id"]
        self._foreign = [self._hands.plant(market, label) for market in MARKETS for label in ("my-training", OTHERS)]

    def _creates(self, cases: Sequence[Case]) -> None:
        met = {}
        for number, case in enumerate(cases):
            self._progress(f"renting {number + 1}/{len(cases)}: {case.name}")
            offer = self._offers[case.market].pop(0)
            wanted = {"id": offer["provider_offer_id"]} if case.market == "vastai" else {}
            self._hands.arm(case, wanted)
            session_id = self._hands.rent(offer)
            met[session_id] = case
            if case.fault == "create.twice":
                self._twins.append(f"shopper-{session_id}")
        self._progress("waiting for what becomes of them")
        for session_id, case in met.items():
            with_effect = self._hands.settled(session_id, case.ends)
            self._row(case.name, with_effect, _became, case)

    def _lists_lie(self) -> None:
        self._progress("the lists lie: empty, failing, stale")
        before = {session["id"]: session["status"] for session in self._hands.sessions("running")}
        for market in MARKETS:
            for name, seconds in (("list.empty", 5.0), ("list.error", 4.0), ("list.stale", 8.0)):
                self.stack.market(market, "/faults", {"name": name, "for_seconds": seconds})
                time.sleep(seconds / 2)
        time.sleep(6)
        self._hands.clear()
        lost = [s["id"] for s in self._hands.sessions(None) if before.get(s["id"]) and s["status"] != "running"]
        alive = {one["label"] for one in self.stack.machines() if one["alive"]}
        killed = [session_id for session_id in before if f"shopper-{session_id}" not in alive]
        self.score.rows.append(
            Row(
                fault="lists: empty, failing and stale by turns, for 14 s",
                survived=bool(before) and not lost and not killed,
                detail=f"{len(before)} sessions run on" if not lost else f"ended for no reason: {', '.join(lost)}",
            )
        )

    def _plug(self) -> None:
        """Everything dies while two creates are in the air and a session is about to expire."""
        self._progress("kill -9 of the whole stack, creates under way")
        expiring = self._hands.rent(self._offers["vastai"].pop(0), EXPIRES_HOURS)
        wait_until(lambda: self._hands.session(expiring)["status"] == "running", 15, "the short session runs")
        flying = []
        for case in PLUGGED:
            self._hands.arm(case, {})
            flying.append((case, self._hands.rent(self._offers[case.market].pop(0))))
        wait_until(
            lambda: all(self._hands.session(one)["status"] == "provisioning" for _, one in flying),
            10,
            "both creates are sent",
        )
        time.sleep(0.5)
        end = stamp(self._hands.session(expiring)["expires_at"])
        self.stack.kill()
        self._progress("dark until after a session's end")
        time.sleep(max(0.0, end - time.time()) + 2)
        self.stack.start()
        self._hands.brisk()
        for case, session_id in flying:
            self._row(case.name, self._hands.settled(session_id, case.ends), _became, case)
        self._row("an end that came while everything was dead", self._hands.settled(expiring, "terminated"), _ended_in)

    def _ends(self, cases: Sequence[Case], whole: bool) -> None:
        """Every running session ends: some amid a fault each, one by its host's doing, one during an outage."""
        left = {market: [s for s in self._hands.sessions("running") if s["provider"] == market] for market in MARKETS}
        missing = max(0, len(cases) + 2 * whole - len(left["vastai"]))
        more = [self._hands.rent(self._offers["vastai"].pop(0)) for _ in range(missing)]
        for session_id in more:
            self._hands.settled(session_id, "running")
        left["vastai"] += [self._hands.session(session_id) for session_id in more]
        met: list[tuple[str, Session, Case | None]] = []
        for case in cases:
            session = left[case.market].pop()
            self._hands.arm(case, {"id": session["provider_instance_id"]})
            met.append((case.name, session, case))
        stopped: list[tuple[str, Session, Case | None]] = []
        if whole:
            session = left["vastai"].pop()
            self._due[session["provider_instance_id"]] = time.time()
            self.stack.market("vastai", f"/machines/{session['provider_instance_id']}/exit", {})
            stopped.append(("the host stops a running machine", session, None))
            self.stack.market("tensordock", "/faults", {"name": "any.outage", "for_seconds": 10.0})
            met += [("destroy: the whole market is down for 10 s", session, None) for session in left["tensordock"][:1]]
        self._progress(f"ending everything, {len(met)} amid faults")
        for session in (*(one for _, one, _ in met), *left["vastai"], *left["tensordock"][1:]):
            self.stack.delete(f"/sessions/{session['id']}")
        if whole:
            time.sleep(2)
            self._progress("kill -9 of the whole stack, destroys under way")
            self.stack.kill()
            self.stack.start()
            self._hands.brisk()
        for name, session, one in (*met, *stopped):
            self._progress(f"proving gone: {name}")
            self._row(name, self._hands.settled(session["id"], "terminated"), _ended_in, one)
        wait_until(lambda: not self._hands.sessions("active"), 60, "every session has ended")
        if whole:
            self._row("kill -9 mid-destroy", (True, met[0][1]), lambda _: f"{len(met)} endings went on where they were")

    def _planted(self) -> None:
        wait_until(lambda: not self._hands.machine("vastai", self._orphan)["alive"], 30, "the orphan is gone")
        orphan = self._hands.machine("vastai", self._orphan)
        self._due[self._orphan] = orphan["created_at"] + float(SHORT["SHOPPER_ORPHAN_GRACE_SECONDS"])
        detail = f"destroyed {orphan['gone_at'] - orphan['created_at']:.0f} s after it was made"
        self.score.rows.append(Row(fault="an orphan: our tag, no session", survived=not orphan["alive"], detail=detail))
        views = [self._hands.machine(market, machine_id) for market, machine_id in self._foreign]
        untouched = all(one["alive"] and not one["destroy_calls"] for one in views)
        names = "foreign machines, and another deployment's"
        detail = f"{len(views)} live on, never asked to end"
        self.score.rows.append(Row(fault=names, survived=untouched, detail=detail if untouched else "TOUCHED"))

    def _audit(self) -> None:
        """Every machine of the books: was it due, how long did it outlive that, what did that cost."""
        self._progress("reading the markets' books")
        sessions = {f"shopper-{session['id']}": session for session in self._hands.sessions(None)}
        foreign = {machine_id for _, machine_id in self._foreign}
        now = time.time()
        for view in self.stack.machines():
            ours = view["id"] not in foreign
            due = self._due.get(view["id"]) or (self._hands.due_of(view, sessions.get(view["label"])) if ours else None)
            self.score.machines.append(machine_of(view, ours, due, now))
        took = [span for session in sessions.values() if (span := self._hands.ending(session)) is not None]
        self.score.slowest_destroy_seconds = round(max(took), 1) if took else None
        made = Counter(view["label"] for view in self.stack.machines())
        made.subtract(self._twins)
        doubled = [tag for tag, session in sessions.items() if made[tag] > len(session["attempts"])]
        unproven = [s["id"] for s in sessions.values() if s["status"] not in FINAL or not s["absence_proof"]]
        alive = [one.id for one in self.score.machines if one.ours and one.gone_at is None]
        for fault, wrong in (
            ("no create was ever sent twice", doubled),
            ("every session ended with its proof", unproven),
            ("no machine of ours is left", alive),
        ):
            self.score.rows.append(Row(fault=fault, survived=not wrong, detail=", ".join(wrong) or "by the books"))

    def _row(
        self, fault: str, outcome: tuple[bool, Session], told: Callable[[Session], str], case: Case | None = None
    ) -> None:
        survived, session = outcome
        detail = told(session) if survived else f"{session['id']} is {session['status']}: {session['status_reason']}"
        if case is not None and not self._hands.struck(case):
            survived, detail = False, "the fault never struck: nothing is proven"
        self.score.rows.append(Row(fault=fault, survived=survived, detail=detail))


def _ended_in(session: Session) -> str:
    looks = session["absence_proof"]["looks"] if session["absence_proof"] else ()
    return f"{session['end_reason']}, proven gone by {len(looks)} looks"


def _became(session: Session) -> str:
    return "running, on one machine" if session["status"] == "running" else "failed, its machine proven gone"
