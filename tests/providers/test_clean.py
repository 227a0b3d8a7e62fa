"""Whatever comes in, what comes out is finite, short and printable."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.providers.clean import host, number, port, text, whole

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner), max_leaves=3
)


@given(ANYTHING)
def test_nothing_strange_survives(value: object) -> None:
    found = number(value, 0, 100)
    assert found is None or (math.isfinite(found) and 0 <= found <= 100)
    line = text(value, 20)
    assert line is None or (0 < len(line) <= 20 and line == line.strip() and "\n" not in line)
    assert whole(value, 1, 9) in (None, *range(1, 10))
    door = port(value)
    assert door is None or 1 <= door <= 65535
    named = host(value)
    assert named is None or not set(named) & set(" \t\n/@'\"$`;|&<>\\#?%")


def test_numbers_may_come_as_text_but_not_as_yes_or_no() -> None:
    assert number("1.5", 0, 10) == 1.5
    assert whole("24", 0, 100) == 24
    assert number(True, 0, 10) is None
    assert number("nan", 0, 10) is None
    assert number(10**400, 0, 1e9) is None
    assert whole(1.5, 0, 10) is None


def test_text_becomes_one_printable_line() -> None:
    assert text(" a\r\nb\x1b[31m\u202ec ", 40) == "a b [31m c"
    assert text("\n\t") is None
    assert text("x" * 500) == "x" * 200


@pytest.mark.parametrize("value", ["203.0.113.7", " 203.0.113.7\n", "ssh7.vast.ai", "2001:db8::1", "localhost"])
def test_hosts_are_names_or_addresses(value: str) -> None:
    assert host(value) == value.strip()


@pytest.mark.parametrize(
    "value", ["-oProxyCommand=x", "a b", "a/b", "a@b", "999", "", None, 5, "x" * 300, "$(x)", "a..b"]
)
def test_what_is_no_host_is_dropped(value: object) -> None:
    assert host(value) is None
