"""One machine of Vast.ai as an Instance: every word it may use has a phase, and every address is checked."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.instance import Address, OpenPort, Phase
from chalicelib.providers.clean import MOST_PORTS
from chalicelib.providers.vastai_instances import parse, phase
from tests.providers.vastai_stand import RECORDED, TAG, a_machine

RUNNING = RECORDED / "instance_by_id_running_20260207.json"
WITH_PORTS = RECORDED / "instance_by_id_ports_20260513.json"
ANSWERS = RECORDED / "recorded_responses.json"
recorded = pytest.mark.skipif(not RUNNING.exists(), reason="no recorded data beside the project")


@recorded
def test_a_recorded_machine_behind_the_proxy_is_read() -> None:
    machine = parse(json.loads(RUNNING.read_text())["instances"])
    assert machine is not None
    assert (machine.id, machine.tag, machine.phase) == ("31051696", None, Phase.RUNNING)
    assert machine.addresses == (Address(host="ssh7.vast.ai", port=11696, user="root"),)
    assert (machine.gpu, machine.gpu_count, machine.spot) == ("RTX 5060 Ti", 1, False)
    assert machine.price_per_hour == 143_611
    assert machine.created_at == 1_770_472_935_722


@recorded
def test_a_recorded_machine_with_a_label_is_read() -> None:
    machine = parse(json.loads(WITH_PORTS.read_text())["instances"])
    assert machine is not None
    assert (machine.id, machine.tag, machine.phase) == ("36717044", "phase6-spike-port-mapping-v2", Phase.RUNNING)
    assert machine.addresses == (Address(host="ssh7.vast.ai", port=37044, user="root"),)
    assert machine.ports == (
        OpenPort(port=8000, host="203.0.113.26", external_port=37708),
        OpenPort(port=9100, host="203.0.113.26", external_port=40713),
    )


@recorded
def test_a_recorded_machine_with_a_direct_port_is_reached_directly_first() -> None:
    machine = parse(json.loads(ANSWERS.read_text())["create_ok_2026-03"]["instance_subset"])
    assert machine is not None
    assert machine.addresses == (
        Address(host="203.0.113.27", port=30022, user="root"),
        Address(host="ssh3.vast.ai", port=12296, user="root"),
    )
    assert machine.phase is Phase.STARTING


@pytest.mark.parametrize(
    ("status", "intended", "message", "expected"),
    [
        (None, "running", None, Phase.STARTING),
        ("created", "running", None, Phase.STARTING),
        ("loading", "running", "8a1f: Pull complete", Phase.STARTING),
        ("rebooting", "running", None, Phase.REBOOTING),
        ("restarting", "running", None, Phase.REBOOTING),
        ("recycling", "running", None, Phase.REBOOTING),
        ("running", "running", "success, running x/ssh", Phase.RUNNING),
        ("running", "running", "Error response from daemon: an old one", Phase.RUNNING),
        ("stopped", "stopped", None, Phase.STOPPED),
        ("exited", "running", None, Phase.STOPPED),
        ("frozen", "running", None, Phase.FROZEN),
        ("rebooting", "stopped", None, Phase.STOPPED),
        ("rebooting", "running", "OCI runtime create failed: runc", Phase.FAILED),
        ("offline", "running", None, Phase.OFFLINE),
        ("unknown", "running", None, Phase.UNKNOWN),
        ("hibernating", "running", None, Phase.UNKNOWN),
        ("loading", "stopped", None, Phase.STOPPED),
        (None, "stopped", None, Phase.STOPPED),
        ("loading", "running", "Error response from daemon: Head registry: denied", Phase.FAILED),
        ("created", "running", "OCI runtime create failed: runc", Phase.FAILED),
        ("loading", "stopped", "manifest for a/b:c not found", Phase.FAILED),
        ("loading", "running", "manifest unknown", Phase.FAILED),
        ("exited", "running", "write /var/lib/docker: no space left on device", Phase.FAILED),
    ],
)
def test_every_word_has_its_phase(status: str | None, intended: str, message: str | None, expected: Phase) -> None:
    assert phase(status, intended, message) is expected


@given(st.none() | st.text(), st.none() | st.text(), st.none() | st.text())
def test_the_phases_are_total_and_only_one_word_means_running(
    status: str | None, intended: str | None, message: str | None
) -> None:
    found = phase(status, intended, message)
    assert isinstance(found, Phase)
    assert (found is Phase.RUNNING) == (status == "running")


def test_what_the_market_wants_of_a_machine_is_told_where_it_differs() -> None:
    told = parse(a_machine(actual_status="loading", intended_status="stopped"))
    assert told is not None
    assert told.status == "loading, to be stopped"


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"public_ipaddr": "203.0.113.7"},
        {"public_ipaddr": "203.0.113.7", "ports": {}},
        {"public_ipaddr": "203.0.113.7", "ports": {"22/tcp": None}},
        {"public_ipaddr": "203.0.113.7", "ports": {"22/tcp": []}},
        {"public_ipaddr": "203.0.113.7", "ports": {"22/tcp": [{"HostPort": "70000"}]}},
        {"public_ipaddr": "203.0.113.7", "ports": {"22/tcp": [{"HostPort": "-1"}]}},
        {"public_ipaddr": "203.0.113.7", "ports": [22]},
        {"public_ipaddr": "-oProxyCommand=evil", "ports": {"22/tcp": [{"HostPort": "22"}]}},
        {"ssh_host": "ssh7.vast.ai; rm -rf /", "ssh_port": 22},
        {"ssh_host": "ssh7.vast.ai", "ssh_port": None},
        {"ssh_host": "ssh7.vast.ai", "ssh_port": 0},
    ],
)
def test_half_an_address_or_a_bad_one_is_none(fields: dict[str, Any]) -> None:
    machine = parse(a_machine(**fields))
    assert machine is not None
    assert machine.addresses == ()


def test_an_address_with_stray_whitespace_is_trimmed() -> None:
    machine = parse(a_machine(public_ipaddr=" 203.0.113.7\n", ports={"22/tcp": [{"HostPort": "30022"}]}))
    assert machine is not None
    assert machine.addresses == (Address(host="203.0.113.7", port=30022, user="root"),)


def mapped(ports: object, address: object = "203.0.113.7") -> list[tuple[int, str, int]]:
    machine = parse(a_machine(public_ipaddr=address, ports=ports))
    assert machine is not None
    return [(one.port, one.host, one.external_port) for one in machine.ports]


def test_every_port_that_the_host_maps_is_told_with_its_outside() -> None:
    bindings = [{"HostIp": "0.0.0.0", "HostPort": "59735"}, {"HostIp": "::", "HostPort": "59736"}]
    ports = {"8888/tcp": bindings, "22/tcp": [{"HostPort": 30022}]}
    assert mapped(ports, " 203.0.113.7\n") == [(8888, "203.0.113.7", 59735), (22, "203.0.113.7", 30022)]


@pytest.mark.parametrize(
    "ports",
    [
        None,
        [8888],
        "8888/tcp",
        {},
        {"8888/tcp": None},
        {"8888/tcp": []},
        {"8888/tcp": "59735"},
        {"8888/tcp": ["59735"]},
        {"8888/tcp": [{}]},
        {"8888/tcp": [{"HostPort": "0"}]},
        {"8888/tcp": [{"HostPort": "70000"}]},
        {"8888/tcp": [{"HostPort": "59735; reboot"}]},
        {"8888/udp": [{"HostPort": "59735"}]},
        {"8888": [{"HostPort": "59735"}]},
        {"/tcp": [{"HostPort": "59735"}]},
        {"8_888/tcp": [{"HostPort": "59735"}]},
        {"70000/tcp": [{"HostPort": "59735"}]},
        {"8888/tcp/tcp": [{"HostPort": "59735"}]},
    ],
)
def test_what_is_no_map_of_a_port_tells_of_none(ports: object) -> None:
    assert mapped(ports) == []


@pytest.mark.parametrize("address", [None, "", 7, "-oProxyCommand=evil", "x; reboot"])
def test_a_mapped_port_without_a_good_address_is_nowhere(address: object) -> None:
    assert mapped({"8888/tcp": [{"HostPort": "59735"}]}, address) == []


def test_a_map_without_end_is_not_read_to_its_end_and_hides_no_way_in() -> None:
    endless = {f"{inner}/tcp": [{"HostPort": "59735"}] for inner in range(1000, 60_000)}
    machine = parse(a_machine(public_ipaddr="203.0.113.7", ports=endless | {"22/tcp": [{"HostPort": "30022"}]}))
    assert machine is not None
    assert len(machine.ports) == MOST_PORTS
    assert machine.addresses == (Address(host="203.0.113.7", port=30022, user="root"),)


@pytest.mark.parametrize("label", [f" {TAG}", f"{TAG}\n", f"{TAG}\u200b", TAG.upper()])
def test_only_the_very_tag_is_the_tag(label: str) -> None:
    machine = parse(a_machine(label=label))
    assert machine is not None
    assert machine.tag != TAG


@pytest.mark.parametrize("number", [None, 0, -1, "x", 1.5, True, [], 10**16])
def test_a_row_without_an_id_is_no_machine(number: Any) -> None:
    assert parse({**a_machine(), "id": number}) is None


STRANGE = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | st.lists(st.none(), max_size=2)
) | st.dictionaries(
    st.text(max_size=9) | st.just("8888/tcp"), st.lists(st.dictionaries(st.just("HostPort"), st.text()))
)
FIELDS = ("label", "actual_status", "intended_status", "status_msg", "dph_total", "gpu_name", "num_gpus", "is_bid")


@given(st.dictionaries(st.sampled_from([*FIELDS, "start_date", "ports", "public_ipaddr", "ssh_host"]), STRANGE))
def test_no_other_field_can_hide_a_machine(changes: dict[str, Any]) -> None:
    machine = parse({**a_machine(), **changes})
    assert machine is not None
    assert machine.id == "7"
    assert machine.price_per_hour is None or machine.price_per_hour >= 0
