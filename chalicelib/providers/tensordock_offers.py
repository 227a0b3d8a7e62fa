"""TensorDock's inventory, read as offers: one per location and GPU model, with a machine shape that can be rented."""

import logging
import re
from collections.abc import Iterator, Mapping

from chalicelib.domain.errors import ProviderDown
from chalicelib.domain.gpu import canonical_v0
from chalicelib.domain.instant import Instant
from chalicelib.domain.offer import FORWARDED, Offer
from chalicelib.providers.clean import number, text
from chalicelib.providers.tensordock_places import country_code

log = logging.getLogger(__name__)

NAME = "tensordock"
DEDICATED = "dedicated"

_LOCATION = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")
_V0_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")

# Four processes and a data loader per GPU, and room to load most models; the shape that was rented live throughout.
_VCPUS, _RAM_GB = 8, 32
_LEAST_VCPUS, _LEAST_RAM_GB = 2, 8  # with less, a GPU cannot be kept busy
_RAM_STEP_GB, _MOST_RAM_GB = 16, 256  # every multiple up to here is on sale
_RAM_SIZES = (8, 10, 16, 32)  # of the sizes that the market rents, those between least and wish
_LEAST_DISK_GB, _DISK_STEP_GB = 100, 50
_MOST_DISK_GB = 100_000  # hosts report what they like: twice the largest figure that was believable
_MOST_GPUS = 64
_MOST_GPU_PRICE = 1_000.0  # dollars per hour and GPU: beyond is a broken row, not a price
_MOST_RATE = 10.0  # the same for a vCPU or a GB


class _Unusable(Exception):
    """This row cannot be rented, says the row."""


class _Unreadable(Exception):
    """This row is not what the market documents."""


def read_offers(body: object, at: Instant) -> list[Offer]:
    """Everything that can be rented; rows that cannot are left out and counted in the log.

    Raises ProviderDown where the answer has no known shape, or not one row of it.
    """
    offers: dict[str, Offer] = {}
    unusable = unreadable = 0
    for location, row in _rows(body):
        try:
            offer = _offer(location, row, at)
        except _Unusable:
            unusable += 1
        except _Unreadable:
            unreadable += 1
        else:
            offers.setdefault(offer.id, offer)
    if unreadable and not offers and not unusable:
        raise ProviderDown(f"{NAME}: none of {unreadable} inventory rows has a known shape")
    if unusable or unreadable:
        log.info("%s: left out %d rows that cannot be rented, %d unreadable", NAME, unusable, unreadable)
    return list(offers.values())


def _rows(body: object) -> Iterator[tuple[Mapping[str, object], object]]:
    """(location, GPU row) of every row; a location without readable rows is one unreadable row."""
    data = body.get("data") if isinstance(body, dict) else None
    locations = data.get("locations") if isinstance(data, dict) else None
    if not isinstance(locations, list):
        raise ProviderDown(f"{NAME}: an inventory of unknown shape")
    for location in locations:
        gpus = location.get("gpus") if isinstance(location, dict) else None
        if isinstance(gpus, list):
            yield from ((location, row) for row in gpus)
        else:
            yield {}, None


