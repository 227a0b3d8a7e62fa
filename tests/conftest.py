"""What holds for every test."""

import os
import sys
from functools import _lru_cache_wrapper

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is slow, not wrong. Where a run decides over a change it must be the same run twice; elsewhere new
# examples are looked for each time.
settings.register_profile(
    "steady",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("steady")


_SLOWEST = ("stack", "simulation")
"""Begun first, so that nobody waits for them at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where several processes share the work, each room is the work of one: what it sets up is set up once, and no two
    stacks are measured beside each other."""

    def room(item: pytest.Item) -> str:
        return item.path.parent.name

    items.sort(key=lambda item: (*_SLOWEST, room(item)).index(room(item)))
    for item in items:
        item.add_marker(pytest.mark.xdist_group(room(item)))


def pytest_sessionstart(session: pytest.Session) -> None:
    """A process may run the tests again with a mistake put in: what it worked out before must not hide that."""
    for name, module in list(sys.modules.items()):
        if name.startswith("chalicelib."):
            for cached in vars(module).values():
                if isinstance(cached, _lru_cache_wrapper):
                    cached.cache_clear()
