"""Vast.ai's create: the body of the one call, and what its answer proves."""

import re

from chalicelib.domain.errors import LaunchRefused, LaunchUncertain, OfferGone, ProviderAuth
from chalicelib.domain.instance import SSH_PORT
from chalicelib.domain.offer import disk_rented
from chalicelib.ports import LaunchOrder, Receipt
from chalicelib.providers import vastai_onstart as container
from chalicelib.providers.answer import Answer
from chalicelib.providers.clean import whole
from chalicelib.providers.vastai_answers import said, slug, succeeded

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,255}")
_ENV_LONGEST = 32_000  # the market takes 32,768, names included
_BIDS = (0.001, 128.0)  # USD per hour that the market accepts as a bid

_GONE = ("no_such_ask", "no longer available", "is not available")
_NO_FUNDS = ("insufficient_credit", "missing_billing")
_REFUSED = ("invalid_args", "invalid_request", "bad_request", "invalid_price", "no_ssh_key_for_vm", "label_too_long")


def body(order: LaunchOrder, default_image: str, market_url: str) -> dict[str, object]:
    """What the create call sends; `market_url` is where the machine can delete itself.

    Raises LaunchRefused for an order that cannot be put into words safely.
    """
    parts = [container.ENVIRONMENT, container.ssh_key(order.ssh_public_key)]
    variables = dict(order.env)
    if order.agent is not None:
        part, carried = container.agent(order.agent, market_url)
        parts.insert(0, part)
        variables |= carried
    if order.onstart:
        part, carried = container.script(order.onstart)
        parts.append(part)
        variables |= carried
    onstart = container.onstart(parts)
    if len(onstart) > container.LONGEST:
        raise LaunchRefused("the SSH key is too long for this market")
    return {
        "client_id": "me",
        "image": order.image or default_image,
        "env": _env(variables, order.ports),
        "price": _bid(order),
        "disk": disk_rented(order.offer, order.disk_gb),
        "label": order.tag,
        "onstart": onstart,
        "runtype": "ssh_direct",
        "cancel_unavail": True,  # else a machine that cannot start now stays, stopped, and bills its disk
        "target_state": "running",
    }


def _bid(order: LaunchOrder) -> float | None:
    """No bid means on demand to this market, so an interruptible order without a good one must not go out."""
    if not order.offer.spot:
        return None
    if order.bid_per_hour is None or not _BIDS[0] <= order.bid_per_hour <= _BIDS[1]:
        raise LaunchRefused("an interruptible offer takes a bid of $0.001 to $128 per hour")
    return order.bid_per_hour


def _env(variables: dict[str, str], ports: tuple[int, ...]) -> dict[str, str]:
    """Variables and open ports in one object, as the market wants them: a key like `-p 80:80` is a docker option."""
    for name in variables:
        if not _NAME.fullmatch(name):
            raise LaunchRefused("a variable's name would be read as something else by this market")
    options = {f"-p {port}:{port}": "1" for port in ports if port != SSH_PORT}  # which the run type maps
    size = sum(len(name) + len(value.encode()) for name, value in variables.items())
    if size > _ENV_LONGEST:
        raise LaunchRefused("variables and script together are too long for this market")
    return variables | options


def receipt(answer: Answer, order: LaunchOrder) -> Receipt:
    """The machine's id, where the answer is a clear yes. Raises what the answer proves, by order of cost:
    a machine that exists, an offer that is gone, credentials, a refusal, and for all else the doubt."""
    contract = whole(answer.fields.get("new_contract"), 1, 10**15)
    if contract is not None and succeeded(answer):
        return Receipt(instance_id=str(contract))
    secrets = [*order.env.values()]
    if order.agent is not None:
        secrets += [order.agent.token, order.agent.secret]
    reason = said(answer, secrets=secrets)
    if contract is not None:
        raise LaunchUncertain(f"{reason}; but there is a machine", str(contract))
    raise _refusal(answer, reason) or LaunchUncertain(f"{reason}; no id given")


def _refusal(answer: Answer, reason: str) -> OfferGone | ProviderAuth | LaunchRefused | None:
    """What went wrong, where the market clearly did nothing; None in any doubt."""
    word = slug(answer)
    if word == "auth_error" or (answer.status == 403 and word not in _REFUSED):
        return ProviderAuth(reason)
    if not answer.fields or answer.fields.get("success") is True:
        return None
    everything = answer.text.lower()  # the words come in any field, with any status
    if any(words in everything for words in _GONE):
        return OfferGone(reason)
    if answer.status == 402 or any(words in everything for words in _NO_FUNDS):
        return LaunchRefused(reason, "no_funds")
    return LaunchRefused(reason) if 400 <= answer.status < 500 or word in _REFUSED else None
