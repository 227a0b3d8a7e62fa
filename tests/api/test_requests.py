"""What reaches a handler: strict JSON of known fields, within bounds, from somebody with a key."""

import json

import pytest

from tests.api.client import Api, wish


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"nope",
        b'{"hours": NaN}',
        b'{"hours": Infinity}',
        b'{"hours": -Infinity}',
        b'{"hours": 1e999}',
        b'{"hours": ' + b"9" * 5000 + b"}",
        b'{"hours": 1,}',
        b'{"hours": 01}',
        b"{'hours': 1}",
        b'{"hours": 1} {}',
        b'{"a": "\xff\xfe"}',
        b'{"a": "\\ud800"}',
        b'\xef\xbb\xbf{"hours": 1}',
        b"[" * 30_000,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b"[]",
        b"null",
        b'"text"',
        b"7",
    ],
)
def test_a_body_that_is_not_a_strict_json_object_is_invalid_json(raw: bytes) -> None:
    reply = Api().send("POST", "/sessions", raw=raw)
    assert (reply.status, reply.code) == (400, "invalid_json")


@pytest.mark.parametrize(
    "raw", [b'{"hours": 1, "hours": 2}', b'{"env": {"A": "1"}, "requirements": {"hours":1,"hours":1}}']
)
def test_a_key_given_twice_is_refused_by_name(raw: bytes) -> None:
    reply = Api().send("POST", "/sessions", raw=raw)
    assert (reply.status, reply.code, reply.json["field"]) == (400, "duplicate_field", "hours")


def test_a_body_of_64_kilobytes_is_read_and_one_byte_more_is_not() -> None:
    api = Api()
    filled = b'{"onstart": "' + b"x" * (65_536 - 15) + b'"}'
    assert len(filled) == 65_536
    assert api.send("POST", "/sessions", raw=filled).status == 400
    reply = api.send("POST", "/sessions", raw=filled + b" ")
    assert (reply.status, reply.code) == (413, "body_too_large")


def test_a_huge_number_is_a_field_error() -> None:
    reply = Api().send(
        "POST", "/sessions", raw=b'{"hours": ' + b"9" * 400 + b', "ssh_public_key": "", "offer_id": "x"}'
    )
    assert (reply.status, reply.code, reply.json["field"]) == (400, "invalid_field", "hours")


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("POST", "/sessions", wish(gpu="H100"), "gpu"),
        ("POST", "/sessions", wish(offer_id=None, requirements={"gpus": 1}), "requirements.gpus"),
        ("POST", "/sessions", {"x" * 5000: 1}, "x" * 100 + "…"),
        ("GET", "/sessions", {"status": "active"}, "status"),
        ("DELETE", "/sessions/local-1", {"force": True}, "force"),
        ("POST", "/sweeps/launch", {"now": True}, "now"),
        ("GET", "/sessions?state=active", None, "state"),
        ("GET", "/health?verbose=1", None, "verbose"),
        ("GET", "/inventory?min_vram=1", None, "min_vram"),
        ("GET", "/sessions/local-1?limit=1", None, "limit"),
        ("POST", "/sessions?dry_run=true", wish(), "dry_run"),
    ],
)
def test_what_is_not_known_is_refused_by_name(method: str, path: str, body: object, field: str) -> None:
    reply = Api().send(method, path, body, who="operator")
    assert (reply.status, reply.code, reply.json["field"]) == (400, "unknown_field", field)


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/sessions?limit=0", "limit"),
        ("/sessions?limit=101", "limit"),
        ("/sessions?limit=ten", "limit"),
        ("/sessions?limit=1.0", "limit"),
        ("/sessions?limit=", "limit"),
        ("/sessions?limit=5&limit=6", "limit"),
        ("/sessions?limit=%D9%A5", "limit"),
        ("/sessions?status=gone", "status"),
        ("/sessions?cursor=%00", "cursor"),
        ("/sessions?cursor=nope", "cursor"),
        ("/consumers?cursor=nope", "cursor"),
        ("/inventory?cursor=nope", "cursor"),
        ("/inventory?spot=yes", "spot"),
        ("/inventory?max_price=nan", "max_price"),
        ("/inventory?max_price=1e3", "max_price"),
        ("/inventory?max_price=1_0", "max_price"),
        ("/inventory?max_price=-1", "max_price"),
        ("/inventory?max_price=0.1234567", "max_price"),
        ("/inventory?min_reliability=1.1", "min_reliability"),
        ("/inventory?sort=name", "sort"),
        ("/inventory?disk_gb=16001", "disk_gb"),
        ("/inventory?gpu_count=0", "gpu_count"),
        ("/inventory?provider=nobody", "provider"),
        ("/inventory?gpu=,", "gpu"),
    ],
)
def test_a_bad_query_parameter_is_refused_by_name(path: str, field: str) -> None:
    reply = Api().send("GET", path, who="operator")
    assert (reply.status, reply.json["field"]) == (400, field)
    assert reply.code in ("invalid_field", "invalid_cursor")


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"hours": "2"}, "hours: expected number or null, got string"),
        ({"hours": 0}, "hours: expected number > 0.0"),
        ({"disk_gb": 40.5}, "disk_gb: expected integer, got number"),
        ({"disk_gb": True}, "disk_gb: expected integer, got boolean"),
        ({"workload": "x"}, "workload: expected one of llm, training, batch, interactive, benchmark"),
        ({"on_disconnect": "x"}, "on_disconnect: expected one of destroy, keep"),
        ({"env": {"A": 1}}, "env: expected string, got integer"),
        ({"requirements": []}, "requirements: expected object or null, got array"),
    ],
)
def test_a_wrong_value_is_complained_of_in_the_words_of_json(fields: dict[str, object], complaint: str) -> None:
    assert Api().send("POST", "/sessions", wish(**fields)).json["detail"] == complaint


