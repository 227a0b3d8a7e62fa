"""Every minute, and whenever somebody finds old offers: the markets that are due are looked at; all, when asked to."""

from chalicelib.ports import Ports
from chalicelib.usecases.refreshing import refresh


def run(ports: Ports) -> None:
    refresh(ports, everything=True)


def wake(ports: Ports) -> bool:
    refresh(ports)
    return True
