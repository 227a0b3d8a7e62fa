"""The scoreboard counts by the markets' books, and passes nothing that it did not see survive."""

import io
from typing import Any

from local.drill.board import Progress, Row, Score, machine_of, render


def view(**changes: Any) -> dict[str, Any]:
    """A machine made at 1000 for $3.60 an hour, which is a tenth of a cent a second; gone at 1100."""
    charge = {"kind": "gpu", "rate": 3.6, "start": 1000.0, "end": 1100.0, "units": None}
    return {"id": "7", "gone_at": 1100.0, "charges": [charge], "destroy_calls": [1090.0], **changes}


def test_only_what_was_billed_after_it_was_due_counts() -> None:
    machine = machine_of(view(), ours=True, due_at=1080.0, now=2000.0)
    assert machine.late_seconds == 20.0
    assert round(machine.billed_late, 9) == 0.02


def test_a_machine_that_still_lives_is_late_until_now() -> None:
    open_charge = {"kind": "gpu", "rate": 3.6, "start": 1000.0, "end": None, "units": None}
    machine = machine_of(view(gone_at=None, charges=[open_charge]), ours=True, due_at=1080.0, now=1180.0)
    assert (machine.late_seconds, round(machine.billed_late, 9)) == (100.0, 0.1)


def test_what_ended_before_it_was_due_was_never_late() -> None:
    machine = machine_of(view(), ours=True, due_at=5000.0, now=6000.0)
    assert (machine.late_seconds, machine.billed_late) == (0.0, 0.0)


def test_a_foreign_machine_counts_as_touched_when_it_was_asked_to_end_or_is_gone() -> None:
    living = machine_of(view(gone_at=None, destroy_calls=[]), ours=False, due_at=None, now=2000.0)
    asked = machine_of(view(gone_at=None), ours=False, due_at=None, now=2000.0)
    gone = machine_of(view(destroy_calls=[]), ours=False, due_at=None, now=2000.0)
    figures = Score(machines=[living, asked, gone]).figures()
    assert (figures["foreign_machines"], figures["foreign_machines_touched"]) == (3, 2)


def test_one_fault_too_many_fails_the_drill_and_so_does_an_empty_one() -> None:
    good, bad = (Row(fault="a", survived=survived, detail="") for survived in (True, False))
    assert Score(rows=[good]).passed
    assert not Score(rows=[good, bad]).passed
    assert not Score().passed


def test_the_board_shows_every_fault_and_its_figures() -> None:
    board = render(Score(rows=[Row(fault="a lie", survived=False, detail="it lives")], took_seconds=3.21))
    assert "FAILED    a lie  it lives" in board
    assert "Faults survived:    0/1" in board


def test_where_nobody_watches_progress_is_one_line_a_step() -> None:
    out = io.StringIO()
    progress = Progress(out)
    progress("renting")
    progress.over()
    assert out.getvalue().endswith(" s] renting\n")
