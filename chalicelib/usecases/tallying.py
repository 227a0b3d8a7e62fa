"""What the live sessions of a provider amount to, summed up while they go by: none of them is kept."""

from collections import deque
from collections.abc import Iterator

from chalicelib.domain import ledger
from chalicelib.domain.alert import Alert, due_since, stuck
from chalicelib.domain.instant import Instant, seconds
from chalicelib.domain.money import Micros
from chalicelib.domain.session import Session
from chalicelib.ports import Ports
from chalicelib.usecases.alerting import tell_again

_MOST_LATE = 500  # are told of in a pass, so that they need not all be kept; the next one tells of the others


class Tally:
    """Right once its sessions have gone by."""

    def __init__(self, ports: Ports, name: str) -> None:
        self._ports, self._name = ports, name
        self.burn: Micros = 0
        """An hour, by all that runs there."""
        self.destroys_since: list[Instant] = []
        """Since when each unfinished destroy has been due, those included that nobody has asked for."""
        self._late: list[Alert] = []
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
        """Whether the provider could be seen or not: when it cannot, destroys get stuck. Whoever asks for one tells of
        it too; this is for those that nobody asks for."""
        late = self._ports.clock.now() - seconds(self._ports.settings.policy.destroy_page_seconds)
        number = sum(since <= late for since in self.destroys_since)
        self._ports.metrics.count("DestroysStuck", number, provider=self._name)
        tell_again(self._ports, self._late, lambda: True)

    def _count(self, session: Session, now: Instant) -> None:
        self.burn += ledger.burn(session, now)
        since = due_since(session)
        if since is None or since > now:
            return
        self.destroys_since.append(since)
        alert = stuck(session, now, self._ports.settings.policy)
        if alert is not None and len(self._late) < _MOST_LATE:
            self._late.append(alert)
