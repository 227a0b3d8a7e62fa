"""The stack that these tests drive is the one that the drill drives."""

from local.drill.stack import PUBLIC_KEY, Stack, wait_until

__all__ = ["PUBLIC_KEY", "Stack", "wait_until"]
