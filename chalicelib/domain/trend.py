"""What cards cost over time: each market's prices once an hour, and what a row of them amounts to."""

from collections.abc import Iterable
from statistics import median_low

import msgspec

from chalicelib.domain.instant import HOUR, Instant, Millis
from chalicelib.domain.money import Micros
from chalicelib.domain.offer import DISK_GB, Offer, price_per_hour


class Quote(msgspec.Struct, frozen=True, array_like=True):
    """What one card cost at a market: per GPU and hour, all-in, of all its offers alike."""

    gpu: str
    vram_gb: float | None
    spot: bool
    lowest: Micros
    median: Micros
    offers: int


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """A market in one hour."""

    provider: str
    hour: Instant
    """Its beginning."""
    quotes: tuple[Quote, ...]


class Point(msgspec.Struct, frozen=True, kw_only=True):
    at: Instant
    lowest: Micros
    median: Micros
    offers: int


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """One card at one market, oldest first; never without a point."""

    gpu: str
    vram_gb: float | None
    spot: bool
    provider: str
    lowest: Micros
    """Of all of the time."""
    median: Micros
    """Of what the hours had as theirs."""
    latest: Point
    """Of the last hour in which it was seen."""
    points: tuple[Point, ...]
    """One for each step in which it was offered at all."""


def hour_of(at: Instant) -> Instant:
    return at - at % HOUR


def observe(provider: str, offers: Iterable[Offer], at: Instant) -> Observation:
    """Medians are prices that somebody asked: of two in the middle the lower one."""
    prices: dict[tuple[str, float | None, bool], list[Micros]] = {}
    for offer in offers:
        price = price_per_hour(offer, DISK_GB) // offer.gpu_count
        prices.setdefault((offer.gpu, offer.vram_gb, offer.spot), []).append(price)
    quotes = tuple(Quote(*card, min(found), median_low(found), len(found)) for card, found in prices.items())
    return Observation(provider=provider, hour=hour_of(at), quotes=quotes)


def series(observations: Iterable[Observation], step: Millis) -> list[Series]:
    """By card, then by market; a point for each `step` of so many hours, from midnight UTC on."""
    seen: dict[tuple[str, float | None, bool, str], list[Point]] = {}
    for one in sorted(observations, key=lambda one: one.hour):
        for quote in one.quotes:
            point = Point(at=one.hour, lowest=quote.lowest, median=quote.median, offers=quote.offers)
            seen.setdefault((quote.gpu, quote.vram_gb, quote.spot, one.provider), []).append(point)
    found = [_series(*card, points, step) for card, points in seen.items()]
    return sorted(found, key=lambda one: (one.gpu, one.vram_gb or 0.0, one.spot, one.provider))


def _series(gpu: str, vram_gb: float | None, spot: bool, provider: str, hours: list[Point], step: Millis) -> Series:
    steps: dict[Instant, list[Point]] = {}
    for hour in hours:
        steps.setdefault(hour.at - hour.at % step, []).append(hour)
    whole = _together(hours[0].at, hours)
    return Series(
        gpu=gpu, vram_gb=vram_gb, spot=spot, provider=provider, lowest=whole.lowest, median=whole.median,
        latest=hours[-1], points=tuple(_together(at, some) for at, some in steps.items()),
    )  # fmt: skip


def _together(at: Instant, hours: list[Point]) -> Point:
    return Point(
        at=at,
        lowest=min(hour.lowest for hour in hours),
        median=median_low(hour.median for hour in hours),
        offers=round(sum(hour.offers for hour in hours) / len(hours)),
    )
