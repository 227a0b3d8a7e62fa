"""The scoreboard: what was survived, and what it cost by the markets' own books."""

import sys
import time
from collections.abc import Iterable, Mapping
from typing import Any, TextIO

import msgspec


class Row(msgspec.Struct, kw_only=True):
    fault: str
    survived: bool
    detail: str


class Machine(msgspec.Struct, kw_only=True):
    """By the books of its market. Times are seconds since the epoch, money USD."""

    id: str
    ours: bool
    due_at: float | None
    gone_at: float | None
    destroy_calls: int
    late_seconds: float
    billed_late: float


class Score(msgspec.Struct, kw_only=True):
    rows: list[Row] = []
    machines: list[Machine] = []
    slowest_destroy_seconds: float | None = None
    """From the wish to end a session to the proof that its machine is gone."""
    took_seconds: float = 0.0

    @property
    def survived(self) -> int:
        return sum(row.survived for row in self.rows)

    @property
    def passed(self) -> bool:
        return bool(self.rows) and self.survived == len(self.rows)

    def figures(self) -> dict[str, Any]:
        ours = [machine for machine in self.machines if machine.ours]
        return {
            "faults": len(self.rows),
            "survived": self.survived,
            "machines": len(ours),
            "left_alive": sum(machine.gone_at is None for machine in ours),
            "orphan_seconds": round(sum(machine.late_seconds for machine in ours), 1),
            "longest_alive_after_due_seconds": round(max((machine.late_seconds for machine in ours), default=0.0), 1),
            "dollars_billed_after_due": round(sum(machine.billed_late for machine in ours), 6),
            "slowest_confirmed_destroy_seconds": self.slowest_destroy_seconds,
            "foreign_machines": len(self.machines) - len(ours),
            "foreign_machines_touched": sum(
                machine.destroy_calls > 0 or machine.gone_at is not None
                for machine in self.machines
                if not machine.ours
            ),
            "took_seconds": round(self.took_seconds, 1),
        }


def machine_of(view: Mapping[str, Any], ours: bool, due_at: float | None, now: float) -> Machine:
    """From the market's view of it; what was billed after it was due is counted by charge and second."""
    end = view["gone_at"] or now
    late = max(0.0, end - due_at) if due_at is not None else 0.0
    charges = view["charges"] if due_at is not None else ()
    billed = sum(
        charge["rate"] / 3600 * max(0.0, min(charge["end"] or end, end) - max(charge["start"], due_at or 0.0))
        for charge in charges
        if charge["units"] is None
    )
    return Machine(
        id=view["id"],
        ours=ours,
        due_at=due_at,
        gone_at=view["gone_at"],
        destroy_calls=len(view["destroy_calls"]),
        late_seconds=late,
        billed_late=billed,
    )


def render(score: Score) -> str:
    """For people."""
    width = max(len(row.fault) for row in score.rows)
    found = score.figures()
    slowest = found["slowest_confirmed_destroy_seconds"]
    lines = [
        "",
        *(f"  {'survived' if row.survived else 'FAILED  '}  {row.fault:<{width}}  {row.detail}" for row in score.rows),
        "",
        *_aligned(
            (
                ("Faults survived", f"{score.survived}/{len(score.rows)}"),
                ("Machines of ours", f"{found['machines']}, {found['left_alive']} left alive"),
                (
                    "Orphan-seconds",
                    f"{found['orphan_seconds']:g} (alive after they were due, all together; the longest "
                    f"{found['longest_alive_after_due_seconds']:g} s)",
                ),
                ("Billed after due", f"${found['dollars_billed_after_due']:.6f}"),
                ("Slowest proven end", "none" if slowest is None else f"{slowest:g} s"),
                ("Foreign machines", f"{found['foreign_machines']}, touched: {found['foreign_machines_touched']}"),
                ("Took", f"{found['took_seconds']:g} s"),
            )
        ),
        "",
    ]
    return "\n".join(lines)


def _aligned(pairs: Iterable[tuple[str, str]]) -> list[str]:
    return [f"  {name + ':':<20}{value}" for name, value in pairs]


class Progress:
    """One line that is replaced on a terminal, one line a step where nobody watches."""

    def __init__(self, out: TextIO = sys.stderr) -> None:
        self._out = out
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def __call__(self, text: str) -> None:
        live = self._out.isatty()
        line = f"[{self.seconds:4.0f} s] {text}"
        self._out.write(f"\r\x1b[2K{line}" if live else f"{line}\n")
        self._out.flush()

    def over(self) -> None:
        if self._out.isatty():
            self._out.write("\r\x1b[2K")
            self._out.flush()
