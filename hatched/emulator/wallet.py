"""Coins and tokens by hand (concepts/coins, concepts/tokens). The answers are inferred from the `coins.*` webhooks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hatched.emulator import buddies, delivery
from hatched.emulator.buddies import Buddy
from hatched.emulator.context import Call, World
from hatched.emulator.errors import ApiError, not_found
from hatched.emulator.messages import Reply
from hatched.emulator.rules.compute import Entry
from hatched.emulator.rules.model import Rules, Slot, Token
from hatched.emulator.rules.state import State, Tally
from hatched.models.buddies import EarnCoinsParams, SpendCoinsParams


def earn(call: Call, params: EarnCoinsParams) -> Reply:
    """A progression token may be earned, too (seen); that this is how to do it by hand is inferred."""
    buddy = buddies.find(call)
    slot = slot_of(buddy.book.rules, params.token)
    if slot == "progression":
        call.world.infer("tokens.by_hand")
    amount = buddy.state.earn(buddy.book.rules, slot, int(params.amount))
    if amount < int(params.amount):
        call.world.infer("tokens.max_balance")
    return _booked(call, buddy, slot, amount, params.reason, params.reference_id)


def spend(call: Call, params: SpendCoinsParams) -> Reply:
    """A balance never falls below zero (seen)."""
    buddy = buddies.find(call)
    amount = int(params.amount)
    take(buddy.state, slot_of(buddy.book.rules, params.token), amount)
    return _booked(call, buddy, "primary", -amount, params.reason, params.item_id)


def take(state: State, slot: Slot, amount: int) -> None:
    """Spends. Raises 400 `insufficient_balance`, and 422 (inferred) for the progression slot."""
    if slot == "progression":
        message = "Progression tokens cannot be spent"
        raise ApiError(422, "progression_not_spendable", message, guess="tokens.not_spendable")
    if state.primary.balance < amount:
        raise ApiError(
            400,
            "insufficient_balance",
            f"Insufficient balance (need {amount}, have {state.primary.balance})",
            {"required": amount, "available": state.primary.balance},  # inferred
        )
    state.primary = state.primary.minus(amount)


def slot_of(rules: Rules, token: str | None) -> Slot:
    """No token means the primary one (seen); 404 for an unknown key is inferred."""
    if token is None or (rules.primary is not None and token == rules.primary.key):
        return "primary"
    if rules.progression is not None and token == rules.progression.key:
        return "progression"
    raise not_found(f"Token {token!r}", "tokens.unknown")


def tokens(call: Call) -> Reply:
    """Both slots (SDK: TokensSummary)."""
    _, state, book = buddies.find(call)
    return Reply(
        {
            "primary": _balance("primary", book.rules.primary, state.primary),
            "progression": _balance("progression", book.rules.progression, state.progression),
        }
    )


def write(world: World, customer_id: str, lines: Iterable[tuple[str, Entry, str | None]], now: float) -> list[str]:
    """Writes ledger lines (buddy, entry, reference), tells the webhooks, and answers the lines' ids."""
    rows = [(world.ids.new(), buddy_id, *entry, reference, now) for buddy_id, entry, reference in lines]
    world.store.db.executemany(
        "INSERT INTO ledger (id, buddy_id, slot, amount, balance, reason, reference_id, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        rows,
    )
    if rows and delivery.listens(world, customer_id):
        for row in rows:
            _tell(world, customer_id, row)
    return [row[0] for row in rows]


def _tell(world: World, customer_id: str, row: tuple[Any, ...]) -> None:
    """Bodies of `coins.*` are seen, those of `token.*` only in part; earning nothing is not told (inferred)."""
    ledger_id, buddy_id, slot, amount, balance, reason, reference, now = row
    if not amount:
        return
    verb = "earned" if amount > 0 else "spent"
    payload = {"buddy_id": buddy_id, "amount": abs(amount), "balance": balance, "reason": reason}
    payload |= {"reference_id": reference, "ledger_id": ledger_id}
    if slot == "primary":
        payload["is_lucky"] = False
        delivery.notify(world, customer_id, f"coins.{verb}", payload, now)
    else:
        delivery.notify(world, customer_id, f"token.{verb}", {**payload, "token_type": slot}, now)


def _booked(call: Call, buddy: Buddy, slot: Slot, amount: int, reason: str, reference: str | None) -> Reply:
    buddies.save(call.world, buddy, call.now)
    balance = buddy.state.tally(slot).balance
    (ledger_id,) = write(
        call.world, call.customer_id, [(buddy.id, Entry(slot, amount, balance, reason), reference)], call.now
    )
    return Reply(
        {
            "buddy_id": buddy.id,
            "amount": abs(amount),
            "balance": balance,
            "reason": reason,
            "reference_id": reference,
            "ledger_id": ledger_id,
            "is_lucky": False,
        },
        201,
    )


def _balance(slot: Slot, token: Token | None, tally: Tally) -> dict[str, Any] | None:
    if token is None:
        return None
    return {
        "kind": slot,
        "key": token.key,
        "label": token.label,
        "balance": tally.balance,
        "lifetime_earned": tally.earned,
        "lifetime_spent": tally.spent,
    }
