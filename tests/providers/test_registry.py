"""The registry holds the configured markets, and loads nothing for the others."""

import subprocess
import sys

import pytest

from chalicelib.providers import build
from chalicelib.settings import load
from tests.fakes.clock import ManualClock
from tests.fakes.gate import OpenGate

KEYS = {"VASTAI_API_KEY": "v", "TENSORDOCK_API_TOKEN": "t"}


@pytest.mark.parametrize("configured", [{}, *({name: key} for name, key in KEYS.items()), KEYS])
def test_a_market_is_there_when_its_key_is(configured: dict[str, str]) -> None:
    markets = build(load(configured), OpenGate(), ManualClock())
    names = {"VASTAI_API_KEY": "vastai", "TENSORDOCK_API_TOKEN": "tensordock"}
    assert set(markets) == {names[variable] for variable in configured}


def test_every_market_goes_by_its_own_name() -> None:
    for name, market in build(load(KEYS), OpenGate(), ManualClock()).items():
        assert market.name == name
        assert market.default_image


def test_without_keys_no_client_is_loaded() -> None:
    code = (
        "import sys; from chalicelib.providers import build; from chalicelib.settings import load;"
        "from tests.fakes.clock import ManualClock; from tests.fakes.gate import OpenGate;"
        "assert build(load({}), OpenGate(), ManualClock()) == {}; assert 'requests' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)
