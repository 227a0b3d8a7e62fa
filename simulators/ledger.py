"""The honest books of a fake market: what every machine really cost, and what is left of the credit."""

import msgspec


class Charge(msgspec.Struct):
    """One price over one span of time (`end` None: still running), or `units` sold at once."""

    kind: str
    rate: float
    """USD per hour, or per unit."""
    start: float
    end: float | None = None
    units: float | None = None

    def quantity(self, now: float) -> float:
        """Hours, or units."""
        if self.units is not None:
            return self.units
        return max(0.0, (now if self.end is None else self.end) - self.start) / 3600

    def amount(self, now: float) -> float:
        return self.rate * self.quantity(now)


class Meter(msgspec.Struct):
    """The charges of one machine, in order of their start."""

    charges: list[Charge] = []

    def running(self) -> list[Charge]:
        return [charge for charge in self.charges if charge.end is None]

    def cost(self, now: float) -> float:
        return sum(charge.amount(now) for charge in self.charges)

    def seconds(self, now: float) -> dict[str, float]:
        """How long each kind has been billed by the hour."""
        total: dict[str, float] = {}
        for charge in self.charges:
            if charge.units is None:
                total[charge.kind] = total.get(charge.kind, 0.0) + charge.quantity(now) * 3600
        return total


class Ledger(msgspec.Struct):
    """Everything paid in and everything billed. Amounts are USD, times simulated epoch seconds."""

    paid_in: float
    meters: dict[str, Meter] = {}
    closed: float = 0.0
    """The sum of all charges that have ended."""
    open: dict[str, list[Charge]] = {}
    """The charges still running, by machine."""

    def reindex(self) -> None:
        """After loading: the running charges are those of the meters again, not copies of them."""
        self.open = {machine: running for machine, meter in self.meters.items() if (running := meter.running())}

    def set_rates(self, machine: str, rates: dict[str, float], now: float) -> None:
        """From `now` on the machine costs exactly these rates per hour; a rate that stays the same runs on."""
        meter = self.meters.setdefault(machine, Meter())
        wanted = {kind: rate for kind, rate in rates.items() if rate > 0}
        kept = []
        for charge in meter.running():
            if wanted.get(charge.kind) == charge.rate:
                kept.append(charge)
                del wanted[charge.kind]
            elif charge.start >= now:
                meter.charges.remove(charge)
            else:
                charge.end = now
                self.closed += charge.amount(now)
        started = [Charge(kind=kind, rate=rate, start=now) for kind, rate in wanted.items()]
        meter.charges += started
        if kept or started:
            self.open[machine] = kept + started
        else:
            self.open.pop(machine, None)

    def sell(self, machine: str, kind: str, rate: float, units: float, now: float) -> None:
        """Bill a quantity at once (bandwidth in GB)."""
        charge = Charge(kind=kind, rate=rate, start=now, end=now, units=units)
        self.meters.setdefault(machine, Meter()).charges.append(charge)
        self.closed += charge.amount(now)

    def cost(self, machine: str, now: float) -> float:
        meter = self.meters.get(machine)
        return meter.cost(now) if meter else 0.0

    def spent(self, now: float) -> float:
        return self.closed + sum(charge.amount(now) for charges in self.open.values() for charge in charges)

    def credit(self, now: float) -> float:
        return self.paid_in - self.spent(now)

    def burn_per_hour(self) -> float:
        return sum(charge.rate for charges in self.open.values() for charge in charges)

    def exhausted_at(self, now: float) -> float | None:
        """When the credit reaches zero at the present burn, `now` if it already has; None when nothing is billed."""
        burn = self.burn_per_hour()
        return now + max(0.0, self.credit(now)) / burn * 3600 if burn > 0 else None
