"""What users of the synchronous client write."""

# pyright: strict

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, assert_type

from hatched import HatchedClient, RateLimitInfo, ResponseInfo, SendEventParams, SkillUpdate, models


def client() -> None:
    with HatchedClient(api_key="hatch_test_x", timeout=5, headers={"x-team": "learning"}) as hatched:
        assert_type(hatched, HatchedClient)
        assert_type(hatched.health(timeout=1.0), models.Health)
        assert_type(hatched.get_rate_limit_info(), RateLimitInfo | None)
        assert_type(hatched.get_last_request_id(), str | None)
        assert_type(hatched.with_options(timeout=None, deadline=30, max_retries=0), HatchedClient)
    HatchedClient(publishable_key="hatch_pk_x", base_url="https://example.com/api/v1").close()


def options(hatched: HatchedClient) -> None:
    seen: list[ResponseInfo] = []
    hatched.eggs.get("egg", timeout=None, deadline=3, headers={"a": "b"}, max_retries=1, request_id="r")
    hatched.eggs.hatch("egg", idempotency_key="k", on_response=seen.append)
    assert_type(seen[0].attempts, int)
    assert_type(seen[0].rate_limit, RateLimitInfo | None)


def eggs(hatched: HatchedClient) -> None:
    egg = hatched.eggs.create(user_id="u", metadata={"a": [1]}, ensure=True, audience="students")
    assert_type(egg, models.Egg)
    assert_type(egg.egg_id, str)
    assert_type(egg.buddy_id, str | None)
    assert_type(egg.created_at, datetime)
    assert_type(hatched.eggs.get("egg"), models.Egg)
    assert_type(hatched.eggs.list(status="waiting", page=1, limit=10), tuple[models.Egg, ...])
    assert_type(hatched.eggs.list(status=models.EggStatus.READY), tuple[models.Egg, ...])
    assert_type(hatched.eggs.update_status("egg", status="ready"), models.EggStatusChange)
    assert_type((hatched.eggs.hatch("egg")).operation_id, str)
    for each in hatched.eggs.iter(user_id="u", limit=5):
        assert_type(each, models.Egg)


def buddies(hatched: HatchedClient) -> None:
    buddy = hatched.buddies.ensure("user", audience="students", timeout=90)
    assert_type(buddy, models.Buddy)
    assert_type(buddy.coins, int)
    assert_type(buddy.progression, models.BuddyProgression | None)
    if buddy.progression is not None:
        assert_type(buddy.progression.current_streak, int)
    assert_type(buddy.status, models.BuddyStatus)
    assert_type(hatched.buddies.get("b"), models.Buddy)
    page = hatched.buddies.list(user_id="u", status="active", order="desc")
    assert_type(page, models.BuddyList)
    for each in hatched.buddies.iter(evolution_stage=2):
        assert_type(each, models.Buddy)
    assert_type(hatched.buddies.update_name("b", name="Name"), models.Buddy)
    assert_type(hatched.buddies.archive("b"), models.Buddy)
    updates: list[SkillUpdate] = []
    assert_type(hatched.buddies.update_skills("b", updates=updates), models.SkillsSnapshot)
    assert_type(hatched.buddies.update_skills("b", updates=[{"key": "focus", "value": 2}]), models.SkillsSnapshot)
    assert_type(hatched.buddies.earn("b", amount=1.5, reason="r", reference_id="x"), models.LedgerEntry)
    assert_type(hatched.buddies.earn_coins("b", amount=1, reason="r"), models.LedgerEntry)
    assert_type(hatched.buddies.spend("b", amount=1, reason="r", token="stars"), models.LedgerEntry)
    assert_type(hatched.buddies.award_badge("b", "first_lesson", reason="r"), models.BuddyBadge)
    assert_type(hatched.buddies.get_badges("b"), tuple[models.BuddyBadge, ...])
    assert_type(hatched.buddies.equip("b", equip=["hat"], unequip=("scarf",)), models.EquipItemsResult)
    assert_type(hatched.buddies.rerender_appearance("b"), models.RerenderAppearanceResult)
    assert_type(hatched.buddies.purchase_item("b", "hat"), models.PurchasedItem)
    assert_type(hatched.buddies.get_purchased_items("b"), tuple[models.PurchasedItem, ...])
    assert_type(hatched.buddies.get_evolution("b"), models.EvolutionState)
    assert_type(hatched.buddies.evolve("b"), models.EvolveResult)
    assert_type(hatched.buddies.get_progression("b"), models.ProgressionSnapshot)
    assert_type(hatched.buddies.tokens("b"), models.TokensSummary)
    assert_type(hatched.buddies.evolutions("b", page=2), models.EvolutionPage)
    for record in hatched.buddies.iter_evolutions("b"):
        assert_type(record, models.BuddyEvolutionRecord)
    assert_type(hatched.buddies.get_user_summary("u"), models.UserSummary)


