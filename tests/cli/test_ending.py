"""`done`, `rm`, `extend`: asked once, proven, and never done by accident."""

import pytest

from tests.cli.conftest import Run
from tests.cli.stub import DROPPED, Answer, Stub, problem
from tests.cli.things import SESSION_ID, ended, session

PATH = f"/sessions/{SESSION_ID}"


def test_rm_asks_for_the_end_and_says_how_to_see_it(stub: Stub, run: Run) -> None:
    stub.says("DELETE", PATH, session("terminating"), status=202)
    ran = run("rm", SESSION_ID)
    assert (ran.code, ran.out) == (0, f"{SESSION_ID} terminating\n")
    assert "gpu-shopper rm ab12cd34 --wait" in ran.err


def test_rm_wait_ends_with_the_proof(stub: Stub, run: Run) -> None:
    stub.says("DELETE", PATH, session("terminating"), status=202)
    stub.says("GET", PATH, session("terminating", status_reason="destroy asked for"), ended())
    ran = run("rm", SESSION_ID, "--wait")
    assert ran.out.splitlines()[0] == f"{SESSION_ID} is terminated, proven gone from vastai (machine: 7001)"
    assert len(ran.out.splitlines()) == 3


def test_rm_on_an_ended_session_tells_its_proof_again(stub: Stub, run: Run) -> None:
    stub.says("DELETE", PATH, ended())
    assert "proven gone" in run("rm", SESSION_ID).out


def test_a_lost_answer_to_rm_is_asked_again(stub: Stub, run: Run) -> None:
    stub.says("DELETE", PATH, DROPPED, Answer(202, session("terminating")))
    assert run("rm", SESSION_ID, "--json").json["status"] == "terminating"


def test_done_is_the_graceful_end(stub: Stub, run: Run) -> None:
    stub.says("POST", f"{PATH}/done", session("terminating"), status=202)
    stub.says("GET", PATH, ended(reason="done"))
    assert run("done", SESSION_ID, "--wait", "--json").json["end_reason"] == "done"


def test_whoever_stops_waiting_does_not_stop_the_end(stub: Stub, run: Run) -> None:
    def pressed(seconds: float) -> None:
        raise KeyboardInterrupt

    stub.says("DELETE", PATH, session("terminating"), status=202)
    ran = run("rm", SESSION_ID, "--wait", pause=pressed)
    assert ran.code == 130
    assert "the service goes on ending it" in ran.err
    seconds = iter(range(0, 1000, 7))
    stub.says("GET", PATH, session("terminating"))
    ran = run("rm", SESSION_ID, "--wait", "--timeout", "20", clock=lambda: next(seconds))
    assert ran.code == 1
    assert "the service goes on ending it" in ran.err


def test_extend_says_the_new_end(stub: Stub, run: Run) -> None:
    stub.says("POST", f"{PATH}/extend", session("running", expires_at="2099-03-01T12:30:00Z"))
    ran = run("extend", SESSION_ID, "1.5")
    assert stub.of("POST")[0].body == {"hours": 1.5}
    assert ran.out.startswith(f"{SESSION_ID} ends 2099-03-01 12:30 (in ")
    assert run("extend", SESSION_ID, "1.5", "--override", "--json").json["expires_at"] == "2099-03-01T12:30:00Z"
    assert stub.of("POST")[1].body == {"hours": 1.5, "override": True}


def test_extend_past_the_hard_maximum_says_who_could(stub: Stub, run: Run) -> None:
    stub.says("POST", f"{PATH}/extend", problem(409, "past_hard_max", "beyond 22:00"))
    ran = run("extend", SESSION_ID, "100")
    assert (ran.code, ran.err) == (
        1,
        "gpu-shopper: beyond 22:00; only an operator may go beyond it, with --override\n",
    )


def test_an_extension_whose_answer_is_lost_is_looked_at_first(stub: Stub, run: Run) -> None:
    stub.says("POST", f"{PATH}/extend", DROPPED)
    ran = run("extend", SESSION_ID, "1")
    assert ran.code == 3
    assert "it may have been done: gpu-shopper show ab12cd34" in ran.err


@pytest.mark.parametrize(("answer", "code", "asked"), [("y\n", 0, 1), ("n\n", 1, 0)])
def test_on_a_terminal_an_extension_is_agreed_to(stub: Stub, typed: Run, answer: str, code: int, asked: int) -> None:
    stub.says("GET", PATH, session("running"))
    stub.says("POST", f"{PATH}/extend", session("running"))
    ran = typed("extend", SESSION_ID, "2", answer=answer)
    assert (ran.code, len(stub.of("POST"))) == (code, asked)
    assert "2 h more, until 2026-03-01 13:00: at most $0.70 more? [y/N]" in ran.err


def test_an_override_says_what_it_overrides_before_it_is_agreed_to(stub: Stub, typed: Run) -> None:
    stub.says("GET", PATH, session("running"))
    ran = typed("extend", SESSION_ID, "20", "--override", answer="n\n")
    assert (ran.code, stub.of("POST")) == (1, [])
    assert "past its hard maximum if need be, on record in your name? [y/N]" in ran.err
