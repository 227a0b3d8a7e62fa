"""What every command is handed."""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from cli.client import Client
from cli.config import Config
from cli.console import Console
from cli.progress import Watch


@dataclass(frozen=True, slots=True)
class Context:
    args: argparse.Namespace
    rest: tuple[str, ...] | None
    """What stood behind `--`; None where there was none."""
    environ: Mapping[str, str]
    config: Config
    console: Console
    client: Client
    pause: Callable[[float], None]
    clock: Callable[[], float]

    @property
    def watch(self) -> Watch:
        return Watch(self.client, self.console, self.pause, self.clock)

    def now(self) -> datetime:
        return datetime.now(UTC)


Command = Callable[[Context], int]
