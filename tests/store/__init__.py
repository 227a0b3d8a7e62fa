import pytest

pytest.register_assert_rewrite(
    *(f"tests.contracts.store{part}" for part in ("", "_openings", "_sessions", "_pages", "_access", "_inventory")),
    "tests.contracts.store_health",
    "tests.contracts.store_races",
)
