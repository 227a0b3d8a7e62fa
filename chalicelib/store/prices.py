"""What cards cost, hour by hour.

`PRICES#provider / hour`   all cards of that market in that hour, compressed; gone after a month
"""

import zlib

import msgspec
from pynamodb.attributes import BinaryAttribute

from chalicelib.domain.instant import SECOND, Instant, Millis
from chalicelib.domain.trend import Observation, Quote
from chalicelib.store.table import Row, Table


class PriceRow(Row):
    body: BinaryAttribute = BinaryAttribute(legacy_encoding=False)


class DynamoPrices:
    """`Prices`."""

    def __init__(self, table: Table, keep: Millis) -> None:
        self._table = table
        self._rows = table.bind(PriceRow)
        self._keep = keep

    def record(self, observation: Observation) -> None:
        body = zlib.compress(msgspec.msgpack.encode(observation.quotes), 9)
        ttl = (observation.hour + self._keep) // SECOND
        row = self._rows(_pk(observation.provider), _sk(observation.hour), body=body, ttl=ttl)
        self._table.run(row.save)

    def since(self, provider: str, hour: Instant) -> list[Observation]:
        rows = self._table.find(self._rows, _pk(provider), self._rows.sk >= _sk(hour))
        return [
            Observation(
                provider=provider,
                hour=int(row.sk),
                quotes=msgspec.msgpack.decode(zlib.decompress(row.body), type=tuple[Quote, ...]),
            )
            for row in rows
        ]


def _pk(provider: str) -> str:
    return f"PRICES#{provider}"


def _sk(hour: Instant) -> str:
    return f"{hour:013d}"
