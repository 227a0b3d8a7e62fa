"""A rate gate that lets everything through and remembers what passed."""

from chalicelib.ports import CallKind


class OpenGate:
    """`RateGate`; `passed` holds (provider, kind) of every call, in order; `going_on` which of them went on."""

    def __init__(self) -> None:
        self.passed: list[tuple[str, CallKind]] = []
        self.going_on: list[bool] = []

    def pass_through(self, provider: str, kind: CallKind, *, going_on: bool = False) -> None:
        self.passed.append((provider, kind))
        self.going_on.append(going_on)
