"""The embedded engine, in memory, for as long as one measurement takes."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.backends import DUMMY_AWS
from local.cloud import REGION
from local.engine import find_engine, start_engine


@contextmanager
def running_engine() -> Iterator[str]:
    """Its URL, in an environment in which a client of it can be made. Raises RuntimeError where it is not installed."""
    binary = find_engine(Path(__file__).resolve().parents[1])
    if binary is None:
        raise RuntimeError("the state engine is not installed: run `npm ci`")
    environment()
    engine = start_engine(binary, data_file=None)
    try:
        yield engine.url
    finally:
        engine.stop()


def environment() -> None:
    for name, value in {**DUMMY_AWS, "AWS_DEFAULT_REGION": REGION}.items():
        os.environ.setdefault(name, value)
