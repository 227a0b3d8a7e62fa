"""What cards cost lately: answered from what the looks of each hour left behind."""

from typing import Literal, NamedTuple

from chalicelib.domain.gpu import same_gpu
from chalicelib.domain.instant import DAY, HOUR, Instant, seconds
from chalicelib.domain.trend import Series, series
from chalicelib.ports import Ports
from chalicelib.usecases.naming import markets

Step = Literal["hour", "day"]

_STEPS = {"hour": HOUR, "day": DAY}


class History(NamedTuple):
    since: Instant
    until: Instant
    series: list[Series]


def history(
    ports: Ports, gpu: tuple[str, ...], provider: tuple[str, ...], spot: bool | None, days: int, step: Step
) -> History:
    """The last `days` days in UTC, today included, as far as they are kept; no card and no market means all of them.

    Raises Refusal 400 for a `provider` that no market is called.
    """
    names = markets(ports, provider)
    now = ports.clock.now()
    since = now - now % DAY - (days - 1) * DAY
    kept = now - seconds(ports.settings.policy.price_history_seconds)  # the table deletes late
    observations = [
        one for name in names if not provider or name in provider for one in ports.prices.since(name, since)
    ]
    found = series((one for one in observations if one.hour >= kept), _STEPS[step])
    return History(
        since=since,
        until=now,
        series=[
            one
            for one in found
            if spot in (None, one.spot) and (not gpu or any(same_gpu(wanted, one.gpu, one.vram_gb) for wanted in gpu))
        ],
    )
