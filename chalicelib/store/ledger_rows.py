"""What money looks like in the table.

`COSTS#consumer#month / LINE#day#session#provider#gpu`   one session's cost of one day, with the segments behind it
`COSTS#consumer#month / TOTAL#day#provider#gpu`          the sum of all such lines, kept by the same transactions
"""

from typing import Any

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.domain import period
from chalicelib.domain.instant import SECOND, Millis
from chalicelib.domain.ledger import Key, Line
from chalicelib.store.records import values
from chalicelib.store.table import Row


class TotalRow(Row):
    """Its numbers only ever get something added."""

    day: UnicodeAttribute = UnicodeAttribute(null=True)
    provider: UnicodeAttribute = UnicodeAttribute(null=True)
    gpu: UnicodeAttribute = UnicodeAttribute(null=True)
    cost: NumberAttribute = NumberAttribute(null=True)
    gpu_ms: NumberAttribute = NumberAttribute(null=True)
    sessions: NumberAttribute = NumberAttribute(null=True)
    started: NumberAttribute = NumberAttribute(null=True)


def costs_pk(consumer: str, of_month: str) -> str:
    return f"COSTS#{consumer}#{of_month}"


def line_key(consumer: str, key: Key) -> tuple[str, str]:
    day, session, provider, gpu = key
    return costs_pk(consumer, day[:7]), f"LINE#{day}#{session}#{provider}#{gpu}"


def total_key(consumer: str, day: str, provider: str, gpu: str) -> tuple[str, str]:
    return costs_pk(consumer, day[:7]), f"TOTAL#{day}#{provider}#{gpu}"


def stored_line(line: Line, retention: Millis) -> dict[str, Any]:
    _, end_of_day = period.bounds(line.day)
    return values(line) | {"ttl": (end_of_day + retention) // SECOND}
