"""TensorDock's machines are told from any shape seen, and nothing else passes for one, or for none."""

import json
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.errors import ProviderDown, ProviderError
from chalicelib.domain.instance import Absent, Address, Instance, OpenPort, Phase
from chalicelib.domain.money import to_micros
from chalicelib.providers.clean import MOST_PORTS
from chalicelib.providers.tensordock_instances import phase_of
from tests.providers.tensordock_stand import JSON, MACHINE, RECORDED, tensordock


def described(**fields: Any) -> dict[str, Any]:
    return {
        "type": "virtualmachine",
        "id": MACHINE,
        "name": "shopper-x",
        "status": "running",
        "ipAddress": "192.0.2.7",
        "portForwards": [
            {"internal_port": 8080, "external_port": 20001},
            {"internal_port": 22, "external_port": 20456},
        ],
        "resources": {"vcpu_count": 8, "gpus": {"gpu0": {"count": 1, "v0Name": "a100-sxm4-80gb"}}},
        "rateHourly": 0.272999,
    } | fields


def got(body: object) -> Instance:
    adapter, _ = tensordock(body)
    machine = adapter.get(MACHINE)
    assert isinstance(machine, Instance)
    return machine


def test_a_machine_says_everything_about_itself() -> None:
    machine = got(described())
    assert (machine.id, machine.tag, machine.phase, machine.status) == (MACHINE, "shopper-x", Phase.RUNNING, "running")
    assert machine.addresses == (Address(host="192.0.2.7", port=20456, user="user"),)
    assert machine.ports == (
        OpenPort(port=8080, host="192.0.2.7", external_port=20001),
        OpenPort(port=22, host="192.0.2.7", external_port=20456),
    )
    assert (machine.gpu, machine.gpu_count) == ("A100 SXM", 1)
    assert machine.price_per_hour == to_micros(0.272999)


@pytest.mark.parametrize("envelope", [lambda m: m, lambda m: {"data": m}])
@pytest.mark.parametrize("nested", [False, True])
def test_a_machine_is_the_same_in_every_envelope(envelope: Any, nested: bool) -> None:
    fields = described()
    body = {"type": "VM", "id": fields.pop("id"), "attributes": fields} if nested else fields
    assert got(envelope(body)) == got(described())


@pytest.mark.parametrize(
    ("fields", "addresses"),
    [
        ({"ipAddress": ""}, []),
        ({"ipAddress": None}, []),
        ({"ipAddress": "x; reboot"}, []),
        ({"portForwards": []}, [("192.0.2.7", 22)]),
        ({"portForwards": None}, [("192.0.2.7", 22)]),
        ({"portForwards": [22, {"internal_port": 22, "external_port": 0}]}, [("192.0.2.7", 22)]),
        ({"ipAddress": "2001:db8::1"}, [("2001:db8::1", 20456)]),
    ],
)
def test_where_to_knock_is_told_from_what_there_is(fields: dict[str, Any], addresses: list[tuple[str, int]]) -> None:
    assert [(address.host, address.port) for address in got(described(**fields)).addresses] == addresses


@pytest.mark.parametrize(
    ("fields", "ports"),
    [
        ({"ipAddress": ""}, []),
        ({"ipAddress": None}, []),
        ({"ipAddress": "x; reboot"}, []),
        ({"portForwards": []}, []),
        ({"portForwards": None}, []),
        ({"portForwards": {"8080": 20001}}, []),
        ({"portForwards": [8080, None, [], "8080"]}, []),
        ({"portForwards": [{"internal_port": 8080}, {"external_port": 20001}]}, []),
        ({"portForwards": [{"internal_port": 8080, "external_port": 0}]}, []),
        ({"portForwards": [{"internal_port": 8080, "external_port": 70000}]}, []),
        ({"portForwards": [{"internal_port": 0, "external_port": 20001}]}, []),
        ({"portForwards": [{"internal_port": True, "external_port": 20001}]}, []),
        ({"portForwards": [{"internal_port": "8080", "external_port": "20001"}]}, [("192.0.2.7", 8080, 20001)]),
        (
            {"portForwards": [{"internal_port": 8080, "external_port": outer} for outer in (0, 20001, 20002)]},
            [("192.0.2.7", 8080, 20001)],
        ),
    ],
)
def test_only_a_whole_forward_at_a_good_address_opens_a_port(
    fields: dict[str, Any], ports: list[tuple[str, int, int]]
) -> None:
    assert [(one.host, one.port, one.external_port) for one in got(described(**fields)).ports] == ports


