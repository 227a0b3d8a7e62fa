"""The local cloud behind `make run`."""
