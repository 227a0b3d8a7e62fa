"""`python -m bench`: every benchmark, one table, and the same figures in bench/latest.json."""

import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from bench import coldstart, costs, imports, inventory, money, peer, renting, scale
from bench.figures import Figure

BENCHMARKS: dict[str, Callable[[], Iterator[Figure]]] = {
    "inventory": inventory.figures,
    "peer": peer.figures,
    "renting": renting.figures,
    "money": money.figures,
    "imports": imports.figures,
    "cold start": coldstart.figures,
    "scale": scale.figures,
    "costs": costs.figures,
}
"""Adding one is a module and a line here."""

_LATEST = Path(__file__).with_name("latest.json")


def main() -> int:
    """The exit status: 1 when a benchmark failed; the others are measured and kept all the same."""
    measured: list[Figure] = []
    failed = False
    for name, benchmark in BENCHMARKS.items():
        began = time.perf_counter()
        try:
            measured += benchmark()
        except Exception:
            failed = True
            traceback.print_exc()
        print(f"{name}: {time.perf_counter() - began:.1f} s", file=sys.stderr)
    _print(measured)
    _LATEST.write_bytes(msgspec.json.format(msgspec.json.encode(measured), indent=1) + b"\n")
    return int(failed)


def _print(measured: list[Figure]) -> None:
    names = max((len(figure.name) for figure in measured), default=0)
    for figure in measured:
        print(f"{figure.name:<{names}}  {figure.figure:>10.3f} {figure.unit:<6} {figure.note}".rstrip())


if __name__ == "__main__":
    sys.exit(main())
