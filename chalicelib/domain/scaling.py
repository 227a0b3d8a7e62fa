"""Where the buyer chooses how many GPUs to rent: one row of the market, seen as an offer of n of them.

Such a row has `gpu_count` 1 and a `max_gpu_count`; its share of CPU and memory grows with the GPUs, its disk does not.
"""

import msgspec

from chalicelib.domain.offer import Offer


def can_have(offer: Offer, count: int) -> bool:
    """Can this row be rented with exactly so many GPUs?"""
    return offer.gpu_count == count or (offer.gpu_count == 1 and 1 < count <= (offer.max_gpu_count or 1))


def scaled(offer: Offer, count: int) -> Offer:
    """The row as an offer of `count` GPUs, with `:{count}` behind its id; itself if it has so many.

    `provider_offer_id` stays the market's own. Raises ValueError where `can_have` says no.
    """
    if offer.gpu_count == count:
        return offer
    if not can_have(offer, count):
        raise ValueError(f"{offer.id} cannot be rented with {count} GPUs")
    return _times(offer, count, f"{offer.id}:{count}", count)


def unscaled(offer: Offer) -> Offer:
    """The row behind a scaled offer, to be quoted by its market; any other offer is returned as it is."""
    row_id, count = split(offer.id)
    if count == 1 or count != offer.gpu_count or offer.max_gpu_count is None:
        return offer
    return _times(offer, 1 / count, row_id, 1)


def split(offer_id: str) -> tuple[str, int]:
    """(row id, GPU count) if this is the id of a scaled offer; an id that only looks like one must be tried first."""
    row_id, colon, count = offer_id.rpartition(":")
    if colon and count.isascii() and count.isdigit() and len(count) <= 3 and int(count) > 1:
        return row_id, int(count)
    return offer_id, 1


def _times(offer: Offer, factor: float, offer_id: str, count: int) -> Offer:
    return msgspec.structs.replace(
        offer,
        id=offer_id,
        gpu_count=count,
        gpu_per_hour=offer.gpu_per_hour * factor,
        cpu_ram_per_hour=offer.cpu_ram_per_hour * factor,
        cpu_cores=_maybe(offer.cpu_cores, factor),
        ram_gb=_maybe(offer.ram_gb, factor),
        tflops=_maybe(offer.tflops, factor),
        min_bid=_maybe(offer.min_bid, factor),
    )


def _maybe(amount: float | None, factor: float) -> float | None:
    return None if amount is None else amount * factor
