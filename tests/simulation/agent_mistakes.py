"""Mistakes with agents and heartbeats, as patches: see `bugs` for what each of them is."""

import msgspec

from chalicelib.domain import lease as leases
from chalicelib.domain.heartbeat import is_active, is_silent
from chalicelib.domain.instant import Instant
from chalicelib.domain.limit import Reached
from chalicelib.domain.policy import Policy
from chalicelib.domain.pulse import Pulse
from chalicelib.domain.session import EndReason, Session, Status
from chalicelib.ports import Ports
from chalicelib.sweeps import watch as watching_sweep
from chalicelib.usecases import beating, leasing, lifecycle, watching
from chalicelib.usecases.leasing import Told
from tests.fakes import memory_sessions
from tests.simulation import agents, hearing
from tests.simulation.mistakes import Patches

_beat, _tell, _is_active = beating.beat, leasing.tell, is_active
_words = leases.words


def heartbeat_prolongs() -> Patches:
    """To be alive is to be wanted."""

    def beat(ports: Ports, session: Session, number: int, pulse: Pulse) -> Told:
        told = _beat(ports, session, number, pulse)
        row = ports.sessions.get(session.id)
        if row is not None and row.status is Status.RUNNING:
            ports.sessions.save(row, msgspec.structs.replace(row, expires_at=row.expires_at + 60_000))
        return told

    return [(beating, "beat", beat)]


def any_secret_will_do() -> Patches:
    class Lax:
        @staticmethod
        def compare_digest(known: str, shown: str) -> bool:
            return len(known) == len(shown)

    return [(beating, "hmac", Lax)]


def replay_revives() -> Patches:
    """Any beat of the right token is news."""
    return [(memory_sessions, "earlier", lambda mark: (leases.earlier(mark)[0], f"{mark.partition(':')[0]}:~"))]


def dead_tokens_open() -> Patches:
    def authenticate(ports: Ports, authorization: str | None) -> Session:
        parts = leases.parse((authorization or "").removeprefix("Bearer "))
        session = ports.sessions.get(parts[0]) if parts else None
        known = leases.known_token(session.agent_mark) if session else None
        if session is None or parts is None or known != leases.digest(*parts, ports.secrets.pepper):
            raise beating._stranger()
        return session

    return [(beating, "authenticate", authenticate)]


def idle_by_one_beat() -> Patches:
    def enough(ports: Ports, session: Session) -> Reached | None:
        return Reached(EndReason.IDLE) if session.status is Status.RUNNING and session.gpu_util == 0 else None

    idle = lambda session, policy, now: session.order.idle_minutes * 60_000 if session.gpu_util == 0 else 0  # noqa: E731
    return [(watching, "idle_for", idle), (watching, "_idle_enough", enough)]


def unseen_is_idle() -> Patches:
    def active(pulse: Pulse, gpus: int, policy: Policy) -> bool:
        seen = tuple(util for util in pulse.gpu_util if util is not None)
        return _is_active(msgspec.structs.replace(pulse, gpu_util=seen), len(seen), policy)

    return [(beating, "is_active", active)]


def logins_do_not_count() -> Patches:
    quiet = lambda pulse, gpus, policy: _is_active(msgspec.structs.replace(pulse, ssh_sessions=0), gpus, policy)  # noqa: E731
    return [(beating, "is_active", quiet)]


def silence_is_rest() -> Patches:
    """What a machine did while nobody heard of it counts as nothing."""
    return [(beating, "is_silent", lambda session, now, policy: False)]


def our_absence_is_silence() -> Patches:
    return [(watching_sweep, "overdue", lambda *_: False)]


def one_beat_is_time_enough() -> Patches:
    return [(watching_sweep, "_BEATS", 0)]


def silence_is_the_end() -> Patches:
    """Nobody asks the provider."""

    def ask(ports: Ports, session: Session) -> None:
        lifecycle.end(ports, session, EndReason.HEARTBEAT_LOST, "watch")

    return [(watching, "_ask_provider", ask)]


def lost_at_once() -> Patches:
    return [(watching, "is_lost", is_silent)]


def heard_for_ever() -> Patches:
    """`kill_paths.node_agent` once true stays true."""
    armed = lambda session, now, policy: not session.final and session.pulse is not None and session.pulse.armed  # noqa: E731
    return [(hearing, "is_armed", armed)]


def told_to_end_too_early() -> Patches:
    def tell(ports: Ports, session: Session, number: int, now: Instant) -> Told:
        if session.status is Status.PROVISIONING:
            session = msgspec.structs.replace(session, status=Status.TERMINATING)
        return _tell(ports, session, number, now)

    return [(beating, "tell", tell)]


def proof_of_no_beat() -> Patches:
    """The answer's proof does not cover what the agent checks: it believes none, and is alone."""
    return [(leases, "words", lambda number, *rest: _words(0, *rest))]


def believes_anybody() -> Patches:
    """The agent moves its deadline by an answer that nobody signed."""
    return [(agents, "believes", lambda lease, number, words, proof: words.startswith(f"{number} "))]


def extends_out_of_reach() -> Patches:
    return [(lifecycle, "check_reach", lambda session, expires_at, policy: None)]


def timer_at_the_hard_max() -> Patches:
    """The machine is given all the time there is, instead of its own."""

    def deadline(session: Session, policy: Policy) -> Instant:
        return leases.deadline(session.hard_max_at, session.hard_max_at, policy)

    return [(leasing, "told_deadline", deadline)]
