"""Vast.ai's API before the simulated truth: its routes, and the many ways in which it says yes and no."""

from typing import Any

import msgspec

from chalicelib.domain.errors import LaunchRefused, LaunchUncertain, OfferGone, ProviderError
from chalicelib.domain.instance import Absent, Instance
from chalicelib.domain.offer import Offer, disk_rented
from chalicelib.ports import LaunchOrder, Provider, Receipt
from chalicelib.providers import vastai_offers
from chalicelib.providers.vastai import VastAi
from tests.builders import NOW
from tests.simulation.kernel import Violation
from tests.simulation.machine import Machine
from tests.simulation.wire.network import Reply, Request, json, text
from tests.simulation.wire.place import Call, Place, expect, ordered
from tests.simulation.wire.vastai_rows import ask, contract

_MACHINES = 31_000_000
_ASKS = 7_000_000
PAGE = 25


class VastAiPlace(Place):
    name = "vastai"
    url = "https://console.vast.ai"
    wrong_shapes: tuple[object, ...] = (
        [],
        "ok",
        None,
        {"instances": "none", "offers": {}},
        {"success": False, "msg": "busy"},
    )

    def adapter(self, http: Any, create_seconds: float) -> Provider:
        return VastAi(http, self.kernel)

    def id_of(self, number: int) -> str:
        return str(_MACHINES + number)

    def listed(self, offers: list[Offer]) -> list[Offer]:
        found: list[Offer] = []
        for number, offer in enumerate(offers):
            numbered = msgspec.structs.replace(offer, provider_offer_id=str(_ASKS + number))
            found += vastai_offers.offers([ask(numbered)], spot=offer.spot, fetched_at=NOW)
        return found

    def route(self, request: Request, call: Call) -> Reply:
        path = request.path.removeprefix("/api/v0/").strip("/").split("/")
        match request.method, *path:
            case "POST", "bundles":
                return self._quote(request, call)
            case "PUT", "asks", number:
                return self._create(request, call, number)
            case "GET", "api", "v1", "instances":
                return self._list(request, call)
            case "GET", "instances", number:
                return self._get(call, number)
            case "DELETE", "instances", number:
                return self._destroy(call, number)
            case "POST", "instances", number, "ssh":
                self.market.attach_key(number, request.body["ssh_key"])
                call.meant = None
                return self.told(json(200, {"success": True, "msg": "SSH key added to instance"}))
            case "GET", "users", "current":
                self.market._reach("read", "balance", "")
                self.market._answer()
                return self.told(json(200, {"id": 1, "credit": 1_000.0, "balance": 0.0}))
        raise Violation("wire", f"no route of this market: {request.method} {request.path}")

    def unauthorised(self) -> Reply:
        body = {"success": False, "error": "auth_error", "msg": "Invalid user key"}
        return self.choose(
            lambda: json(401, body), lambda: json(403, body), lambda: json(404, body), lambda: text(403, "Forbidden")
        )

    def failure(self, error: ProviderError, request: Request, call: Call, waited: float) -> Reply:
        if isinstance(error, LaunchUncertain) and error.instance_id:
            return self.told(self._refused_and_made(error.instance_id))
        if isinstance(error, LaunchUncertain) and waited < request.patience and self.rng.random() < 0.4:
            return self.told(self._no_id())
        if isinstance(error, OfferGone) and call.method == "quote":
            return self.told(self._no_such_offer(call.subject))
        if isinstance(error, OfferGone) or (isinstance(error, LaunchRefused) and error.kind == "no_capacity"):
            call.meant = OfferGone(error.reason)
            return self.told(self._taken())
        if isinstance(error, LaunchRefused):
            return self.told(self._no_funds() if error.kind == "no_funds" else self._bad_order())
        return super().failure(error, request, call, waited)

    # --- offers

    def _quote(self, request: Request, call: Call) -> Reply:
        wanted = request.body["ask_contract_id"]["eq"]
        offer: Offer = call.subject
        if str(wanted) != offer.provider_offer_id or (request.body["type"] == "bid") != offer.spot:
            raise Violation("wire", f"asked for {offer.id}, the query says {request.body}")
        found = self.market.quote(offer)
        call.meant = found
        return self.told(json(200, {"offers": [ask(found)]}))

    def _no_such_offer(self, offer: Offer) -> Reply:
        row = ask(offer)
        other = next(one for one in self.market.offers.values() if one.provider_offer_id != offer.provider_offer_id)
        return self.choose(
            lambda: json(200, {"offers": []}),
            lambda: json(200, {"offers": [{**row, "rentable": False, "rented": True}]}),
            lambda: json(200, {"offers": [{**row, "num_gpus": 8, "gpu_total_ram": 8 * row["gpu_ram"]}]}),
            lambda: json(200, {"offers": [ask(other)]}),  # filters are not always applied
            lambda: json(200, {"offers": [{**row, "dph_base": None}]}),
        )

    # --- create

    def _create(self, request: Request, call: Call, number: str) -> Reply:
        order = ordered(call)
        _check(request.body, number, order)
        receipt: Receipt = self.market.create(order)
        call.meant = receipt
        yes = {"success": True, "new_contract": int(receipt.instance_id), "instance_api_key": "0" * 64}
        return self.told(json(self.rng.choice((200, 200, 201)), yes))

    def _refused_and_made(self, instance_id: str) -> Reply:
        body = {"success": False, "error": "invalid_price", "new_contract": int(instance_id)}
        low = {**body, "msg": "bid is below the minimum", "actual_status": "stopped"}
        return self.choose(
            lambda: json(200, low), lambda: json(400, low), lambda: json(200, {**body, "error": "no_such_ask"})
        )

    def _no_id(self) -> Reply:
        return self.choose(
            lambda: json(200, {"success": True}),
            lambda: json(200, {"success": True, "new_contract": None}),
            lambda: json(200, {"success": True, "new_contract": -1, "msg": "no_such_ask"}),
            lambda: json(200, {"success": False}),
            lambda: json(200, {"success": False, "msg": "please try again"}),
            lambda: Reply(200, b'{"success": true, "new_contract": 3100'),
            lambda: json(200, [{"success": True}]),
        )

    def _taken(self) -> Reply:
        gone = "error 404/3603: no_such_ask Instance type by id 7 is not available."
        return self.choose(
            lambda: json(404, {"success": False, "error": "invalid_args", "msg": gone, "ask_id": 7}),
            lambda: json(410, {"success": False, "error": "no_such_ask", "msg": "Type 7 is no longer available."}),
            lambda: json(400, {"success": False, "error": "no_such_ask", "msg": gone}),
            lambda: json(200, {"success": False, "error": "no_such_ask"}),
        )

    def _no_funds(self) -> Reply:
        body = {"success": False, "error": "insufficient_credit", "msg": "Your account lacks credit"}
        return self.choose(
            lambda: json(400, body), lambda: json(200, body), lambda: json(402, {"success": False, "msg": "pay first"})
        )

    def _bad_order(self) -> Reply:
        body = {"success": False, "error": "invalid_args", "msg": "error 400/3467: Invalid args: image"}
        return self.choose(
            lambda: json(400, body),
            lambda: json(200, body),
            lambda: json(403, {**body, "msg": "Offer 7 is not your own"}),
            lambda: json(400, {"success": False, "error": "no_ssh_key_for_vm"}),
            lambda: json(400, {"success": False, "error": "bad_request", "message": "disk: too small"}),
        )

    # --- machines

    def _get(self, call: Call, number: str) -> Reply:
        found = self.market.get(number)
        call.meant = found
        if isinstance(found, Absent):
            gone = {"success": False, "error": "no_such_instance", "msg": f"Instance {number} not found."}
            return self.told(self.choose(lambda: json(200, {"instances": None}), lambda: json(404, gone)))
        row = contract(found, self.rng)
        return self.told(json(200, {"instances": self.rng.choice((row, row, [row]))}))

    def _destroy(self, call: Call, number: str) -> Reply:
        self.market.destroy(number)
        call.meant = None
        gone = {"success": False, "error": "no_such_instance", "msg": f"Instance {number} not found."}
        machine = self.market.machines.get(number)
        yes: tuple[Reply, ...] = (json(200, {"success": True}), json(200, {"success": True, "msg": "destroyed"}))
        if machine is None or not machine.seen(self.kernel.time):
            yes += (json(404, gone), json(404, {"success": False, "error": "not_found"}))
        elif self.market.faults.hits("destroy_404"):
            yes = (json(404, gone),)
        return self.told(self.rng.choice(yes))

    def _list(self, request: Request, call: Call) -> Reply:
        token = request.query.get("after_token", "")
        after = token.removeprefix("after-")

        def make(seen: list[Machine]) -> Reply:
            rows = [machine for machine in seen if machine.id > after]
            here = [self.market.described(machine, self.kernel.time) for machine in rows[:PAGE]]
            call.pages[token] = here
            more = len(rows) > PAGE
            return json(200, self._page(here, len(seen), f"after-{here[-1].id}" if more else None))

        return self.page(call, token, make, self._spoiled)

    def _page(self, here: list[Instance], total: int, token: str | None) -> dict[str, Any]:
        page: dict[str, Any] = {"instances": [contract(machine, self.rng) for machine in here], "next_token": token}
        style = self.rng.random()
        if style < 0.8:
            page |= {"success": True, "instances_found": len(here), "total_instances": total, "label_counts": {}}
        elif style < 0.9:
            page |= {"instances_found": total, "total_instances": total}
        return page

    def _spoiled(self, whole: Reply) -> Reply:
        page = msgspec.json.decode(whole.content)
        rows = page["instances"]
        counted = {**page, "total_instances": page.get("total_instances", len(rows))}
        fewer = {**counted, "instances": rows[1:], "instances_found": max(len(rows) - 1, 0)}
        last = rows[-1] if rows else {"label": None}
        old = "/api/v0/instances/ is deprecated. Use /api/v1/instances/ instead."
        return self.choose(
            lambda: json(200, {**fewer, "total_instances": counted["total_instances"] + 1}),
            lambda: json(200, fewer) if rows else json(200, {"success": True}),
            lambda: json(200, {"success": True, "instances": rows}),  # nothing says that it is whole
            lambda: json(200, {**page, "next_token": 25}),
            lambda: json(200, {**page, "instances": None}),
            lambda: json(200, {**page, "instances": [*rows, {"label": last["label"]}]}),
            lambda: json(200, {**page, "instances": [*rows, "…"]}),
            lambda: json(200, {**page, "instances": [*rows, last, last]}),
            lambda: json(200, {**page, "total_instances": "many"}),
            lambda: json(200, {**page, "success": False}),
            lambda: json(410, {"success": False, "error": "deprecated_endpoint", "msg": old}),
            lambda: json(400, {"success": False, "error": "invalid_token", "msg": "bad token"}),
            lambda: Reply(200, whole.content[: len(whole.content) // 2]),
        )


def _check(body: dict[str, Any], number: str, order: LaunchOrder) -> None:
    expect("ask", number, order.offer.provider_offer_id)
    expect("label", body["label"], order.tag)
    expect("price", body["price"], order.bid_per_hour)
    expect("disk", body["disk"], disk_rented(order.offer, order.disk_gb))
    expect("cancel_unavail", body["cancel_unavail"], True)
    expect("SSH key", order.ssh_public_key in body["onstart"], True)
    if order.agent is not None:
        expect("lease", body["env"].get("SHOPPER_SESSION"), order.agent.session)
