"""`ls`: which sessions, and how they read."""

from tests.cli.conftest import Run
from tests.cli.stub import Stub
from tests.cli.things import OTHER_ID, SESSION_ID, ended, session


def test_live_sessions_are_listed_whole_when_piped(stub: Stub, run: Run) -> None:
    stub.lists("/sessions", "sessions", [session("running"), session("pending", OTHER_ID, ssh=None)])
    ran = run("ls")
    assert stub.asked[0].query == [("status", "active"), ("limit", "50")]
    head, first, second = (line.split("\t") for line in ran.out.splitlines())
    assert head[:3] == ["ID", "STATUS", "GPU"]
    assert first[:2] == [SESSION_ID, "running"]
    assert first[4:8] == ["0.350", "$0.01", "2026-03-01T11:00:00Z", "vastai:101"]
    assert second[0] == OTHER_ID


def test_on_a_terminal_the_id_is_the_end_of_the_whole_one(stub: Stub, typed: Run) -> None:
    stub.lists("/sessions", "sessions", [session("running")])
    row = typed("ls").out.splitlines()[1]
    assert row.startswith("ab12cd34  \x1b[32mrunning\x1b[0m")


def test_all_shows_ended_ones_and_why(stub: Stub, run: Run) -> None:
    stub.lists("/sessions", "sessions", [ended(reason="expired")])
    ran = run("ls", "--all", "--consumer", "alice", "--provider", "vastai")
    assert stub.asked[0].query == [("consumer", "alice"), ("provider", "vastai"), ("limit", "50")]
    assert ran.out.splitlines()[1].endswith("\texpired")


def test_the_rest_is_only_told_of_where_there_is_one(stub: Stub, run: Run) -> None:
    stub.lists("/sessions", "sessions", [session(session_id=f"local-{n}") for n in range(3)])
    assert run("ls", "--limit", "3").err == ""
    assert run("ls", "--limit", "2").err == "the newest 2; more: --limit N\n"


def test_json_has_the_form_of_the_service(stub: Stub, run: Run) -> None:
    stub.lists("/sessions", "sessions", [session("running")])
    answer = run("ls", "--json").json
    assert answer["sessions"][0]["id"] == SESSION_ID
    assert (answer["count"], answer["next_cursor"]) == (1, None)


def test_watch_draws_again_until_ctrl_c(stub: Stub, typed: Run) -> None:
    stub.says("GET", "/sessions", {"sessions": [session("pending")]}, {"sessions": [session("running")]})
    turns = []

    def pause(seconds: float) -> None:
        turns.append(seconds)
        if len(turns) == 2:
            raise KeyboardInterrupt

    ran = typed("ls", "--watch", pause=pause)
    assert ran.code == 0
    assert ran.out.count("\x1b[H\x1b[2J") == 2
    assert ran.out.index("pending") < ran.out.index("running")


def test_watch_needs_a_terminal(stub: Stub, run: Run) -> None:
    assert run("ls", "--watch").code == 2
