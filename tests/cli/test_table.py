"""Tables and words: they fit, they line up, and nothing from outside steers the terminal."""

from datetime import UTC, datetime

import pytest

from cli.table import Column, fitted, tabbed
from cli.words import cells, clean, cut, elapsed, elide, span, until, usd, wrapped

COLUMNS = (
    Column("ID", elides=True),
    Column("GPU", shrinks=True),
    Column("$/H", right=True),
    Column("SPOT", optional=1),
)
ROWS = [["tensordock:1a779525-4c04-4f2c-aa45-58b47d54bb38:rtx4090", "GeForce RTX 4090", "0.350", "no"]]


def _plain(text: str, colour: str) -> str:
    return text


@pytest.mark.parametrize("width", [120, 80, 50, 40])
def test_a_table_is_never_wider_than_the_terminal(width: int) -> None:
    lines = fitted(COLUMNS, ROWS, width, _plain)
    assert max(cells(line) for line in lines) <= width


def test_numbers_line_up_at_the_right() -> None:
    lines = fitted((Column("A"), Column("N", right=True)), [["x", "1"], ["y", "1000"]], 80, _plain)
    assert lines == ["A     N", "x     1", "y  1000"]


def test_a_shortened_id_keeps_both_ends() -> None:
    whole = "tensordock:1a779525-4c04-4f2c-aa45-58b47d54bb38:geforcertx4090-pcie-24gb"
    assert elide(whole, 50) == "tensordock:1a779525-4c04…:geforcertx4090-pcie-24gb"
    assert elide(whole, 41) == "tensordock:1a77…:geforcertx4090-pcie-24gb"
    assert elide(whole, 32) == "tensordock:1a77…:geforce…ie-24gb"
    assert elide("vastai:101", 10) == "vastai:101"
    assert elide("abcdefghijkl", 7) == "abc…jkl"
    assert cut("GeForce RTX 4090", 8) == "GeForce…"


def test_the_least_needed_column_goes_first_where_space_is_short() -> None:
    assert "SPOT" in fitted(COLUMNS, ROWS, 60, _plain)[0]
    assert "SPOT" not in fitted(COLUMNS, ROWS, 30, _plain)[0]


def test_what_may_not_be_cut_stands_below_its_row_where_it_does_not_fit_beside() -> None:
    columns = (Column("KIND"), Column("SENT", optional=1), Column("DETAIL", below=True))
    rows = [["lost", "no", "a word"], ["stuck", "yes", "many more words of it"]]
    assert fitted(columns, rows, 34, _plain)[1:] == ["lost   no    a word", "stuck  yes   many more words of it"]
    assert fitted(columns, rows, 33, _plain) == [
        *("KIND   SENT", "lost   no", "  a word", "stuck  yes", "  many more words of it"),
    ]
    assert fitted(columns, rows, 14, _plain)[4:] == ["  many more", "  words of it"]
    assert "SENT" not in fitted(columns, rows, 10, _plain)[0]


def test_a_text_is_wrapped_between_words_and_only_a_long_one_within() -> None:
    assert wrapped("one two  three", 7) == ["one two", "three"]
    assert wrapped("a vastai:1234567 b", 8) == ["a", "vastai:1", "234567 b"]
    assert wrapped("漢字漢字", 5) == ["漢字", "漢字"]
    assert wrapped("漢", 1) == ["漢"]
    assert wrapped("", 8) == []


def test_piped_nothing_is_cut_and_tabs_divide() -> None:
    assert tabbed(COLUMNS, ROWS) == ["ID\tGPU\t$/H\tSPOT", "\t".join(ROWS[0])]


def test_a_tab_or_an_escape_from_outside_cannot_break_a_line() -> None:
    assert tabbed((Column("A"),), [["a\tb\x1b[2Jc\nd"]])[1] == "a b [2Jc d"
    assert clean("plain é 漢") == "plain é 漢"


def test_wide_letters_count_twice() -> None:
    assert cells("漢字") == 4
    assert cut("漢字漢字", 5) == "漢字…"


@pytest.mark.parametrize(
    ("seconds", "short", "long"),
    [(7, "0:07", "7 s"), (3723, "1:02:03", "1 h 2 min"), (7199, "1:59:59", "2 h"), (-3, "0:00", "0 s")],
)
def test_time_is_said_shortly(seconds: float, short: str, long: str) -> None:
    assert (elapsed(seconds), span(seconds)) == (short, long)


def test_a_moment_is_told_from_now() -> None:
    now = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
    assert until("2026-03-01T10:59:00Z", now) == "in 59 min"
    assert until("2026-03-01T09:59:53.5Z", now) == "6 s ago"
    assert until(None, now) == until("yesterday", now) == "-"


def test_small_amounts_keep_their_digits() -> None:
    assert [usd(n) for n in (0, 0.0123, 2.5, 1234.5, None)] == ["$0.00", "$0.0123", "$2.50", "$1,234.50", "-"]
