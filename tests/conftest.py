"""What holds for every test."""

import os

from hypothesis import HealthCheck, settings

# A busy machine is slow, not wrong. Where a run decides over a change it must be the same run twice; elsewhere new
# examples are looked for each time.
settings.register_profile(
    "steady",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("steady")
