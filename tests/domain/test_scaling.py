"""Rows whose GPU count the buyer chooses."""

import pytest

from chalicelib.domain.offer import price_per_hour
from chalicelib.domain.scaling import can_have, scaled, split, unscaled
from tests.builders import an_offer

ROW = an_offer(
    id="tensordock:oslo:rtx4090",
    provider="tensordock",
    provider_offer_id="oslo:rtx4090",
    gpu_per_hour=0.4,
    cpu_ram_per_hour=0.08,
    disk_per_gb_hour=0.0001,
    cpu_cores=8,
    ram_gb=32,
    tflops=80.0,
    max_gpu_count=4,
)


def test_gpus_cpu_and_memory_grow_with_the_count_and_the_disk_does_not() -> None:
    four = scaled(ROW, 4)
    assert (four.id, four.gpu_count, four.provider_offer_id) == ("tensordock:oslo:rtx4090:4", 4, "oslo:rtx4090")
    assert (four.cpu_cores, four.ram_gb, four.tflops, four.vram_gb) == (32, 128, 320.0, 24.0)
    assert price_per_hour(four, 100) == 4 * 400_000 + 4 * 80_000 + 10_000


def test_a_scaled_offer_leads_back_to_the_row_that_its_market_knows() -> None:
    back = unscaled(scaled(ROW, 3))
    assert (back.id, back.gpu_count) == (ROW.id, 1)
    assert price_per_hour(back, 40) == price_per_hour(ROW, 40)


def test_what_is_not_scaled_is_left_as_it_is() -> None:
    fixed = an_offer(id="vastai:4", gpu_count=4)
    assert scaled(ROW, 1) is ROW
    assert unscaled(ROW) is ROW
    assert unscaled(fixed) is fixed
    assert scaled(fixed, 4) is fixed


@pytest.mark.parametrize("count", [0, 2, 5])
def test_a_fixed_offer_comes_with_its_own_count_alone(count: int) -> None:
    fixed = an_offer(gpu_count=4)
    assert not can_have(fixed, count)
    with pytest.raises(ValueError, match="cannot be rented"):
        scaled(fixed, count)


def test_a_row_is_not_scaled_beyond_its_most() -> None:
    assert [count for count in range(7) if can_have(ROW, count)] == [1, 2, 3, 4]


def test_only_a_count_above_one_makes_a_scaled_id() -> None:
    assert split("a:b:4") == ("a:b", 4)
    assert split("a:b:128") == ("a:b", 128)
    for plain in ("a:b:1", "a:b:spot", "a:b:-4", "a:b:٤", "a:b:", "4", "a:b:1234", "a:b:12345"):
        assert split(plain) == (plain, 1)
