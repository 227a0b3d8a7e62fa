"""What the clock wakes: each sweep is safe when run twice, late, overlapping or not at all."""

import importlib
import logging
from typing import Any

from chalicelib.domain.errors import ShopperError
from chalicelib.domain.schedule import EVERY
from chalicelib.ports import Ports

log = logging.getLogger(__name__)

SWEEPS = tuple(EVERY)
"""Every sweep by name; each is a module here with a `run`."""


def run(name: str, ports: Ports) -> None:
    """Run one sweep now and note that it finished, unless it says by False that it did not."""
    if _module(name).run(ports) is not False:
        _note(name, ports)


def wake(name: str, ports: Ports) -> None:
    """What the clock calls: as `run`, but a sweep that is woken more often than it runs may find nothing due."""
    module = _module(name)
    done = module.wake(ports) if hasattr(module, "wake") else module.run(ports)
    if done is not False:
        _note(name, ports)


def _module(name: str) -> Any:
    """Imported late: a function pays only for the sweep it runs."""
    if name not in SWEEPS:
        raise ValueError(f"no sweep is called {name!r}")
    return importlib.import_module(f"chalicelib.sweeps.{name}")


def _note(name: str, ports: Ports) -> None:
    try:
        ports.health.sweep_done(name, ports.clock.now())
    except ShopperError as error:  # the sweep is done all the same; the janitor's function has no table to say so
        log.info("sweep %s done, not noted: %s", name, error)
