"""Hatched itself, small enough to embed: stateful, deterministic, offline.

emulator = Emulator()
client = httpx.Client(transport=emulator.sync_transport(), base_url=emulator.base_url)
"""

from hatched.emulator.clock import Clock, WallClock
from hatched.emulator.context import Operations
from hatched.emulator.delivery import Receiver, WebhookRequest
from hatched.emulator.emulator import AppliedEvent, Emulator, Exchange, Snapshot
from hatched.emulator.faults import Fault, Faults
from hatched.emulator.journal import Entry
from hatched.emulator.messages import Request, Response
from hatched.emulator.rules.files import RulesError
from hatched.emulator.rules.model import (
    Badge,
    CoinRule,
    Condition,
    Decay,
    Evolution,
    Gate,
    Item,
    Milestone,
    Multiplier,
    Rules,
    Skill,
    SkillRule,
    Stage,
    Streak,
    Token,
)

__all__ = [
    "AppliedEvent",
    "Badge",
    "Clock",
    "CoinRule",
    "Condition",
    "Decay",
    "Emulator",
    "Entry",
    "Evolution",
    "Exchange",
    "Fault",
    "Faults",
    "Gate",
    "Item",
    "Milestone",
    "Multiplier",
    "Operations",
    "Receiver",
    "Request",
    "Response",
    "Rules",
    "RulesError",
    "Skill",
    "SkillRule",
    "Snapshot",
    "Stage",
    "Streak",
    "Token",
    "WallClock",
    "WebhookRequest",
]