def test_a_whole_number_may_be_written_with_a_point() -> None:
    raw = json.dumps(wish(disk_gb=64, hours=2)).replace("64", "64.0").replace('"hours": 2', '"hours": 2e0').encode()
    told = Api().send("POST", "/sessions", raw=raw).json
    assert (told["disk_gb"], told["hours"]) == (64, 2)


def test_a_wrong_parameter_is_told_even_of_a_thing_that_does_not_exist() -> None:
    reply = Api().send("GET", "/inventory/vastai:0?disk_gb=-1")
    assert (reply.status, reply.json["field"]) == (400, "disk_gb")


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "text/plain", "application/octet-stream", ""]
)
def test_the_content_type_does_not_matter(content_type: str) -> None:
    assert Api().send("POST", "/sessions", wish(), headers={"Content-Type": content_type}).status == 202


@pytest.mark.parametrize(
    "path", ["/sessions/%ff", "/sessions/%zz", "/sessions/%2e%2e", "/sessions/" + "a" * 3000, "/sessions/%00"]
)
def test_a_path_that_names_nothing_is_not_found(path: str) -> None:
    reply = Api().send("GET", path)
    assert (reply.status, reply.code) == (404, "not_found")


def test_a_percent_encoded_id_is_the_id() -> None:
    assert Api().send("GET", "/inventory/vastai%3A1001").json["id"] == "vastai:1001"


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "Basic Zm9vOmJhcg==", "gs_0123456789_ab", "Bearer gs_é", "Bearer operator", "Bearer a b"],
)
def test_every_header_that_is_no_key_gets_the_same_401(authorization: str) -> None:
    reply = Api().send("GET", "/sessions", who=None, headers={"Authorization": authorization})
    assert (reply.status, reply.code) == (401, "unauthorized")
    assert reply.json["detail"] == Api().send("GET", "/sessions", who=None).json["detail"]


def test_nothing_is_told_to_somebody_without_a_key() -> None:
    assert Api().send("POST", "/sessions", raw=b"x" * 100_000, who=None).status == 401


def test_every_answer_carries_the_request_id_and_is_kept_by_no_cache() -> None:
    reply = Api().send("GET", "/health", who=None)
    assert reply.headers["X-Request-Id"]
    assert reply.headers["Cache-Control"] == "no-store"
