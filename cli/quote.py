"""What a launch is about to spend, shown before anybody agrees to it."""

from datetime import timedelta

from cli import terms
from cli.context import Context
from cli.errors import CliError
from cli.shapes import Launch, Offer
from cli.table import Column
from cli.words import OFFER, clock, number, rate, span, usd

_COLUMNS = (
    Column("OFFER", elides=True, least=OFFER),
    Column("GPU", shrinks=True, least=14),
    Column("N", right=True),
    Column("VRAM", right=True, optional=2),
    Column("$/H", right=True),
    Column("TOTAL", right=True),
    Column("REGION", shrinks=True, optional=1),
)
TRIES = 3  # offers that are tried for requirements, unless --max-attempts says otherwise
RELIABLE = 0.9  # the service itself chooses no host known to be worse, unless --min-reliability is given
LOOKED_AT = 50


def agreed(ctx: Context, launch: Launch) -> bool:
    """Show the price and ask. A yes binds: without a --max-price the dearest price shown becomes the limit."""
    offers = _candidates(ctx, launch)
    if not offers:
        raise CliError("no offer matches", "ask for less, or look at gpu-shopper inventory", "no_offer")
    hours = launch["hours"]
    rows = [
        [
            offer["id"],
            offer.get("gpu", "-"),
            number(offer.get("gpu_count")),
            number(offer.get("vram_gb")),
            rate(offer.get("price_per_hour")),
            usd(offer["price_per_hour"] * hours),
            offer.get("region") or offer.get("country") or "-",
        ]
        for offer in offers
    ]
    ctx.console.aside(_COLUMNS, rows)
    dearest = max(offer["price_per_hour"] for offer in offers)
    agreed, _ = terms.of(ctx.client)
    ceiling = agreed.ceiling(dearest, launch.setdefault("max_price", dearest))
    latest = clock(ctx.now() + timedelta(hours=agreed.hard_max_hours), ctx.now())
    held = f"{usd(agreed.hold(ceiling, hours))} is held for it meanwhile, the worst case"
    ctx.console.note(f"{held} · hard max {span(agreed.hard_max_hours * 3600)}, {latest}")
    end = clock(ctx.now() + timedelta(hours=hours), ctx.now())
    what = "Rent it" if len(offers) == 1 else f"Rent the cheapest of these {len(offers)} that can be had"
    price = f"no more than ${rate(ceiling)}/h, {usd(ceiling * hours)} in all"
    return ctx.console.confirm(f"{what} for {span(hours * 3600)}, until {end}, at {price}?")


def _candidates(ctx: Context, launch: Launch) -> list[Offer]:
    if "offer_id" in launch:
        return [ctx.client.offer(launch["offer_id"], launch["disk_gb"])]
    wishes = launch["requirements"]
    found = ctx.client.inventory({"spot": False, "disk_gb": launch["disk_gb"], **wishes}, LOOKED_AT)["offers"]
    least = 0.0 if "min_reliability" in wishes else RELIABLE
    fit = [offer for offer in found if _reliability(offer) >= least]
    return (fit or found)[: launch.get("max_attempts", TRIES)]


def _reliability(offer: Offer) -> float:
    """1 where nobody tells."""
    known = offer.get("reliability")
    return 1.0 if known is None else known
