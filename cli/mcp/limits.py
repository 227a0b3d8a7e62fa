"""What a person allows the agent, whatever the service would allow: said when the server is started."""

from dataclasses import dataclass

from cli.mcp.refusals import Refused


@dataclass(frozen=True, slots=True)
class Limits:
    """`lease_minutes`: of what is rented without another wish. `lease_optional`: a session may do without one."""

    lease_minutes: float
    lease_optional: bool = False
    max_price: float | None = None
    max_hours: float | None = None
    read_only: bool = False

    def lease(self, wanted: float | None) -> float | None:
        """None is a session without one. Raises Refused."""
        if wanted is None:
            return self.lease_minutes
        if wanted > 0:
            return wanted
        if self.lease_optional:
            return None
        raise Refused(
            "a session without a lease would run on if you stopped",
            f"Leave lease_minutes out ({self.lease_minutes:g} min) and renew.",
            "lease_required",
        )

    def price(self, wanted: float | None) -> float | None:
        """The most an hour may cost. Raises Refused."""
        if self.max_price is not None and wanted is not None and wanted > self.max_price:
            raise Refused(
                f"max_price_per_hour is {wanted:g}, and the person who set this up allows {self.max_price:g}",
                "Take something cheaper, or ask them.",
                "limit",
            )
        return self.max_price if wanted is None else wanted

    def hours(self, wanted: float) -> float:
        """Raises Refused."""
        if self.max_hours is not None and wanted > self.max_hours:
            raise Refused(
                f"{wanted:g} hours are asked for, and the person who set this up allows {self.max_hours:g} at a time",
                "Ask for less, or ask them.",
                "limit",
            )
        return wanted