def _offer(location: Mapping[str, object], row: object, at: Instant) -> Offer:
    if not isinstance(row, dict):
        raise _Unreadable
    location_id, v0_name = location.get("id"), row.get("v0Name")
    if not isinstance(location_id, str) or not _LOCATION.fullmatch(location_id):
        raise _Unreadable
    if not isinstance(v0_name, str) or not _V0_NAME.fullmatch(v0_name):
        raise _Unreadable
    price = number(row.get("price_per_hr"), 0, _MOST_GPU_PRICE)
    per_vcpu, per_ram, per_disk = (_rate(row, key) for key in ("per_vcpu_hr", "per_gb_ram_hr", "per_gb_storage_hr"))
    if not price or per_vcpu is None or per_ram is None or per_disk is None:
        raise _Unreadable  # without all four the true price cannot be told
    count = _maximum(row.get("max_count"), 1)
    vcpus, ram_gb = _shape(row)
    gpu, vram_gb = canonical_v0(v0_name)
    return Offer(
        id=f"{NAME}:{location_id}:{v0_name}",
        provider=NAME,
        provider_offer_id=f"{location_id}:{v0_name}",
        gpu=gpu,
        vram_gb=vram_gb,
        gpu_per_hour=price,
        cpu_ram_per_hour=vcpus * per_vcpu + ram_gb * per_ram,
        disk_per_gb_hour=per_disk,
        min_disk_gb=_LEAST_DISK_GB,
        disk_step_gb=_DISK_STEP_GB,
        region=_region(location),
        country=country_code(location.get("country")),
        cpu_cores=vcpus,
        ram_gb=ram_gb,
        max_disk_gb=_largest_disk(row),
        max_gpu_count=None if count is None else _most_gpus(row, int(count), vcpus, ram_gb),
        fetched_at=at,
        network=_network(row),
    )


def _shape(row: Mapping[str, object]) -> tuple[int, int]:
    """(vCPUs, GB of memory) to rent with one GPU: the usual shape, or the most that is left there."""
    resources = _object(row, "resources")
    max_vcpus = _maximum(resources.get("max_vcpus"), _LEAST_VCPUS)
    max_ram = _maximum(resources.get("max_ram_gb"), _LEAST_RAM_GB)
    vcpus = _VCPUS if max_vcpus is None else min(_VCPUS, int(max_vcpus) // 2 * 2)  # odd counts are refused
    ram_gb = _RAM_GB if max_ram is None else max(size for size in _RAM_SIZES if size <= max_ram)
    return vcpus, ram_gb


def _most_gpus(row: Mapping[str, object], count: int, vcpus: int, ram_gb: int) -> int:
    """How many GPUs can be rented at once with that shape for each of them."""
    if ram_gb % _RAM_STEP_GB:
        return 1  # multiples of the odd small sizes are not on sale
    resources = _object(row, "resources")
    shares = ((resources.get("max_vcpus"), vcpus), (resources.get("max_ram_gb"), ram_gb))
    most = min(count, _MOST_GPUS, _MOST_RAM_GB // ram_gb)
    for left, each in shares:
        if (enough := number(left, 0, 1e12)) is not None:
            most = min(most, int(enough) // each)
    return max(most, 1)


def _largest_disk(row: Mapping[str, object]) -> float | None:
    most = _maximum(_object(row, "resources").get("max_storage_gb"), _LEAST_DISK_GB)
    return None if most is None else min(most, _MOST_DISK_GB) // _DISK_STEP_GB * _DISK_STEP_GB


def _network(row: Mapping[str, object]) -> str:
    """How SSH will be reached. Forwarding works at more hosts, and public addresses run out."""
    features = _object(row, "network_features")
    if features.get("port_forwarding_available") is not False:
        return FORWARDED
    if features.get("dedicated_ip_available") is True:
        return DEDICATED
    raise _Unusable


def _maximum(value: object, least: int) -> float | None:
    """The most that can be had of something, None where the row does not say; too little makes the row unusable."""
    if value is None:
        return None
    most = number(value, -1e12, 1e12)
    if most is None:
        raise _Unreadable
    if most < least:
        raise _Unusable
    return most


def _rate(row: Mapping[str, object], key: str) -> float | None:
    return number(_object(row, "pricing").get(key), 0, _MOST_RATE)


def _object(row: Mapping[str, object], key: str) -> Mapping[str, object]:
    value = row.get(key)
    return value if isinstance(value, dict) else {}


def _region(location: Mapping[str, object]) -> str | None:
    """`City, State`, said once where both are the same."""
    words = (text(location.get("city"), 80), text(location.get("stateprovince"), 80))
    return ", ".join(dict.fromkeys(word for word in words if word)) or None
