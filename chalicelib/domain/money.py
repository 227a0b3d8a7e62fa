"""Money inside the service: whole micro-dollars, so that sums never drift."""

from decimal import ROUND_HALF_UP, Decimal

Micros = int
"""An amount of money in millionths of a US dollar."""

MICROS_PER_DOLLAR = 1_000_000

_EXACT = 1e6
"""Below it a float's error, counted in micro-dollars, is under a thousandth: a tenth of the time Decimal takes."""


def to_micros(dollars: float | int | str | Decimal) -> Micros:
    """Round a dollar amount half up to whole micro-dollars; NaN and infinities raise ValueError."""
    if isinstance(dollars, float) and -_EXACT < dollars < _EXACT:
        micros = dollars * MICROS_PER_DOLLAR
        nearest = round(micros)
        if abs(micros - nearest) < 0.499:  # not near a half, where the float's own error could tip it
            return nearest
    amount = Decimal(str(dollars))
    if not amount.is_finite():
        raise ValueError(f"not an amount of money: {dollars!r}")
    return int((amount * MICROS_PER_DOLLAR).to_integral_value(rounding=ROUND_HALF_UP))


def to_dollars(amount: Micros) -> float:
    """The JSON number for an amount: USD with at most six decimals."""
    return amount / MICROS_PER_DOLLAR


def over_time(per_hour: Micros, milliseconds: int) -> Micros:
    """What `per_hour` comes to in `milliseconds`, rounded half up."""
    return (per_hour * milliseconds * 2 + 3_600_000) // 7_200_000
