"""Skills by hand (concepts/skills)."""

from __future__ import annotations

from hatched.emulator import buddies
from hatched.emulator.context import Call
from hatched.emulator.errors import not_found
from hatched.emulator.messages import Reply
from hatched.emulator.rules.skills import change
from hatched.emulator.validation import InvalidError, Problem
from hatched.models.buddies import SkillUpdate, UpdateSkillsParams


def update(call: Call, params: UpdateSkillsParams) -> Reply:
    """All changes or none (inferred, as is 404 for an unknown skill); answers all skills."""
    wanted = [(update.key, *_step(update, place)) for place, update in enumerate(params.updates)]
    buddy = buddies.find(call)
    for key, fresh, by in wanted:
        skill = buddy.book.skills.get(key)
        if skill is None:
            raise not_found(f"Skill {key!r}", "skills.unknown")
        if change(buddy.state, skill, (0 if fresh else buddy.state.skills.get(key, 0)) + by):
            call.world.infer("skills.clamped")
    buddies.save(call.world, buddy, call.now)
    skills = {key: buddy.state.skills.get(key, 0) for key in buddy.book.skills}
    return Reply({"buddy_id": buddy.id, "skills": skills})


def _step(wanted: SkillUpdate, place: int) -> tuple[bool, float]:
    """Whether it begins at 0, and how far it goes; `value` goes with `set`, `amount` with the others (inferred)."""
    name = "value" if wanted.action == "set" else "amount"
    given: float | None = getattr(wanted, name)
    if given is None:
        raise InvalidError(
            [Problem(f"updates.{place}.{name}", f"updates.{place}.{name} should not be empty", seen=False)]
        )
    return wanted.action == "set", -given if wanted.action == "decrease" else given
