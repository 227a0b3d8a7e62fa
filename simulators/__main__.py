"""`python -m simulators vastai|tensordock|both`: fake markets on loopback until SIGTERM or Ctrl-C.

Prints one line when everything listens: `vastai=http://127.0.0.1:PORT tensordock=http://127.0.0.1:PORT`.
"""

import argparse
import ctypes
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import fields

from simulators.clock import RealClock
from simulators.machine import Options
from simulators.start import Simulator, start_tensordock, start_vastai
from simulators.tensordock.market import TensorDockOptions
from simulators.vastai.model import VastOptions

PR_SET_PDEATHSIG = 1
MARKETS: dict[str, tuple[Callable[..., Simulator[Any]], type[Options]]] = {
    "vastai": (start_vastai, VastOptions),
    "tensordock": (start_tensordock, TensorDockOptions),
}


def main(argv: list[str]) -> int:
    args = _arguments(argv)
    if args.die_with_parent is not None:
        _die_with_parent(args.die_with_parent)
    stop = threading.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: stop.set())
    running: list[Simulator[Any]] = []
    try:
        names = list(MARKETS) if args.market == "both" else [args.market]
        for index, name in enumerate(names):
            running.append(_start(name, args, index if len(names) > 1 else None))
        print(" ".join(f"{simulator.market.name}={simulator.url}" for simulator in running), flush=True)
        stop.wait()
    except (OSError, ValueError) as error:
        print(f"simulators: {error}", file=sys.stderr)
        return 1
    finally:
        for simulator in running:
            simulator.stop()
    return 0


def _start(name: str, args: argparse.Namespace, index: int | None) -> Simulator[Any]:
    """With both markets each has a port (the given one and the next) and a state file of its own."""
    start, kind = MARKETS[name]
    known = {field.name for field in fields(kind)}
    port, state, book = args.port, args.state, args.book
    if index is not None:
        port = port + index if port else 0
        state = state.with_name(f"{state.stem}-{name}{state.suffix}") if state else None
        book = None
    options = {key: value for key, value in vars(args).items() if key in known and value is not None}
    options.update({key: value for key, value in args.set if key in known})
    return start(port=port, seed=args.seed, clock=RealClock(args.speed), state=state, book=book, **options)


def _arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m simulators", description=__doc__)
    parser.add_argument("market", choices=[*MARKETS, "both"])
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one; with both, the next one is used too")
    parser.add_argument("--state", type=Path, help="keep machines, offers, credit and SSH ports in this file")
    parser.add_argument("--seed", type=int, default=1, help="of the invented market and of all chance")
    parser.add_argument("--book", type=Path, help="a recorded market instead (not with both)")
    parser.add_argument("--speed", type=float, default=1.0, help="how many times as fast as the wall clock")
    parser.add_argument("--boot-seconds", type=float, help="from create to SSH, give or take a quarter")
    parser.add_argument("--lag-seconds", type=float, help="reads are behind by up to this")
    parser.add_argument("--credit", type=float, help="dollars to start with")
    parser.add_argument("--api-key", help="the account's key; empty accepts any")
    parser.add_argument("--rate-limits", action="store_true", default=None, help="enforce the documented limits")
    parser.add_argument("--set", type=_pair, action="append", default=[], metavar="OPTION=JSON", help="any option")
    parser.add_argument(
        "--die-with-parent",
        type=int,
        nargs="?",
        const=0,
        metavar="PID",
        help="end when the parent process does (Linux); with its PID also when it already has",
    )
    args = parser.parse_args(argv)
    known = {
        field.name for name, (_, kind) in MARKETS.items() if args.market in (name, "both") for field in fields(kind)
    }
    for name, _ in args.set:
        if name not in known:
            parser.error(f"{args.market} has no option {name}; it has {', '.join(sorted(known))}")
    return args


def _pair(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError("expected OPTION=JSON")
    try:
        return name.replace("-", "_"), msgspec.json.decode(value)
    except msgspec.DecodeError:
        return name.replace("-", "_"), value


def _die_with_parent(pid: int) -> None:
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if pid and os.getppid() != pid:
        sys.exit(0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
