"""Whose key is this, and on which terms does it rent?"""

from chalicelib.api import answers, present
from chalicelib.api.calls import Answer, Call


def show(call: Call[None]) -> Answer:
    policy = call.ports.settings.policy
    body: answers.Me = {
        "key_id": call.caller.key_id,
        "consumer": present.consumer(call.caller.consumer),
        "terms": {
            "default_hours": policy.default_reservation_seconds / 3600,
            "hard_max_hours": policy.hard_max_seconds / 3600,
            "hold_margin_hours": policy.hold_margin_seconds / 3600,
            "price_tolerance": policy.price_tolerance,
        },
    }
    return Answer(200, body)
