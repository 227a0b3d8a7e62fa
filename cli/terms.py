"""What a session sets aside of a budget, worked out as the service does: by the terms that GET /me tells."""

from dataclasses import dataclass

from cli.client import Client


@dataclass(frozen=True, slots=True)
class Terms:
    """Hours, and shares of a price."""

    hard_max_hours: float
    hold_margin_hours: float
    price_tolerance: float

    def ceiling(self, listed: float, max_price: float | None = None) -> float:
        """USD per hour: a re-quote may be this much dearer, and never above what was allowed."""
        tolerated = listed * (1 + self.price_tolerance)
        return tolerated if max_price is None else min(tolerated, max_price)

    def hold(self, ceiling: float, hours: float) -> float:
        """USD: the worst case for all the hours, and for the time that ending it may take."""
        return round(ceiling * (hours + self.hold_margin_hours), 6)


def of(client: Client) -> tuple[Terms, dict[str, object]]:
    """The terms of this key, and the consumer it belongs to."""
    me = client.me()
    told = me["terms"]
    terms = Terms(told["hard_max_hours"], told["hold_margin_hours"], told["price_tolerance"])
    return terms, me["consumer"]
