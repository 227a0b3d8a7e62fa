"""What every market knows of its machines, its options and itself; saved as it is."""

import msgspec

from simulators.agenda import Agenda
from simulators.faults import Faults
from simulators.ledger import Ledger


class Options(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """How a market behaves; every one can be changed while it runs."""

    api_key: str = "sim-key"
    """The account's key; empty accepts any."""
    credit: float = 100.0
    boot_seconds: float = 8.0
    """From create to a shell, give or take a quarter."""
    settle_seconds: float = 2.0
    """How long a stop or a reboot takes."""
    lag_seconds: float = 0.0
    """Reads may miss a new machine, and show a destroyed one, for up to this long."""
    rate_limits: bool = False


class Machine(msgspec.Struct, kw_only=True):
    """A rented machine, alive or gone. Subclasses add what their market tells of it."""

    id: str
    label: str | None
    created_at: float
    foreign: bool = False
    stage: str = ""
    history: list[tuple[float, str]] = []
    booted_at: float | None = None
    """When SSH first answered."""
    gone_at: float | None = None
    gone_by: str = ""
    visible_from: float = 0.0
    visible_until: float | None = None
    epoch: int = 0
    ssh_host: str = "127.0.0.1"
    ssh_port: int = 0
    ssh_mode: str = "on"
    """`on`, `refuse` or `silent`."""
    ssh_keys: list[str] = []
    destroy_calls: list[float] = []

    @property
    def alive(self) -> bool:
        return self.gone_at is None

    def listed(self, now: float) -> bool:
        """Do reads show it?"""
        return self.visible_from <= now and (self.visible_until is None or now < self.visible_until)

    def stage_at(self, now: float) -> str | None:
        """The stage it was in then; None when it was not yet made, or gone."""
        if now < self.created_at or (self.gone_at is not None and now >= self.gone_at):
            return None
        return next((stage for at, stage in reversed(self.history) if at <= now), "")


class State(msgspec.Struct, kw_only=True):
    """All that is saved. Subclasses add the catalogue and the machines."""

    seed: int
    ledger: Ledger
    settled_at: float
    """Up to here everything that was due has been done."""
    simulated: float = 0.0
    wall: float = 0.0
    """The two clocks when the state was saved."""
    broke: bool = False
    starts: int = 0
    """So that chance does not repeat itself after a restart."""
    agenda: Agenda = msgspec.field(default_factory=Agenda)
    faults: Faults = msgspec.field(default_factory=Faults)
