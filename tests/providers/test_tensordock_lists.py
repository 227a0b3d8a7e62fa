"""TensorDock's list is evidence only when whole, and its yes to a destroy is taken for no more than it is."""

import pytest
import requests

from chalicelib.domain.errors import ListIncomplete, ProviderAuth, ProviderBusy, ProviderDown
from tests.providers.tensordock_stand import MACHINE, tensordock

ITEMS = [{"id": "a", "name": "shopper-a", "status": "running"}, {"id": "b", "attributes": {"name": "B", "status": "?"}}]


def listed(body: object) -> dict[str, str | None]:
    adapter, _ = tensordock(body)
    return {machine.id: machine.tag for machine in adapter.list().instances}


@pytest.mark.parametrize(
    "body",
    [
        {"data": ITEMS},
        {"data": {"instances": ITEMS}},
        {"data": {"type": "list", "id": "instances", "attributes": {"instances": ITEMS}}},
        ITEMS,
        {"data": ITEMS, "meta": {"total": 2}, "links": {"next": None}},
    ],
)
def test_a_list_is_read_in_every_shape_seen(body: object) -> None:
    assert listed(body) == {"a": "shopper-a", "b": "B"}


@pytest.mark.parametrize("body", [{"data": []}, {"data": {"instances": []}}, []])
def test_an_empty_list_is_a_list(body: object) -> None:
    assert listed(body) == {}


def test_a_machine_without_a_name_is_listed_without_a_tag() -> None:
    assert listed({"data": [{"id": "a"}]}) == {"a": None}


@pytest.mark.parametrize(
    "reply",
    [
        None,
        {},
        {"data": None},
        {"data": {}},
        {"data": {"instances": {}}},
        {"instances": ITEMS},
        {"data": [{"name": "no id"}]},
        {"data": [{"id": ""}]},
        {"data": [None]},
        {"data": [{"id": "a", "name": "x"}, {"id": "a", "name": "y"}]},
        {"data": ITEMS, "meta": {"total": 3}},
        {"data": ITEMS, "links": {"next": "/api/v2/instances?page=2"}},
        {"status": 500, "error": "database", "data": []},
        {"success": False, "data": []},
        "<html>",
        "",
        (204, ""),
        (206, {"data": ITEMS[:1]}),
        {"data": ITEMS, "error": "partial"},
        (302, ""),
        (404, {"data": []}),
        (500, {"data": []}),
        requests.ReadTimeout(),
        requests.ConnectionError("reset"),
    ],
)
def test_a_list_that_is_not_whole_is_no_list(reply: object) -> None:
    adapter, _ = tensordock(reply, reply)
    with pytest.raises(ListIncomplete):
        adapter.list()


def test_a_limited_list_says_when_to_come_back() -> None:
    adapter, _ = tensordock((429, ""))
    with pytest.raises(ProviderBusy):
        adapter.list()


@pytest.mark.parametrize("reply", [(401, "Unauthorized"), (403, ""), {"status": 401, "error": "Unauthorized"}])
def test_refused_credentials_are_never_absence(reply: object) -> None:
    adapter, _ = tensordock(reply, reply, reply)
    for call in (lambda: adapter.get(MACHINE), adapter.list, lambda: adapter.destroy(MACHINE)):
        with pytest.raises(ProviderAuth):
            call()


@pytest.mark.parametrize("instance_id", ["", "../x", "a/b", "a?b", "x" * 65, "a\n"])
def test_an_id_that_is_none_never_enters_a_url(instance_id: str) -> None:
    adapter, canned = tensordock()
    for call in (adapter.get, adapter.destroy):
        with pytest.raises(ProviderDown):
            call(instance_id)
    assert canned.asked == []


@pytest.mark.parametrize(
    "reply",
    [
        {"data": {"type": "success", "attributes": {"message": "Instance deleted successfully"}}},
        {"data": {"message": "Instance deleted successfully"}},
        (204, ""),
        "",
        (404, ""),
        (404, {"error": "Instance not found"}),
        {"status": 404, "error": "Instance not found"},
        {"success": False, "error": "already terminated"},
    ],
)
def test_a_destroy_is_accepted_or_was_not_needed(reply: object) -> None:
    adapter, canned = tensordock(reply)
    adapter.destroy(MACHINE)
    assert [(asked.method, asked.path) for asked in canned.asked] == [("DELETE", f"/api/v2/instances/{MACHINE}")]


@pytest.mark.parametrize(
    "reply", [{"status": 400, "error": "busy"}, {"success": False}, "<html>", (400, ""), (500, "")]
)
def test_a_destroy_that_was_not_accepted_is_told(reply: object) -> None:
    adapter, _ = tensordock(reply, reply)
    with pytest.raises(ProviderDown):
        adapter.destroy(MACHINE)


def test_a_destroy_is_sent_once_more_after_a_lost_answer() -> None:
    adapter, canned = tensordock(requests.ReadTimeout(), (404, ""))
    adapter.destroy(MACHINE)
    assert len(canned.asked) == 2


def test_a_key_needs_no_call_and_the_balance_is_not_told() -> None:
    adapter, canned = tensordock()
    adapter.attach_key(MACHINE, "ssh-ed25519 AAAA")
    assert adapter.balance() is None
    assert canned.asked == []
