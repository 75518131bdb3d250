"""AI credits: one pays one picture (billing/credits: seen)."""

from __future__ import annotations

import sqlite3
from typing import Literal, NamedTuple, get_args

from hatched.emulator.errors import ApiError
from hatched.emulator.plans import UPGRADE_URL

TOP_UP_URL = "https://hatched.live/billing"  # inferred
Pool = Literal["promo", "welcome", "paid"]
MOST = 2**31 - 1
"""What a pool never exceeds (ours): the sum of all is a number that JavaScript can count."""


class Credits(NamedTuple):
    """What is left, in the order in which the pools are spent."""

    promo: int
    welcome: int
    paid: int

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """Sent with every authenticated answer."""
        return (
            ("X-Credits-Remaining", str(sum(self))),
            ("X-Credits-Welcome-Remaining", str(self.welcome)),
            ("X-Credits-Paid-Remaining", str(self.paid)),
            ("X-Credits-Promo-Remaining", str(self.promo)),
        )


def check_count(count: int) -> None:
    """Raises `ValueError` for what is no number of credits."""
    if type(count) is not int or not 0 <= count <= MOST:
        raise ValueError(f"credits are a whole number from 0 to {MOST}, not {count!r}")


def add(db: sqlite3.Connection, customer_id: str, pool: Pool, count: int) -> None:
    """Fills a pool, up to `MOST`. Raises `ValueError` for another pool."""
    if pool not in get_args(Pool):
        raise ValueError(f"no such pool of credits: {pool!r} (there are {', '.join(get_args(Pool))})")
    db.execute(f"UPDATE customers SET {pool} = min({pool} + ?, ?) WHERE id = ?", (min(count, MOST), MOST, customer_id))


def balance(db: sqlite3.Connection, customer_id: str) -> Credits:
    """The customer's pools."""
    return Credits(*db.execute("SELECT promo, welcome, paid FROM customers WHERE id = ?", (customer_id,)).fetchone())


def authorize(db: sqlite3.Connection, customer_id: str) -> str:
    """Takes one credit and answers its pool. Raises 402 when all are empty."""
    left = balance(db, customer_id)
    pool = next((pool for pool, count in left._asdict().items() if count > 0), None)
    if pool is None:
        raise ApiError(
            402,
            "credit_insufficient",
            "Not enough credits for this AI job (need 1, have 0).",
            {
                "required": 1,
                "available": 0,
                "welcome": left.welcome,
                "paid": left.paid,
                "promo": left.promo,
                "upgrade_url": UPGRADE_URL,
                "top_up_url": TOP_UP_URL,
            },
        )
    db.execute(f"UPDATE customers SET {pool} = {pool} - 1 WHERE id = ?", (customer_id,))
    return pool


def give_back(db: sqlite3.Connection, customer_id: str, pool: str) -> None:
    """Returns the credit of a job that failed."""
    db.execute(f"UPDATE customers SET {pool} = {pool} + 1 WHERE id = ?", (customer_id,))
