"""What AWS asks, in USD, us-east-1, as published in November 2025; other regions are up to a third dearer.

`free`: what every account has for nothing each month, for good (not only in its first year).
"""

from typing import NamedTuple


class Price(NamedTuple):
    each: float
    free: float = 0.0

    def of(self, amount: float, *, account_is_empty: bool = True) -> float:
        """For so much in a month; an account that uses up its free part elsewhere pays for all of it."""
        return max(0.0, amount - (self.free if account_is_empty else 0.0)) * self.each


LAMBDA_REQUEST = Price(0.20 / 1e6, 1e6)
LAMBDA_GB_SECOND = Price(0.0000166667, 400_000)
TABLE_READ_UNIT = Price(0.125 / 1e6)
TABLE_WRITE_UNIT = Price(0.625 / 1e6)
TABLE_GB_MONTH = Price(0.25, 25)
BACKUP_GB_MONTH = Price(0.20)
QUEUE_REQUEST = Price(0.40 / 1e6, 1e6)
GATEWAY_REQUEST = Price(3.50 / 1e6)
LOG_GB = Price(0.50, 5)
ALARM_METRIC = Price(0.10, 10)
CUSTOM_METRIC = Price(0.30, 10)
DASHBOARD = Price(3.00, 3)
TOPIC_MAIL = Price(2.00 / 1e5, 1_000)
