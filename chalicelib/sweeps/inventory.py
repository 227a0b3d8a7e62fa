"""Every minute, and whenever somebody finds old offers: the markets that are due are looked at."""

from chalicelib.ports import Ports
from chalicelib.usecases.refreshing import refresh


def run(ports: Ports) -> None:
    refresh(ports)
