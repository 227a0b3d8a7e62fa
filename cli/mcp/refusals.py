"""What went wrong, told to an agent: one sentence on what happened, one on what to do next."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import ParamSpec, TypeVar

from mcp.server.mcpserver.exceptions import ToolError

from cli.errors import CliError, Unreachable

P = ParamSpec("P")
R = TypeVar("R")

_STEPS: Mapping[str, str] = {
    "offer_gone": "Call search_offers again and take another offer.",
    "quota_exceeded": "End a session that is not needed (list_sessions, end_session), or ask your operator for more.",
    "budget_exceeded": "Rent for fewer hours or something cheaper, end a session, or ask your operator for more.",
    "churn_guard": "Wait some minutes; too many launches failed lately.",
    "creates_blocked": "Take an offer of another market: search_offers with provider.",
    "price_above_max": "Take a cheaper offer, or raise max_price_per_hour.",
    "idempotency_conflict": "Use another request_id: this one belongs to a different request.",
    "past_hard_max": "It cannot live longer: save the work and rent another.",
    "no_lease": "It needs no renewing.",
    "not_live": "It is ending or has ended: call session_status, and rent another to work on.",
    "not_running": "Call session_status with wait_seconds until it is running.",
    "not_found": "Call list_sessions for the sessions there are.",
    "ambiguous": "Give the whole id.",
    "unauthorized": "Ask the person who set this server up for a key: it is read from GPU_SHOPPER_KEY.",
    "forbidden": "This needs an operator; ask yours.",
    "store_unavailable": "Try again in some seconds; look with list_sessions before you repeat a rent or an extension.",
    "internal_error": "Try again in some seconds; look with list_sessions before you repeat a rent or an extension.",
}


class Refused(CliError):
    """Refused here, by a limit that this server was started with."""


def told(tool: Callable[P, R]) -> Callable[P, R]:
    """The tool with its errors as the protocol's own."""

    @wraps(tool)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return tool(*args, **kwargs)
        except CliError as error:
            raise ToolError(sentence(error)) from None

    return call


def sentence(error: CliError) -> str:
    own = isinstance(error, (Refused, Unreachable))
    step = error.hint if own else _STEPS.get(error.code)
    return f"{error.detail.rstrip('.')}. ({error.code})" + (f" {step}" if step else "")
