"""What an offer would cost and hold for its hours, and whether the service would refuse it now."""

from cli import shapes, terms
from cli.client import Client
from cli.errors import ApiError
from cli.mcp.answers import Quote, offer
from cli.words import usd


def quote(client: Client, told: shapes.Offer, hours: float) -> Quote:
    agreed, consumer = terms.of(client)
    price = told["price_per_hour"]
    ceiling = agreed.ceiling(price)
    hold = agreed.hold(ceiling, hours)
    left = _left(client, consumer)
    problem = _problem(consumer, ceiling, hold, left, hours, agreed.hard_max_hours)
    return Quote(
        offer=offer(told),
        hours=hours,
        price=round(price * hours, 6),
        hold=hold,
        hard_max_hours=agreed.hard_max_hours,
        budget_left=left,
        problem=problem,
        next_step="Call rent with this offer_id." if problem is None else "Do something about `problem` first.",
    )


def _left(client: Client, consumer: dict[str, object]) -> float | None:
    """What a budget that refuses has left for new holds; None where none does."""
    if not consumer.get("has_budget"):
        return None
    try:
        budget = client.budget(str(consumer["id"]))
    except ApiError:
        return None
    return (
        round(budget["limit"] - budget["spent"] - budget["reserved"], 6) if budget["on_exceeded"] != "alert" else None
    )


def _problem(
    consumer: dict[str, object], ceiling: float, hold: float, left: float | None, hours: float, longest: float
) -> str | None:
    sessions, most = consumer.get("sessions"), consumer.get("max_sessions")
    committed, limit = consumer.get("committed_per_hour"), consumer.get("max_price_per_hour")
    if hours > longest:
        return f"a session lives {longest:g} hours at most"
    if isinstance(sessions, int) and isinstance(most, int) and sessions >= most:
        return f"all {most} sessions are in use: end one"
    if isinstance(committed, (int, float)) and isinstance(limit, (int, float)) and committed + ceiling > limit:
        return f"it may cost {usd(ceiling)}/h, and {usd(max(0.0, limit - committed))}/h are left of {usd(limit)}/h"
    if left is not None and hold > left:
        return f"it holds {usd(hold)}, and the budget has {usd(max(0.0, left))} left"
    return None
