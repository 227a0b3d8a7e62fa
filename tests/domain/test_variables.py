"""Variables that mean the same on every market."""

import pytest

from chalicelib.domain import variables
from chalicelib.domain.errors import Refusal


def test_ordinary_variables_pass_unchanged() -> None:
    given = {"HF_TOKEN": "hf_x", "_A1": "", "MESSAGE": "größe 'x' \"y\" $HOME\\n", "A" * 64: "x" * 4096}
    assert variables.check(given) == given


@pytest.mark.parametrize(
    "name",
    [
        "", "a", "1A", "A-B", "A B", "A=B", "-p 80:80", "A\n", "Ä", "A" * 65, "PATH", "LD_PRELOAD", "SHOPPER_TOKEN",
        "VAST_TCP_PORT_22", "CONTAINER_API_KEY", "SSH_PUBLIC_KEY", "BASH_ENV", "BASH_FUNC_LS", "IFS",
    ],
)  # fmt: skip
def test_a_name_that_somebody_else_reads_is_refused(name: str) -> None:
    with pytest.raises(Refusal) as caught:
        variables.check({"GOOD": "1", name: "1"})
    assert caught.value.status == 400
    assert str(caught.value.extra["field"]).startswith("env")


@pytest.mark.parametrize("value", ["\n", "\r", "\0", "\t", "\x1b[0m", "\x7f", "\x85", "\u2028", "é" * 2049])
def test_a_value_that_would_not_arrive_as_it_is_is_refused(value: str) -> None:
    with pytest.raises(Refusal) as caught:
        variables.check({"A": value})
    assert caught.value.extra == {"field": "env.A"}


def test_there_is_room_for_sixty_four() -> None:
    assert len(variables.check({f"A{number}": "" for number in range(64)})) == 64
    with pytest.raises(Refusal):
        variables.check({f"A{number}": "" for number in range(65)})
