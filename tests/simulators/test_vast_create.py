"""Renting on the fake Vast.ai: what is refused, what is made all the same, and what becomes of the offers."""

from typing import Any

import pytest

from simulators import ManualClock, Simulator, start_vastai
from simulators.vastai.market import VastMarket
from tests.simulators.support import Vast


def test_a_rental_answers_with_its_id_and_a_key_of_its_own(vast: Vast) -> None:
    answer = vast.create(vast.search()[0]["id"], label="shopper-1").json()
    assert answer["success"] is True
    assert len(answer["instance_api_key"]) == 64
    assert vast.get(answer["new_contract"])["label"] == "shopper-1"


def test_renting_a_part_ends_the_overlapping_offers_and_offers_the_rest_anew(vast: Vast) -> None:
    whole = next(row for row in vast.sweep(num_gpus={"eq": 8}) if row["gpu_frac"] == 1)
    before = vast.search(machine_id={"eq": whole["machine_id"]})
    single = min(before, key=lambda row: row["num_gpus"])
    instance = vast.rent(single["id"])
    after = vast.search(machine_id={"eq": whole["machine_id"]})
    assert not {row["id"] for row in before} & {row["id"] for row in after}
    assert max(row["num_gpus"] for row in after) == 4
    vast.destroy(instance)
    freed = vast.search(machine_id={"eq": whole["machine_id"]})
    assert {row["id"] for row in after} < {row["id"] for row in freed}
    assert max(row["num_gpus"] for row in freed) == 8


def test_the_same_offer_cannot_be_rented_twice(vast: Vast) -> None:
    offer = vast.search()[0]["id"]
    vast.rent(offer)
    again = vast.create(offer)
    assert again.status_code == 410
    assert "no_such_ask" in again.text


def test_an_offer_that_never_was_is_a_404(vast: Vast) -> None:
    response = vast.create(999)
    assert response.status_code == 404
    assert response.json()["error"] == "invalid_args"
    assert "no_such_ask" in response.json()["msg"]


@pytest.mark.parametrize(("form", "status"), [("404", 404), ("410", 410), ("400", 400), ("200", 200)])
def test_a_gone_offer_is_told_in_every_recorded_form(vast: Vast, form: str, status: int) -> None:
    vast.fault("create.refused", count=1, params={"form": form})
    response = vast.create(vast.search()[0]["id"])
    assert response.status_code == status
    assert response.json()["success"] is False
    assert "no_such_ask" in response.text
    assert vast.list()["total_instances"] == 0


def test_a_bid_below_the_market_says_no_and_leaves_a_contract_that_bills_its_disk(
    vast: Vast, vast_sim: Simulator[VastMarket]
) -> None:
    offer = vast.search(type="bid")[0]
    answer = vast.create(offer["id"], price=offer["min_bid"] / 2 + 0.001).json()
    assert answer["success"] is False
    row = vast.get(answer["new_contract"])
    assert (row["cur_state"], row["intended_status"], row["is_bid"]) == ("stopped", "stopped", True)
    vast_sim.advance(3600)
    truth = vast.truth(answer["new_contract"])
    assert truth["cost"] == pytest.approx(offer["storage_cost"] * 20 / 720)
    assert truth["seconds"].keys() == {"disk"}


def test_a_winning_bid_pays_the_bid(vast: Vast, vast_sim: Simulator[VastMarket]) -> None:
    offer = vast.search(type="bid")[0]
    instance = vast.rent(offer["id"], price=offer["min_bid"] * 2)
    vast_sim.advance(60)
    row = vast.get(instance)
    assert row["actual_status"] == "running"
    assert row["dph_base"] == offer["min_bid"] * 2


@pytest.mark.parametrize("cancel", [True, False])
def test_a_taken_gpu_is_refused_or_queued_as_cancel_unavail_says(
    vast: Vast, vast_sim: Simulator[VastMarket], cancel: bool
) -> None:
    vast.fault("create.unavailable", count=1)
    response = vast.create(vast.search()[0]["id"], cancel_unavail=cancel)
    if cancel:
        assert response.status_code == 410
        assert vast.list()["total_instances"] == 0
        return
    instance = response.json()["new_contract"]
    vast_sim.advance(3600)
    row = vast.get(instance)
    assert (row["intended_status"], row["actual_status"]) == ("running", None)
    assert vast.truth(instance)["seconds"].keys() == {"disk"}
    vast.json("POST", f"/_sim/machines/{instance}/seat")
    vast_sim.advance(60)
    assert vast.get(instance)["actual_status"] == "running"


def test_rows_that_are_not_rentable_cannot_be_rented(vast: Vast) -> None:
    taken = vast.search(rentable={"eq": False})
    assert taken
    assert vast.create(taken[0]["id"]).status_code == 410


@pytest.mark.parametrize(
    "body",
    [
        {"image": None},
        {"disk": 4},
        {"label": "x" * 257},
        {"onstart": "x" * 4097},
        {"price": 500},
        {"env": {"K" * 257: "v"}},
    ],
)
def test_a_body_out_of_bounds_is_the_callers_fault(vast: Vast, body: dict[str, Any]) -> None:
    response = vast.create(vast.search()[0]["id"], **body)
    assert response.status_code == 400
    assert response.json()["error"] in ("invalid_args", "invalid_price")


def test_no_credit_no_machine(clock: ManualClock) -> None:
    with start_vastai(clock=clock, credit=0.0) as simulator:
        vast = Vast(simulator.url)
        response = vast.create(vast.search()[0]["id"])
    assert response.status_code == 400
    assert response.json()["error"] == "insufficient_credit"


def test_keys_of_the_account_are_put_on_new_machines_only(vast: Vast) -> None:
    old = vast.rent()
    vast.json("POST", "/api/v0/ssh/", {"ssh_key": "ssh-ed25519 AAAA first"})
    new = vast.rent()
    assert vast.truth(old)["ssh_keys"] == []
    assert vast.truth(new)["ssh_keys"] == ["ssh-ed25519 AAAA first"]
    vast.json("POST", f"/api/v0/instances/{old}/ssh/", {"ssh_key": "ssh-ed25519 BBBB second"})
    assert vast.truth(old)["ssh_keys"] == ["ssh-ed25519 BBBB second"]
