"""What one heartbeat tells of its machine."""

from typing import Literal

import msgspec

from chalicelib.domain.instant import Instant

GpuView = Literal["ok", "none", "error", "timeout"]
"""How nvidia-smi did: it answered, is not there, failed, or did not come back."""


class Pulse(msgspec.Struct, frozen=True, kw_only=True):
    """The last heartbeat. Everything in it is the node's word: good enough to end an idle machine, for nothing else."""

    gpu_util: tuple[float | None, ...] = ()
    """Percent, one for each GPU the node sees; None where it does not tell (MIG, "[N/A]")."""
    gpu_mem_used_mb: tuple[float | None, ...] = ()
    gpus: GpuView | None = None
    ssh_sessions: int
    uptime_seconds: float
    load: float | None = None
    armed: bool = False
    """The timer on the node runs."""
    ends_at: Instant | None = None
    """When it ends its machine, for all it has been told."""
    dying: str | None = None
    """Why the node is ending itself."""
