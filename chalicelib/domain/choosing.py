"""Choose for somebody who said what they need instead of picking an offer: nobody looks at it before it is paid."""

from collections.abc import Collection, Iterable

from chalicelib.domain.book import Book
from chalicelib.domain.instant import HOUR, seconds
from chalicelib.domain.offer import Offer
from chalicelib.domain.policy import Policy
from chalicelib.domain.query import Query, matching
from chalicelib.domain.scaling import unscaled
from chalicelib.domain.session import Requirements

Machine = tuple[str, str]
"""(provider, machine id)."""


def best(
    offers: Iterable[Offer],
    requirements: Requirements,
    disk_gb: int,
    hours: float,
    policy: Policy,
    *,
    tried: Collection[Offer] = (),
    shunned: Collection[Machine] = (),
) -> list[Offer]:
    """Offers that satisfy all requirements, cheapest all-in first; what costs the same by reliability, then id.

    Beyond the requirements: neither an offer nor a machine `tried` before, no `shunned` machine (it failed lately),
    none known to be withdrawn before the hours and a margin are over, and, unless `min_reliability` was given (0
    takes all), none known to be less reliable than policy asks of an unattended choice.
    """
    query = Query(
        provider=requirements.provider,
        gpu=requirements.gpu,
        min_vram_gb=requirements.min_vram_gb,
        max_price=requirements.max_price,
        gpu_count=requirements.gpu_count,
        country=requirements.country,
        min_reliability=requirements.min_reliability,
        min_cuda=requirements.min_cuda,
        spot=requirements.spot,
        verified=requirements.verified,
        disk_gb=disk_gb,
    )
    ids = {unscaled(offer).id for offer in tried}
    machines = {*shunned, *(machine for offer in tried if (machine := _machine(offer)))}
    needed = hours + seconds(policy.host_end_margin_seconds) / HOUR
    least = policy.unattended_reliability if requirements.min_reliability is None else 0.0
    book = Book(offer for offer in offers if offer.id not in ids and _machine(offer) not in machines)
    found = [
        offer
        for offer in matching(book, query)
        if (offer.max_hours is None or offer.max_hours >= needed)
        and (offer.reliability is None or offer.reliability >= least)
    ]
    prices = book.shelf(query.sort, disk_gb, query.gpu_count, None).keys
    return sorted(found, key=lambda offer: (prices[offer.id].price, -(offer.reliability or 0.0), offer.id))


def _machine(offer: Offer) -> Machine | None:
    return None if offer.machine_id is None else (offer.provider, offer.machine_id)
