"""The numbers that were counted, as they came."""


class MemoryMetrics:
    """`Metrics`."""

    def __init__(self) -> None:
        self.counted: list[tuple[str, int, dict[str, str]]] = []

    def count(self, name: str, value: int, **dimensions: str) -> None:
        self.counted.append((name, value, dimensions))

    def of(self, name: str) -> list[int]:
        """The values under one name, oldest first."""
        return [value for counted, value, _ in self.counted if counted == name]
