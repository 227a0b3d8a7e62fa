"""A rented instance of the fake Vast.ai, and how the API shows it."""

from typing import Any

import msgspec

from simulators.machine import Machine
from simulators.vastai.host import Ask, Host
from simulators.vastai.rows import MONTH_HOURS, country, offer_row

# The GPU is billed while the container exists on it, whatever it does.
BILLS_GPU = ("running", "rebooting", "recycling")


class Contract(Machine, kw_only=True, omit_defaults=True):
    """`stage` is the container's state, empty until the host first reports."""

    machine_id: int
    gpus: int
    price: float
    """USD per hour for the GPUs: the asked price, or the bid."""
    min_bid: float
    is_bid: bool = False
    disk: float
    storage_cost: float
    image: str
    runtype: str
    env: list[tuple[str, str]] = []
    onstart: str | None = None
    args: list[str] = []
    template_hash: str | None = None
    api_key: str
    jupyter_token: str
    intended: str = "running"
    cur: str = "running"
    next: str = "running"
    status_msg: str | None = None
    holds_gpus: bool = False
    queued: bool = False
    """Wants to start and waits for GPUs; it will bill when they come free."""
    offline: bool = False
    ports: dict[str, int] = {}
    key_ids: dict[str, str] = {}
    """The SSH keys attached by call, by their id."""
    mishaps: dict[str, dict[str, Any]] = {}

    @property
    def direct(self) -> bool:
        """Ports of its own on the host, SSH among them."""
        return "direc" in self.runtype

    @property
    def has_ssh(self) -> bool:
        return "ssh" in self.runtype or "jupyter" in self.runtype

    def disk_per_hour(self) -> float:
        return self.storage_cost * self.disk / MONTH_HOURS

    def actual(self, stage: str) -> str | None:
        return "offline" if self.offline else stage or None


def instance_row(contract: Contract, host: Host, now: float, stage: str | None = None) -> dict[str, Any]:
    """The live row; `stage` overrides the present one in a stale read."""
    if stage is None:
        stage = contract.stage
    ask = Ask(
        id=int(contract.id),
        machine_id=contract.machine_id,
        gpus=contract.gpus,
        price=contract.price,
        min_bid=contract.min_bid,
    )
    offer = offer_row(host, ask, is_bid=False, storage=contract.disk)
    running = stage == "running" and not contract.offline
    disk, total = contract.disk_per_hour(), contract.price + contract.disk_per_hour()
    mapped = sorted(contract.ports.values())
    row = {
        **{key: offer[key] for key in _FROM_OFFER},
        "actual_status": contract.actual(stage),
        "bundle_id": None,
        "client_run_time": 1.1,
        "country_code": country(host.geolocation),
        "cpu_util": 0,
        "credit_balance": None,
        "credit_discount": None,
        "credit_discount_max": 0,
        "cur_state": contract.cur,
        "direct_port_end": mapped[-1] if running and mapped else -1,
        "direct_port_start": mapped[0] if running and mapped else -1,
        "disk_space": contract.disk,
        "disk_usage": -1,
        "disk_util": -1,
        "dlperf": None,
        "dlperf_per_dphtotal": None,
        "dph_base": contract.price,
        "dph_total": total,
        "duration": host.end_date - now,
        "external": False,
        "extra_env": [list(pair) for pair in contract.env],
        "gpu_temp": 41.0 if running else None,
        "gpu_totalram": host.gpu_ram * contract.gpus,
        "gpu_util": 0.0 if running else None,
        "host_run_time": 2_592_000,
        "hosting_type": None,
        "id": int(contract.id),
        "image_args": contract.args,
        "image_runtype": contract.runtype,
        "image_uuid": contract.image,
        "inet_down_billed": None,
        "inet_up_billed": None,
        "instance": {**offer["search"], "discountTotalHour": 0, "totalHour": total},
        "intended_status": contract.intended,
        "is_bid": contract.is_bid,
        "jupyter_token": contract.jupyter_token,
        "label": contract.label,
        "local_ipaddrs": "192.168.1.105 172.17.0.1 \n",
        "machine_dir_ssh_port": 39_999,
        "mem_limit": None,
        "mem_usage": None,
        "next_state": contract.next,
        "onstart": contract.onstart,
        # Where a real row has the host's address, this one has the machine the simulator runs on.
        "public_ipaddr": "127.0.0.1",
        "rentable": True,
        "score": None,
        "ssh_host": "127.0.0.1",
        "ssh_idx": str(int(contract.id) % 9 + 1),
        "ssh_port": contract.ssh_port,
        "start_date": contract.created_at,
        "status_msg": contract.status_msg,
        "storage_total_cost": disk,
        "template_hash_id": contract.template_hash,
        "template_id": None,
        "template_name": None,
        "time_remaining": "Unlimited",
        "time_remaining_isbid": "Unlimited",
        "uptime_mins": None,
        "vmem_usage": None,
        "volume_info": [],
    }
    if running and contract.ports:
        row["ports"] = {
            name: [{"HostIp": "0.0.0.0", "HostPort": str(port)}, {"HostIp": "::", "HostPort": str(port)}]
            for name, port in contract.ports.items()
        }
    return row


_FROM_OFFER = (
    *("bw_nvlink", "compute_cap", "cpu_arch", "cpu_cores", "cpu_cores_effective", "cpu_name", "cpu_ram"),
    *("cuda_max_good", "direct_port_count", "disk_bw", "disk_name", "driver_version", "end_date"),
    *("flops_per_dphtotal", "geolocation", "gpu_arch", "gpu_display_active", "gpu_frac", "gpu_lanes", "gpu_mem_bw"),
    *("gpu_name", "gpu_ram", "has_avx", "host_id", "inet_down", "inet_down_cost", "inet_up", "inet_up_cost"),
    *("internet_down_cost_per_tb", "internet_up_cost_per_tb", "logo", "machine_id", "min_bid", "mobo_name"),
    *("num_gpus", "os_version", "pci_gen", "pcie_bw", "reliability2", "search", "static_ip", "storage_cost"),
    *("total_flops", "verification", "vram_costperhour", "webpage"),
)


class SshKey(msgspec.Struct):
    id: int
    public_key: str
    created_at: float
