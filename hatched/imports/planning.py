"""What an import would take, found out by reading its source and sending nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from math import ceil

from attrs import field, frozen

from hatched.imports.batch import Item
from hatched.imports.door import Door
from hatched.imports.options import Settings
from hatched.imports.pace import UNTOLD, budget
from hatched.imports.readers import Start
from hatched.imports.report import Rejection
from hatched.imports.rows import Bad, Rows, Skipped
from hatched.imports.sources import AsyncSource, Reading
from hatched.routes import MAX_BATCH

_SHOWN = 10
_TYPES = 1_000
QUOTAS: Mapping[int, int | None] = {100: 10_000, 1_000: 500_000, 5_000: 5_000_000, 50_000: None}
"""Events per month, by the plan's requests per minute (billing/pricing: seen)."""


@frozen(kw_only=True)
class ImportPlan:
    """What `events.import_all` would do with a source.

    Attributes:
        read: Rows.
        events: That would be sent.
        rejected: Rows that would go to the dead-letter file.
        skipped: Blank lines, and rows for which `map` answered `None`.
        problems: The first rejected rows, by position.
        types: How many events of each type; of the first 1,000 types.
        requests: At least.
        limit: Requests per minute that the estimate rests on: `requests_per_minute`, or those of the smallest plan.
        seconds: How long the requests take at the share of the limit that was asked for, days of waiting included.
        days: Windows of a day that the requests fill.
        quota: Events of a month of the plan that has this limit; `None` if there is no such plan, or no such bound.
    """

    read: int
    events: int
    rejected: int
    skipped: int
    problems: Mapping[int, Rejection] = field(factory=dict[int, Rejection])
    types: Mapping[str, int] = field(factory=dict[str, int])
    requests: int
    limit: int
    seconds: float
    days: int
    quota: int | None


async def plan(door: Door, source: AsyncSource, settings: Settings) -> ImportPlan:
    """Read the whole source once."""
    rows = Rows(settings.map, settings.event_id, timed=settings.occurred_at == "required")
    reading = Reading(source, rows, Start(), files=door.files, iterables=door.iterables, callables=door.callables)
    events = rejected = skipped = 0
    problems: dict[int, Rejection] = {}
    types: Counter[str] = Counter()
    while (found := await reading.next()) is not None:
        for outcome in found.outcomes:
            match outcome:
                case Item():
                    events += 1
                    name = outcome.event["type"]
                    if name in types or len(types) < _TYPES:
                        types[name] += 1
                case Bad():
                    rejected += 1
                    if len(problems) < _SHOWN:
                        problems[outcome.position] = outcome.rejection
                case Skipped():
                    skipped += 1
    requests = ceil(events / MAX_BATCH)
    limit = settings.requests_per_minute or UNTOLD
    allowed = budget(limit, settings.share)
    days = ceil(requests / (allowed.per_day or max(requests, 1)))
    last_day = requests - max(days - 1, 0) * (allowed.per_day or 0)
    return ImportPlan(
        read=events + rejected + skipped,
        events=events,
        rejected=rejected,
        skipped=skipped,
        problems=problems,
        types=types,
        requests=requests,
        limit=limit,
        seconds=max(days - 1, 0) * 86_400 + last_day * 60 / allowed.per_minute,
        days=days,
        quota=QUOTAS.get(limit),
    )
