"""What Vast.ai's answers have in common: the words of a failure, and who is to blame for it."""

from collections.abc import Iterable

from chalicelib.domain.errors import ProviderAuth, ProviderDown
from chalicelib.providers.answer import Answer
from chalicelib.providers.clean import text

_LONGEST = 300
_SHORTEST_SECRET = 4  # shorter values are everyday words, whose absence would only make the rest unreadable


def slug(answer: Answer) -> str:
    """The market's word for the failure (`auth_error`, `no_such_ask`, …), empty if it gave none."""
    return text(answer.fields.get("error"), 60) or ""


def said(answer: Answer, secrets: Iterable[str] = ()) -> str:
    """Status, slug and message, for people, without any of the `secrets` that the market may have echoed.

    The body itself is never told: a create's holds a key.
    """
    told = [answer.fields.get(key) for key in ("error", "msg", "message", "detail")]
    words = [text(_without(secrets, word)) for word in told if isinstance(word, str)]
    return ": ".join([f"vastai answered {answer.status}", *filter(None, words)])[:_LONGEST]


def _without(secrets: Iterable[str], word: str) -> str:
    for secret in sorted(secrets, key=len, reverse=True):
        word = word.replace(secret, "…") if len(secret) >= _SHORTEST_SECRET else word
    return word


def succeeded(answer: Answer) -> bool:
    """2xx with a JSON object that does not say otherwise: a 200 with `success: false` is a failure here."""
    return answer.ok and isinstance(answer.body, dict) and answer.fields.get("success", True) is True


def trouble(answer: Answer) -> ProviderAuth | ProviderDown:
    """What to raise for an answer that is not the one asked for.

    A wrong key is answered 403 or 404 with `auth_error` here, so a 404 alone never means "gone".
    """
    if answer.status == 403 or slug(answer) == "auth_error":
        return ProviderAuth(said(answer))
    return ProviderDown(said(answer) if answer.is_json else f"{said(answer)}, and not in JSON")
