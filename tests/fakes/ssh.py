"""SSH that answers where a machine of the fake markets runs, unless told otherwise."""

from collections.abc import Iterable

from tests.fakes.provider import FakeProvider


class FakeSsh:
    """`SshProbe` over the machines of the given markets."""

    def __init__(self, markets: Iterable[FakeProvider]) -> None:
        self._markets = list(markets)
        self.deaf = False
        self.knocks = 0

    def answers(self, host: str, port: int, *, near: bool = False) -> bool:
        self.knocks += 1
        if self.deaf:
            return False
        return any(
            (machine.address.host, machine.address.port) == (host, port)
            and machine.phase_at(machine_clock) == "running"
            for market in self._markets
            for machine_clock in (market.clock.now(),)
            for machine in market.live()
        )
