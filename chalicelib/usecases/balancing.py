"""Is there enough credit left at a market for what runs there? If not, people are told and nothing new is rented."""

import logging

from msgspec import UNSET, UnsetType

from chalicelib.domain.alert import Alert, Kind
from chalicelib.domain.errors import ProviderError
from chalicelib.domain.instant import HOUR
from chalicelib.domain.money import Micros, to_dollars
from chalicelib.ports import Ports
from chalicelib.usecases.alerting import tell

log = logging.getLogger(__name__)


def check_balance(ports: Ports, name: str, burn: Micros) -> str | UnsetType | None:
    """One look, at the pace of reconciliation; `burn`: per hour, of all that runs there. Why it is too little, or None;
    unset when nobody knows. A market that never tells is taken to have enough."""
    try:
        credit = ports.providers[name].balance()
    except ProviderError as error:
        log.warning("the credit at %s is unknown: %s", name, error, extra={"provider": name})
        return UNSET
    now = ports.clock.now()
    hours = ports.settings.policy.low_balance_hours
    low = None if credit is None or not _too_little(credit, burn, hours) else _words(credit, burn, hours)
    if low is not None:
        tell(
            ports,
            Alert(
                dedupe_id=f"balance:{name}:{now // (6 * HOUR)}",
                kind=Kind.LOW_BALANCE,
                at=now,
                detail=f"{name}: {low}; no new machines there until it is topped up",
                provider=name,
            ),
        )
    return low


def _too_little(credit: Micros, burn: Micros, hours: float) -> bool:
    return credit <= 0 or credit < burn * hours


def _words(credit: Micros, burn: Micros, hours: float) -> str:
    return f"credit of ${to_dollars(credit):.2f} is less than {hours:g} hours of the ${to_dollars(burn):.2f}/h that run"
