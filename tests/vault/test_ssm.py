import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from botocore.exceptions import ClientError

from chalicelib.domain.errors import StoreDown
from chalicelib.vault.overrides import ParameterOverrides
from chalicelib.vault.ssm import Ssm
from tests.deploy.cloud import Cloud, cloud

ENVIRON = {"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "nobody", "AWS_SECRET_ACCESS_KEY": "nothing"}


class Busy(ThreadingHTTPServer):
    """Answers each request with the next of `answers`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Asked)
        self.answers: list[tuple[int, object]] = []
        self.asked: list[dict[str, str]] = []


class _Asked(BaseHTTPRequestHandler):
    server: Busy

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append(dict(self.headers))
        status, answer = self.server.answers.pop(0)
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""


@pytest.fixture(scope="module")
def aws() -> Iterator[Cloud]:
    with cloud() as running:
        yield running


@pytest.fixture
def busy() -> Iterator[Busy]:
    server = Busy()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def at(server: Busy, pauses: list[float]) -> Ssm:
    endpoint = f"http://127.0.0.1:{server.server_port}"
    return Ssm({**ENVIRON, "AWS_ENDPOINT_URL": endpoint, "AWS_SESSION_TOKEN": "token"}, pauses.append)


def test_it_speaks_as_the_real_client_does(aws: Cloud) -> None:
    ours = Ssm({**ENVIRON, "AWS_ENDPOINT_URL": aws.endpoint})
    ours.put_parameter(Name="/a/one", Value="1", Type="SecureString")
    found = ours.get_parameters(Names=["/a/one", "/a/none"], WithDecryption=True)
    assert [(one["Name"], one["Value"]) for one in found["Parameters"]] == [("/a/one", "1")]
    with pytest.raises(ClientError) as missing:
        ours.get_parameter(Name="/a/none")
    assert missing.value.response["Error"]["Code"] == "ParameterNotFound"


def test_overrides_are_kept_and_read_through_it(aws: Cloud) -> None:
    overrides = ParameterOverrides(Ssm({**ENVIRON, "AWS_ENDPOINT_URL": aws.endpoint}), "/gpu-shopper/prod")
    assert overrides.until("prod-1") is None
    overrides.lengthen("prod-1", 17)
    overrides.lengthen("prod-1", 18)
    assert overrides.until("prod-1") == 18


def test_a_throttle_passes_and_the_call_is_signed_for_the_roles_session(busy: Busy) -> None:
    pauses: list[float] = []
    busy.answers = [(400, {"__type": "ThrottlingException"}), (503, {}), (200, {"Parameters": []})]
    assert at(busy, pauses).get_parameters(Names=["/a"], WithDecryption=True) == {"Parameters": []}
    assert pauses == [0.2, 0.4]
    assert busy.asked[0]["X-Amz-Security-Token"] == "token"
    assert "/us-east-1/ssm/aws4_request" in busy.asked[0]["Authorization"]


def test_a_refusal_is_not_asked_again(busy: Busy) -> None:
    pauses: list[float] = []
    busy.answers = [(400, {"__type": "AccessDeniedException", "message": "no"})]
    with pytest.raises(StoreDown, match="AccessDenied"):
        ParameterOverrides(at(busy, pauses), "/p").until("prod-1")
    assert pauses == []


def test_no_answer_at_all_is_said_to_the_janitor() -> None:
    nobody = Ssm({**ENVIRON, "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, lambda _: None)
    with pytest.raises(StoreDown):
        ParameterOverrides(nobody, "/p").until("prod-1")
