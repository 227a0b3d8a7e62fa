"""What is for rent on the fake Vast.ai: which asks stand, and how they change when GPUs are taken or given back."""

import random
from typing import Any

from simulators.vastai.catalogue import invent_host, sizes
from simulators.vastai.host import Ask, Host
from simulators.vastai.rows import offer_row

# Searches differ in storage and kind only; more variants than this at a time are rendered again.
CACHED_VARIANTS = 8
RETIRED_KEPT = 5_000


class AskBook:
    """Hosts and asks of one market. Not thread-safe; the market's lock guards it."""

    def __init__(self, hosts: list[Host], asks: list[Ask], retired: list[int], next_id: int) -> None:
        self.hosts = {host.machine_id: host for host in hosts}
        self.asks = {ask.id: ask for ask in asks}
        self.retired = retired
        self.next_id = next_id
        self._rows: dict[tuple[bool, float], dict[int, dict[str, Any]]] = {}

    def open_market(self) -> None:
        """The first asks of every host."""
        for host in self.hosts.values():
            if host.free:
                self.reissue(host)
            else:
                self._add(host, host.gpus, rentable=False)

    def rows(self, is_bid: bool, storage: float) -> list[dict[str, Any]]:
        """All rows of one kind, rendered for this storage; shared, so callers must not change them."""
        key = (is_bid, storage)
        if key not in self._rows:
            if len(self._rows) >= CACHED_VARIANTS:
                self._rows.clear()
            self._rows[key] = {}
        rendered = self._rows[key]
        for ask in self.asks.values():
            if ask.id not in rendered and (ask.bid if is_bid else ask.on_demand):
                rendered[ask.id] = offer_row(self.hosts[ask.machine_id], ask, is_bid, storage)
        return list(rendered.values())

    def take(self, ask: Ask) -> None:
        """Rent these GPUs: every ask of the host ends, what is left is offered again under new ids."""
        host = self.hosts[ask.machine_id]
        host.used += ask.gpus
        self.reissue(host)

    def occupy(self, machine_id: int, gpus: int) -> bool:
        """Take GPUs without an ask (a start after a stop); False when they are not free."""
        host = self.hosts.get(machine_id)
        if host is None or host.free < gpus:
            return False
        host.used += gpus
        self.reissue(host)
        return True

    def give_back(self, machine_id: int, gpus: int, to_stranger: bool = False) -> None:
        """Asks that still stand keep their ids; the larger ones that fit again get new ones."""
        host = self.hosts.get(machine_id)
        if host is None:
            return
        host.used = max(0, host.used - gpus)
        if to_stranger:
            host.taken += gpus
            return
        offered = {ask.gpus for ask in self._of(host)}
        for size in sizes(host):
            if size not in offered:
                self._add(host, size)

    def reissue(self, host: Host) -> None:
        for ask in self._of(host):
            self.retire(ask)
        for size in sizes(host):
            self._add(host, size)

    def retire(self, ask: Ask) -> None:
        del self.asks[ask.id]
        self.retired.append(ask.id)
        del self.retired[:-RETIRED_KEPT]
        for rendered in self._rows.values():
            rendered.pop(ask.id, None)

    def churn(self, fraction: float, dice: random.Random, now: float, keep: set[int]) -> int:
        """Some hosts leave, some change their price, and as many new ones come as left; those in `keep` stay."""
        changed = 0
        for host in list(self.hosts.values()):
            fate = dice.random()
            if host.machine_id in keep or host.taken or fate >= fraction * 2:
                continue
            changed += 1
            if fate < fraction:
                for ask in self._of(host):
                    self.retire(ask)
                del self.hosts[host.machine_id]
                host = invent_host(dice, max(self.hosts, default=20_000) + 1 + dice.randrange(40), now)
                self.hosts[host.machine_id] = host
                self.reissue(host)
            else:
                factor = dice.lognormvariate(0, 0.08)
                host.price, host.min_bid = host.price * factor, host.min_bid * factor
                for ask in self._of(host):
                    ask.price, ask.min_bid = ask.price * factor, ask.min_bid * factor
        self._rows.clear()
        return changed

    def _of(self, host: Host) -> list[Ask]:
        return [ask for ask in self.asks.values() if ask.machine_id == host.machine_id]

    def _add(self, host: Host, gpus: int, rentable: bool = True) -> None:
        self.next_id += 3
        self.asks[self.next_id] = Ask(
            id=self.next_id,
            machine_id=host.machine_id,
            gpus=gpus,
            price=host.price * gpus,
            min_bid=host.min_bid * gpus,
            on_demand=host.on_demand,
            bid=host.bids,
            rentable=rentable,
        )
