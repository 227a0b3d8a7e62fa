"""Everything that went wrong, as problem+json (RFC 9457): one form for every error the service answers."""

import logging
import math

from chalicelib.api.calls import Answer
from chalicelib.domain.errors import Refusal, Stale, StoreDown

log = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"


def of(error: Exception, request_id: str) -> Answer:
    """The answer to an exception. What nobody raised on purpose is logged with its traceback and told to nobody."""
    return told(_refusal(error), request_id)


def _refusal(error: Exception) -> Refusal:
    match error:
        case Refusal():
            return error
        case Stale():
            return Refusal(409, "conflict", "somebody changed this at the same moment; read it and ask again")
        case StoreDown():
            log.warning("the store gave no usable answer: %s", error.reason)
            detail = "the store gave no usable answer; if this was to change something, look before you ask again"
            return Refusal(503, "store_unavailable", detail, retry_after=math.ceil(error.retry_after))
    log.error("unexpected error", exc_info=error)
    return Refusal(500, "internal_error", "something went wrong here; our log has it under the request id")


def told(refusal: Refusal, request_id: str, headers: dict[str, str] | None = None) -> Answer:
    """`type, title, status, detail, code, request_id`, then whatever further members the refusal carries."""
    body = {
        "type": f"urn:gpu-shopper:problem:{refusal.code}",
        "title": refusal.code.replace("_", " ").capitalize(),
        "status": refusal.status,
        "detail": refusal.detail,
        "code": refusal.code,
        "request_id": request_id,
    }
    more = {name: value for name, value in refusal.extra.items() if name not in body}
    return Answer(refusal.status, body | more, _headers(refusal) | {"X-Request-Id": request_id} | (headers or {}))


def unknown_path(request_id: str) -> Answer:
    """For whatever stands in front of the app and finds no row for a path."""
    return told(Refusal(404, "not_found", "no such path"), request_id)


def wrong_method(allowed: list[str], request_id: str) -> Answer:
    allow = ", ".join(sorted(allowed))
    return told(Refusal(405, "method_not_allowed", f"this path takes {allow}"), request_id, {"Allow": allow})


def _headers(refusal: Refusal) -> dict[str, str]:
    headers = {"Content-Type": CONTENT_TYPE}
    if refusal.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if "retry_after" in refusal.extra:
        headers["Retry-After"] = str(refusal.extra["retry_after"])
    return headers