def events(hatched: HatchedClient) -> None:
    effects = hatched.events.send(
        event_id="e", user_id="u", type="t", occurred_at=datetime.now(UTC), properties={"score": 0.9}
    )
    assert_type(effects, models.EventEffects)
    assert_type(effects.badges_awarded, tuple[str, ...])
    assert_type(effects.debug_reason, models.DebugReason | None)
    assert_type(effects.streak_updates[0].milestone_hit, int | None)
    mixed: Sequence[SendEventParams | dict[str, Any]] = [SendEventParams(user_id="u", type="t"), {"userId": "u"}]
    result = hatched.events.send_batch(mixed, idempotency_key="k")
    assert_type(result.results, tuple[models.EventEffects, ...])
    hatched.events.send_batch([SendEventParams(user_id="u", type="t")])
    hatched.events.send_batch([{"event_id": "e", "user_id": "u", "type": "t"}])


def operations(hatched: HatchedClient) -> None:
    operation = hatched.operations.wait("o", timeout=90, interval=1, raise_on_failure=True, max_retries=5)
    assert_type(operation, models.Operation)
    assert_type(operation.status, models.OperationStatus)
    assert_type(operation.status is models.OperationStatus.COMPLETED, bool)
    assert_type(operation.error, str | None)
    assert_type(hatched.operations.get("o"), models.Operation)
    assert_type(hatched.operations.wait_for_completion("o"), models.Operation)


def tokens(hatched: HatchedClient) -> None:
    session = hatched.widget_sessions.create(buddy_id="b", user_id="u", scopes=["read"], ttl_seconds=60)
    assert_type(session, models.SessionToken)
    hatched.widget_sessions.revoke("s")
    assert_type(hatched.embed_tokens.create(buddy_id="b", user_id="u"), models.EmbedToken)


def webhooks(hatched: HatchedClient) -> None:
    assert_type(hatched.webhooks.list(), tuple[models.WebhookEndpoint, ...])
    endpoint = hatched.webhooks.create(url="https://example.com/hook", events=["badge.awarded"])
    assert_type(endpoint.secret, str | None)
    page = hatched.webhooks.deliveries(endpoint.id, status=models.DeliveryStatus.FAILED, limit=10)
    assert_type(page.next_cursor, str | None)
    for delivery in hatched.webhooks.iter_deliveries(endpoint.id):
        assert_type(delivery, models.WebhookDelivery)
    assert_type(hatched.webhooks.replay("w", "d"), models.DeliveryReceipt)
    assert_type(hatched.webhooks.redeliver("w", "d"), models.DeliveryReceipt)
    hatched.webhooks.delete("w")
    assert_type(hatched.webhooks.verify_signature(b"{}", "sha256=00", ["old", "new"], timestamp="1"), bool)


def gates(hatched: HatchedClient) -> None:
    assert_type(hatched.gates.list(), models.TokenGates)
    assert_type(hatched.gates.unlock("b", "gate"), models.UnlockResult)
    assert_type(hatched.gates.unlocks("b"), models.BuddyUnlocks)


def paths(hatched: HatchedClient) -> None:
    assert_type(hatched.paths.list(audience="students"), tuple[models.PathDefinition, ...])
    assert_type(hatched.paths.get("p"), models.PathDefinitionWithSteps)
    created = hatched.paths.create(key="k", label="l", icon=models.PathIcon("map"), is_active=True)
    assert_type(created, models.PathDefinition)
    assert_type(hatched.paths.update("p", label="l"), models.PathDefinition)
    assert_type(hatched.paths.set_active("p", is_active=True), models.PathDefinition)
    condition = {"type": "event_count", "count": 3}
    step = hatched.paths.add_step("p", key="k", label="l", ordinal=1, completion_condition=condition)
    assert_type(step, models.PathStep)
    assert_type(hatched.paths.update_step("p", "s", ordinal=2), models.PathStep)
    ordering = [models.PathOrdinal(id="s", ordinal=1)]
    assert_type(hatched.paths.reorder_steps("p", ordering=ordering), tuple[models.PathStep, ...])
    assert_type(hatched.paths.add_sub_step("p", "s", key="k", label="l", ordinal=1), models.PathSubStep)
    assert_type(hatched.paths.update_sub_step("p", "s", "t", reward_coins=5), models.PathSubStep)
    assert_type(hatched.paths.reorder_sub_steps("p", "s", ordering=ordering), tuple[models.PathSubStep, ...])
    hatched.paths.delete_sub_step("p", "s", "t")
    hatched.paths.delete_step("p", "s")
    hatched.paths.delete("p")
    assert_type(hatched.paths.get_for_buddy("b", "p"), models.PathRuntimePayload)
    assert_type(hatched.paths.complete_sub_step("b", "p", "t"), models.ManualCompleteResult)
