"""The web page as it is served: its types, its policy, and that it is asked for again only when it has changed."""

import re
from typing import Any

import pytest

from app import app
from chalicelib import wiring
from chalicelib.api.pages import FOLDER
from tests.api.client import Api
from tests.world import World

FILES = sorted(path.name for path in FOLDER.iterdir())
ASSETS = [name for name in FILES if not name.endswith(".html")]
TYPES = {"css": "text/css", "html": "text/html", "js": "text/javascript", "svg": "image/svg+xml"}


@pytest.mark.parametrize("path", ["/", "/docs", *(f"/dashboard/{name}" for name in ASSETS)])
def test_a_file_is_served_to_anybody_under_a_policy_that_lets_nothing_else_in(path: str) -> None:
    reply = Api().send("GET", path, who=None)
    kind = TYPES[path.rpartition(".")[2] if "." in path else "html"]
    assert (reply.status, reply.headers["Content-Type"].partition(";")[0]) == (200, kind)
    policy = reply.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["Referrer-Policy"] == "no-referrer"


def test_a_file_that_has_not_changed_is_not_sent_again() -> None:
    api = Api()
    tag = api.send("GET", "/dashboard/app.js", who=None).headers["ETag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}'):
        reply = api.send("GET", "/dashboard/app.js", who=None, headers={"If-None-Match": known})
        assert (reply.status, reply.text, reply.headers["ETag"]) == (304, "", tag)
    assert api.send("GET", "/dashboard/app.js", who=None, headers={"If-None-Match": '"other"'}).status == 200


@pytest.mark.parametrize("name", ["index.html", "none.js", "..%2Fapi%2Fpages.py", "%2Fetc%2Fpasswd", "__init__.py"])
def test_nothing_but_the_files_of_the_pages_is_served(name: str) -> None:
    reply = Api().send("GET", f"/dashboard/{name}", who=None)
    assert (reply.status, reply.code) == (404, "not_found")


@pytest.mark.parametrize(
    ("path", "asked", "base"),
    [
        ("/", "/", "/"), ("/", "/prod/", "/prod/"), ("/", "/prod", "/prod/"),
        ("/docs", "/docs", "/"), ("/docs", "/prod/docs", "/prod/"), ("/", '/"><script>', "/&quot;&gt;&lt;script&gt;/"),
    ],
)  # fmt: skip
def test_behind_a_gateway_the_page_is_plain_text_and_finds_its_files_below_the_stage(
    path: str, asked: str, base: str
) -> None:
    event: dict[str, Any] = {
        "requestContext": {"httpMethod": "GET", "resourcePath": path, "path": asked, "requestId": "r-1"},
        "headers": {"accept": "text/html"},
        "multiValueQueryStringParameters": None,
        "pathParameters": {},
        "body": None,
        "isBase64Encoded": False,
        "stageVariables": None,
    }
    with wiring.override(World().ports):
        answer = app(event, None)
    assert answer["statusCode"] == 200
    assert not answer.get("isBase64Encoded")
    assert f'<base href="{base}">' in answer["body"]
    assert {**answer["headers"], **answer["multiValueHeaders"]}["Content-Type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("name", FILES)
def test_what_the_page_shows_is_never_markup_and_nothing_is_loaded_from_elsewhere(name: str) -> None:
    text = (FOLDER / name).read_text("utf-8")
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text)
    assert not re.findall(r"https?://(?!www\.w3\.org/2000/svg)", text)
    if name.endswith(".html"):
        assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\son\w+=|\sstyle=", text)
        linked = re.findall(r'(?:href|src)="dashboard/([^"]+)"', text)
        assert linked
        assert set(linked) <= set(FILES)
    if name.endswith(".js"):
        assert set(re.findall(r"from '\./([^']+)'", text)) <= set(FILES)


def test_a_key_tells_whose_it_is_and_on_which_terms_it_rents() -> None:
    api = Api()
    told = api.send("GET", "/me", who="bob").json
    assert (told["consumer"]["id"], told["consumer"]["role"]) == ("bob", "consumer")
    assert told["terms"] == {
        "default_hours": 1.0, "hard_max_hours": 12.0, "hold_margin_hours": 0.25, "price_tolerance": 0.1,
    }  # fmt: skip
    assert api.send("GET", "/me", who="operator").json["consumer"]["role"] == "operator"
