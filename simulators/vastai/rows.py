"""One ask as the search answers it: all hundred fields, with the formulas that hold on recorded rows."""

import hashlib
from typing import Any

from simulators.vastai.gpus import known
from simulators.vastai.host import Ask, Host

MONTH_HOURS = 720


LEAST_BID = 0.01
"""Dollars an hour: recorded rows with a smaller `min_bid` are charged this."""


def offer_row(host: Host, ask: Ask, is_bid: bool, storage: float) -> dict[str, Any]:
    """Prices are for the whole ask with `storage` GB; `duration` is left to the moment of the answer."""
    gpu = known(host.gpu_name, host.gpu_ram)
    share = ask.gpus / host.gpus
    base = max(ask.min_bid, LEAST_BID) if is_bid else ask.price
    disk = host.storage_cost * storage / MONTH_HOURS
    total = base + disk
    dlperf = gpu.dlperf * ask.gpus * (0.9 + 0.1 * host.reliability)
    flops = host.tflops * ask.gpus
    reliability_mult = round(host.reliability**8, 7)
    return {
        "ask_contract_id": ask.id,
        "avail_vol_ask_id": ask.id + 2,
        "avail_vol_dph": 0.2 / MONTH_HOURS,
        "avail_vol_size": float(host.disk // 2),
        "bundle_id": 1_000_000_000 + (host.machine_id * 1009 + ask.gpus) % 900_000_000,
        "bundled_results": None,
        "bw_nvlink": gpu.nvlink if ask.gpus > 1 else 0.0,
        "cluster_id": None,
        "compute_cap": gpu.compute_cap,
        "cpu_arch": "amd64",
        "cpu_cores": host.cpu_cores,
        "cpu_cores_effective": host.cpu_cores * share,
        "cpu_ghz": host.cpu_ghz,
        "cpu_name": host.cpu_name,
        "cpu_ram": host.cpu_ram,
        "credit_discount_max": 0.0,
        "cuda_max_good": host.cuda,
        "direct_port_count": int(host.ports * share),
        "discount_rate": 0.0,
        "discounted_dph_total": total,
        "discounted_hourly": 0.0,
        "disk_bw": host.disk_bw,
        "disk_name": host.disk_name,
        "disk_space": host.disk * share,
        "dlperf": dlperf,
        "dlperf_per_dphtotal": dlperf / total,
        "dph_base": base,
        "dph_total": total,
        "dph_total_adj": total + 0.25 * storage * host.inet_down_cost,
        "driver_vers": driver_number(host.driver),
        "driver_version": host.driver,
        "duration": 0.0,
        "end_date": host.end_date,
        "expected_reliability": 0.0,
        "external": None,
        "flops_per_dphtotal": flops / total,
        "geolocation": host.geolocation,
        "geolocode": _country_number(host.geolocation),
        "gpu_arch": host.gpu_arch,
        "gpu_display_active": False,
        "gpu_frac": share,
        "gpu_ids": [host.machine_id * 10 + index for index in range(ask.gpus)],
        "gpu_lanes": host.gpu_lanes,
        "gpu_max_power": float(gpu.power),
        "gpu_max_temp": 90.0,
        "gpu_mem_bw": gpu.bandwidth,
        "gpu_name": host.gpu_name,
        "gpu_ram": host.gpu_ram,
        "gpu_total_ram": host.gpu_ram * ask.gpus,
        "has_avx": 1,
        "host_id": host.host_id,
        "hosting_type": host.hosting_type,
        "hostname": None,
        "id": ask.id,
        "inet_down": host.inet_down,
        "inet_down_cost": host.inet_down_cost,
        "inet_up": host.inet_up,
        "inet_up_cost": host.inet_up_cost,
        "instance": _costs(0, disk, disk),
        "internet_down_cost_per_tb": host.inet_down_cost * 1024,
        "internet_up_cost_per_tb": host.inet_up_cost * 1024,
        "is_bid": is_bid,
        "is_vm_deverified": False,
        "logo": "/static/logos/vastai_small2.png",
        "machine_id": host.machine_id,
        "min_bid": ask.min_bid,
        "mobo_name": None if host.machine_id % 23 == 0 else "ROMED8-2T",
        "num_gpus": ask.gpus,
        "nw_disk_avg_bw": None,
        "nw_disk_max_bw": None,
        "nw_disk_min_bw": None,
        "os_version": "24.04" if host.machine_id % 3 == 0 else "22.04",
        "pci_gen": host.pci_gen,
        "pcie_bw": host.pcie_bw,
        "public_ipaddr": host.address,
        "reliability": host.reliability,
        "reliability2": host.reliability,
        "reliability_mult": reliability_mult,
        "rentable": ask.rentable,
        "rented": not ask.rentable,
        "resource_type": "gpu",
        "rn": 1,
        "score": dlperf / total * (0.35 + 0.35 * reliability_mult),
        "search": _costs(base, disk, total),
        "sla_broker_rate": None,
        "sla_r_claim": 0.0,
        "sla_sigma_x": None,
        "start_date": host.start_date,
        "static_ip": host.static_ip,
        "storage_cost": host.storage_cost,
        "storage_total_cost": disk,
        "target_reliability": 0.0,
        "time_remaining": "",
        "time_remaining_isbid": "",
        "total_flops": flops,
        "vericode": 1 if host.verification == "verified" else 0,
        "verification": host.verification,
        "vms_enabled": False,
        "vram_costperhour": base / (host.gpu_ram * ask.gpus / 1024),
        "webpage": None,
    }


def driver_number(version: str) -> int:
    """580.105.08 → 580105008, as the filters compare them."""
    parts = [int(part) for part in version.split(".")] + [0, 0]
    return parts[0] * 1_000_000 + parts[1] * 1_000 + parts[2]


def country(geolocation: str | None) -> str | None:
    """The two letters after the last comma."""
    return geolocation.rsplit(",", 1)[-1].strip() if geolocation else None


def _country_number(geolocation: str | None) -> int:
    return int.from_bytes(hashlib.blake2b((country(geolocation) or "").encode(), digest_size=4).digest()) % 600_000_000


def _costs(gpu: float, disk: float, total: float) -> dict[str, float]:
    return {
        "gpuCostPerHour": gpu,
        "diskHour": disk,
        "totalHour": total,
        "discountTotalHour": 0,
        "discountedTotalPerHour": total,
        "slaPremiumPerHour": 0,
    }
