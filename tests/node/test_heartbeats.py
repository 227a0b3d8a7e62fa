"""Heartbeats between the real script and the real service, by every shell and tool, and the lies it is told."""

import json
from collections.abc import Iterator

import pytest

from chalicelib.domain.instant import SECOND
from tests.node.conftest import Build
from tests.node.machine import BUSYBOX, SHELLS, Machine, until
from tests.node.service import Service

TALKERS = [(shell, tool) for shell in SHELLS for tool in ("curl", "wget", "python3")]
TALKERS += [(shell, "busybox wget") for shell in BUSYBOX]


def report(machine: Machine, service: Service, **changes: object) -> None:
    machine.clock_is_off_by(service.clock_offset)
    machine.start(service.lease(**changes))


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as running:
        yield running


@pytest.fixture
def talking(machine: Build, service: Service) -> Machine:
    built = machine()
    report(built, service)
    until(lambda: service.session.last_heartbeat_at is not None, built)
    return built


@pytest.fixture(scope="module")
def talkers(fleet: Build) -> Iterator[tuple[Service, dict[tuple[str, str], Machine]]]:
    """All of them for the same session: what is no news is answered too."""
    with Service() as one:
        built = {(shell, tool): fleet(shell, (tool, "sha256sum")) for shell, tool in TALKERS}
        for each in built.values():
            report(each, one)
        yield one, built


@pytest.mark.parametrize(("shell", "tool"), TALKERS)
def test_every_shell_talks_with_whatever_tool_it_has(
    talkers: tuple[Service, dict[tuple[str, str], Machine]], shell: str, tool: str
) -> None:
    machine = talkers[1][shell, tool]
    until(lambda: "heartbeats arrive: yes" in machine.log, machine)


def test_the_session_shows_what_its_machine_told(talking: Machine, service: Service) -> None:
    pulse = service.session.pulse
    assert pulse is not None
    assert (pulse.armed, pulse.gpus, pulse.ssh_sessions, pulse.load) == (True, "none", 0, 0.25)
    assert service.ask("GET", f"/sessions/{service.id}")["kill_paths"]["node_agent"] is True


@pytest.mark.parametrize(("shell", "tools"), [("dash", ("curl", "openssl")), ("ash", ("python3",))])
def test_an_extension_reaches_the_timer(machine: Build, service: Service, shell: str, tools: tuple[str, ...]) -> None:
    built = machine(shell, tools)
    report(built, service)
    until(lambda: (built.home / "state").exists(), built)
    before = built.left()
    service.ask("POST", f"/sessions/{service.id}/extend", body={"hours": 2})
    until(lambda: built.left() > before + 7000, built)
    assert "extended" in built.log


def test_an_operators_override_moves_the_limit_too(talking: Machine, service: Service) -> None:
    service.ask("POST", f"/sessions/{service.id}/extend", who="operator", body={"hours": 20, "override": True})
    until(lambda: talking.left() > 20 * 3600, talking)


def test_without_a_way_to_check_an_answer_it_is_contact_and_nothing_more(machine: Build, service: Service) -> None:
    built = machine(tools=("curl",))
    service.ask("POST", f"/sessions/{service.id}/extend", body={"hours": 2})
    report(built, service)
    until(lambda: len(service.beats) >= 3, built)
    assert "heartbeats arrive: yes" in built.log
    assert built.left() < 4300


@pytest.mark.parametrize(
    "lie",
    [
        b"<html>please log in</html>",
        b'{"deadline":"2099-01-01T00:00:00Z","destroy":true}',
        b'{"lease":"9999999999 9999999999 999999 9999999999 1","proof":"00"}',
    ],
    ids=["a portal", "unproven", "badly proven"],
)
def test_what_is_not_proven_moves_nothing_and_ends_nothing(machine: Build, service: Service, lie: bytes) -> None:
    service.lies = lie
    built = machine()
    report(built, service, silence_seconds=0.0)
    until(lambda: len(service.beats) >= 2, built)
    until(lambda: built.log, built)
    assert "heartbeats arrive: yes" not in built.log
    assert not built.off
    assert built.left() < 4300


def test_an_answer_heard_before_is_worth_nothing_again(talking: Machine, service: Service) -> None:
    beats = len(service.beats)
    told = service.api.send("POST", "/agent/heartbeat", service.beats[-1], who=None, headers=_token(service))
    service.lies = told.text.encode()
    until(lambda: len(service.beats) >= beats + 2, talking)
    until(lambda: "heartbeats arrive: no" in talking.log, talking)


def test_told_to_end_it_ends(talking: Machine, service: Service) -> None:
    service.ask("DELETE", f"/sessions/{service.id}")
    until(lambda: "ending this machine: told to" in talking.log, talking)
    until(lambda: service.beats[-1].get("dying") == "told to", talking)


def test_when_the_session_is_over_its_machine_gets_no_answer_and_ends_itself(machine: Build, service: Service) -> None:
    built = machine()
    report(built, service, silence_seconds=3.0)
    until(lambda: service.beats, built)
    service.ask("DELETE", f"/sessions/{service.id}")
    until(lambda: "ending this machine" in built.log, built)


def test_logins_are_counted_and_nothing_else(machine: Build, service: Service) -> None:
    built = machine()
    titles = {
        10: "sshd: root@pts/0", 11: "sshd: user@notty", 12: "sshd-session: root@pts/1", 13: "sshd: root [priv]",
        14: "sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups", 15: "sshd: [accepted]", 16: "vi a@b",
    }  # fmt: skip
    for number, title in titles.items():
        (built.proc / str(number)).mkdir()
        (built.proc / str(number) / "cmdline").write_bytes(title.encode() + b"\0\0\0")
    report(built, service)
    until(lambda: service.beats, built)
    assert service.beats[0]["ssh_sessions"] == 3


def test_the_numbers_of_beats_rise_even_when_the_clock_falls(talking: Machine, service: Service) -> None:
    until(lambda: len(service.beats) >= 2, talking)
    heard = len(service.beats)
    talking.clock_is_off_by(service.clock_offset - 7200)
    until(lambda: len(service.beats) >= heard + 2, talking)
    numbers = [beat["beat"] for beat in service.beats]
    assert numbers == sorted(set(numbers))
    assert service.session.last_heartbeat_at is not None
    assert service.api.world.clock.now() - service.session.last_heartbeat_at < 10 * SECOND


def test_its_words_are_json(talking: Machine, service: Service) -> None:
    assert all(json.dumps(beat) for beat in service.beats)


def _token(service: Service) -> dict[str, str]:
    return {"Authorization": f"Bearer {service.lease().token}"}
