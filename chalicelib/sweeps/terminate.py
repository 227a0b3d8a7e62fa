"""Every minute: whatever is being ended gets its next destroy or its next look, for ever."""

from chalicelib.domain.session import Status
from chalicelib.ports import Ports
from chalicelib.sweeps.stepping import step_due


def run(ports: Ports) -> None:
    step_due(ports, (Status.TERMINATING,))
