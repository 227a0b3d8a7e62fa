"""`renew`, and the leases that `up` keeps alive while it is at work."""

from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from cli import renewing
from cli.client import Client
from cli.errors import ApiError
from tests.cli.conftest import Run
from tests.cli.stub import DROPPED, KEY, Answer, Asked, Stub, problem
from tests.cli.things import SESSION_ID, ended, session

PATH = f"/sessions/{SESSION_ID}"
RENEW = f"{PATH}/renew"
FakeSsh = Callable[..., Path]


def leased(status: str = "running", **fields: Any) -> dict[str, Any]:
    return session(status, lease_minutes=10.0, lease_expires_at="2099-03-01T10:10:00Z", **fields)


def test_renew_says_when_the_lease_runs_out(stub: Stub, run: Run) -> None:
    stub.says("POST", RENEW, leased())
    ran = run("renew", SESSION_ID)
    assert ran.out.startswith(f"{SESSION_ID} lease of 10 min runs out 2099-03-01 10:10 (in ")
    assert run("renew", SESSION_ID, "--json").json["lease_minutes"] == 10


def test_a_lost_answer_to_a_renewal_is_asked_again(stub: Stub, run: Run) -> None:
    stub.says("POST", RENEW, DROPPED, Answer(200, leased()))
    assert run("renew", SESSION_ID).code == 0


@pytest.mark.parametrize(
    ("code", "words"), [("no_lease", "gpu-shopper up --lease-minutes"), ("not_live", "rent another: gpu-shopper up")]
)
def test_what_cannot_be_renewed_says_what_to_do(stub: Stub, run: Run, code: str, words: str) -> None:
    stub.says("POST", RENEW, problem(409, code, "no"))
    ran = run("renew", SESSION_ID)
    assert (ran.code, len(ran.err.splitlines())) == (1, 1)
    assert words in ran.err


def test_keep_renews_three_times_a_lease_until_ctrl_c_and_says_that_it_stopped(stub: Stub, run: Run) -> None:
    stub.says("POST", RENEW, leased())
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 4:
            raise KeyboardInterrupt

    ran = run("renew", SESSION_ID, "--keep", pause=pause)
    assert (ran.code, pauses, len(stub.of("POST", RENEW))) == (0, [200.0] * 4, 4)
    assert ran.err == (
        f"{SESSION_ID} is not renewed any more and ends 2099-03-01 10:10; end it now: gpu-shopper done ab12cd34\n"
    )


def test_keep_ends_with_the_session(stub: Stub, run: Run) -> None:
    stub.says("POST", RENEW, Answer(200, leased()), problem(409, "not_live", "the session is terminating"))
    ran = run("renew", SESSION_ID, "--keep")
    assert (ran.code, ran.err) == (0, f"{SESSION_ID}: the session is terminating\n")


def test_a_service_that_is_away_is_asked_again_soon(stub: Stub, home: Path) -> None:
    away = (DROPPED, DROPPED, problem(500, "internal_error"), problem(500, "internal_error"))
    stub.says("POST", RENEW, *away, leased(), problem(409, "not_live"))
    pauses: list[float] = []

    def stopped(seconds: float) -> bool:
        pauses.append(seconds)
        return False

    with pytest.raises(ApiError):
        renewing.keep(Client(stub.url, KEY), leased(), stopped, lambda now: None)  # type: ignore[arg-type]
    assert pauses == [200.0, 5.0, 5.0, 200.0]


def test_up_says_how_to_keep_a_lease(stub: Stub, run: Run) -> None:
    stub.says("POST", "/sessions", leased("pending"), status=202)
    stub.says("GET", PATH, leased())
    ran = run("up", "--offer", "vastai:101", "--yes", "--lease-minutes", "10")
    assert ran.out.splitlines()[2].startswith("lease of 10 min runs out 2099-03-01 10:10 (in ")
    assert ran.out.splitlines()[2].endswith("): gpu-shopper renew ab12cd34 --keep")


def test_a_lease_is_renewed_while_the_command_behind_rm_runs_and_not_afterwards(
    stub: Stub, run: Run, fake_ssh: FakeSsh, tmp_path: Path
) -> None:
    short: dict[str, Any] = {"lease_minutes": 0.001, "lease_expires_at": "2099-03-01T10:10:00Z"}
    renewed = tmp_path / "renewed"
    fake_ssh(f"while [ ! -e {renewed} ]; do :; done")  # ends once the stub was asked for it
    stub.says("POST", "/sessions", session(**short), status=202)
    stub.says("GET", PATH, session("running", **short), ended(reason="done"))
    stub.says("POST", f"{PATH}/done", session("terminating"), status=202)
    stub.says("POST", RENEW, session("running", **short))
    heard = stub.answer

    def answer(asked: Asked) -> Answer:
        if asked.path == RENEW and (tmp_path / "ssh-argv").exists():
            renewed.touch()
        return heard(asked)

    stub.answer = answer  # type: ignore[method-assign]
    assert run("up", "--offer", "vastai:101", "--yes", "--rm", "--", "train").code == 0
    assert stub.of("POST", RENEW)


def test_without_a_lease_nothing_is_renewed(stub: Stub, home: Path) -> None:
    from cli.config import load

    with renewing.renewed(load({"GPU_SHOPPER_URL": stub.url}), session("running")):  # type: ignore[arg-type]
        assert Event().wait(0.01) is False
    assert stub.asked == []


def test_show_and_ls_tell_the_lease(stub: Stub, run: Run) -> None:
    stub.says("GET", PATH, leased())
    stub.lists(f"{PATH}/events", "events", [])
    stub.lists("/sessions", "sessions", [leased()])
    assert "lease\t10 min runs out 2099-03-01 10:10 (in " in run("show", SESSION_ID).out
    assert "2099-03-01T10:10:00Z" in run("ls").out
