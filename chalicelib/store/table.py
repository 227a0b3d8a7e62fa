"""The one table: its keys and indexes, and the connection that every collection shares.

Rows are found by `pk` and `sk`; the collections' modules say which. Three sparse indexes hold keys only:
`due` (status, next look), `owned` (whose, oldest first) and `feed` (a month's sessions, all consumers).
What an index finds is then read, strongly consistent, from the row itself.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from typing import Any, TypeVar, cast

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import DoesNotExist
from pynamodb.expressions.condition import Condition
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from chalicelib.store.trouble import settle

T = TypeVar("T")
R = TypeVar("R", bound="Row")

TTL = "ttl"
_LONGEST_PK = 2048  # bytes; nothing is stored under a longer one, so nothing need be asked
BATCH = 100  # rows of one BatchGetItem


class _DueIndex(GlobalSecondaryIndex["Row"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "due"
        projection = KeysOnlyProjection()

    ix_due: UnicodeAttribute = UnicodeAttribute(hash_key=True)
    ix_due_at: NumberAttribute = NumberAttribute(range_key=True)


class _OwnedIndex(GlobalSecondaryIndex["Row"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "owned"
        projection = KeysOnlyProjection()

    ix_owner: UnicodeAttribute = UnicodeAttribute(hash_key=True)
    ix_order: UnicodeAttribute = UnicodeAttribute(range_key=True)


class _FeedIndex(GlobalSecondaryIndex["Row"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "feed"
        projection = KeysOnlyProjection()

    ix_feed: UnicodeAttribute = UnicodeAttribute(hash_key=True)
    ix_order: UnicodeAttribute = UnicodeAttribute(range_key=True)


class Row(Model):
    """What every row has. `ttl` is in seconds, as DynamoDB wants it; all other moments are Instants."""

    pk: UnicodeAttribute = UnicodeAttribute(hash_key=True)
    sk: UnicodeAttribute = UnicodeAttribute(range_key=True)
    ix_due: UnicodeAttribute = UnicodeAttribute(null=True)
    ix_due_at: NumberAttribute = NumberAttribute(null=True)
    ix_owner: UnicodeAttribute = UnicodeAttribute(null=True)
    ix_feed: UnicodeAttribute = UnicodeAttribute(null=True)
    ix_order: UnicodeAttribute = UnicodeAttribute(null=True)
    ttl: NumberAttribute = NumberAttribute(null=True)

    due: _DueIndex = _DueIndex()
    owned: _OwnedIndex = _OwnedIndex()
    feed: _FeedIndex = _FeedIndex()


class Table:
    """A deployment's table and the one client for it. Nothing is asked of the network until the first call."""

    def __init__(self, name: str, host: str | None = None, pause: Callable[[float], None] = time.sleep) -> None:
        meta = {
            "table_name": name,
            "host": host,  # None: botocore's own choice, AWS_ENDPOINT_URL_DYNAMODB included
            "connect_timeout_seconds": 2,
            "read_timeout_seconds": 5,  # with two retries still within a gateway's 29 s
            "max_retry_attempts": 2,
            "max_pool_connections": 50,
        }
        self._base: type[Row] = cast("type[Row]", type("Row", (Row,), {"Meta": type("Meta", (), meta)}))
        # A model makes its own client unless a class above it has one: this one is made here, for all of them.
        self._connection = self._base._get_connection()
        self._pause = pause
        self._models: dict[type, type[Row]] = {}

    def bind(self, row: type[R]) -> type[R]:
        """`row`, living in this table; one class for all that ask, since pynamodb takes its time to make one."""
        if row not in self._models:
            self._models[row] = type(row.__name__, (row, self._base), {})
        return cast("type[R]", self._models[row])

    def model(self, of: type, columns: Callable[[], dict[str, Any]]) -> type[Row]:
        """Rows with these attributes, made once for each type `of` what they hold."""
        if of not in self._models:
            self._models[of] = type(f"{of.__name__}Row", (self._base,), columns())
        return self._models[of]

    @property
    def plain(self) -> type[Row]:
        """Rows of which nothing is asked but their keys."""
        return self._base

    def create(self) -> None:
        """Make the table if it is missing: local and tests only, a deployment's comes with its template."""

        def make() -> None:
            if not self._base.exists():
                self._base.create_table(wait=True, billing_mode="PAY_PER_REQUEST")
                self._connection.update_time_to_live(TTL)

        self.run(make)

    def get(self, row: type[R], pk: str, sk: str) -> R | None:
        """Strongly consistent."""
        if len(pk.encode()) > _LONGEST_PK:
            return None
        try:
            return self.run(lambda: row.get(pk, sk, consistent_read=True))
        except DoesNotExist:
            return None

    def get_all(self, row: type[R], keys: Iterable[tuple[str, str]], batch: int = BATCH) -> Iterator[R]:
        """Strongly consistent, in the order of `keys`, `batch` at a time; those without a row are left out."""
        left = iter(keys)
        while some := list(islice(left, batch)):
            found = self.run(partial(_read_batch, row, some))
            yield from (found[key] for key in some if key in found)

    def find(
        self,
        row: type[R],
        hash_key: str,
        condition: Condition | None = None,
        *,
        index: str | None = None,
        newest_first: bool = False,
        limit: int | None = None,
        keys_only: bool = False,
    ) -> list[R]:
        """Rows under one hash key, in the order of the range key; strongly consistent unless by an index."""
        return self.run(
            lambda: list(
                row.query(
                    hash_key,
                    condition,
                    index_name=index,
                    consistent_read=index is None,
                    scan_index_forward=not newest_first,
                    limit=limit,
                    attributes_to_get=["pk", "sk"] if keys_only else None,
                )
            )
        )

    def transact(self, build: Callable[[TransactWrite], None]) -> None:
        """All of it or nothing. botocore's own retries repeat one request token, so they cannot write twice."""

        def commit() -> None:
            with TransactWrite(connection=self._connection.connection) as transaction:
                build(transaction)

        self.run(commit)

    def run(self, call: Callable[[], T]) -> T:
        """Every call to the table goes through here. Raises Lost or StoreDown."""
        return settle(call, self._pause)

    def pause(self, seconds: float) -> None:
        self._pause(seconds)


def _read_batch(row: type[R], keys: list[tuple[str, str]]) -> dict[tuple[str, str], R]:
    return {(one.pk, one.sk): one for one in row.batch_get(keys, consistent_read=True)}
