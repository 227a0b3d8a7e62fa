"""`inventory`: what can be rented now, cheapest first."""

import argparse
from collections.abc import Mapping

from cli.arguments import Commands, add, at_least_zero, count, positive
from cli.context import Context
from cli.shapes import Offer, ProviderStatus
from cli.table import Column
from cli.words import OFFER, number, rate, span, yes

COLUMNS = (
    Column("OFFER", elides=True, least=OFFER),
    Column("GPU", shrinks=True, least=14),
    Column("N", right=True),
    Column("VRAM", right=True),
    Column("$/H", right=True),
    Column("REGION", shrinks=True, optional=2),
    Column("REL", right=True, optional=3),
    Column("VERIF", optional=5),
    Column("CUDA", right=True, optional=4),
    Column("SPOT", optional=1),
)


def declare(commands: Commands) -> None:
    parser = add(
        commands,
        "inventory",
        "list what can be rented now, cheapest first",
        run,
        "Rent one with: gpu-shopper up --offer OFFER. Piped, the table is tab-separated and whole.",
    )
    add_wishes(parser)
    parser.add_argument("--max-price", type=positive, metavar="USD", help="per hour, all-in")
    parser.add_argument("--min-gpus", type=count, metavar="N", help="at least so many GPUs")
    parser.add_argument("--gpu-count", type=count, metavar="N", help="exactly so many GPUs")
    parser.add_argument("--region", help="the provider's word for the place")
    parser.add_argument("--disk", type=count, metavar="GB", help="price it with this much disk")
    parser.add_argument("--sort", choices=("price", "value", "reliability"), help="default: price")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--limit", type=count, default=20, metavar="N", help="rows (default: 20)")
    size.add_argument("--all", action="store_true", help="every offer")


def add_wishes(parser: argparse._ActionsContainer) -> None:
    """What an offer must be, the same words for looking and for renting."""
    flag = argparse.BooleanOptionalAction
    parser.add_argument("--gpu", action="append", metavar="NAME", help="model, such as 'RTX 4090'; repeatable")
    parser.add_argument("--min-vram", type=positive, metavar="GB", help="per GPU")
    parser.add_argument("--country", action="append", metavar="CC", help="two letters; repeatable")
    parser.add_argument("--provider", action="append", metavar="NAME", help="market; repeatable")
    parser.add_argument("--min-reliability", type=at_least_zero, metavar="0..1", help="of the host, by its market")
    parser.add_argument("--min-cuda", type=positive, metavar="VERSION", help="such as 12.4")
    parser.add_argument("--spot", action=flag, help="interruptible offers (may be taken away at any time)")
    parser.add_argument("--verified", action=flag, help="hosts that the market has verified")


def run(ctx: Context) -> int:
    args = ctx.args
    query = {
        "gpu": args.gpu,
        "provider": args.provider,
        "country": args.country,
        "min_vram_gb": args.min_vram,
        "max_price": args.max_price,
        "min_gpus": args.min_gpus,
        "gpu_count": args.gpu_count,
        "region": args.region,
        "min_reliability": args.min_reliability,
        "min_cuda": args.min_cuda,
        "disk_gb": args.disk,
        "spot": args.spot,
        "verified": args.verified,
        "sort": args.sort,
    }
    answer = ctx.client.inventory(query, None if args.all else args.limit)
    if ctx.console.as_json:
        ctx.console.data(answer)
        return 0
    if answer["offers"] or not ctx.console.terminal:
        ctx.console.table(COLUMNS, [row(offer) for offer in answer["offers"]])
    for line in provider_notes(answer.get("providers") or {}):
        ctx.console.note(line)
    total = answer.get("total")
    if not answer["offers"]:
        ctx.console.note("nothing matches: ask for less, or look at gpu-shopper health")
    elif answer.get("next_cursor"):
        of = f" of {total:,}" if isinstance(total, int) else ""
        ctx.console.note(f"{len(answer['offers'])}{of} offers; more: --limit N or --all")
    return 0


def row(offer: Offer) -> list[str]:
    return [
        offer["id"],
        offer.get("gpu", "-"),
        number(offer.get("gpu_count")),
        number(offer.get("vram_gb")),
        rate(offer.get("price_per_hour")),
        offer.get("region") or offer.get("country") or "-",
        number(offer.get("reliability"), 3),
        yes(offer.get("verified")),
        number(offer.get("cuda_version"), 1),
        yes(offer.get("spot")),
    ]


def provider_notes(providers: Mapping[str, ProviderStatus]) -> list[str]:
    """A line for each market whose offers are not fresh."""
    lines = []
    for name, state in sorted(providers.items()):
        status = state.get("status", "ok")
        if status in ("ok", "unconfigured"):
            continue
        age = state.get("age_seconds")
        seen = f"offers from {span(age)} ago" if age is not None else "no offers yet"
        why = f": {state['error']}" if state.get("error") else ""
        lines.append(f"{name} is {status}, {seen}{why}")
    return lines
