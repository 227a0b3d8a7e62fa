"""One name for one card: the forms both markets use, what people type, and anything else."""

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.gpu import UNKNOWN, canonical, canonical_v0, memory_gb, nominal_gb, same_gpu

DATA = Path(__file__).parents[2] / ".." / "shared" / "data"
V0_NAMES = DATA / "tensordock" / "gpu_v0names.json"
BOOKS = sorted((DATA / "vastai" / "offer_books").glob("*.jsonl.gz"))

VAST = {
    "RTX 4090": "RTX 4090",
    "RTX 4090D": "RTX 4090 D",
    "RTX 4080S": "RTX 4080 SUPER",
    "RTX 4070S Ti": "RTX 4070 Ti SUPER",
    "RTX 5060 Ti": "RTX 5060 Ti",
    "RTX 3060 laptop": "RTX 3060 Laptop",
    "RTX 6000Ada": "RTX 6000 Ada",
    "RTX A6000": "RTX A6000",
    "RTX PRO 6000 WS": "RTX PRO 6000 Workstation",
    "RTX PRO 6000 S": "RTX PRO 6000 Server",
    "Q RTX 8000": "Quadro RTX 8000",
    "Quadro P4000": "Quadro P4000",
    "GTX 1660 S": "GTX 1660 SUPER",
    "GTX TITAN X": "GTX TITAN X",
    "Titan Xp": "Titan Xp",
    "A100 SXM4": "A100 SXM",
    "A100 PCIE": "A100 PCIE",
    "A10g": "A10G",
    "H100 SXM": "H100 SXM",
    "H100 NVL": "H100 NVL",
    "H200": "H200",
    "H200 NVL": "H200 NVL",
    "B200": "B200",
    "L40S": "L40S",
    "L40": "L40",
    "Tesla V100": "V100",
    "Tesla T4": "T4",
    "CMP 170HX": "CMP 170HX",
}
TENSORDOCK = {
    "a100-nvlink-40gb": ("A100 SXM", 40),
    "a100-pcie-80gb": ("A100 PCIE", 80),
    "a100-sxm4-80gb": ("A100 SXM", 80),
    "geforcertx3060tilhr-pcie-8gb": ("RTX 3060 Ti", 8),
    "geforcertx4090-pcie-24gb": ("RTX 4090", 24),
    "h100-sxm5-80gb": ("H100 SXM", 80),
    "l40s-pcie-48gb": ("L40S", 48),
    "quadrortx5000-pcie-16gb": ("Quadro RTX 5000", 16),
    "rtx4000sffada-pcie-20gb": ("RTX 4000 SFF Ada", 20),
    "rtx6000ada-pcie-48gb": ("RTX 6000 Ada", 48),
    "rtxa6000-pcie-48gb": ("RTX A6000", 48),
    "v100-nvlink-16gb": ("V100 SXM", 16),
    "v100-pcie-16gb": ("V100 PCIE", 16),
    "v100-sxm3-32gb": ("V100 SXM", 32),
}


@pytest.mark.parametrize(("name", "expected"), VAST.items())
def test_the_short_forms_of_one_market_become_the_common_name(name: str, expected: str) -> None:
    assert canonical(name) == expected


@pytest.mark.parametrize(("v0_name", "expected"), TENSORDOCK.items())
def test_the_keys_of_the_other_market_become_the_common_name_and_the_memory(
    v0_name: str, expected: tuple[str, int]
) -> None:
    assert canonical_v0(v0_name) == expected


@pytest.mark.parametrize(
    "names",
    [
        ("NVIDIA GeForce RTX 4090 PCIe 24GB", "RTX 4090", "rtx_4090", "GeForce RTX 4090 24 GB", "RTX™ 4090"),
        ("NVIDIA RTX 6000 Ada Generation", "RTX 6000 ADA PCIe 48GB", "RTX 6000Ada"),
        ("NVIDIA A100-SXM4-80GB", "A100 80GB SXM4", "a100_sxm"),
        ("NVIDIA RTX PRO 6000 Blackwell Server Edition", "RTX PRO 6000 S"),
        ("NVIDIA H200 SXM5", "H200"),
        ("NVIDIA Tesla V100 SXM2 16GB", "v100-sxm2-16gb"),
    ],
)
def test_every_way_to_write_a_card_is_the_same_card(names: tuple[str, ...]) -> None:
    assert len({canonical(name) for name in names}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("RTX 3060", "RTX 3060 Ti"),
        ("RTX 4070 Ti", "RTX 4070S Ti"),
        ("RTX 4090", "RTX 4090D"),
        ("L40", "L40S"),
        ("L4", "L40"),
        ("A100 PCIE", "A100 SXM4"),
        ("RTX A6000", "RTX 6000Ada"),
        ("Q RTX 6000", "RTX 6000Ada"),
        ("RTX 3070", "RTX 3070 laptop"),
    ],
)
def test_different_cards_keep_different_names(one: str, other: str) -> None:
    assert canonical(one) != canonical(other)
    assert not same_gpu(one, canonical(other))


