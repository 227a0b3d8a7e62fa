"""Invents a market: hosts of a plausible summer 2026, the same for the same seed."""

import random

from simulators.vastai.gpus import GPUS, Gpu
from simulators.vastai.host import Host

ON_DEMAND_ROWS = 350
# Odd hosts that strangers hold entirely: their rows exist, and are not rentable.
SOLD_OUT = 12
PLACES = (
    ("California, US", 10),
    ("Texas, US", 9),
    ("Washington, US", 6),
    ("Virginia, US", 6),
    ("New York, US", 4),
    ("Utah, US", 3),
    (", US", 2),
    ("Quebec, CA", 5),
    ("Alberta, CA", 3),
    ("Germany, DE", 5),
    ("France, FR", 4),
    ("Sweden, SE", 5),
    ("Norway, NO", 4),
    ("Czechia, CZ", 4),
    ("Poland, PL", 4),
    ("Spain, ES", 3),
    ("Italy, IT", 3),
    ("United Kingdom, GB", 4),
    ("Bulgaria, BG", 3),
    ("Iceland, IS", 2),
    ("South Korea, KR", 6),
    ("Japan, JP", 4),
    ("Taiwan, TW", 4),
    ("Vietnam, VN", 4),
    ("India, IN", 2),
    ("Thailand, TH", 2),
    ("Australia, AU", 2),
    ("Argentina, AR", 1),
)
CPUS = (
    ("AMD EPYC 7302P 16-Core Processor", 32, 3.0),
    ("AMD EPYC 7742 64-Core Processor", 128, 2.25),
    ("AMD EPYC 9354 32-Core Processor", 64, 3.25),
    ("Xeon® Gold 6448Y", 64, 2.1),
    ("AMD Ryzen 9 7950X 16-Core Processor", 32, 4.5),
    ("Core™ i7-12700K", 20, 3.6),
)
DISKS = ("Samsung SSD 990 PRO 2TB", "WD_BLACK SN850X 4000GB", "KIOXIA KCD61LUL7T68", "CT2000P3PSSD8")
DRIVERS = (("580.105.08", 13.0), ("590.48.01", 13.1), ("570.195.03", 12.8), ("550.163.01", 12.4), ("535.288.01", 12.2))


def invent(seed: int, now: float) -> list[Host]:
    """Hosts whose asks make about 350 on-demand and 250 bid rows."""
    dice = random.Random(f"vastai:{seed}")
    hosts: list[Host] = []
    rows = 0
    while rows < ON_DEMAND_ROWS:
        host = invent_host(dice, 20_000 + 37 * len(hosts) + dice.randrange(30), now)
        hosts.append(host)
        rows += len(sizes(host)) if host.on_demand else 0
    for _ in range(SOLD_OUT):
        host = invent_host(dice, 20_000 + 37 * len(hosts) + dice.randrange(30), now)
        host.taken = host.gpus
        hosts.append(host)
    return hosts


def sizes(host: Host) -> list[int]:
    """The chunks a host offers of what is free: powers of two of its smallest, and the whole machine."""
    chunks = []
    size = host.chunk
    while size <= host.free:
        chunks.append(size)
        size *= 2
    if host.free == host.gpus and host.gpus not in chunks:
        chunks.append(host.gpus)
    return chunks


def invent_host(dice: random.Random, machine_id: int, now: float) -> Host:
    gpu = dice.choices(GPUS, [gpu.weight for gpu in GPUS])[0]
    gpus = min(gpu.most, dice.choices((1, 2, 4, 8), (50, 18, 18, 14))[0])
    datacenter = dice.random() < (0.6 if gpu.price > 1 else 0.2)
    verification = "verified" if datacenter else dice.choices(("verified", "unverified", "deverified"), (45, 33, 22))[0]
    trusted = verification == "verified"
    price = round(gpu.price * dice.lognormvariate(0.0, 0.22 if trusted else 0.35) * 75) / 75 or 1 / 75
    cpu_name, cores, ghz = dice.choice(CPUS)
    cores = max(8, cores, gpus * 8)
    driver, cuda = dice.choices(DRIVERS, (45, 15, 20, 12, 8))[0]
    if gpu.compute_cap >= 1000 and cuda < 12.8:
        driver, cuda = DRIVERS[0]
    interruptible = dice.random() < 0.62
    traffic = dice.choice((0.0, 1, 2, 4, 5, 10, 20)) / 1024
    return Host(
        machine_id=machine_id,
        host_id=dice.randrange(50_000, 650_000),
        gpu_name=gpu.name,
        gpu_ram=gpu.ram,
        gpus=gpus,
        chunk=1 if gpus < 4 or dice.random() < 0.8 else 2,
        on_demand=not interruptible or dice.random() < 0.85,
        bids=interruptible,
        price=price,
        min_bid=_min_bid(dice, price),
        storage_cost=dice.choice((0.1, 2 / 15, 0.15, 0.2, 0.2, 4 / 15, 0.3)),
        inet_up_cost=traffic,
        inet_down_cost=traffic * dice.choice((0.5, 1.0, 1.0)),
        inet_up=round(dice.lognormvariate(6.2, 0.9), 1),
        inet_down=round(dice.lognormvariate(6.6, 0.9), 1),
        geolocation=None if dice.random() < 0.004 else dice.choices(PLACES, [weight for _, weight in PLACES])[0][0],
        verification=verification,
        reliability=round(min(0.9999, dice.betavariate(60, 1) if trusted else dice.betavariate(9, 1)), 7),
        hosting_type=1 if datacenter else 0,
        static_ip=datacenter or dice.random() < 0.2,
        cuda=cuda,
        driver=driver,
        tflops=_tflops(dice, gpu),
        cpu_cores=cores,
        cpu_name=cpu_name,
        cpu_ghz=ghz,
        cpu_ram=dice.choice((32, 48, 64)) * 1007 * max(1, gpus) + dice.randrange(900),
        disk=dice.randrange(150, 700) * gpus,
        disk_bw=round(dice.uniform(600, 6800), 1),
        disk_name=dice.choice(DISKS),
        ports=dice.choice((12, 50, 99, 200, 250, 333)) * gpus,
        pci_gen=5.0 if gpu.compute_cap >= 900 else 4.0,
        pcie_bw=round(dice.uniform(6, 26) * (2 if gpu.compute_cap >= 900 else 1), 1),
        # Hosts report their address with stray white space now and then.
        address=f"203.0.113.{dice.randrange(1, 255)}" + ("\n" if dice.random() < 0.03 else ""),
        start_date=now - dice.uniform(0, 90) * 86_400,
        end_date=float(int(now + dice.lognormvariate(3.9, 1.2) * 86_400 + 3_600)),
    )


def _min_bid(dice: random.Random, price: float) -> float:
    """Usually well below the price on demand; for one host in twelve above it."""
    share = dice.uniform(1.02, 1.3) if dice.random() < 0.08 else dice.uniform(0.45, 0.97)
    return max(1, round(price * share * 75)) / 75


def _tflops(dice: random.Random, gpu: Gpu) -> float:
    return round(gpu.tflops * dice.uniform(0.98, 1.02), 3)
