"""What both markets have in common: how a request reaches the truth, and the forms in which answers are unusable."""

from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from random import Random
from typing import Any

from chalicelib.domain.errors import (
    LaunchUncertain,
    ProviderAuth,
    ProviderBusy,
    ProviderDown,
    ProviderError,
)
from chalicelib.domain.instance import Instance
from chalicelib.domain.instant import SECOND, Instant
from chalicelib.domain.offer import Offer
from chalicelib.ports import CallKind, LaunchOrder, Provider
from tests.simulation.kernel import Violation
from tests.simulation.machine import Machine
from tests.simulation.market import Market
from tests.simulation.wire import network
from tests.simulation.wire.network import Reply, Request, json, text

KEY = "the-key-of-this-account"


@dataclass(slots=True, eq=False)
class Call:
    """One call of the port, while it runs: what it was asked, and what the market meant by its last answer."""

    method: str
    subject: Any
    began: Instant
    sends: int = 0
    meant: object = None
    pages: dict[str, list[Instance] | None] = field(default_factory=dict)
    """Of a list: the machines on each page by its token, None where the page was made unusable."""


class Place:
    """One market's API. `answer` is what stands at the far end of the network."""

    name: str
    url: str
    wrong_shapes: tuple[object, ...]
    """Answers in JSON that no reader of an object, a list or a market can use."""

    def __init__(self, market: Market, rng: Random) -> None:
        self.market = market
        self.rng = rng
        self.kernel = market.kernel
        self.requests = 0
        market.id_of = self.id_of
        market.gate = _Open()
        market.offers = {offer.id: offer for offer in self.listed([*market.offers.values()])}

    def adapter(self, http: Any, create_seconds: float) -> Provider:
        """The real one."""
        raise NotImplementedError

    def id_of(self, number: int) -> str:
        """The id of the machine of that number, as this market writes them."""
        raise NotImplementedError

    def listed(self, offers: list[Offer]) -> list[Offer]:
        """These offers as the adapter reads them off this market."""
        raise NotImplementedError

    def route(self, request: Request, call: Call) -> Reply:
        raise NotImplementedError

    def answer(self, request: Request, call: Call) -> Reply:
        """Check what was sent, do it, and put the outcome into a form of this market."""
        self.requests += 1
        if request.headers.get("Authorization") != f"Bearer {KEY}" or KEY in f"{request.path}{request.query}":
            raise Violation("wire", f"{request.method} {request.path} without its key in the header, and there alone")
        self._count_once(call)
        sent_at = self.kernel.time
        try:
            return self.route(request, call)
        except ProviderError as error:
            call.meant = error
            return self.failure(error, request, call, (self.kernel.time - sent_at) / SECOND)

    def failure(self, error: ProviderError, request: Request, call: Call, waited: float) -> Reply:
        if isinstance(error, ProviderBusy):
            return self.told(self._busy())
        if isinstance(error, ProviderAuth):
            return self.told(self.unauthorised())
        if isinstance(error, (ProviderDown, LaunchUncertain)):
            return self._unusable(request, call, waited)
        raise AssertionError(f"{type(error).__name__} has no form on this wire") from error

    def unauthorised(self) -> Reply:
        raise NotImplementedError

    # --- for the markets

    def choose(self, *forms: Callable[[], Reply]) -> Reply:
        return self.rng.choice(forms)()

    def told(self, reply: Reply) -> Reply:
        """Note which form it took."""
        self.market.faults.counts[f"http_{reply.status}"] += 1
        self.market.watch.log("answers", reply.status, reply.content[:80].decode("utf-8", "replace"))
        return reply

    def page(
        self, call: Call, token: str, make: Callable[[list[Machine]], Reply], spoil: Callable[[Reply], Reply]
    ) -> Reply:
        """One page of the list of machines; `make` says what is on it, by the truth or the lie of the moment."""
        market = self.market
        if token in call.pages and self.kernel.current is not None:
            self.kernel.current.calls -= 1  # asked for again: the same call
        call.pages[token] = None
        market._reach("read", "list", token)
        if market.faults.hits("list_error"):
            market._fail()
        spoiled = market.faults.hits("list_incomplete")
        seen = sorted(market.shown(self.kernel.time), key=lambda machine: machine.id)
        reply = make(seen)
        if spoiled:
            call.pages[token] = None
            reply = self.told(spoil(reply))
        market._answer()
        return reply

    def _count_once(self, call: Call) -> None:
        """A send that repeats one on the way is the same call, in every count of calls."""
        call.sends += 1
        process = self.kernel.current
        if call.sends == 1 or call.method == "list":
            return
        if process is not None:
            process.calls -= 1
        machine = self.market.machines.get(call.subject) if call.method == "destroy" else None
        if machine is not None and machine.asked:
            machine.asked.pop()
            if process is not None and process.destroyed:
                process.destroyed.pop()

    def _busy(self) -> Reply:
        reset = round(self.kernel.time / SECOND) + 10
        date = formatdate(self.kernel.time / SECOND + 10, usegmt=True)
        body = {"error": "HTTPTooManyRequests", "msg": "API requests too frequent", "retry_after": 10}
        return self.choose(
            lambda: json(429, body, **{"Retry-After": "10", "X-RateLimit-Reset": str(reset)}),
            lambda: json(429, body),
            lambda: json(429, {"detail": "slow down"}, **{"X-RateLimit-Reset": str(reset)}),
            lambda: text(429, "<html>Too many requests</html>", **{"Retry-After": date}),
            lambda: text(429, "Too many requests", "text/plain", **{"Retry-After": "soon"}),
        )

    def _unusable(self, request: Request, call: Call, waited: float) -> Reply:
        """No answer, or one that says nothing about what was done. Only an outage keeps a request from arriving."""
        if waited >= request.patience:
            self._lost("silent")
            network.silent()
        kind = self.rng.choice(("status", "status", "shape", "shape", "lost", "never sent", "torn", "drips", "silent"))
        if kind == "never sent" and self._was_done(call):
            kind = "lost"
        if kind == "never sent":
            call.meant = ProviderDown("never sent")
            self._lost(kind)
            if self.rng.random() < 0.5:
                self.kernel.pause(3 * SECOND)
                network.unreachable()
            network.refused()
        if kind == "lost":
            self._lost(kind)
            network.reset()
        if kind == "silent":
            self._lost(kind)
            self.kernel.pause(max(0, round((request.patience - waited) * SECOND)))
            network.silent()
        if kind == "shape":
            return self.told(self._shapeless(request, call))
        reply = self._status()
        reply.torn, reply.drips = kind == "torn", request.patience / 8 if kind == "drips" else 0.0
        return self.told(reply)

    def _was_done(self, call: Call) -> bool:
        """May it have had an effect?"""
        if call.method != "create":
            return call.method == "destroy"
        made = self.market.watch.machines.get(ordered(call).tag, ())
        return any(machine.created_at >= call.began for machine in made)

    def _lost(self, how: str) -> None:
        self.market.faults.counts[f"http_{how.replace(' ', '_')}"] += 1
        self.market.watch.log("answers", how)

    def _status(self) -> Reply:
        page = "<!DOCTYPE html><html><head><title>Bad gateway</title></head><body>nginx</body></html>"
        return self.choose(
            lambda: text(502, page),
            lambda: text(504, page, **{"Retry-After": "3"}),
            lambda: text(500, "Internal Server Error", "text/plain"),
            lambda: json(500, {"success": False, "error": "internal", "msg": "unexpected"}),
            lambda: json(503, {"error": "Service Unavailable", "retry_after": 2}),
            lambda: text(408, "", "text/plain"),
        )

    def _shapeless(self, request: Request, call: Call) -> Reply:
        """200 or a redirect, and no answer of the API."""
        shapes = () if call.method in ("destroy", "attach_key") else self.wrong_shapes
        return self.choose(
            lambda: text(200, "<html><body>Log in</body></html>"),
            lambda: Reply(200, b'{"success": true, "id": 1'),
            lambda: Reply(200, b"\xff\xfe{}"),
            lambda: text(302, "", Location="https://example.com/login"),
            *((lambda shape=shape: json(200, shape)) for shape in shapes),
        )


class _Open:
    """The adapter stood at the gate already."""

    def pass_through(self, provider: str, kind: CallKind, *, going_on: bool = False) -> None:
        return


def ordered(call: Call) -> LaunchOrder:
    if not isinstance(call.subject, LaunchOrder):
        raise Violation("wire", f"a create was sent by {call.method}")
    return call.subject


def expect(what: str, sent: object, wanted: object) -> None:
    """The request says what the port was asked for."""
    if sent != wanted:
        raise Violation("wire", f"the create sent {what} {sent!r}, asked for was {wanted!r}")
