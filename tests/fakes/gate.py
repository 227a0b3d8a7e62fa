"""A rate gate that lets everything through and remembers what passed."""

from chalicelib.ports import CallKind


class OpenGate:
    """`RateGate`; `passed` holds (provider, kind) of every call, in order."""

    def __init__(self) -> None:
        self.passed: list[tuple[str, CallKind]] = []

    def pass_through(self, provider: str, kind: CallKind) -> None:
        self.passed.append((provider, kind))
