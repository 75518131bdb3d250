"""AI credits that come: each month those of the plan (billing/credits: seen), and those that are added."""

from __future__ import annotations

from hatched.emulator import ai_credits, appearance
from hatched.emulator.clock import month_of, next_month
from hatched.emulator.context import World


def run_due(world: World, now: float) -> None:
    """Gives every customer the credits of the months that have begun since it last ran.

    That they come with the UTC month, and are added to what is left, is inferred.
    """
    year, month = map(int, month_of(now).split("-"))
    this = year * 12 + month
    last = world.store.recall("credits_month")
    if last is not None and this <= int(last):
        return
    with world.store.transaction() as db:
        world.store.remember("credits_month", str(this))
        count = 0 if last is None else (this - int(last)) * world.settings.credits
        for (customer_id,) in db.execute("SELECT id FROM customers").fetchall() if count else ():
            add(world, customer_id, count, now, pool="paid")


def next_due(world: World, now: float) -> float | None:
    """The first of the next month, if anybody can wait for it: who has credits need not."""
    empty = world.store.db.execute("SELECT 1 FROM customers WHERE promo + welcome + paid = 0").fetchone()
    return next_month(now) if empty is not None and world.settings.credits else None


def add(world: World, customer_id: str, count: int, now: float, *, pool: ai_credits.Pool) -> None:
    """Fills a pool, and goes on with the pictures that waited for credits."""
    with world.store.transaction() as db:
        ai_credits.add(db, customer_id, pool, count)
        appearance.retry_awaiting(world, customer_id, now)
