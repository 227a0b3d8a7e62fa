"""The table of routes names handlers of every room, and a function pays only for those it runs: names that wait."""

from importlib import import_module
from typing import Any, NamedTuple


class Named(NamedTuple):
    """Something in a module of `chalicelib.api`; the module is imported when somebody wants it."""

    module: str
    name: str

    def found(self) -> Any:
        return getattr(import_module(f"chalicelib.api.{self.module}"), self.name)


class Room:
    """Stands for a module: whatever is asked of it is its name only."""

    def __init__(self, module: str) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Named:
        if name.startswith("__"):  # what Python itself asks of anything
            raise AttributeError(name)
        return Named(self._module, name)


def found(what: Any) -> Any:
    """The thing itself, whether it was named or given."""
    return what.found() if isinstance(what, Named) else what
