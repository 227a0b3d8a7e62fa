import pytest

from chalicelib import settings
from local.banner import Scene, render

KEY = "gs_key"
CHOSEN = settings.load({"PORT": "8123", "VASTAI_API_KEY": "the-secret-of-vast"})
SIMULATED = Scene(state="/data/state.db", lasting=True, simulated=True)


def test_it_tells_where_and_with_which_key_and_three_things_to_try() -> None:
    text = render(CHOSEN, SIMULATED, KEY)
    assert "http://127.0.0.1:8123" in text
    assert KEY in text
    tries = [line for line in text.splitlines() if line.startswith("    ")]
    assert len(tries) == 3


def test_simulated_markets_are_loud() -> None:
    assert "!! SIMULATED !!" in render(CHOSEN, SIMULATED, KEY)


def test_real_markets_are_named_by_url_and_their_keys_are_not_shown() -> None:
    text = render(CHOSEN, Scene(state="/data/state.db", lasting=True, simulated=False), KEY)
    assert "vastai at https://console.vast.ai" in text
    assert "tensordock" not in text
    assert "the-secret-of-vast" not in text
    assert "--yes" not in text


def test_state_that_will_be_lost_is_loud() -> None:
    assert "!! in memory !!" in render(CHOSEN, Scene(state="in memory", lasting=False, simulated=True), KEY)


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"VASTAI_API_KEY": "k"}, "timer only: rented machines cannot reach http://127.0.0.1:8123"),
        ({"VASTAI_API_KEY": "k", "SHOPPER_PUBLIC_URL": "https://s.example.com"}, "report to https://s.example.com"),
        ({"VASTAI_API_KEY": "k", "VASTAI_API_URL": "http://127.0.0.1:9"}, "on real markets timer only"),
    ],
    ids=["a laptop", "a tunnel", "simulated"],
)
def test_it_tells_whether_machines_can_report(environ: dict[str, str], words: str) -> None:
    assert words in render(settings.load({"PORT": "8123"} | environ), SIMULATED, KEY)
