"""What cards cost lately, market by market."""

from typing import TYPE_CHECKING, get_args

from chalicelib.api.calls import Answer, Call
from chalicelib.api.lists import part
from chalicelib.domain.errors import invalid
from chalicelib.domain.instant import rfc3339
from chalicelib.domain.money import to_dollars
from chalicelib.domain.trend import Point, Series
from chalicelib.usecases import pricing
from chalicelib.usecases.pricing import Step

if TYPE_CHECKING:
    from chalicelib.api import answers

DAYS_DEFAULT, DAYS_MOST, DAYS_MOST_BY_HOUR = 7, 30, 7


def page(call: Call[None]) -> Answer:
    query = call.query
    step: Step = query.choice("step", get_args(Step)) or "day"
    days = query.whole("days", 1, DAYS_MOST) or DAYS_DEFAULT
    if step == "hour" and days > DAYS_MOST_BY_HOUR:
        raise invalid("days", f"by the hour at most {DAYS_MOST_BY_HOUR}")
    found = pricing.history(call.ports, query.texts("gpu"), query.texts("provider"), query.flag("spot"), days, step)
    shown, cursor = part(found.series, query)
    body = {
        "from": rfc3339(found.since),
        "to": rfc3339(found.until),
        "prices": [_series(one) for one in shown],
        "count": len(shown),
        "next_cursor": cursor,
    }
    return Answer(200, body)


def _series(one: Series) -> "answers.PriceSeries":
    return {
        "gpu": one.gpu,
        "vram_gb": one.vram_gb,
        "provider": one.provider,
        "spot": one.spot,
        "lowest": to_dollars(one.lowest),
        "median": to_dollars(one.median),
        "latest": _point(one.latest),
        "points": [_point(point) for point in one.points],
    }


def _point(point: Point) -> "answers.PricePoint":
    return {
        "at": rfc3339(point.at),
        "lowest": to_dollars(point.lowest),
        "median": to_dollars(point.median),
        "offers": point.offers,
    }
