"""Tables: fitted to the terminal's width for people, tab-separated and whole when piped."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cli.words import cells, clean, cut, elide, wrapped

GAP = 2


@dataclass(frozen=True, slots=True)
class Column:
    title: str
    right: bool = False
    shrinks: bool = False
    """May lose the end of its text."""
    elides: bool = False
    """May lose the middle of its text."""
    below: bool = False
    """Loses nothing: where it does not fit beside the others it stands in lines of its own below each row."""
    least: int = 8
    """Narrower than this it is not made."""
    optional: int = 0
    """Columns with the highest number are left out first where the terminal is too narrow; 0 stays."""
    paint: Callable[[str], str | None] | None = None
    """Colour name for a cell's text."""


Row = Sequence[str]
Painter = Callable[[str, str], str]


def tabbed(columns: Sequence[Column], rows: Sequence[Row]) -> list[str]:
    """A header line and one line per row, fields apart by tabs, nothing cut: for cut, awk and friends."""
    return ["\t".join(clean(cell) for cell in row) for row in ([column.title for column in columns], *rows)]


def fitted(columns: Sequence[Column], rows: Sequence[Row], width: int, paint: Painter) -> list[str]:
    """Aligned lines no wider than `width`, as far as columns may shrink, be left out or go below."""
    texts = [[clean(cell) for cell in row] for row in rows]
    natural = [max(cells(column.title), *(cells(row[i]) for row in texts), 0) for i, column in enumerate(columns)]
    kept = list(range(len(columns)))
    below = [i for i in kept if columns[i].below] if sum(natural) + GAP * (len(kept) - 1) > width else []
    kept = [i for i in kept if i not in below]
    while True:
        widths = _shrink([columns[i] for i in kept], [natural[i] for i in kept], width)
        least = max((i for i in kept if columns[i].optional), key=lambda i: columns[i].optional, default=None)
        if sum(widths) + GAP * (len(kept) - 1) <= width or least is None:
            break
        kept.remove(least)
    head = [_pad(columns[i], cut(columns[i].title, size), size) for i, size in zip(kept, widths, strict=True)]
    lines = [paint((" " * GAP).join(head).rstrip(), "dim")]
    for row in texts:
        parts = []
        for i, size in zip(kept, widths, strict=True):
            column = columns[i]
            text = _pad(column, elide(row[i], size) if column.elides else cut(row[i], size), size)
            colour = column.paint(row[i]) if column.paint else None
            parts.append(paint(text, colour) if colour else text)
        lines.append((" " * GAP).join(parts).rstrip())
        lines += [" " * GAP + line for i in below for line in wrapped(row[i], max(1, width - GAP))]
    return lines


def _shrink(columns: Sequence[Column], natural: Sequence[int], width: int) -> list[int]:
    """Take what is too much from the widest columns that may lose their end, then from those that may lose a middle."""
    widths = list(natural)
    excess = sum(widths) + GAP * (len(widths) - 1) - width
    while excess > 0:
        able = [i for i, c in enumerate(columns) if (c.shrinks or c.elides) and widths[i] > max(c.least, len(c.title))]
        if not able:
            break
        widths[max(able, key=lambda i: (columns[i].shrinks, widths[i]))] -= 1
        excess -= 1
    return widths


def _pad(column: Column, text: str, width: int) -> str:
    space = " " * (width - cells(text))
    return space + text if column.right else text + space
