"""Every `code` that a problem may have: its HTTP status, and what it means for the caller."""

from collections.abc import Mapping
from typing import NamedTuple


class Code(NamedTuple):
    status: int
    means: str


CODES: Mapping[str, Code] = {
    "invalid_json": Code(400, "The body is not one strict JSON object in UTF-8."),
    "duplicate_field": Code(400, "`field` is given more than once."),
    "unknown_field": Code(400, "`field` is none of this request."),
    "missing_field": Code(400, "`field` is required."),
    "invalid_field": Code(400, "`field` has a value that cannot be; `detail` says what can."),
    "private_key": Code(400, "`field` holds a private key, which is not repeated here: replace that pair."),
    "invalid_cursor": Code(400, "The cursor is not one of this list and these filters."),
    "unknown_consumer": Code(400, "There is no active consumer of this name."),
    "unauthorized": Code(401, "There is no valid key in the `Authorization` header."),
    "budget_exceeded": Code(402, "It would cost more than the consumer's budget has left."),
    "forbidden": Code(403, "The key is valid, and not for this."),
    "not_found": Code(404, "There is no such thing, or it is not yours to see."),
    "offer_gone": Code(404, "This is not offered (any more): look at the inventory again."),
    "unknown_sweep": Code(404, "There is no sweep of this name."),
    "method_not_allowed": Code(405, "The path takes other methods: see the header `Allow`."),
    "conflict": Code(409, "Somebody changed this at the same moment: read it and ask again."),
    "idempotency_conflict": Code(409, "This Idempotency-Key was used with a different request."),
    "past_hard_max": Code(409, "It would live past its hard max, which only an operator's override moves."),
    "past_agent_deadline": Code(409, "The machine ends itself before, and cannot be told: see `agent_deadline`."),
    "no_lease": Code(409, "The session was opened without `lease_minutes`: there is nothing to renew."),
    "not_live": Code(409, "The session is ending or has ended."),
    "consumer_exists": Code(409, "The name is taken."),
    "subscription_exists": Code(409, "The endpoint hears somebody else's alerts already."),
    "own_consumer": Code(409, "An operator cannot take their own rights away."),
    "own_key": Code(409, "A key cannot revoke itself: nobody should lock themselves out."),
    "body_too_large": Code(413, "A body has at most 64 KiB."),
    "disk_too_large": Code(422, "The offer has not that much disk."),
    "price_above_max": Code(422, "The offer costs more than `max_price`."),
    "quota_exceeded": Code(
        429, "The consumer's sessions, price per hour or subscriptions are used up: end one, or ask an operator."
    ),
    "churn_guard": Code(429, "Too many of the consumer's launches failed lately: wait as `Retry-After` says."),
    "internal_error": Code(500, "Our fault; our log has it under the request id."),
    "creates_blocked": Code(503, "The market takes no new machines from us now; `reason` says why."),
    "store_unavailable": Code(503, "Our table gave no usable answer: look before you repeat a change."),
}
