"""Mistakes that somebody could make in an adapter or in the HTTP client, each a patch that HTTP seeds must catch."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from re import compile as pattern
from typing import Any
from unittest.mock import patch

from chalicelib.domain.errors import LaunchRefused, LaunchUncertain, ListIncomplete, ProviderDown
from chalicelib.domain.instance import Absent, Instance
from chalicelib.ports import LaunchOrder, Receipt
from chalicelib.providers import (
    tensordock,
    tensordock_answers,
    tensordock_instances,
    vastai,
    vastai_create,
    vastai_listing,
)
from chalicelib.providers.answer import Answer
from chalicelib.providers.http import Http
from tests.simulation.seed import run

Patches = list[tuple[object, str, Any]]

_call, _doubt, _receipt = Http.call, Http._doubt, vastai_create.receipt
_destroy, _read = vastai.VastAi.destroy, vastai_listing._read
_items, _tensordock_get = tensordock_instances._items, tensordock.TensorDock.get


@dataclass(frozen=True, slots=True)
class Mistake:
    says: str
    patches: Callable[[], Patches]
    wish: str = "mixed"


@contextmanager
def made(name: str) -> Iterator[Mistake]:
    """The adapters with this mistake in them."""
    mistake = MISTAKES[name]
    with ExitStack() as stack:
        for where, what, instead in mistake.patches():
            stack.enter_context(patch.object(where, what, instead))
        yield mistake


def caught(name: str, seed: int) -> str | None:
    """The rule that this seed finds broken with the mistake in, if any."""
    with made(name) as mistake:
        return run(seed, wish=mistake.wish, wire="all").rule


def create_resent() -> Patches:
    def call(self: Http, kind: Any, *rest: Any, **options: Any) -> Answer:
        try:
            return _call(self, kind, *rest, **options)
        except LaunchUncertain:
            return _call(self, kind, *rest, **options)

    return [(Http, "call", call)]


def silence_is_no() -> Patches:
    def doubt(self: Http, kind: Any, failure: str, retry_after: float = 5.0) -> Any:
        raise ProviderDown(failure, retry_after)

    return [(Http, "_doubt", doubt)]


def any_404_is_done() -> Patches:
    def destroy(self: vastai.VastAi, instance_id: str) -> None:
        if self._http.call("destroy", "DELETE", vastai._path(instance_id), json={}).status != 404:
            _destroy(self, instance_id)

    return [(vastai.VastAi, "destroy", destroy)]


def failed_page_is_empty() -> Patches:
    def read(answer: Answer) -> Any:
        try:
            return _read(answer)
        except ListIncomplete:
            return vastai_listing._Page(instances=[], here=None, total=None, token=None, told_to_end=True)

    return [(vastai_listing, "_read", read)]


def counts_unread() -> Patches:
    return [(vastai_listing, "_check_counts", lambda pages, found: None)]


def no_means_no() -> Patches:
    def receipt(answer: Answer, order: LaunchOrder) -> Receipt:
        if answer.fields.get("success") is False:
            raise LaunchRefused("it said no")
        return _receipt(answer, order)

    return [(vastai_create, "receipt", receipt)]


def unexpected_is_no() -> Patches:
    words = pattern("(?i)unexpected error|deployment failed")
    return [(tensordock_answers, "_DOUBT", pattern("(?!)")), (tensordock_answers, "_BAD_ORDER", words)]


def odd_list_is_empty() -> Patches:
    def items(body: object) -> list[object]:
        try:
            return _items(body)
        except ListIncomplete:
            return []

    return [(tensordock_instances, "_items", items)]


def no_answer_is_gone() -> Patches:
    def get(self: tensordock.TensorDock, instance_id: str) -> Instance | Absent:
        try:
            return _tensordock_get(self, instance_id)
        except ProviderDown:
            return Absent(instance_id=instance_id)

    return [(tensordock.TensorDock, "get", get)]


MISTAKES: dict[str, Mistake] = {
    "create_resent": Mistake("a create without an answer is sent again", create_resent),
    "silence_is_no": Mistake("a create without an answer was refused", silence_is_no),
    "any_404_is_done": Mistake("Vast.ai: a destroy with a wrong key, answered 404, is done", any_404_is_done),
    "failed_page_is_empty": Mistake("Vast.ai: a page that cannot be read is an empty one", failed_page_is_empty),
    "counts_unread": Mistake("Vast.ai: what a list says of its length is not looked at", counts_unread),
    "no_means_no": Mistake("Vast.ai: `success: false` means that nothing was made", no_means_no),
    "unexpected_is_no": Mistake(
        "TensorDock: an unexpected error means that nothing was made",
        unexpected_is_no,
        "create_lost:high,create_lost_no_effect:high",
    ),
    "odd_list_is_empty": Mistake("TensorDock: a list of unknown shape is an empty account", odd_list_is_empty),
    "no_answer_is_gone": Mistake("TensorDock: a machine that cannot be read is gone", no_answer_is_gone),
}
