"""What the live sessions of a provider amount to, summed up while they go by: none of them is kept."""

from collections import deque
from collections.abc import Iterator

from chalicelib.domain import ledger
from chalicelib.domain.attempt import Stage
from chalicelib.domain.instant import Instant, seconds
from chalicelib.domain.money import Micros
from chalicelib.domain.session import Session
from chalicelib.ports import Ports


class Tally:
    """Right once its sessions have gone by."""

    def __init__(self, ports: Ports, name: str) -> None:
        self._ports, self._name = ports, name
        self.burn: Micros = 0
        """An hour, by all that runs there."""
        self.destroys_since: list[Instant] = []
        """When each unfinished destroy began."""
        self.abandoned: set[str] = set()
        """Markets of live sessions that are not configured."""

    def live(self) -> Iterator[Session]:
        """Every live session, wherever it is."""
        now = self._ports.clock.now()
        for session in self._ports.sessions.live():
            if session.provider == self._name:
                self._count(session, now)
            elif session.provider not in self._ports.providers:
                self.abandoned.add(session.provider)
            yield session

    def count_all(self) -> None:
        deque(self.live(), maxlen=0)

    def tell_stuck(self) -> None:
        """Whether the provider could be seen or not: when it cannot, destroys get stuck."""
        late = self._ports.clock.now() - seconds(self._ports.settings.policy.destroy_page_seconds)
        stuck = sum(since <= late for since in self.destroys_since)
        self._ports.metrics.count("DestroysStuck", stuck, provider=self._name)

    def _count(self, session: Session, now: Instant) -> None:
        self.burn += ledger.burn(session, now)
        attempt = session.attempt
        ending = attempt is not None and attempt.stage is Stage.ENDING and attempt.destroy_calls
        if attempt is not None and ending and attempt.ending_since:
            self.destroys_since.append(attempt.ending_since)
