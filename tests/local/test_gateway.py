import http.client
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from chalice.app import Chalice
from chalice.config import Config

from local import gateway


class Site:
    """A server with an app of three routes."""

    def __init__(self) -> None:
        self.entered, self.leave = threading.Event(), threading.Event()
        app = Chalice("an-app", configure_logs=False)

        def hello() -> dict[str, str]:
            request: Any = app.current_request
            return {"said": request.raw_body.decode()}

        app.route("/hello", methods=["GET", "POST"])(hello)
        app.route("/slow")(self._slow)
        self.server = gateway.create(app, Config.create(), 0)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)

    def ask(self, method: str, path: str, headers: dict[str, str] | None = None) -> tuple[int, Any, str]:
        connection = self.connect()
        connection.putrequest(method, path)
        for name, value in (headers or {}).items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        body = json.loads(answer.read())
        connection.close()
        return answer.status, body, str(answer.getheader("content-type"))

    def _slow(self) -> dict[str, str]:
        self.entered.set()
        self.leave.wait(10)
        return {}


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.leave.set()
    site.server.shutdown()
    site.server.server_close()


def test_a_route_is_answered_by_the_app(site: Site) -> None:
    assert site.ask("GET", "/hello")[:2] == (200, {"said": ""})


def test_what_cannot_be_read_is_a_problem_like_any_other(site: Site) -> None:
    status, body, kind = site.ask("GET", "/" + "x" * 70_000)
    assert (status, body["status"], kind) == (414, 414, "application/problem+json")


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "QUERY", "PROPFIND"])
def test_a_method_that_no_route_has_is_for_the_app_to_refuse(site: Site, method: str) -> None:
    assert site.ask(method, "/hello")[0] == 405


def test_a_path_without_a_route_is_a_problem_like_any_other(site: Site) -> None:
    status, body, kind = site.ask("GET", "/nowhere", {"Authorization": "Bearer x"})
    assert (status, body["status"], body["code"], kind) == (404, 404, "not_found", "application/problem+json")
    assert body["request_id"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Length": "seven"}, 400),
        ({"Content-Length": "-1"}, 400),
        ({"Content-Length": "99999999999"}, 413),
        ({"Transfer-Encoding": "chunked"}, 411),
    ],
)
def test_a_body_that_cannot_be_taken_is_refused_unread(site: Site, headers: dict[str, str], status: int) -> None:
    got, body, kind = site.ask("POST", "/hello", headers)
    assert (got, body["status"], kind) == (status, status, "application/problem+json")


def test_many_requests_share_a_connection(site: Site) -> None:
    connection = site.connect()
    for number in range(20):
        connection.request("POST", "/hello", body=f"no {number}")
        assert json.loads(connection.getresponse().read()) == {"said": f"no {number}"}
    connection.close()


def test_each_of_many_requests_at_once_sees_its_own_body(site: Site) -> None:
    def talk(name: str) -> None:
        connection = site.connect()
        for _ in range(10):
            connection.request("POST", "/hello", body=name)
            heard.add((name, json.loads(connection.getresponse().read())["said"]))
        connection.close()

    heard: set[tuple[str, str]] = set()
    threads = [threading.Thread(target=talk, args=(f"client {number}",)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heard == {(f"client {number}", f"client {number}") for number in range(16)}


def test_a_stop_can_wait_for_the_answer_under_way(site: Site) -> None:
    connection = site.connect()
    connection.request("GET", "/slow")
    assert site.entered.wait(10)
    assert not site.server.wait_calm(0.01)
    site.leave.set()
    assert site.server.wait_calm(10)
    assert connection.getresponse().status == 200
    connection.close()


def test_a_taken_port_is_an_error_at_once(site: Site) -> None:
    with pytest.raises(OSError, match="in use"):
        gateway.create(Chalice("another", configure_logs=False), Config.create(), site.port)
