"""One example for each schema, put together from the examples of its fields."""

from collections.abc import Mapping
from typing import Any

_BY_TYPE: Mapping[str, object] = {"string": "…", "integer": 1, "number": 1.0, "boolean": True, "null": None}


class Examples:
    """Of schemas that may refer to `schemas` by name."""

    def __init__(self, schemas: Mapping[str, Any]) -> None:
        self._schemas = schemas

    def of(self, schema: Mapping[str, Any]) -> Any:
        """The first example, default or allowed value it names; else one of its type, null where that is allowed."""
        if "$ref" in schema:
            return self.of(self._schemas[schema["$ref"].rpartition("/")[2]])
        for word in ("examples", "enum"):
            if schema.get(word):
                return schema[word][0]
        if "anyOf" in schema:
            told = [each for each in schema["anyOf"] if each.get("examples") or "$ref" in each]
            return self.of(told[0]) if told else None
        if schema.get("type") == "object":
            return {name: self.of(each) for name, each in schema.get("properties", {}).items()} or self._named(schema)
        if schema.get("type") == "array":
            return [self.of(schema["items"])] if isinstance(schema.get("items"), dict) else []
        return _BY_TYPE[schema["type"]]

    def _named(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """Of an object whose names are data: one of them."""
        values = schema.get("additionalProperties")
        return {"vastai": self.of(values)} if isinstance(values, dict) and values else {}
