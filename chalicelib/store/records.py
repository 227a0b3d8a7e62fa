"""Structs as rows: each field is an attribute of its own, so a change writes only what changed.

Numbers are N, strings and enums S, anything nested compact JSON in an S; None is the attribute's absence.
Attributes that this version does not know are never touched.
"""

import types
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin

import msgspec
from pynamodb.attributes import Attribute, BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action

from chalicelib.store.table import Row, Table

S = TypeVar("S", bound=msgspec.Struct)


class JsonAttribute(Attribute[Any]):
    """Anything msgspec can encode."""

    attr_type = "S"

    def serialize(self, value: Any) -> str:
        return msgspec.json.encode(value).decode()

    def deserialize(self, value: str) -> Any:
        return msgspec.json.decode(value)


class Rows:
    """On a collection, whose table is `_table`: its rows that hold a struct, one attribute for each field. pynamodb
    takes its time to make a model, so it is made when it is first asked for, once for a table."""

    def __init__(self, struct: type[msgspec.Struct]) -> None:
        self._struct = struct

    def __get__(self, collection: Any, _: type[Any]) -> type[Row]:
        return rows_of(collection._table, self._struct)


def rows_of(table: Table, struct: type[msgspec.Struct]) -> type[Row]:
    """The rows of this table that hold such structs."""
    return table.model(struct, lambda: {field.name: _column(field.type) for field in msgspec.structs.fields(struct)})


def values(record: msgspec.Struct) -> dict[str, Any]:
    """What to store of it: every field that is not None."""
    found = {name: getattr(record, name) for name in record.__struct_fields__}
    return {name: value for name, value in found.items() if value is not None}


def read(row: Row, struct: type[S]) -> S:
    """The record that the row holds; an absent attribute is the field's default, or None."""
    found = {name: getattr(row, name) for name in struct.__struct_fields__}
    defaulted = _defaulted(struct)
    return msgspec.convert({name: v for name, v in found.items() if v is not None or name not in defaulted}, struct)


def changes(row: type[Row], before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Action]:
    """The updates that turn the attributes `before` into `after`."""
    columns = row.get_attributes()
    gone = [columns[name].remove() for name in before if name not in after]
    return gone + [columns[name].set(value) for name, value in after.items() if before.get(name) != value]


@cache
def _defaulted(struct: type[msgspec.Struct]) -> frozenset[str]:
    return frozenset(field.name for field in msgspec.structs.fields(struct) if not field.required)


def _column(kind: Any) -> Attribute[Any]:
    union = get_origin(kind) in (Union, types.UnionType)
    kinds = {one for one in (get_args(kind) if union else (kind,)) if one is not types.NoneType}
    if kinds == {bool}:
        return BooleanAttribute(null=True)
    if kinds <= {int, float}:
        return NumberAttribute(null=True)
    if all(isinstance(one, type) and issubclass(one, str) for one in kinds):
        return UnicodeAttribute(null=True)
    return JsonAttribute(null=True)
