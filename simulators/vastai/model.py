"""The options and the saved state of the fake Vast.ai, and an order for a machine."""

import msgspec

from simulators.machine import Options, State
from simulators.vastai.contract import Contract, SshKey
from simulators.vastai.host import Ask, Host


class VastOptions(Options, kw_only=True):
    v0_list: bool = False
    """Answer the old list instead of 410."""
    image_gb: float = 0.0
    """Billed as download at every first boot."""


class VastState(State, kw_only=True):
    hosts: list[Host]
    asks: list[Ask]
    retired: list[int] = []
    next_id: int
    machines: dict[str, Contract] = {}
    account_keys: list[SshKey] = []


class Order(msgspec.Struct, kw_only=True):
    """What a create call asked for, already validated."""

    label: str | None = None
    image: str = "vastai/base-image:@vastai-automatic-tag"
    disk: float = 8.0
    runtype: str = "ssh"
    env: list[tuple[str, str]] = []
    onstart: str | None = None
    args: list[str] = []
    bid: float | None = None
    template_hash: str | None = None
    cancel_unavail: bool = True
    """Refuse rather than make a contract that waits for a GPU."""
    stopped: bool = False
