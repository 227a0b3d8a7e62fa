"""Fake markets, faithful on the wire, for development, tests and the tour."""

from simulators.clock import ManualClock, RealClock
from simulators.start import Simulator, start_tensordock, start_vastai

__all__ = ["ManualClock", "RealClock", "Simulator", "start_tensordock", "start_vastai"]
