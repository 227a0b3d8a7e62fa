"""An IAM that means it: a gate in front of the rehearsed AWS that lets through what a function's own role allows.

moto and the state engine obey everybody. Functions of the rehearsal sign with their own name as the access key, so each
call is known by who made it; what it does and to what is read off the request, as AWS would; and the role's policy, as
CloudFormation left it, decides. What was asked and what was refused is kept.
"""

import fnmatch
import http.client
import json
import re
import threading
from collections.abc import Iterable, Mapping, Sequence
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from tests.deploy.cloud import ACCOUNT, REGION

_WHO = re.compile(r"Credential=([^/]+)/")
_TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/"
_WRITES = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}


class Act(NamedTuple):
    """One thing that IAM is asked about."""

    action: str
    resource: str


Policy = Sequence[Mapping[str, Any]]
"""The statements of one role, intrinsics resolved."""
Headers = Mapping[str, str] | Message


def allows(policy: Policy, act: Act) -> bool:
    """A Deny that fits beats every Allow; without an Allow that fits it is no."""
    fitting = {
        one["Effect"] for one in policy if act.action in one["Action"] and _covers(one["Resource"], act.resource)
    }
    return fitting == {"Allow"}


def _covers(resources: Iterable[str], resource: str) -> bool:
    return any(fnmatch.fnmatchcase(resource, pattern) for pattern in resources)


def acts(headers: Headers, body: bytes) -> list[Act]:
    """What a request asks for, by AWS's service authorization reference. A transaction is the sum of its parts."""
    target = headers.get("X-Amz-Target", "")
    if not target:
        return _of_query({name: values[0] for name, values in parse_qs(body.decode()).items()})
    service, _, operation = target.partition(".")
    asked = json.loads(body)
    if service.startswith("DynamoDB"):
        return _of_table(operation, asked)
    if service == "AmazonSSM":
        names = asked.get("Names") or [asked["Name"]]
        return [Act(f"ssm:{operation}", f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter{name}") for name in names]
    assert service == "AmazonSQS", target
    return [Act(f"sqs:{operation}", f"arn:aws:sqs:{REGION}:{ACCOUNT}:{asked['QueueUrl'].rsplit('/', 1)[-1]}")]


def _of_table(operation: str, asked: Mapping[str, Any]) -> list[Act]:
    if operation == "TransactWriteItems":
        parts = [(kind, part) for item in asked["TransactItems"] for kind, part in item.items()]
        return [Act(f"dynamodb:{_WRITES[kind]}", _TABLE + part["TableName"]) for kind, part in parts]
    if operation in ("BatchGetItem", "BatchWriteItem"):
        return [Act(f"dynamodb:{operation}", _TABLE + name) for name in asked["RequestItems"]]
    index = f"/index/{asked['IndexName']}" if "IndexName" in asked else ""
    return [Act(f"dynamodb:{operation}", _TABLE + asked["TableName"] + index)]


def _of_query(asked: Mapping[str, str]) -> list[Act]:
    """SNS. What it says of a subscription is asked of `*`: IAM knows topics alone."""
    return [Act(f"sns:{asked['Action']}", asked.get("TopicArn", "*"))]


class Gate:
    """Stands at `url` in front of `upstream`; `policies` and what was `used` are by name of the function."""

    def __init__(self, upstream: str, policies: Mapping[str, Policy]) -> None:
        self.policies = policies
        self.used: dict[str, set[Act]] = {}
        self.refused: list[tuple[str, Act]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _passing(urlsplit(upstream).netloc, self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "Gate":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def judge(self, headers: Headers, body: bytes) -> list[Act]:
        """What of it the caller may not do."""
        found = _WHO.search(headers.get("Authorization", ""))
        who = found[1] if found else "nobody"
        asked = acts(headers, body)
        self.used.setdefault(who, set()).update(asked)
        wrong = [act for act in asked if not allows(self.policies.get(who, ()), act)]
        self.refused += [(who, act) for act in wrong]
        return wrong


def _passing(upstream: str, gate: Gate) -> type[BaseHTTPRequestHandler]:
    class Passing(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            wrong = gate.judge(self.headers, body)
            if wrong:
                told = json.dumps({"__type": "AccessDeniedException", "message": f"not authorized: {wrong}"}).encode()
                self._answer(400, {"Content-Type": "application/x-amz-json-1.0"}, told)
                return
            connection = http.client.HTTPConnection(upstream, timeout=30)
            try:
                connection.request("POST", self.path, body, dict(self.headers.items()))
                answer = connection.getresponse()
                self._answer(answer.status, dict(answer.getheaders()), answer.read())
            finally:
                connection.close()

        def _answer(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                if name.lower() not in ("content-length", "connection", "transfer-encoding", "date", "server"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nobody reads it."""

    return Passing
