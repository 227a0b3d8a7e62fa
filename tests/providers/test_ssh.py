"""The knock at a rented machine's SSH port, whose address somebody else chose."""

import socket
import threading
from collections.abc import Iterator

import pytest

from chalicelib import settings
from chalicelib.providers.ssh import BannerProbe


@pytest.fixture
def port() -> Iterator[int]:
    """Of something on this machine that answers like SSH, and counts nobody."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_greet, args=(server,), daemon=True).start()
        yield server.getsockname()[1]


def _greet(server: socket.socket) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection:
            connection.sendall(b"SSH-2.0-here\r\n")


def test_a_simulated_machine_is_called_where_it_is(port: int) -> None:
    assert BannerProbe().answers("127.0.0.1", port, near=True)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "127.1", "0.0.0.0", "::ffff:127.0.0.1"])
def test_a_machine_that_claims_to_be_us_is_not_called(port: int, host: str) -> None:
    assert not BannerProbe().answers(host, port)


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254", "10.0.0.1", "192.168.1.1", "172.16.0.1", "100.64.0.1", "224.0.0.1",
        "::1", "fe80::1", "fc00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:7f00:1::",
    ],
)  # fmt: skip
def test_a_name_is_judged_by_what_it_resolves_to(address: str) -> None:
    called = []

    class Probe(BannerProbe):
        def _banner(self, address: str, port: int, near: bool) -> bool:
            called.append(address)
            return super()._banner(address, port, near)

    assert not Probe(0.001, resolve=lambda host, port: [address]).answers("gpu.example.com", 22)
    assert called == [address]


def test_what_was_checked_is_what_is_called(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that resolves differently the second time gets nobody anywhere: there is no second time."""
    asked: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    assert BannerProbe(resolve=resolve).answers("gpu.example.com", port, near=True)
    assert asked == ["gpu.example.com"]


def test_a_name_that_resolves_to_nothing_does_not_answer() -> None:
    def resolve(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    assert not BannerProbe(resolve=resolve).answers("gpu.example.com", 22)


@pytest.mark.parametrize(
    ("environ", "near"),
    [
        ({"VASTAI_API_KEY": "a-key-of-vast"}, set()),
        ({"TENSORDOCK_API_TOKEN": "a-token"}, set()),
        ({"VASTAI_API_KEY": "a-key-of-vast", "VASTAI_API_URL": "http://127.0.0.1:9000"}, {"vastai"}),
        (
            {
                "VASTAI_API_KEY": "a-key-of-vast",
                "VASTAI_API_URL": "http://127.0.0.1:9000",
                "TENSORDOCK_API_TOKEN": "a-token",
            },
            {"vastai"},
        ),
        ({"VASTAI_API_URL": "http://127.0.0.1:9000", "TENSORDOCK_API_TOKEN": "a-token"}, set()),
    ],
)
def test_only_a_simulated_market_has_machines_near_by(environ: dict[str, str], near: set[str]) -> None:
    known = settings.load(environ)
    assert {name for name in settings.MARKETS if known.near(name)} == near
    assert known.markets_are_near is (near == {"vastai"} and "TENSORDOCK_API_TOKEN" not in environ)
