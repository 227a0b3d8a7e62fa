"""Where words go: answers to stdout, notes to stderr, colours and questions only where a person sits."""

import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from typing import TextIO

from cli.errors import CliError
from cli.table import Column, Row, fitted, tabbed
from cli.words import clean, cut

_CODES = {"red": "31", "green": "32", "yellow": "33", "cyan": "36", "bold": "1", "dim": "2"}
STATUS_COLOURS = {
    **dict.fromkeys(("running", "ok"), "green"),
    **dict.fromkeys(("pending", "provisioning", "terminating", "degraded", "stale", "overdue"), "yellow"),
    **dict.fromkeys(("failed", "error", "down"), "red"),
    "terminated": "dim",
}


_OURS = re.compile("(\\t|" + "|".join(re.escape(f"\x1b[{code}m") for code in ("0", *_CODES.values())) + ")")


def _tame(line: str) -> str:
    """Text and our own marks alternate; the text between them is cleaned."""
    return "".join(part if number % 2 else clean(part) for number, part in enumerate(_OURS.split(line)))


class Console:
    """Made per command from the process's streams; `as_json` keeps stdout to one JSON document."""

    def __init__(self, environ: Mapping[str, str], as_json: bool = False) -> None:
        self.as_json = as_json
        self.out, self.err = sys.stdout, sys.stderr
        self.terminal = self.out.isatty()
        self.err_terminal = self.err.isatty()
        self.asks = sys.stdin is not None and sys.stdin.isatty() and self.err_terminal
        self._plain = bool(environ.get("NO_COLOR")) or environ.get("TERM") == "dumb"
        self._columns = environ.get("COLUMNS", "")
        self._live = False

    @property
    def width(self) -> int:
        if self._columns.isdigit() and int(self._columns) > 0:
            return int(self._columns)
        for stream in (self.out, self.err):
            try:
                return os.get_terminal_size(stream.fileno()).columns or 80
            except (OSError, ValueError):
                continue
        return 80

    def paint(self, text: str, colour: str) -> str:
        return f"\x1b[{_CODES[colour]}m{text}\x1b[0m" if self.terminal and not self._plain else text

    def status(self, text: str) -> str:
        colour = STATUS_COLOURS.get(text)
        return self.paint(clean(text), colour) if colour else clean(text)

    def say(self, line: str = "") -> None:
        """One line of the answer: whatever is in it, nothing but our own colours and tabs steers a terminal."""
        self._end_live()
        print(_tame(line), file=self.out)

    def note(self, line: str) -> None:
        """One line beside the answer."""
        self._end_live()
        print(clean(line), file=self.err, flush=True)

    def data(self, answer: object) -> None:
        self._end_live()
        print(json.dumps(answer, indent=2), file=self.out)

    def table(self, columns: Sequence[Column], rows: Sequence[Row]) -> None:
        lines = fitted(columns, rows, self.width, self.paint) if self.terminal else tabbed(columns, rows)
        for line in lines:
            self.say(line)

    def aside(self, columns: Sequence[Column], rows: Sequence[Row]) -> None:
        """A table beside the answer, for the question that follows it."""
        self._end_live()
        for line in fitted(columns, rows, self.width, lambda text, _: text):
            print(_tame(line), file=self.err)

    def clear(self) -> None:
        """Begin the screen anew; only where `terminal`."""
        self.out.write("\x1b[H\x1b[2J")

    def live(self, line: str) -> None:
        """Replace the line that is being watched; only where `err_terminal`."""
        self.err.write("\r\x1b[2K" + cut(clean(line), self.width - 1))
        self.err.flush()
        self._live = True

    def confirm(self, question: str) -> bool:
        """Only where `asks`. Anything but a yes is a no."""
        self._end_live()
        self.err.write(f"{clean(question)} [y/N] ")
        self.err.flush()
        return sys.stdin.readline().strip().lower() in ("y", "yes")

    def error(self, error: CliError) -> None:
        self._end_live()
        line = json.dumps(error.fields()) if self.as_json else f"gpu-shopper: {clean(error.line())}"
        print(line, file=self.err, flush=True)

    def _end_live(self) -> None:
        if self._live:
            self._live = False
            self.err.write("\r\x1b[2K")
            self.err.flush()


def tolerant(stream: TextIO) -> None:
    """Let a terminal of a narrow encoding show ? where it cannot show a letter, instead of failing."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")
