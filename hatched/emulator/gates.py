"""Gates: unlocked once, for primary tokens (guides/unlock-gates). They belong to the customer, not to a version."""

from __future__ import annotations

from hatched.emulator import buddies, catalogue, wallet
from hatched.emulator.clock import iso
from hatched.emulator.context import Call
from hatched.emulator.errors import ApiError, not_found
from hatched.emulator.messages import Reply
from hatched.emulator.rules.compute import Entry


def listing(call: Call) -> Reply:
    """All gates, inactive ones included (inferred)."""
    row = call.one(
        "SELECT id, created_at FROM config_versions WHERE customer_id = ? AND status = 'published'", call.customer_id
    )
    if row is None:
        return Reply({"gates": []})
    rules = call.world.configs.rules(row["id"])
    created = iso(row["created_at"])
    return Reply(
        {
            "gates": [
                {
                    "id": catalogue.gate_id(call.customer_id, gate.key),
                    "gate_key": gate.key,
                    "token_key": gate.token_key or (rules.primary.key if rules.primary else "coins"),
                    "cost": gate.cost,
                    "label": gate.label,
                    "description": gate.description,
                    "metadata": gate.metadata,
                    "is_active": gate.is_active,
                    "created_at": created,
                    "updated_at": created,
                }
                for gate in rules.gates
            ]
        }
    )


def unlock(call: Call) -> Reply:
    """Pays once; a repetition answers `already_unlocked` (seen) and no balance (inferred)."""
    buddy = buddies.find(call)
    key = call.args["gate_key"]
    book = call.world.configs.book(call.world.configs.published(call.customer_id), buddy.book.audience)
    gate = book.gates.get(key)
    if gate is None or not gate.is_active:
        raise not_found(f"Gate {key!r}", "gates.unknown")
    already = key in buddy.state.gates
    if already:
        call.world.infer("gates.repeated_balance")
    else:
        wallet.take(buddy.state, "primary", gate.cost)
        buddy.state.gates = {**buddy.state.gates, key: call.now}
        buddies.save(call.world, buddy, call.now)
        entry = Entry("primary", -gate.cost, buddy.state.primary.balance, key)
        wallet.write(call.world, call.customer_id, [(buddy.id, entry, None)], call.now)
    return Reply(
        {
            "gate_key": key,
            "unlocked": True,
            "already_unlocked": already,
            "unlocked_at": iso(buddy.state.gates[key]),
            "balance_after": None if already else buddy.state.primary.balance,
            "metadata": gate.metadata,
        },
        200 if already else 201,
    )


def unlocks(call: Call) -> Reply:
    """What the buddy has opened, in order."""
    buddy = buddies.find(call)
    gates = _metadata(call, buddy.book.audience)
    return Reply(
        {
            "unlocks": [
                {"gate_key": key, "unlocked_at": iso(at), "metadata": gates.get(key, {})}
                for key, at in buddy.state.gates.items()
            ]
        }
    )


def _metadata(call: Call, audience: str) -> dict[str, object]:
    try:
        version_id = call.world.configs.published(call.customer_id)
    except ApiError:
        return {}
    return {key: gate.metadata for key, gate in call.world.configs.book(version_id, audience).gates.items()}
