"""`prices`: what cards cost lately, and whether that is much."""

import argparse
from collections.abc import Sequence

from cli.arguments import Commands, add, count
from cli.context import Context
from cli.shapes import PriceSeries
from cli.table import Column
from cli.words import number, rate, yes

_COLUMNS = (
    Column("GPU", shrinks=True, least=14),
    Column("VRAM", right=True, optional=2),
    Column("MARKET"),
    Column("SPOT", optional=1),
    Column("CHEAPEST", right=True),
    Column("MEDIAN", right=True),
    Column("OFFERS", right=True, optional=4),
    Column("LOWEST", right=True, optional=5),
    Column("USUAL", right=True),
    Column("TREND", optional=3),
)
_BARS = "▁▂▃▄▅▆▇█"


def declare(commands: Commands) -> None:
    parser = add(
        commands,
        "prices",
        "tell what cards cost lately, by market",
        run,
        "USD per GPU and hour, all-in. CHEAPEST, MEDIAN: of all offers in the last hour with any; LOWEST, USUAL:\n"
        "of all the time asked for; TREND: of the medians, oldest first.",
    )
    parser.add_argument("--gpu", action="append", metavar="NAME", help="model, such as 'RTX 4090'; repeatable")
    parser.add_argument("--provider", action="append", metavar="NAME", help="market; repeatable")
    parser.add_argument("--spot", action=argparse.BooleanOptionalAction, help="interruptible offers, or lasting ones")
    parser.add_argument("--days", type=count, metavar="N", help="the last so many, today included (default: 7)")
    parser.add_argument("--by", choices=("day", "hour"), help="what one step of TREND is (default: day)")


def run(ctx: Context) -> int:
    args = ctx.args
    query = {"gpu": args.gpu, "provider": args.provider, "spot": args.spot, "days": args.days, "step": args.by}
    answer = ctx.client.prices(query)
    if ctx.console.as_json:
        ctx.console.data(answer)
        return 0
    found = answer["prices"]
    if found or not ctx.console.terminal:
        ctx.console.table(_COLUMNS, [_row(one, ctx.console.terminal) for one in found])
    if not found:
        ctx.console.note("no prices of these are known yet: each market is noted once an hour")
    return 0


def _row(one: PriceSeries, drawn: bool) -> list[str]:
    medians = [point["median"] for point in one["points"]]
    return [
        one["gpu"],
        number(one.get("vram_gb")),
        one["provider"],
        yes(one["spot"]),
        rate(one["latest"]["lowest"]),
        rate(one["latest"]["median"]),
        number(one["latest"]["offers"]),
        rate(one["lowest"]),
        rate(one["median"]),
        bars(medians) if drawn else ",".join(map(rate, medians)),
    ]


def bars(values: Sequence[float]) -> str:
    """Each value as a bar between the least and the most of them; all the same are of middle height."""
    least, most = min(values), max(values)
    if least == most:
        return _BARS[len(_BARS) // 2] * len(values)
    top = len(_BARS) - 1
    return "".join(_BARS[round((value - least) / (most - least) * top)] for value in values)
