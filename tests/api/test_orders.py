"""POST /sessions: each wish that cannot be is refused with the name of its field."""

import pytest

from tests.api.client import OFFER, Api, wish
from tests.builders import PUBLIC_KEY


def _req(**fields: object) -> dict[str, object]:
    return wish(offer_id=None, requirements=fields)


REFUSED = [
    (wish(offer_id=None), "offer_id"),
    (wish(requirements={}), "offer_id"),
    (wish(offer_id=""), "offer_id"),
    (wish(offer_id=7), "offer_id"),
    (wish(offer_id="vastai:1\u0000"), "offer_id"),
    (_req(gpu=7), "requirements.gpu"),
    (_req(gpu=["H100", 7]), "requirements.gpu"),
    (_req(gpu=[""]), "requirements.gpu"),
    (_req(gpu="\n"), "requirements.gpu"),
    (_req(gpu=["x"] * 17), "requirements.gpu"),
    (_req(min_vram_gb="24"), "requirements.min_vram_gb"),
    (_req(min_vram_gb=-1), "requirements.min_vram_gb"),
    (_req(gpu_count=0), "requirements.gpu_count"),
    (_req(gpu_count=1.5), "requirements.gpu_count"),
    (_req(gpu_count=True), "requirements.gpu_count"),
    (_req(max_price=0), "requirements.max_price"),
    (_req(max_price=0.1234567), "requirements.max_price"),
    (_req(min_reliability=1.01), "requirements.min_reliability"),
    (_req(country="SE"), "requirements.country"),
    (_req(provider=["nobody"]), "requirements.provider"),
    (_req(min_cuda="12"), "requirements.min_cuda"),
    (_req(spot="true"), "requirements.spot"),
    (_req(verified=1), "requirements.verified"),
    (wish(offer_id=None, requirements=[]), "requirements"),
    ({"offer_id": OFFER}, "ssh_public_key"),
    (wish(ssh_public_key=7), "ssh_public_key"),
    (wish(ssh_public_key=""), "ssh_public_key"),
    (wish(ssh_public_key=PUBLIC_KEY + "\n" + PUBLIC_KEY), "ssh_public_key"),
    (wish(hours=0), "hours"),
    (wish(hours=-1), "hours"),
    (wish(hours="1"), "hours"),
    (wish(hours=True), "hours"),
    (wish(hours=12.01), "hours"),
    (wish(hours=[1]), "hours"),
    (wish(disk_gb=7), "disk_gb"),
    (wish(disk_gb=16_001), "disk_gb"),
    (wish(disk_gb=40.5), "disk_gb"),
    (wish(disk_gb="40"), "disk_gb"),
    (wish(image="https://example.org/a"), "image"),
    (wish(image=""), "image"),
    (wish(image="a" * 600), "image"),
    (wish(env=[]), "env"),
    (wish(env={"-p 70001:70001": "1"}), "env"),
    (wish(env={"a": "1"}), "env"),
    (wish(env={"A": 1}), "env"),
    (wish(env={f"A{n}": "" for n in range(65)}), "env"),
    (wish(env={"VAST_CONTAINERLABEL": "C.1"}), "env.VAST_CONTAINERLABEL"),
    (wish(env={"A": "x\ny"}), "env.A"),
    (wish(env={"A": "x" * 4097}), "env.A"),
    (wish(onstart=["ls"]), "onstart"),
    (wish(onstart="x\u0000"), "onstart"),
    (wish(onstart="x" * 32_769), "onstart"),
    (wish(ports=[0]), "ports"),
    (wish(ports=[65_536]), "ports"),
    (wish(ports=["80"]), "ports"),
    (wish(ports=[22]), "ports"),
    (wish(ports=[80, 80]), "ports"),
    (wish(ports=list(range(1000, 1017))), "ports"),
    (wish(workload="mining"), "workload"),
    (wish(idle_minutes=-1), "idle_minutes"),
    (wish(idle_minutes=721), "idle_minutes"),
    (wish(max_price=0), "max_price"),
    (wish(max_price=1001), "max_price"),
    (wish(max_price="1"), "max_price"),
    (wish(max_price=0.0000001), "max_price"),
    (wish(max_attempts=0), "max_attempts"),
    (wish(max_attempts=6), "max_attempts"),
]


@pytest.mark.parametrize(("body", "field"), REFUSED)
def test_a_wish_that_cannot_be_is_refused_by_field_and_nothing_is_opened(body: object, field: str) -> None:
    api = Api()
    reply = api.send("POST", "/sessions", body)
    assert (reply.status, reply.json["field"]) == (400, field)
    assert reply.code in ("invalid_field", "missing_field")
    assert list(api.world.store.sessions.live()) == []


def test_only_an_operator_names_who_pays() -> None:
    api = Api()
    reply = api.send("POST", "/sessions", wish(consumer="bob"), who="ada")
    assert (reply.status, reply.code, reply.json["field"]) == (403, "forbidden", "consumer")
    assert api.send("POST", "/sessions", wish(consumer="bob"), who="operator").json["consumer"] == "bob"
    reply = api.send("POST", "/sessions", wish(consumer="nobody"), who="operator")
    assert (reply.status, reply.code, reply.json["field"]) == (400, "unknown_consumer", "consumer")


def test_the_key_that_reaches_the_market_is_type_and_base64_alone() -> None:
    api = Api()
    api.rent(ssh_public_key=f'command="rm -rf /",no-pty {PUBLIC_KEY} ada@laptop; reboot')
    (session,) = api.world.store.sessions.live()
    assert session.order.ssh_public_key == PUBLIC_KEY


def test_a_private_key_is_refused_without_being_repeated() -> None:
    secret = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW"
    pem = f"-----BEGIN OPENSSH PRIVATE KEY-----\n{secret}\n-----END OPENSSH PRIVATE KEY-----\n"
    reply = Api().send("POST", "/sessions", wish(ssh_public_key=pem))
    assert (reply.status, reply.code, reply.json["field"]) == (400, "private_key", "ssh_public_key")
    assert secret not in reply.text


@pytest.mark.parametrize(("body", "attempts"), [(wish(), 1), (_req(), 3), (wish(max_attempts=2), 2)])
def test_how_many_offers_are_tried_depends_on_what_was_asked_for(body: object, attempts: int) -> None:
    api = Api()
    assert api.send("POST", "/sessions", body).status == 202
    (session,) = api.world.store.sessions.live()
    assert session.order.max_attempts == attempts


def test_requirements_arrive_whole() -> None:
    api = Api()
    fields = {
        "gpu": "RTX 4090", "min_vram_gb": 20, "gpu_count": 1, "max_price": 0.9, "min_reliability": 0.9,
        "country": ["SE", "NO"], "provider": ["vastai"], "min_cuda": 12, "spot": False, "verified": True,
    }  # fmt: skip
    assert api.send("POST", "/sessions", _req(**fields)).status == 202
    (session,) = api.world.store.sessions.live()
    required = session.order.requirements
    assert required is not None
    assert (required.gpu, required.country, required.provider) == (("RTX 4090",), ("SE", "NO"), ("vastai",))
    assert (required.max_price, required.min_vram_gb, required.verified) == (900_000, 20.0, True)


def test_the_hard_max_of_the_deployment_bounds_the_hours() -> None:
    api = Api(environ={"SHOPPER_HARD_MAX_SECONDS": "1800"})
    assert api.rent()["hours"] == 0.5
    assert api.send("POST", "/sessions", wish(hours=0.6)).json["field"] == "hours"
