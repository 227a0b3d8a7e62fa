"""Run a sweep soon, without waiting for its turn."""

from chalicelib.api.calls import Answer, Call
from chalicelib.domain.errors import Refusal
from chalicelib.domain.schedule import EVERY


def start(call: Call[None]) -> Answer:
    name = call.params["name"]
    if name not in EVERY:
        raise Refusal(404, "unknown_sweep", f"no such sweep; there are {', '.join(EVERY)}")
    if name == "inventory":
        call.ports.inventory.asked(call.now)  # as for anybody who wants to see offers: else no market may be due
    call.ports.wakeups.sweep(name)
    return Answer(202, {"sweep": name})
