"""Every minute: launches that no message woke go on."""

from chalicelib.domain.session import Status
from chalicelib.ports import Ports
from chalicelib.sweeps.stepping import step_due


def run(ports: Ports) -> None:
    step_due(ports, (Status.PENDING, Status.PROVISIONING))
