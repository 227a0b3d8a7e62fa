"""`inventory`: filters, tables, and how fresh it all is."""

import pytest

from tests.cli.conftest import Run
from tests.cli.stub import Stub
from tests.cli.things import TENSORDOCK_ID, offer

FRESH = {"vastai": {"status": "ok", "fetched_at": None, "age_seconds": 3.0, "offers": 3, "error": None}}


def test_every_filter_is_a_query_parameter_the_service_knows(stub: Stub, run: Run) -> None:
    stub.lists("/inventory", "offers", [offer()], total=1, providers=FRESH)
    ran = run(
        *("inventory", "--gpu", "RTX 4090", "--gpu", "H100 SXM", "--provider", "vastai", "--country", "SE"),
        *("--min-vram", "24", "--max-price", "0.5", "--min-gpus", "1", "--gpu-count", "2", "--region", "eu"),
        *("--min-reliability", "0.9", "--min-cuda", "12.4", "--no-spot", "--verified", "--disk", "80"),
        *("--sort", "value", "--limit", "5"),
    )
    assert ran.code == 0, ran.err
    assert stub.asked[0].query == [
        *(("gpu", "RTX 4090"), ("gpu", "H100 SXM"), ("provider", "vastai"), ("country", "SE")),
        *(("min_vram_gb", "24"), ("max_price", "0.5"), ("min_gpus", "1"), ("gpu_count", "2"), ("region", "eu")),
        *(("min_reliability", "0.9"), ("min_cuda", "12.4"), ("disk_gb", "80"), ("spot", "false")),
        *(("verified", "true"), ("sort", "value"), ("limit", "5")),
    ]


def test_piped_it_is_a_tab_separated_table_with_whole_ids(stub: Stub, run: Run) -> None:
    stub.lists("/inventory", "offers", [offer(TENSORDOCK_ID), offer(verified=None)], total=2, providers=FRESH)
    lines = run("inventory").out.splitlines()
    assert lines[0].split("\t")[:3] == ["OFFER", "GPU", "N"]
    assert lines[1] == "\t".join(
        [TENSORDOCK_ID, "RTX 4090", "1", "24", "0.350", "Sweden", "0.995", "yes", "12.4", "no"]
    )
    assert lines[2].split("\t")[7] == "-"


def test_on_a_terminal_it_fits_and_is_coloured(stub: Stub, typed: Run) -> None:
    stub.lists("/inventory", "offers", [offer(TENSORDOCK_ID)], total=1, providers=FRESH)
    head, row = typed("inventory").out.splitlines()
    assert head.startswith("\x1b[2mOFFER")
    assert len(row) <= 100
    assert "…" in row


def test_no_color_is_respected(stub: Stub, typed: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    stub.lists("/inventory", "offers", [offer()], total=1, providers=FRESH)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in typed("inventory").out


def test_it_follows_the_pages_only_as_far_as_asked(stub: Stub, run: Run) -> None:
    stub.page = 10
    stub.lists("/inventory", "offers", [offer(f"vastai:{n}") for n in range(35)], total=35, providers=FRESH)
    ran = run("inventory")
    assert len(ran.out.splitlines()) == 21
    assert "20 of 35 offers; more: --limit N or --all" in ran.err
    ran = run("inventory", "--all")
    assert len(ran.out.splitlines()) == 36
    assert ran.err == ""


def test_a_market_whose_offers_are_old_is_told_beside_the_table(stub: Stub, run: Run) -> None:
    states = {
        "vastai": {"status": "stale", "age_seconds": 700.0, "offers": 3, "error": None},
        "tensordock": {"status": "error", "age_seconds": None, "offers": 0, "error": "timeout"},
        "other": {"status": "unconfigured"},
    }
    stub.lists("/inventory", "offers", [], total=0, providers=states)
    assert run("inventory").err.splitlines() == [
        "tensordock is error, no offers yet: timeout",
        "vastai is stale, offers from 12 min ago",
        "nothing matches: ask for less, or look at gpu-shopper health",
    ]


def test_json_is_the_services_answer_with_all_asked_rows(stub: Stub, run: Run) -> None:
    stub.page = 2
    stub.lists(
        "/inventory", "offers", [offer(f"vastai:{n}", newer="field") for n in range(3)], total=3, providers=FRESH
    )
    answer = run("inventory", "--all", "--json").json
    assert [one["id"] for one in answer["offers"]] == ["vastai:0", "vastai:1", "vastai:2"]
    assert (answer["count"], answer["total"], answer["next_cursor"]) == (3, 3, None)
    assert answer["offers"][0]["newer"] == "field"
    assert answer["providers"] == FRESH
