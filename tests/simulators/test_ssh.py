"""The SSH listeners answer like servers while a machine lives, and like nobody when it does not."""

import random
import socket
from collections.abc import Iterator

import pytest

from simulators.ssh import SshListeners
from tests.simulators.support import ssh_answers


@pytest.fixture
def listeners() -> Iterator[SshListeners]:
    listeners = SshListeners(random.Random())
    yield listeners
    listeners.stop()


def test_an_open_port_sends_its_banner_first(listeners: SshListeners) -> None:
    port = listeners.reserve()
    assert listeners.open(port)
    assert ssh_answers(port)


def test_a_closed_port_refuses_and_its_guests_are_cut_off(listeners: SshListeners) -> None:
    port = listeners.reserve()
    listeners.open(port)
    with socket.create_connection(("127.0.0.1", port), timeout=5) as guest:
        guest.recv(64)
        listeners.close(port)
        assert guest.recv(64) == b""
    assert not ssh_answers(port)


def test_a_port_can_be_opened_again(listeners: SshListeners) -> None:
    port = listeners.reserve()
    for _ in range(3):
        assert listeners.open(port)
        assert ssh_answers(port)
        listeners.close(port)


def test_a_silent_port_accepts_and_says_nothing(listeners: SshListeners) -> None:
    port = listeners.reserve()
    listeners.open(port, silent=True)
    assert not ssh_answers(port, patience=0.2)
    listeners.open(port, silent=False)
    assert ssh_answers(port)


def test_a_hundred_and_fifty_listeners_share_one_thread(listeners: SshListeners) -> None:
    ports: list[int] = []
    while len(ports) < 150:
        port = listeners.reserve()
        assert listeners.open(port)
        ports.append(port)
    assert all(ssh_answers(port) for port in ports)


def test_a_taken_port_is_reported(listeners: SshListeners) -> None:
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", 0))
        squatter.listen()
        assert not listeners.open(squatter.getsockname()[1])
