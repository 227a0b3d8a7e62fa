"""The query parameters of lists; apart from the handlers, which the table of routes does not load."""

PAGED = ("limit", "cursor")
"""What every list takes."""

INVENTORY = (
    "provider", "gpu", "min_vram_gb", "max_price", "min_gpus", "gpu_count", "region", "country", "min_reliability",
    "min_cuda", "spot", "verified", "disk_gb", "sort",
)  # fmt: skip
PRICES = ("gpu", "provider", "spot", "days", "step")
SESSIONS = ("status", "consumer", "provider")
COSTS = ("consumer", "session", "from", "to", "group_by", "by_day")
