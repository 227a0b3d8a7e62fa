"""What TensorDock's answers mean: whether a create made a machine, and what the market says went wrong."""

import re
from typing import NamedTuple

from chalicelib.domain.errors import LaunchRefused, LaunchUncertain, OfferGone, ProviderAuth, ProviderDown
from chalicelib.ports import Receipt
from chalicelib.providers.answer import Answer
from chalicelib.providers.clean import text, whole
from chalicelib.providers.tensordock_offers import NAME

INSTANCE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")

_GOOD = (200, 204)  # a 206 is a part, and nothing was ever seen to be accepted for later

# The order matters: a host that broke is no empty shelf, and "insufficient" alone speaks of money.
_DOUBT = re.compile(r"unexpected error|deployment failed|resource_error", re.IGNORECASE)
_SOLD = re.compile(
    r"no available (nodes?|public ips?)|hostnode unavailable|out of stock|resources? unavailable"
    r"|(insufficient|not enough) (available )?(capacity|resources|stock|gpus?|v?cpus?|ram|memory|storage|disk)",
    re.IGNORECASE,
)
_NO_FUNDS = re.compile(r"need at least \$|\bbalance\b|\binsufficient\b|\bfunds\b", re.IGNORECASE)
_BAD_ORDER = re.compile(r"must be forwarded|ratio limit|invalid_enum_value|invalid enum", re.IGNORECASE)


class Complaint(NamedTuple):
    """An error told in the body, whatever the HTTP status says."""

    status: int | None
    text: str


def complaint(body: object) -> Complaint | None:
    """`{"status": 400, "error": "…"}` and its variants, at the top or under `data`; None where nothing complains."""
    if not isinstance(body, dict):
        return None
    data = body.get("data")
    for holder in (body, data if isinstance(data, dict) else {}):
        status = whole(holder.get("status"), 400, 599)
        errors = holder.get("errors")
        told = holder.get("error") or (errors[0] if isinstance(errors, list) and errors else errors)
        if told:
            return Complaint(status, _words(told))
        if status is not None or holder.get("success") is False:
            return Complaint(status, _words(holder.get("message")))
    return None


def raise_complaint(answer: Answer) -> None:
    """Raise for an answer (not to a create) that is an error by its status or by what its body says; else return."""
    told = complaint(answer.body)
    codes = (answer.status, told.status if told else None)
    reason = f"{NAME}: status {answer.status}" + (f", {told.text}" if told else "")
    if 401 in codes or 403 in codes:
        raise ProviderAuth(reason)
    if told or answer.status not in _GOOD:
        raise ProviderDown(reason)


def read_receipt(answer: Answer, tag: str) -> Receipt:
    """The id of the machine that a create made; every other answer raises what `Provider.create` promises.

    An id beats everything else that is said: where there is one, there is a machine.
    """
    data = answer.fields.get("data")
    made = _id(data) or _id(answer.fields)
    told = complaint(answer.body)
    named = data.get("name") if isinstance(data, dict) else answer.fields.get("name")
    if made and (told or not answer.ok):
        raise LaunchUncertain(f"{NAME}: refused, and yet made a machine", made)
    if made and named not in (None, tag):
        raise LaunchUncertain(f"{NAME}: made a machine under another name", made)
    if made:
        return Receipt(instance_id=made)
    if answer.status in (401, 403) or (told and told.status in (401, 403)):
        raise ProviderAuth(f"{NAME} does not accept our key")
    findings = validation_findings(answer.body)
    if findings is not None and answer.status < 500:
        raise _refusal(findings) or LaunchRefused(f"{NAME}: {findings}")
    if told is None or (told.status or 0) >= 500:
        raise LaunchUncertain(f"{NAME}: status {answer.status}, {told.text if told else 'and no id in the answer'}")
    raise _refusal(told.text) or LaunchUncertain(f"{NAME}: {told.text}")


def validation_findings(body: object) -> str | None:
    """`path: message` of each finding where the body is the validator's list of them."""
    if not isinstance(body, list) or not body:
        return None
    findings = []
    for item in body:
        message = text(item.get("message") or item.get("code")) if isinstance(item, dict) else None
        path = item.get("path") if isinstance(item, dict) else None
        if message is None or not isinstance(path, list | str):
            return None
        where = path if isinstance(path, str) else ".".join(str(part) for part in path if isinstance(part, str | int))
        findings.append(f"{text(where) or 'order'}: {message}")
    return text("; ".join(findings), 400)


def _refusal(told: str) -> OfferGone | LaunchRefused | None:
    """The clear no that these words are, or None where they leave it open whether there is a machine."""
    if _DOUBT.search(told):
        return None
    if _SOLD.search(told):
        return OfferGone(f"{NAME}: {told}")
    if _NO_FUNDS.search(told):
        return LaunchRefused(f"{NAME}: {told}", kind="no_funds")
    if _BAD_ORDER.search(told):
        return LaunchRefused(f"{NAME}: {told}")
    return None


def _id(holder: object) -> str | None:
    found = holder.get("id") if isinstance(holder, dict) else None
    return found if isinstance(found, str) and INSTANCE_ID.fullmatch(found) else None


def _words(told: object) -> str:
    if isinstance(told, dict):
        told = told.get("detail") or told.get("message") or told.get("title")
    return text(told) or "an error without words"
