"""The GPU models the fake Vast.ai knows, with what its rows say of them and what they cost in 2026."""

from typing import NamedTuple


class Gpu(NamedTuple):
    """One model; figures are per GPU."""

    name: str
    ram: int
    """MB, as Vast.ai reports it."""
    price: float
    """USD per hour, middle of the market."""
    weight: int
    """How common it is."""
    tflops: float
    bandwidth: float
    """GB/s."""
    compute_cap: int
    power: int
    dlperf: float
    most: int = 8
    """GPUs in the largest machines."""
    nvlink: float = 0.0


GPUS = (
    Gpu("RTX 5090", 32607, 0.62, 30, 104.8, 1505.0, 1200, 575, 190.0),
    Gpu("RTX 4090", 24564, 0.43, 26, 81.9, 861.0, 890, 450, 95.0),
    Gpu("RTX 4090", 49140, 0.66, 5, 81.5, 838.0, 890, 450, 95.0),
    Gpu("RTX 4090D", 24564, 0.3, 3, 73.5, 830.0, 890, 425, 86.0),
    Gpu("RTX 3090", 24576, 0.17, 24, 35.6, 820.0, 860, 350, 44.0),
    Gpu("RTX 3090 Ti", 24564, 0.21, 4, 40.0, 880.0, 860, 450, 49.0, most=4),
    Gpu("RTX 5080", 16303, 0.26, 10, 56.3, 860.0, 1200, 360, 99.0, most=4),
    Gpu("RTX 5070 Ti", 16303, 0.17, 8, 43.9, 800.0, 1200, 300, 76.0, most=4),
    Gpu("RTX 5070", 12227, 0.13, 5, 30.8, 600.0, 1200, 250, 55.0, most=4),
    Gpu("RTX 5060 Ti", 16311, 0.1, 10, 23.7, 400.0, 1200, 180, 40.0, most=6),
    Gpu("RTX 4080S", 16376, 0.18, 6, 52.2, 650.0, 890, 320, 62.0, most=4),
    Gpu("RTX 4070S Ti", 16376, 0.16, 7, 44.1, 590.0, 890, 285, 55.0, most=4),
    Gpu("RTX 4060 Ti", 16380, 0.09, 5, 22.1, 260.0, 890, 165, 30.0, most=4),
    Gpu("RTX 3080", 10240, 0.1, 6, 29.8, 660.0, 860, 320, 38.0, most=6),
    Gpu("RTX 3070", 8192, 0.08, 6, 20.3, 400.0, 860, 220, 27.0, most=6),
    Gpu("RTX 3060", 12288, 0.07, 9, 12.7, 320.0, 860, 170, 18.0, most=6),
    Gpu("RTX 2080 Ti", 11264, 0.08, 5, 13.4, 540.0, 750, 250, 20.0, most=6),
    Gpu("GTX 1080 Ti", 11264, 0.05, 4, 11.3, 420.0, 610, 250, 11.0, most=6),
    Gpu("RTX A4000", 16376, 0.12, 6, 19.2, 380.0, 860, 140, 26.0),
    Gpu("RTX A5000", 24564, 0.22, 5, 27.8, 680.0, 860, 230, 38.0),
    Gpu("RTX A6000", 49140, 0.4, 7, 38.7, 650.0, 860, 300, 48.0),
    Gpu("RTX 6000Ada", 49140, 0.68, 6, 91.1, 820.0, 890, 300, 98.0),
    Gpu("RTX PRO 4000", 24467, 0.27, 4, 46.9, 600.0, 1200, 145, 62.0),
    Gpu("RTX PRO 5000", 48935, 0.73, 4, 73.7, 1200.0, 1200, 300, 120.0),
    Gpu("RTX PRO 6000 WS", 97887, 1.48, 12, 126.0, 1600.0, 1200, 600, 230.0),
    Gpu("RTX PRO 6000 S", 97887, 1.6, 10, 120.0, 1450.0, 1200, 600, 215.0),
    Gpu("Tesla T4", 15360, 0.1, 3, 8.1, 240.0, 750, 70, 11.0),
    Gpu("Tesla V100", 32768, 0.13, 7, 14.1, 810.0, 700, 300, 27.0, nvlink=100.0),
    Gpu("L4", 23034, 0.33, 4, 30.3, 260.0, 890, 72, 34.0),
    Gpu("L40S", 46068, 0.73, 9, 91.6, 780.0, 890, 350, 96.0),
    Gpu("A40", 46068, 0.4, 5, 37.4, 580.0, 860, 300, 45.0),
    Gpu("A100 PCIE", 40960, 0.7, 6, 19.5, 1380.0, 800, 250, 78.0),
    Gpu("A100 PCIE", 81920, 1.0, 5, 19.5, 1700.0, 800, 300, 80.0),
    Gpu("A100 SXM4", 40960, 0.8, 6, 19.5, 1400.0, 800, 400, 84.0, nvlink=300.0),
    Gpu("A100 SXM4", 81920, 1.07, 9, 19.5, 1780.0, 800, 400, 88.0, nvlink=300.0),
    Gpu("H100 PCIE", 81559, 2.4, 4, 51.2, 1900.0, 900, 350, 210.0),
    Gpu("H100 NVL", 95830, 2.6, 4, 60.0, 3300.0, 900, 400, 250.0, nvlink=300.0),
    Gpu("H100 SXM", 81559, 2.9, 8, 66.9, 2900.0, 900, 700, 400.0, nvlink=450.0),
    Gpu("H200 NVL", 143771, 2.95, 6, 60.0, 4200.0, 900, 600, 400.0, nvlink=450.0),
    Gpu("H200", 143771, 4.1, 8, 66.9, 4200.0, 900, 700, 480.0, nvlink=450.0),
    Gpu("B200", 183359, 5.8, 6, 80.0, 7200.0, 1000, 1000, 900.0, nvlink=900.0),
    Gpu("B300", 275040, 8.5, 3, 75.0, 7400.0, 1030, 1400, 1000.0, nvlink=900.0),
)

_BY_NAME_AND_RAM = {(gpu.name, gpu.ram): gpu for gpu in GPUS}
_BY_NAME = {gpu.name: gpu for gpu in reversed(GPUS)}


def known(name: str, ram: int) -> Gpu:
    """The model of a row; one that is in no table gets middling figures, so that recorded rows stay usable."""
    gpu = _BY_NAME_AND_RAM.get((name, ram)) or _BY_NAME.get(name)
    return gpu or Gpu(name, ram, 0.2, 1, 20.0, 500.0, 800, 250, 25.0)
