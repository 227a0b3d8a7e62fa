"""How often the machine of an unclear create is looked for, and when one that came up is the wrong one."""

from typing import Any

import pytest

from chalicelib.domain.attempt import Stage
from chalicelib.domain.instance import Address, Instance, OpenPort, Phase
from chalicelib.domain.launch import failure, lost_create_pause, opened
from chalicelib.domain.policy import Policy
from chalicelib.domain.session import Session
from tests.builders import NOW, a_session, an_order
from tests.domain.test_session import an_attempt

POLICY = Policy()


def test_it_is_looked_for_every_ten_seconds_for_two_minutes_and_then_every_minute() -> None:
    pauses = [lost_create_pause(NOW, NOW + waited, POLICY) for waited in (0, 119_999, 120_000, 1_800_000)]
    assert pauses == [10_000, 10_000, 60_000, 60_000]


def test_no_setting_makes_it_a_loop_without_pause() -> None:
    assert lost_create_pause(NOW, NOW, Policy(lost_create_look_seconds=0.0)) == 100


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"gpu_count": 2}, ("wrong_hardware", "rented 1 GPUs, got 2")),
        ({"gpu": "RTX 3060"}, ("wrong_hardware", "rented RTX 4090, got RTX 3060")),
        ({"price_per_hour": 500_000}, ("dearer", "the machine costs $0.5000/h, agreed was at most $0.4500/h")),
        ({"phase": Phase.FAILED}, ("failed_to_boot", "starting")),
        ({"phase": Phase.FAILED, "message": "no such image"}, ("failed_to_boot", "no such image")),
        ({"price_per_hour": 450_000}, None),
        ({}, None),
    ],
)
def test_a_machine_that_will_not_become_what_was_rented_is_told_by_what_is_wrong(
    change: dict[str, Any], found: tuple[str, str] | None
) -> None:
    machine = Instance(provider="vastai", id="7", tag=None, **{"phase": Phase.STARTING, "status": "starting", **change})
    assert failure(an_attempt(Stage.BOOTING), machine, 450_000, NOW, POLICY) == found


def test_an_unclear_create_is_looked_for_often_enough_for_its_window() -> None:
    assert lost_create_pause(NOW, NOW, Policy(ambiguous_close_seconds=3.0)) == 1_000
    assert lost_create_pause(NOW, NOW, Policy()) == 10_000


HOST = "203.0.113.7"
SSH = Address(host=HOST, port=30022, user="root")
OWN = Address(host=HOST, port=22, user="user", guessed=True)


def at(port: int, external_port: int, host: str = HOST) -> OpenPort:
    return OpenPort(port=port, host=host, external_port=external_port)


def told(*ports: OpenPort) -> Instance:
    return Instance(provider="vastai", id="7", tag=None, phase=Phase.RUNNING, status="running", ports=ports)


def asking(*ports: int, **fields: Any) -> Session:
    return a_session(order=an_order(ports=ports), **fields)


@pytest.mark.parametrize(
    ("asked", "mapped", "ssh", "found"),
    [
        ((), (at(22, 30022), at(8888, 59735)), SSH, None),
        ((22,), (at(22, 30022),), SSH, None),
        ((8888,), (), SSH, None),
        ((8888,), (at(8080, 59735),), SSH, None),
        (
            (8888, 22, 80, 8888),
            (at(8888, 59735), at(22, 30022), at(443, 3), at(80, 4)),
            SSH,
            (at(80, 4), at(8888, 59735)),
        ),
        ((8888, 80), (at(8888, 59735),), SSH, (at(8888, 59735),)),
        ((8888, 80), (), OWN, (at(80, 80), at(8888, 8888))),
        ((8888, 80), (at(80, 4, "192.0.2.9"),), OWN, (at(80, 4, "192.0.2.9"), at(8888, 8888))),
        ((8888,), (at(8888, 59735),), None, None),
    ],
)
def test_the_ports_asked_for_are_where_the_market_says_or_at_an_address_of_its_own(
    asked: tuple[int, ...], mapped: tuple[OpenPort, ...], ssh: Address | None, found: tuple[OpenPort, ...] | None
) -> None:
    assert opened(asking(*asked), told(*mapped), ssh) == found


def test_what_is_known_of_ports_gives_way_only_to_more() -> None:
    known = (at(80, 4),)
    session = asking(80, 8888, ports=known)
    assert opened(session, told(), SSH) == known
    assert opened(session, told(at(8888, 59735)), SSH) == known
    assert opened(session, told(at(80, 5), at(8888, 59735)), SSH) == (at(80, 5), at(8888, 59735))
