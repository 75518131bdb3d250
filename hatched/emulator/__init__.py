"""Hatched itself, small enough to embed: stateful, deterministic, offline.

emulator = Emulator()
client = httpx.Client(transport=emulator.sync_transport(), base_url=emulator.base_url)
"""

from hatched.emulator.clock import Clock, WallClock
from hatched.emulator.context import Operations
from hatched.emulator.emulator import AppliedEvent, Emulator, Exchange
from hatched.emulator.faults import Fault, Faults
from hatched.emulator.messages import Request, Response
from hatched.emulator.rules.model import Badge, CoinRule, Condition, Multiplier, Rules, Token

__all__ = [
    "AppliedEvent",
    "Badge",
    "Clock",
    "CoinRule",
    "Condition",
    "Emulator",
    "Exchange",
    "Fault",
    "Faults",
    "Multiplier",
    "Operations",
    "Request",
    "Response",
    "Rules",
    "Token",
    "WallClock",
]
