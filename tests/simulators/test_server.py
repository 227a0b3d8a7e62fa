"""The HTTP server is plain HTTP/1.1: keep-alive, exact content types, both spellings of a path."""

import http.client
import socket
from urllib.parse import urlsplit

from simulators import Simulator
from simulators.vastai.market import VastMarket
from tests.simulators.support import Vast


def test_one_connection_carries_many_calls(vast_sim: Simulator[VastMarket]) -> None:
    connection = http.client.HTTPConnection(urlsplit(vast_sim.url).netloc, timeout=5)
    for _ in range(3):
        connection.request("GET", "/api/v0/gpu_names/unique/")
        response = connection.getresponse()
        assert response.status == 200
        assert response.getheader("Content-Type") == "application/json"
        response.read()
    connection.close()


def test_paths_are_taken_with_and_without_the_last_slash(vast: Vast) -> None:
    for path in ("/api/v0/users/current", "/api/v0/users/current/"):
        assert vast.call("GET", path).status_code == 200


def test_an_unknown_path_is_a_json_404(vast: Vast) -> None:
    response = vast.call("GET", "/api/v0/nothing/here/")
    assert response.status_code == 404
    assert response.json()["error"] == "not_found"


def test_a_body_that_is_no_json_is_refused(vast_sim: Simulator[VastMarket]) -> None:
    connection = http.client.HTTPConnection(urlsplit(vast_sim.url).netloc, timeout=5)
    connection.request("POST", "/api/v0/bundles/", body=b"{nope", headers={"Content-Type": "application/json"})
    response = connection.getresponse()
    assert response.status == 400
    assert b"Invalid json body" in response.read()
    connection.close()


def test_an_oversized_body_is_refused_unread(vast_sim: Simulator[VastMarket]) -> None:
    connection = http.client.HTTPConnection(urlsplit(vast_sim.url).netloc, timeout=5)
    connection.putrequest("POST", "/api/v0/bundles/")
    connection.putheader("Content-Length", "50000000")
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


def test_stopping_ends_connections_that_are_kept_alive(vast_sim: Simulator[VastMarket]) -> None:
    address = urlsplit(vast_sim.url)
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=5) as idle:
        idle.sendall(b"GET /api/v0/gpu_names/unique/ HTTP/1.1\r\nHost: x\r\n\r\n")
        assert idle.recv(15) == b"HTTP/1.1 200 OK"
        vast_sim.stop()
        idle.settimeout(5)
        while idle.recv(65_536):
            pass
