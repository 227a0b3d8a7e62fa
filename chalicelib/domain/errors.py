"""What can go wrong, named by what the caller does next.

ShopperError
├─ ProviderError                 something a GPU market said or failed to say
│  ├─ OfferGone                  nothing was created: try the next offer
│  ├─ LaunchRefused              nothing was created: the market said no, and why
│  ├─ LaunchUncertain            something may have been created: look the tag up, never call again
│  ├─ ListIncomplete             the list proves nothing: change nothing, ask again later
│  ├─ ProviderAuth               our credentials failed: refuse creates, tell the operator; never "gone"
│  ├─ ProviderBusy(retry_after)  rate limited, nothing done: come back then
│  └─ ProviderDown(retry_after)  no usable answer, unknown what was done: ask again later
├─ Stale                         somebody else wrote the row first: walk away, or read again
├─ StoreDown(retry_after)        our own table gave no usable answer; a write may or may not have happened
└─ Refusal                       the request is answered with a problem+json and nothing was done
"""

from collections.abc import Mapping


class ShopperError(Exception):
    """Root of everything this service raises on purpose."""


class ProviderError(ShopperError):
    """A market's answer that is not the one asked for. `reason` is for people, free of secrets."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason)
        self.reason = reason


class OfferGone(ProviderError):
    """The offer cannot be rented any more, and nothing was created."""


class LaunchRefused(ProviderError):
    """The market refused the create for good, and nothing was created.

    `kind`: `no_funds` (stop creating there, tell the operator), `bad_order` (our request is wrong for
    this offer) or `no_capacity` (another offer may do).
    """

    def __init__(self, reason: str, kind: str = "bad_order") -> None:
        super().__init__(reason)
        self.kind = kind


class LaunchUncertain(ProviderError):
    """A machine may exist. With `instance_id` it does, is not what was asked for, and must be destroyed."""

    def __init__(self, reason: str, instance_id: str | None = None) -> None:
        super().__init__(reason)
        self.instance_id = instance_id


class ListIncomplete(ProviderError):
    """The instance list could not be read whole; it is evidence of nothing."""


class ProviderAuth(ProviderError):
    """The market does not accept our credentials."""


class ProviderBusy(ProviderError):
    """Too many calls; the market did nothing, or was not even asked (`unsent`). `retry_after` in seconds."""

    def __init__(self, reason: str, retry_after: float, unsent: bool = False) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
        self.unsent = unsent


class ProviderDown(ProviderError):
    """Timeout, 5xx, or an answer of no known shape. `retry_after` in seconds."""

    def __init__(self, reason: str, retry_after: float = 5.0) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class Stale(ShopperError):
    """A conditional write lost: the row changed since it was read."""


class StoreDown(ShopperError):
    """Throttled, timed out, unreachable or full: try again in `retry_after` seconds. `reason` is for people."""

    def __init__(self, reason: str, retry_after: float = 2.0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


class Refusal(ShopperError):
    """A request that is answered with `status` and problem+json; `extra` are further members of it."""

    def __init__(self, status: int, code: str, detail: str, **extra: object) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.extra: Mapping[str, object] = extra


def invalid(field: str, detail: str, code: str = "invalid_field") -> Refusal:
    """400 that names the one field of the request that is wrong."""
    return Refusal(400, code, f"{field}: {detail}", field=field)
