"""The menu over HTTP."""

from tests.api.client import Api
from tests.builders import an_offer

FIELDS = {
    "id", "provider", "provider_offer_id", "machine_id", "gpu", "gpu_count", "vram_gb", "total_vram_gb",
    "price_per_hour", "price", "spot", "min_bid", "region", "country", "reliability", "verified", "cuda_version",
    "driver_version", "cpu_cores", "ram_gb", "max_disk_gb", "inet_down_mbps", "inet_up_mbps", "inet_down_cost_per_gb",
    "inet_up_cost_per_gb", "max_hours", "tflops", "fetched_at",
}  # fmt: skip


def _api() -> Api:
    rows = (
        ("1", {"gpu_per_hour": 0.9, "gpu": "H100 SXM", "vram_gb": 80.0, "gpu_count": 2, "min_bid": 0.1234567}),
        ("2", {"gpu_per_hour": 0.3, "gpu": "RTX 4090"}),
        ("3", {"gpu_per_hour": 0.5, "gpu": "RTX 4090", "spot": True, "country": "NO"}),
    )
    offers = [
        an_offer(id=f"vastai:{number}", provider_offer_id=number, machine_id=f"m-{number}", **fields)
        for number, fields in rows
    ]
    return Api(offers=offers)


def test_offers_are_listed_cheapest_first_with_every_field() -> None:
    answer = _api().send("GET", "/inventory").json
    assert [offer["id"] for offer in answer["offers"]] == ["vastai:2", "vastai:3", "vastai:1"]
    assert all(offer.keys() == FIELDS for offer in answer["offers"])
    assert (answer["count"], answer["total"], answer["next_cursor"]) == (3, 3, None)
    dearest = answer["offers"][-1]
    assert (dearest["total_vram_gb"], dearest["min_bid"]) == (160, 0.123457)
    assert dearest["price"].keys() == {"gpu", "disk", "cpu_ram"}
    assert dearest["price_per_hour"] == 0.908
    market = answer["providers"]["vastai"]
    assert market.keys() == {"status", "fetched_at", "age_seconds", "offers", "error"}
    assert (market["status"], market["offers"]) == ("ok", 3)
    assert answer["providers"]["tensordock"]["status"] == "unconfigured"


def test_every_filter_of_the_contract_is_taken() -> None:
    api = _api()
    query = (
        "provider=vastai&gpu=rtx%204090,H100&min_vram_gb=20&max_price=0.6&min_gpus=1&gpu_count=1&region=europe"
        "&country=SE,NO&min_reliability=0.9&min_cuda=12.1&spot=true&verified=true&disk_gb=50&sort=value&limit=10"
    )
    assert [offer["id"] for offer in api.send("GET", f"/inventory?{query}").json["offers"]] == ["vastai:3"]
    assert api.send("GET", "/inventory?spot=false").json["total"] == 2


def test_the_disk_asked_for_is_in_the_price() -> None:
    api = _api()
    assert api.send("GET", "/inventory/vastai:2").json["price_per_hour"] == 0.308
    assert api.send("GET", "/inventory/vastai:2?disk_gb=100").json["price"]["disk"] == 0.02
    assert api.send("GET", "/inventory?disk_gb=100&limit=1").json["offers"][0]["price_per_hour"] == 0.32


def test_pages_follow_each_other() -> None:
    api = _api()
    first = api.send("GET", "/inventory?limit=2").json
    rest = api.send("GET", f"/inventory?limit=2&cursor={first['next_cursor']}").json
    assert [offer["id"] for offer in first["offers"] + rest["offers"]] == ["vastai:2", "vastai:3", "vastai:1"]
    assert rest["next_cursor"] is None


def test_an_offer_that_nobody_makes_is_gone() -> None:
    for offer_id in ("vastai:9", "nobody:1", "x" * 201, "%00"):
        reply = _api().send("GET", f"/inventory/{offer_id}")
        assert (reply.status, reply.code) == (404, "offer_gone")
