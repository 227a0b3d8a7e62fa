"""The machines of the fake Vast.ai's hosts and what they ask for them; saved with the market."""

import msgspec


class Host(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One physical machine. Prices are per GPU; what a row says of it is worked out in rows.py."""

    machine_id: int
    host_id: int
    gpu_name: str
    gpu_ram: int
    gpus: int
    chunk: int = 1
    """The smallest number of GPUs it rents out."""
    on_demand: bool = True
    bids: bool = True
    price: float
    """USD per GPU hour, on demand."""
    min_bid: float
    """USD per GPU hour that wins an interruptible."""
    storage_cost: float
    """USD per GB and month of 720 hours."""
    inet_up_cost: float
    inet_down_cost: float
    inet_up: float
    inet_down: float
    geolocation: str | None
    verification: str = "verified"
    reliability: float = 0.99
    hosting_type: int = 0
    static_ip: bool = False
    cuda: float = 13.0
    driver: str = "580.105.08"
    tflops: float
    """Per GPU."""
    gpu_arch: str = "nvidia"
    cpu_cores: int = 32
    cpu_name: str = "AMD EPYC 7302P 16-Core Processor"
    cpu_ghz: float = 3.2
    cpu_ram: int = 128_000
    disk: int = 1000
    """GB."""
    disk_bw: float = 2500.0
    disk_name: str = "Samsung SSD 990 PRO 2TB"
    ports: int = 200
    pci_gen: float = 4.0
    pcie_bw: float = 20.0
    gpu_lanes: int = 16
    address: str = "203.0.113.7"
    start_date: float | None = None
    end_date: float
    taken: int = 0
    """GPUs that strangers hold: neither for rent nor ours."""
    used: int = 0
    """GPUs that machines of this account hold."""

    @property
    def free(self) -> int:
        return max(0, self.gpus - self.taken - self.used)


class Ask(msgspec.Struct, kw_only=True, omit_defaults=True):
    """An offer: `gpus` GPUs of a host at these prices. Several asks of a host overlap."""

    id: int
    machine_id: int
    gpus: int
    price: float
    """USD per hour for all of its GPUs, on demand."""
    min_bid: float
    on_demand: bool = True
    bid: bool = True
    rentable: bool = True
