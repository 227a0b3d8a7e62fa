"""Every minute: alerts that wait in the outbox are published."""

from chalicelib.ports import Ports
from chalicelib.usecases.alerting import send_pending


def run(ports: Ports) -> None:
    send_pending(ports)
