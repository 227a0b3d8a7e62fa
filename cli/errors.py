"""What can go wrong on the command line: each error knows its exit code and what the person does next.

CliError                 1  refused or failed
├─ ApiError              1  the service answered with a problem
├─ UsageError            2  the command cannot mean anything as it stands
├─ Unreachable           3  no usable answer from the service
└─ Interrupted         130  the person pressed Ctrl-C, as shells count it
"""

from collections.abc import Mapping

HINTS: Mapping[str, str] = {
    "offer_gone": "see what is there now: gpu-shopper inventory",
    "quota_exceeded": "end a session first (gpu-shopper ls), or ask an operator for more",
    "budget_exceeded": "rent for fewer --hours, end a session (gpu-shopper ls), or ask an operator for more",
    "creates_blocked": "gpu-shopper health says why; another market may work: --provider",
    "idempotency_conflict": "that key belongs to another request: drop --idempotency-key",
    "past_agent_deadline": "another time: gpu-shopper up --extendable-hours N",
    "no_lease": "another time: gpu-shopper up --lease-minutes N",
    "not_live": "rent another: gpu-shopper up",
    "past_hard_max": "only an operator may go beyond it, with --override",
}
NOT_FOUND: Mapping[str, str] = {
    "sessions": "check the id: gpu-shopper ls --all lists what is yours",
    "budgets": "an operator sets one: gpu-shopper budget CONSUMER --limit USD",
    "consumers": "gpu-shopper consumers ls lists them, and gpu-shopper keys ls their keys",
    "alerts": "gpu-shopper alerts --subscriptions lists them",
    "sweeps": "gpu-shopper health lists them",
}
"""By what the path begins with."""
_STATUS_HINTS: Mapping[int, str] = {
    401: "set GPU_SHOPPER_KEY to a key that works here; an operator makes one with: gpu-shopper keys create",
    403: "this needs an operator's key",
}


class CliError(Exception):
    """Ends the command with one line: what happened, and what to do next."""

    exit_code = 1

    def __init__(self, detail: str, hint: str | None = None, code: str = "failed") -> None:
        super().__init__(detail)
        self.detail = detail
        self.hint = hint
        self.code = code

    def line(self) -> str:
        return f"{self.detail}; {self.hint}" if self.hint else self.detail

    def fields(self) -> dict[str, object]:
        """The same for programs; None is left out."""
        found = {"code": self.code, "detail": self.detail, "hint": self.hint}
        return {name: value for name, value in found.items() if value is not None}


class UsageError(CliError):
    exit_code = 2

    def __init__(self, detail: str, hint: str | None = None) -> None:
        super().__init__(detail, hint, "usage")


class Unreachable(CliError):
    """`sent`: the request may have reached the service, and what it asked for may have been done."""

    exit_code = 3

    def __init__(self, detail: str, hint: str | None = None, sent: bool = True) -> None:
        super().__init__(detail, hint, "unreachable")
        self.sent = sent


class Interrupted(CliError):
    exit_code = 130

    def __init__(self, detail: str = "stopped", hint: str | None = None) -> None:
        super().__init__(detail, hint, "interrupted")


class ApiError(CliError):
    """A problem+json of the service. `field` names the part of the request that was wrong, if one was."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        field: str | None = None,
        request_id: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(
            detail, hint or HINTS.get(code) or _STATUS_HINTS.get(status) or _report(status, request_id), code
        )
        self.status = status
        self.field = field
        self.request_id = request_id

    def fields(self) -> dict[str, object]:
        more = {"status": self.status, "field": self.field, "request_id": self.request_id}
        return super().fields() | {name: value for name, value in more.items() if value is not None}


def _report(status: int, request_id: str | None) -> str | None:
    if status < 500:
        return None
    return "try again, then look at gpu-shopper health" + (f" (request {request_id})" if request_id else "")