def test_a_name_nobody_knows_is_kept_and_tidied() -> None:
    assert canonical("  Quantum\tAccelerator_9 \n") == "Quantum Accelerator 9"
    assert canonical(" \n") == UNKNOWN


@pytest.mark.skipif(not V0_NAMES.exists(), reason="no recorded data beside the project")
def test_every_recorded_key_is_known_and_its_memory_read() -> None:
    models = json.loads(V0_NAMES.read_text())["models"]
    assert len(models) == 35
    for v0_name, facts in models.items():
        name, memory = canonical_v0(v0_name)
        assert memory == facts["vram_gb"]
        assert name.startswith(("RTX", "GTX", "Quadro", "A100", "A40", "H100", "L4", "V100")), v0_name
        for shown in facts["display_names"]:
            assert canonical(shown) == name


@pytest.mark.skipif(not BOOKS, reason="no recorded data beside the project")
def test_every_recorded_name_is_known_told_apart_and_of_a_memory_that_is_sold() -> None:
    names: dict[str, str] = {}
    for book in BOOKS:
        for line in gzip.decompress(book.read_bytes()).splitlines():
            row = json.loads(line)
            names[row["gpu_name"]] = canonical(row["gpu_name"])
            assert nominal_gb(row["gpu_ram"]) == int(nominal_gb(row["gpu_ram"])), row["gpu_name"]
    assert len(set(names.values())) == len(names) > 80
    for name, common in names.items():
        assert canonical(common) == common
        assert same_gpu(name, common), name
        assert same_gpu(name.lower().replace(" ", ""), common), name


@given(st.text() | st.from_regex(r"(rtx|gtx|q|a|h|tesla )?[0-9]{2,4}( ?(ti|s|d|ada|sxm4|nvl|pcie|80gb)){0,3}"))
def test_naming_is_total_and_idempotent(name: str) -> None:
    once = canonical(name)
    assert once
    assert canonical(once) == once
    assert once == once.strip()
    assert len(once) <= 64


@given(st.text())
def test_whatever_has_a_name_matches_itself(name: str) -> None:
    assert same_gpu(canonical(name), canonical(name), memory_gb(canonical(name)))


@pytest.mark.parametrize(
    ("wanted", "name", "same"),
    [
        ("rtx4090", "RTX 4090", True),
        ("RTX_4090", "RTX 4090", True),
        ("4090", "RTX 4090", True),
        ("3090 ti", "RTX 3090 Ti", True),
        ("1080ti", "GTX 1080 Ti", True),
        ("a6000", "RTX A6000", True),
        ("H100", "H100 NVL", True),
        ("h100-sxm", "H100 SXM", True),
        ("H100 SXM5", "H100 PCIE", False),
        ("H200", "H200 NVL", True),
        ("H200 SXM", "H200", True),
        ("H200 SXM", "H200 NVL", False),
        ("V100", "V100 SXM", True),
        ("V100 SXM", "V100", False),
        ("L40S PCIe", "L40S", True),
        ("rtx pro 6000", "RTX PRO 6000 Server", True),
        ("quantum accelerator 9", "Quantum Accelerator 9", True),
        ("", "RTX 4090", False),
        ("", "unknown", False),
        ("RTX", "RTX 4090", False),
    ],
)
def test_a_wish_matches_the_card_it_means(wanted: str, name: str, same: bool) -> None:
    assert same_gpu(wanted, name) is same


def test_a_wish_that_names_its_memory_gets_no_less() -> None:
    assert same_gpu("A100 80GB", "A100 SXM", 80)
    assert not same_gpu("A100 80GB", "A100 SXM", 40)
    assert not same_gpu("A100 80GB", "A100 SXM")
    assert same_gpu("rtx 4090 24gb", "RTX 4090", 24)


@pytest.mark.parametrize(
    ("megabytes", "sold_as"),
    [(24564, 24), (49140, 48), (46068, 48), (81559, 80), (95830, 94), (97887, 96), (143771, 141), (11264, 11)],
)
def test_memory_is_told_as_it_is_sold(megabytes: int, sold_as: int) -> None:
    assert nominal_gb(megabytes) == sold_as


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Radeon RX 7900 XTX", "RX 7900 XTX"),
        ("RX_7900_GRE", "RX 7900 GRE"),
        ("amd radeon rx 6800", "RX 6800"),
        ("NVIDIA TITAN X", "Titan X"),
        ("Titan", "Titan"),
        ("GTX Titan", "GTX TITAN"),
        ("rtx pro 6000", "RTX PRO 6000"),
    ],
)
def test_cards_that_no_recording_holds_are_named_all_the_same(name: str, expected: str) -> None:
    assert canonical(name) == expected


def test_control_characters_in_a_name_are_gaps() -> None:
    assert canonical("Some\x00Odd\tCard\u2028X") == "Some Odd Card X"


@pytest.mark.parametrize(
    ("megabytes", "gigabytes"), [(24564, 24.0), (81559, 80.0), (8151, 8.0), (55_000, 53.7), (24 * 1024 * 0.93, 24.0)]
)
def test_usable_memory_is_told_by_the_size_on_the_box_where_there_is_one(megabytes: float, gigabytes: float) -> None:
    assert nominal_gb(megabytes) == gigabytes
