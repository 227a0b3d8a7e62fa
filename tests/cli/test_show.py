"""`show`: a session's whole story, found by the end of its id."""

from tests.cli.conftest import Run
from tests.cli.stub import Stub
from tests.cli.things import OTHER_ID, SESSION_ID, address, ended, event, session

PATH = f"/sessions/{SESSION_ID}"
STORY = [
    event("10:00:00", None, "pending", "created", actor="alice"),
    event("10:00:01", "pending", "provisioning", "launching", detail="vastai:101"),
    event("10:01:12", "provisioning", "running", "ssh_ready"),
]


def _knows(stub: Stub, found: dict[str, object]) -> None:
    stub.says("GET", PATH, found)
    stub.lists(f"{PATH}/events", "events", STORY)


def test_a_running_session_is_told_whole(stub: Stub, typed: Run) -> None:
    _knows(stub, session("running", last_heartbeat_at="2026-03-01T10:02:00Z", gpu_util=97.4))
    out = typed("show", SESSION_ID).out
    assert "1 × RTX 4090" in out
    assert "$0.350/h · $0.01 so far" in out
    assert "ssh -p 41234 root@203.0.113.7" in out
    assert "GPU 97 %" in out
    assert "control plane yes, node agent no, provider no" in out
    assert "launching vastai:101" in out
    assert "1:12  running" in out


def test_each_port_tells_where_it_is_reached(stub: Stub, run: Run, typed: Run) -> None:
    ports = [
        {"port": 8888, "host": "203.0.113.7", "external_port": 59735},
        {"port": 6006, "host": "2001:db8::7", "external_port": 6006},
    ]
    _knows(stub, session("running", ports=ports))
    lines = run("show", SESSION_ID).out.splitlines()
    at = lines.index("port\t8888 at 203.0.113.7:59735")
    assert lines[at - 1].startswith("ssh\t")
    assert lines[at + 1] == "port\t6006 at [2001:db8::7]:6006"
    assert "port      \x1b[0m 8888 at 203.0.113.7:59735" in typed("show", SESSION_ID).out


def test_a_session_without_open_ports_tells_of_none(stub: Stub, run: Run) -> None:
    for found in (session("running"), session("running", ports=None), session("running", ports=[])):
        _knows(stub, found)
        assert "port\t" not in run("show", SESSION_ID).out


def test_an_ended_session_shows_the_proof_of_its_absence(stub: Stub, run: Run) -> None:
    _knows(stub, ended())
    lines = run("show", SESSION_ID).out.splitlines()
    assert lines[-3] == f"{SESSION_ID} is terminated, proven gone from vastai (machine: 7001)"
    assert lines[-2].endswith("asked for it: absent · a complete list of 3 without it")
    assert "time\t2026-03-01T10:30:11Z" in lines


def test_a_session_that_never_had_a_machine_says_so(stub: Stub, run: Run) -> None:
    _knows(stub, ended("failed", "launch_refused", absence_proof=None, attempts=[]))
    assert run("show", SESSION_ID).out.splitlines()[-1] == f"{SESSION_ID} is failed: no machine was ever ordered"


def test_json_is_the_session_with_its_events(stub: Stub, run: Run) -> None:
    _knows(stub, session("running"))
    answer = run("show", SESSION_ID, "--json").json
    assert (answer["id"], answer["events"]) == (SESSION_ID, STORY)


def test_the_end_of_an_id_or_the_tag_will_do(stub: Stub, run: Run) -> None:
    _knows(stub, session("running"))
    stub.lists("/sessions", "sessions", [session("running"), session("running", OTHER_ID)])
    for text in ("cd34", "ab12cd34", f"shopper-{SESSION_ID}", SESSION_ID.upper()):
        assert run("show", text, "--json").json["id"] == SESSION_ID


def test_an_ended_session_is_found_by_its_end_too(stub: Stub, run: Run) -> None:
    _knows(stub, ended())
    stub.says("GET", "/sessions", {"sessions": []}, {"sessions": [ended()]})
    assert run("show", "ab12cd34", "--json").code == 0


def test_an_end_that_two_ids_share_names_both(stub: Stub, run: Run) -> None:
    twin = SESSION_ID.replace("ab12", "zz12")
    stub.lists("/sessions", "sessions", [session("running"), session("running", twin)])
    ran = run("show", "12cd34", "--json")
    assert (ran.code, ran.error["code"]) == (1, "ambiguous")
    assert SESSION_ID in ran.error["detail"]
    assert twin in ran.error["detail"]


def test_too_little_of_an_id_or_none_at_all_asks_nobody(stub: Stub, run: Run) -> None:
    for text in ("34", "", "../x", "a b"):
        assert run("show", text).code == 2
    assert stub.asked == []


def test_an_unknown_end_says_where_to_look(stub: Stub, run: Run) -> None:
    stub.lists("/sessions", "sessions", [])
    ran = run("show", "nothing-like-it")
    assert ran.code == 1
    assert ran.err == "gpu-shopper: no session of yours ends in 'nothing-like-it'; gpu-shopper ls --all lists them\n"


def test_an_address_that_is_none_is_not_made_into_a_command(stub: Stub, run: Run) -> None:
    _knows(stub, session("running", ssh=address(host="-oProxyCommand=evil")))
    assert "ssh\tab12cd34 has an SSH address that is none" in run("show", SESSION_ID).out
