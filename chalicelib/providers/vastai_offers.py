"""Vast.ai's market: how it is asked for, page by page, and one of its rows as an Offer."""

import logging
from collections.abc import Callable, Iterator
from itertools import pairwise

from chalicelib.domain.errors import ProviderDown
from chalicelib.domain.gpu import canonical, nominal_gb
from chalicelib.domain.instant import Instant
from chalicelib.domain.offer import Offer
from chalicelib.providers.clean import number, text, whole

log = logging.getLogger(__name__)

Row = dict[str, object]
Query = dict[str, object]

NAME = "vastai"
MIN_DISK_GB = 8
_HOURS_PER_MONTH = 720  # the market's month, in which it prices storage
_CAP = 64  # rows in one answer, whatever `limit` asks
_MOST_PAGES = 40  # 2,560 offers of one kind; the largest market recorded had 945
_NEXT_PRICE = 1e-9
_NOISE = 1e-6  # micro-dollars: below what any price means
_DEAREST = 1_000.0  # USD per hour: eight times the dearest bid the market accepts


def query(*, spot: bool) -> Query:
    """Everything rentable, of every verification state, cheapest first."""
    return {
        "type": "bid" if spot else "on-demand",
        "rentable": {"eq": True},
        "allocated_storage": float(MIN_DISK_GB),
        "order": [["dph_total", "asc"], ["id", "asc"]],
        "limit": 1000,
    }


def pages(ask: Callable[[Query], list[object]], *, spot: bool) -> Iterator[list[object]]:
    """Every page of the market, by rising price: the API knows no cursor, and answers with at most 64 rows.

    Raises ProviderDown where the pages would not add up to the whole market.
    """
    floor: float | None = None
    for _ in range(_MOST_PAGES):
        page = ask(query(spot=spot) | ({} if floor is None else {"dph_total": {"gte": floor}}))
        yield page
        if len(page) < _CAP:
            return
        floor = _next_floor(page, floor)
    raise ProviderDown(f"vastai: more than {_MOST_PAGES} pages of offers")


def _next_floor(page: list[object], floor: float | None) -> float:
    found = [number(row.get("dph_total"), 0, 1e9) for row in page if isinstance(row, dict)]
    prices = [price for price in found if price is not None]
    if not prices or any(later < earlier - _NOISE for earlier, later in pairwise(prices)):
        raise ProviderDown("vastai: offers do not come in the order of their price")
    if floor is not None and prices[0] < floor - _NOISE:
        raise ProviderDown("vastai: the price filter is not applied")
    if prices[0] < prices[-1]:
        return prices[-1]
    log.warning("vastai: %d offers at exactly $%s/h fill a page; any more of them cannot be seen", len(page), prices[0])
    return prices[-1] + _NEXT_PRICE


def offers(page: list[object], *, spot: bool, fetched_at: Instant) -> Iterator[Offer]:
    """The usable rows of a page. What cannot be read or rented is left out, never guessed."""
    unreadable = 0
    for row in page:
        if isinstance(row, dict) and row.get("rentable") is False:
            continue  # filters are not always applied
        offer = parse(row, spot=spot, fetched_at=fetched_at) if isinstance(row, dict) else None
        if offer is None:
            unreadable += 1
        else:
            yield offer
    if unreadable:
        log.warning("vastai: %d of %d offers cannot be read", unreadable, len(page))


def parse(row: Row, *, spot: bool, fetched_at: Instant) -> Offer | None:
    """One row; None where id, size or a price is missing or absurd."""
    ask_id = whole(row.get("ask_contract_id"), 1, 10**15) or whole(row.get("id"), 1, 10**15)
    gpu_count = whole(row.get("num_gpus"), 1, 1024)
    base = _rate(row.get("dph_base"))
    storage = number(row.get("storage_cost"), 0, 100)
    if ask_id is None or gpu_count is None or base is None or storage is None:
        return None
    min_bid = _rate(row.get("min_bid"))
    if spot:
        min_bid = min_bid or base
    region, country = _place(row.get("geolocation"))
    reliability = number(row.get("reliability2"), 0, 1)
    verification = text(row.get("verification"), 20)
    return Offer(
        id=f"{NAME}:{ask_id}:spot" if spot else f"{NAME}:{ask_id}",  # both kinds of one chunk share a number
        provider=NAME,
        provider_offer_id=str(ask_id),
        machine_id=_word(row.get("machine_id")),
        gpu=canonical(text(row.get("gpu_name"), 80) or ""),
        gpu_count=gpu_count,
        vram_gb=_scaled(row.get("gpu_ram"), nominal_gb),
        gpu_per_hour=max(base, min_bid or 0) if spot else base,  # a bid below a cent is charged a cent
        disk_per_gb_hour=storage / _HOURS_PER_MONTH,
        min_disk_gb=MIN_DISK_GB,
        spot=spot,
        min_bid=min_bid,
        region=region,
        country=country,
        reliability=number(row.get("reliability"), 0, 1) if reliability is None else reliability,
        verified=None if verification is None else verification == "verified",
        cuda_version=number(row.get("cuda_max_good"), 1, 1000),
        driver_version=text(row.get("driver_version"), 40),
        cpu_cores=_amount(row.get("cpu_cores_effective")) or _amount(row.get("cpu_cores")),
        ram_gb=_scaled(row.get("cpu_ram"), lambda megabytes: round(megabytes / 1024, 1)),
        max_disk_gb=_amount(row.get("disk_space")),
        inet_down_mbps=_amount(row.get("inet_down")),
        inet_up_mbps=_amount(row.get("inet_up")),
        inet_down_cost_per_gb=number(row.get("inet_down_cost"), 0, 100),
        inet_up_cost_per_gb=number(row.get("inet_up_cost"), 0, 100),
        max_hours=_scaled(row.get("duration"), lambda length: length / 3600),
        tflops=_amount(row.get("total_flops")),
        fetched_at=fetched_at,
    )


def _rate(value: object) -> float | None:
    """USD per hour; nothing is free here, so a zero is a fault."""
    return number(value, 0, _DEAREST) or None


def _amount(value: object) -> float | None:
    return number(value, 0, 1e9)


def _scaled(value: object, scale: Callable[[float], float]) -> float | None:
    found = number(value, 0, 1e12)
    return scale(found) if found else None


def _word(value: object) -> str | None:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else text(value, 40)


def _place(value: object) -> tuple[str | None, str | None]:
    """`Texas, US` → (Texas, US); the part before the comma may be missing."""
    region, _, country = (text(value, 100) or "").rpartition(",")
    return region.strip() or None, country.strip() or None
