"""The body of POST /sessions, put together from the arguments of `up`; refuses what cannot mean anything."""

import argparse
from collections.abc import Mapping
from pathlib import Path

from cli.errors import UsageError
from cli.shapes import Launch, Requirements

HOURS = 1.0
DISK_GB = 40
_WISHES = ("gpu", "min_vram", "gpu_count", "min_reliability", "country", "provider", "min_cuda", "spot", "verified")


def body(args: argparse.Namespace, environ: Mapping[str, str], ssh_public_key: str) -> Launch:
    """Raises UsageError. Hours and disk are always said: what a person agrees to is what is asked for."""
    launch: Launch = {"ssh_public_key": ssh_public_key, "hours": args.hours, "disk_gb": args.disk}
    if args.offer:
        given = [f"--{name.replace('_', '-')}" for name in _WISHES if getattr(args, name) is not None]
        if given:
            raise UsageError(f"--offer says which one already: drop {', '.join(given)}")
        launch["offer_id"] = args.offer
    else:
        launch["requirements"] = _requirements(args)
    if args.max_price is not None:
        launch["max_price"] = args.max_price
    if args.image:
        launch["image"] = args.image
    if args.env:
        launch["env"] = dict(_variable(text, environ) for text in args.env)
    if args.onstart:
        launch["onstart"] = _script(args.onstart)
    if args.port:
        launch["ports"] = args.port
    if args.workload:
        launch["workload"] = args.workload
    if args.idle_minutes is not None:
        launch["idle_minutes"] = args.idle_minutes
    if args.lease_minutes is not None:
        launch["lease_minutes"] = args.lease_minutes
    if args.extendable_hours is not None:
        launch["extendable_hours"] = args.extendable_hours
    if args.max_attempts is not None:
        launch["max_attempts"] = args.max_attempts
    if args.consumer:
        launch["consumer"] = args.consumer
    return launch


def _requirements(args: argparse.Namespace) -> Requirements:
    wishes: Requirements = {}
    if args.gpu:
        wishes["gpu"] = args.gpu
    if args.country:
        wishes["country"] = args.country
    if args.provider:
        wishes["provider"] = args.provider
    if args.min_vram is not None:
        wishes["min_vram_gb"] = args.min_vram
    if args.max_price is not None:
        wishes["max_price"] = args.max_price
    if args.min_reliability is not None:
        wishes["min_reliability"] = args.min_reliability
    if args.min_cuda is not None:
        wishes["min_cuda"] = args.min_cuda
    if args.spot is not None:
        wishes["spot"] = args.spot
    if args.verified is not None:
        wishes["verified"] = args.verified
    if not wishes and args.gpu_count is None:
        raise UsageError(
            "nothing says what to rent", "give --offer ID, or what it must be: --gpu, --min-vram, --max-price …"
        )
    wishes["gpu_count"] = args.gpu_count or 1
    return wishes


def _variable(text: str, environ: Mapping[str, str]) -> tuple[str, str]:
    """NAME=value; a NAME alone takes the value from here, so that a secret need not stand on the command line."""
    name, equals, value = text.partition("=")
    if equals:
        return name, value
    if name not in environ:
        raise UsageError(f"--env {name}: no such variable here", "give NAME=value")
    return name, environ[name]


def _script(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not a text file") from None
