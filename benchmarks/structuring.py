"""Making models of JSON, against cattrs as it comes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime

import cattrs

from benchmarks.measure import Row, in_turns
from benchmarks.server import EFFECTS
from hatched import codec
from hatched.models import DebugReason, EventEffects


def rows() -> Iterator[Row]:
    plain = cattrs.Converter(detailed_validation=False)
    plain.register_structure_hook(datetime, lambda value, _: datetime.fromisoformat(value))
    plain.register_structure_hook(DebugReason, lambda value, _: DebugReason(value))
    hundred = [json.loads(EFFECTS) for _ in range(100)]
    kind = tuple[EventEffects, ...]
    assert plain.structure(hundred, kind) == codec.structure(hundred, kind)
    times = in_turns(
        lambda: codec.structure(hundred, kind), lambda: plain.structure(hundred, kind), rounds=50, times=20
    )
    # At most 1.3 times their time.
    yield Row("structure 100 EventEffects; cattrs, not detailed", times[0], times[1], f">= {1 / 1.3:.2f}")