def test_forwards_without_end_are_not_read_to_their_end_and_hide_no_way_in() -> None:
    endless = [{"internal_port": inner, "external_port": inner} for inner in range(1000, 60_000)]
    machine = got(described(portForwards=[*endless, {"internal_port": 22, "external_port": 20456}]))
    assert len(machine.ports) == MOST_PORTS
    assert [address.port for address in machine.addresses] == [20456]


@pytest.mark.parametrize("gpus", [None, {}, [], {"f3b0": {"count": 1}}, {"a": {}, "b": {}}, {"x": 1}])
def test_a_model_that_is_not_plainly_named_is_unknown(gpus: object) -> None:
    assert got(described(resources={"gpus": gpus})).gpu is None


@pytest.mark.parametrize("rate", [None, 0, -1, "free", 1e9])
def test_a_rate_that_is_none_is_unknown(rate: object) -> None:
    assert got(described(rateHourly=rate)).price_per_hour is None


@pytest.mark.parametrize(
    ("status", "phase"),
    [
        ("Running", Phase.RUNNING),
        ("provisioning", Phase.STARTING),
        ("Queued", Phase.STARTING),
        ("stopping", Phase.STOPPED),
        ("StoppedDisassociated", Phase.STOPPED),
        ("stopped-disassociated", Phase.STOPPED),
        ("stopped_disassociated", Phase.STOPPED),
        ("Stopped Disassociated", Phase.STOPPED),
        ("deleting", Phase.STOPPED),
        ("terminated", Phase.STOPPED),
        ("ERROR", Phase.FAILED),
        ("relocating", Phase.UNKNOWN),
        ("", Phase.UNKNOWN),
        (None, Phase.UNKNOWN),
    ],
)
def test_every_status_word_has_a_phase(status: object, phase: Phase) -> None:
    assert phase_of(status) is phase


@given(JSON)
@settings(max_examples=100, deadline=None)
def test_any_status_at_all_has_a_phase(status: object) -> None:
    assert phase_of(status) in Phase


def test_only_the_404_of_the_market_is_absence() -> None:
    for body in ("", {"error": "Instance not found"}, "<html>"):
        adapter, _ = tensordock((404, body))
        assert adapter.get(MACHINE) == Absent(instance_id=MACHINE)


@pytest.mark.parametrize(
    "reply",
    [
        {},
        [],
        "",
        "<html>",
        {"data": []},
        {"data": None},
        {"status": 404, "error": "Instance not found"},
        {"error": "database"},
        described(id="another"),
        described(id=None),
        (204, ""),
        (302, ""),
        (400, {"error": "bad"}),
        (410, ""),
        (500, "<html>"),
        requests.ReadTimeout(),
    ],
)
def test_any_doubt_about_a_machine_is_no_answer(reply: object) -> None:
    adapter, _ = tensordock(reply, reply)
    with pytest.raises(ProviderDown):
        adapter.get(MACHINE)


@given(st.integers(200, 499), JSON)
@settings(max_examples=150, deadline=None)
def test_every_answer_is_a_machine_a_list_or_a_word_of_the_contract(status: int, body: object) -> None:
    for anything in (body, {"data": body}, [body], described(ipAddress=body, portForwards=[body], resources=body)):
        adapter, _ = tensordock(*[(status, anything)] * 6)
        for call in (partial(adapter.get, MACHINE), adapter.list, partial(adapter.destroy, MACHINE)):
            with suppress(ProviderError):
                call()


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded data is not here")
def test_the_recorded_machine_is_read() -> None:
    records = json.loads((RECORDED / "observed_v2_instances.json").read_text("utf-8"))
    machine = got(records["get_recorded"]["body"] | {"ipAddress": "192.0.2.7"})
    assert (machine.tag, machine.phase, machine.price_per_hour) == ("shopper-ssh-test-1234", Phase.RUNNING, 272_999)
    assert machine.addresses[0].port == 20456
