"""Is the service well? For anybody who asks."""

from chalicelib.api.calls import Answer, Call
from chalicelib.usecases import reporting


def check(call: Call[None]) -> Answer:
    return Answer(*reporting.health(call.ports))
