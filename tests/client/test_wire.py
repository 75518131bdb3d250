"""Every call on the wire: what leaves, to the byte that matters, and what the documented answer becomes.

The table is written out by hand, not derived from `hatched.routes`: it is the second opinion. Bodies of
answers are those of the SDK reference in snake_case; an inferred one is our reading of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, NamedTuple
from uuid import UUID

import httpx
import pytest

import hatched
from hatched import models
from hatched.models import SendEventParams, SkillUpdate
from hatched.routes import ROUTES

BASE = "http://localhost/api/v1"
T1, T2 = "2026-04-22T10:30:00Z", "2026-04-23T00:00:00Z"

EGG = {
    "egg_id": "egg_1",
    "user_id": "user_42",
    "status": "waiting",
    "visual_variant": 3,
    "config_version_id": "cfg_1",
    "buddy_id": None,
    "metadata": {"cohortName": "A", "audience": "student"},
    "created_at": T1,
}
BUDDY = {
    "id": "bdy_1",
    "customer_id": "cus_1",
    "user_id": "user_42",
    "audience": "default",
    "name": "Pip",
    "config_version_id": "cfg_1",
    "evolution_stage": 2,
    "coins": 120,
    "status": "active",
    "skills": {"readingSpeed": 7.5},
    "tokens": {"gems": 120, "mana": 9},
    "progression": {
        "xp": 42,
        "total_skill_level": 42,
        "badge_count": 3,
        "item_count": 1,
        "current_streak": 5,
        "longest_streak": 9,
        "custom_counters": {"lesson_completed": 25},
    },
    "image_url": "https://cdn.example/a.png",
    "base_image_url": "https://cdn.example/b.png",
    "thumb_url": None,
    "equipped_items": [{"item_id": "itm_1", "name": "Hat", "image_url": None}],
    "appearance": {
        "status": "failed",
        "operation_id": None,
        "desired_equipped_item_ids": ["itm_1"],
        "rendered_equipped_item_ids": [],
        "retryable": True,
        "message": "try again",
        "error": {"code": "needs_rerender"},
    },
    "created_at": T1,
    "updated_at": T2,
}
LEDGER = {
    "buddy_id": "bdy_1",
    "amount": 50,
    "balance": 170,
    "reason": "bonus",
    "reference_id": "ref_1",
    "ledger_id": "led_1",
    "is_lucky": False,
}
BADGE = {"badge_key": "scholar", "label": "Scholar", "status": "awarded", "reason": "top", "awarded_at": T1}
ITEM = {
    "item_id": "itm_1",
    "name": "Hat",
    "category": "head",
    "image_url": None,
    "price": 50,
    "balance": 70,
    "equipped": False,
    "purchased_at": T1,
}
EFFECTS = {
    "coins": 10,
    "badges_awarded": ["first_lesson"],
    "badges_ready": ["scholar"],
    "tokens": ["gems:5"],
    "evolution_ready": True,
    "streak_milestones": [7],
    "streak_updates": [
        {
            "definition_key": "daily",
            "label": "Daily",
            "icon": "flame",
            "current": 7,
            "longest": 9,
            "milestone_hit": 7,
            "hero": True,
        }
    ],
    "path_updates": [
        {
            "path_key": "intro",
            "sub_step_completed": {
                "path_key": "intro",
                "step_key": "s1",
                "sub_step_key": "a",
                "reward_coins": 5,
                "reward_badge_key": None,
            },
            "step_completed": {"path_key": "intro", "step_key": "s1", "reward_coins": 20, "reward_badge_key": "b"},
            "path_completed": {"path_key": "intro"},
        }
    ],
    "debug_reason": None,
}
OPERATION = {
    "operation_id": "op_1",
    "type": "hatch",
    "status": "completed",
    "result": {"buddy_id": "bdy_1"},
    "error": None,
    "created_at": T1,
    "updated_at": T2,
}
ENDPOINT = {
    "id": "wh_1",
    "url": "https://example.com/hook",
    "events": ["badge.awarded"],
    "active": True,
    "status": "active",
    "secret": "whsec_1",
    "masked_secret": "whsec_…1",
    "created_at": T1,
    "updated_at": T1,
}
DELIVERY = {
    "id": "dlv_1",
    "endpoint_id": "wh_1",
    "event": "badge.awarded",
    "event_type": "badge.awarded",
    "status": "succeeded",
    "response_code": 200,
    "response_status": 200,
    "attempt": 1,
    "attempts": 1,
    "duration_ms": 12.5,
    "error_message": None,
    "created_at": T1,
    "timestamp": T1,
    "last_attempt_at": T1,
}
RECEIPT = {"delivery_id": "dlv_1", "status": "pending"}
GATE = {
    "id": "gat_1",
    "gate_key": "vip",
    "token_key": "gems",
    "cost": 100,
    "label": "VIP",
    "description": None,
    "metadata": {"doorColor": "red"},
    "is_active": True,
    "created_at": T1,
    "updated_at": T1,
}
PATH = {
    "id": "pth_1",
    "customer_id": "cus_1",
    "audience": "default",
    "key": "intro",
    "label": "Intro",
    "description": None,
    "icon": "star",
    "accent_color": "#ff0000",
    "display_mode": "zigzag",
    "is_active": True,
    "created_at": T1,
    "updated_at": T1,
}
CONDITION = {"type": "event_count", "config": {"eventType": "lesson_completed", "count": 3}}
STEP = {
    "id": "stp_1",
    "path_definition_id": "pth_1",
    "key": "s1",
    "label": "First",
    "description": None,
    "icon": None,
    "ordinal": 1,
    "unlock_condition": {"minLevel": 2},
    "completion_condition": CONDITION,
    "reward_coins": 20,
    "reward_badge_key": None,
    "is_active": True,
    "created_at": T1,
    "updated_at": T1,
}
SUB_STEP = {
    "id": "sub_1",
    "path_step_id": "stp_1",
    "key": "a",
    "label": "Read",
    "description": None,
    "ordinal": 1,
    "completion_condition": None,
    "allow_manual_complete": True,
    "allow_skip_ahead": False,
    "reward_coins": 5,
    "reward_badge_key": None,
    "content_url": "https://example.com/a",
    "cta_label": "Go",
    "is_active": True,
    "created_at": T1,
    "updated_at": T1,
}
RUNTIME = {
    "definition": {
        "key": "intro",
        "label": "Intro",
        "description": None,
        "icon": "star",
        "accent_color": None,
        "display_mode": "stepper",
    },
    "steps": [
        {
            "id": "stp_1",
            "key": "s1",
            "label": "First",
            "description": None,
            "icon": None,
            "ordinal": 1,
            "reward_coins": 20,
            "reward_badge_key": None,
            "is_active": True,
            "unlocked": True,
            "completed": False,
            "sub_steps": [
                {
                    "id": "sub_1",
                    "key": "a",
                    "label": "Read",
                    "description": None,
                    "ordinal": 1,
                    "reward_coins": 5,
                    "reward_badge_key": None,
                    "content_url": None,
                    "cta_label": None,
                    "allow_manual_complete": True,
                    "allow_skip_ahead": False,
                    "is_active": True,
                    "status": "available",
                    "completed_at": None,
                }
            ],
        }
    ],
    "current_step_key": "s1",
    "completed": False,
    "completed_at": None,
}
EVOLUTION = {
    "id": "evo_1",
    "buddy_id": "bdy_1",
    "from_stage": 1,
    "to_stage": 2,
    "triggered_by_event_id": "evt_1",
    "image_url": None,
    "source": "auto",
    "metadata": {},
    "occurred_at": T1,
}
GEMS = {
    "kind": "primary",
    "key": "gems",
    "label": "Gems",
    "balance": 120,
    "lifetime_earned": 200,
    "lifetime_spent": 80,
}
PROGRESSION = BUDDY["progression"]
EVENT = {"event_id": "e1", "user_id": "user_42", "type": "lesson_completed"}


class Row(NamedTuple):
    """One call: how it is made, what must leave, what is answered, and the model that this becomes."""

    route: str
    call: Callable[[Any], Any]
    sent: str
    body: Any
    answer: Any
    model: Any


TABLE = [
    Row("health", lambda c: c.health(), "GET /health", None, {"status": "ok", "version": "1"}, models.Health),
    # --- eggs
    Row(
        "eggs.create",
        lambda c: c.eggs.create(user_id="user_42", metadata={"cohortName": "A"}, ensure=True, audience="student"),
        "POST /eggs?ensure=true",
        {"user_id": "user_42", "metadata": {"cohortName": "A", "audience": "student"}},
        EGG,
        models.Egg,
    ),
    Row("eggs.get", lambda c: c.eggs.get("egg_1"), "GET /eggs/egg_1", None, EGG, models.Egg),
    Row(
        "eggs.list",
        lambda c: c.eggs.list(user_id="user_42", status="ready", page=2, limit=10),
        "GET /eggs?user_id=user_42&status=ready&page=2&limit=10",
        None,
        [EGG, EGG],
        models.Egg,
    ),
    Row(
        "eggs.update_status",
        lambda c: c.eggs.update_status("egg_1", status="ready"),
        "PATCH /eggs/egg_1/status",
        {"status": "ready"},
        {"egg_id": "egg_1", "status": "ready", "previous_status": "waiting"},
        models.EggStatusChange,
    ),
    Row(
        "eggs.hatch",
        lambda c: c.eggs.hatch("egg_1"),
        "POST /eggs/egg_1/hatch",
        None,
        {"operation_id": "op_1", "status": "pending"},
        models.HatchResult,
    ),
    # --- buddies
    Row("buddies.get", lambda c: c.buddies.get("bdy_1"), "GET /buddies/bdy_1", None, BUDDY, models.Buddy),
    Row(
        "buddies.list",
        lambda c: c.buddies.list(
            user_id="user_42", status="active", evolution_stage=2, page=1, limit=5, sort="name", order="desc"
        ),
        "GET /buddies?user_id=user_42&status=active&evolution_stage=2&page=1&limit=5&sort=name&order=desc",
        None,
        {"data": [BUDDY], "meta": {"total": 1, "page": 1, "limit": 5}},
        models.BuddyList,
    ),
    Row(
        "buddies.update_name",
        lambda c: c.buddies.update_name("bdy_1", name="Pip"),
        "PATCH /buddies/bdy_1",
        {"name": "Pip"},
        BUDDY,
        models.Buddy,
    ),
    Row(
        "buddies.archive",
        lambda c: c.buddies.archive("bdy_1"),
        "POST /buddies/bdy_1/archive",
        None,
        BUDDY,
        models.Buddy,
    ),
    Row(
        "buddies.update_skills",
        lambda c: c.buddies.update_skills(
            "bdy_1",
            updates=[
                SkillUpdate(key="focus", action="increase", amount=5),
                {"key": "grit", "action": "set", "value": 3},
            ],
        ),
        "PATCH /buddies/bdy_1/skills",
        {
            "updates": [
                {"key": "focus", "action": "increase", "amount": 5},
                {"key": "grit", "action": "set", "value": 3},
            ]
        },
        {"buddy_id": "bdy_1", "skills": {"focus": 5, "grit": 3}},
        models.SkillsSnapshot,
    ),
    *(
        Row(
            "buddies.earn",
            lambda c, name=name: getattr(c.buddies, name)(
                "bdy_1", amount=50, reason="bonus", reference_id="ref_1", token="gems"
            ),
            "POST /buddies/bdy_1/coins",
            {"amount": 50, "reason": "bonus", "reference_id": "ref_1", "token": "gems"},
            LEDGER,
            models.LedgerEntry,
        )
        for name in ("earn", "earn_coins")
    ),
    Row(
        "buddies.spend",
        lambda c: c.buddies.spend("bdy_1", amount=50, reason="bonus", item_id="itm_1"),
        "POST /buddies/bdy_1/coins/spend",
        {"amount": 50, "reason": "bonus", "item_id": "itm_1"},
        LEDGER,
        models.LedgerEntry,
    ),
    Row(
        "buddies.award_badge",
        lambda c: c.buddies.award_badge("bdy_1", "scholar", reason="top"),
        "POST /buddies/bdy_1/badges",
        {"badge_key": "scholar", "reason": "top"},
        BADGE,
        models.BuddyBadge,
    ),
    Row(
        "buddies.get_badges",
        lambda c: c.buddies.get_badges("bdy_1"),
        "GET /buddies/bdy_1/badges",
        None,
        [BADGE],
        models.BuddyBadge,
    ),
    Row(
        "buddies.equip",
        lambda c: c.buddies.equip("bdy_1", equip=["itm_1"], unequip=("itm_2", "itm_3")),
        "POST /buddies/bdy_1/equip",
        {"equip": ["itm_1"], "unequip": ["itm_2", "itm_3"]},
        {
            "accepted": True,
            "operation_id": None,
            "status": "completed",
            "appearance_status": "ready",
            "cached": True,
        },
        models.EquipItemsResult,
    ),
    Row(
        "buddies.rerender_appearance",
        lambda c: c.buddies.rerender_appearance("bdy_1"),
        "POST /buddies/bdy_1/appearance/rerender",
        None,
        {"accepted": True, "operation_id": "op_1", "status": "pending", "appearance_status": "pending"},
        models.RerenderAppearanceResult,
    ),
    Row(
        "buddies.purchase_item",
        lambda c: c.buddies.purchase_item("bdy_1", "itm_1"),
        "POST /buddies/bdy_1/items/itm_1/purchase",
        None,
        ITEM,
        models.PurchasedItem,
    ),
    Row(
        "buddies.get_purchased_items",
        lambda c: c.buddies.get_purchased_items("bdy_1"),
        "GET /buddies/bdy_1/items",
        None,
        [ITEM],
        models.PurchasedItem,
    ),
    Row(
        "buddies.get_evolution",
        lambda c: c.buddies.get_evolution("bdy_1"),
        "GET /buddies/bdy_1/evolution",
        None,
        {"buddy_id": "bdy_1", "evolution_stage": 2, "next_stage": 3, "max_stage": 5, "evolution_ready": False},
        models.EvolutionState,
    ),
    Row(
        "buddies.evolve",
        lambda c: c.buddies.evolve("bdy_1"),
        "POST /buddies/bdy_1/evolve",
        None,
        {"operation_id": "op_1", "status": "pending"},
        models.EvolveResult,
    ),
    Row(
        "buddies.get_progression",
        lambda c: c.buddies.get_progression("bdy_1"),
        "GET /buddies/bdy_1/progression",
        None,
        PROGRESSION,
        models.ProgressionSnapshot,
    ),
    Row(
        "buddies.tokens",
        lambda c: c.buddies.tokens("bdy_1"),
        "GET /buddies/bdy_1/tokens",
        None,
        {"primary": GEMS, "progression": None},
        models.TokensSummary,
    ),
    Row(
        "buddies.evolutions",
        lambda c: c.buddies.evolutions("bdy_1", page=2, limit=1),
        "GET /buddies/bdy_1/evolutions?page=2&limit=1",
        None,
        {"data": [EVOLUTION], "pagination": {"page": 2, "limit": 1, "total": 2}},
        models.EvolutionPage,
    ),
    Row(
        "buddies.get_user_summary",
        lambda c: c.buddies.get_user_summary("user_42"),
        "GET /users/user_42/summary",
        None,
        {"user_id": "user_42", "buddies": [BUDDY]},
        models.UserSummary,
    ),
    # --- events
    Row(
        "events.send",
        lambda c: c.events.send(
            event_id="e1",
            user_id="user_42",
            type="lesson_completed",
            audience="student",
            occurred_at=T1,
            properties={"lessonId": "lesson_17", "durationMs": 300_000, "score": 0.92},
        ),
        "POST /events",
        {
            **EVENT,
            "audience": "student",
            "occurred_at": T1,
            "properties": {"lessonId": "lesson_17", "durationMs": 300_000, "score": 0.92},
        },
        EFFECTS,
        models.EventEffects,
    ),
    Row(
        "events.send_batch",
        lambda c: c.events.send_batch(
            [SendEventParams(**EVENT), {**EVENT, "event_id": "e2"}, {"eventId": "e3", "userId": "user_42", "type": "t"}]
        ),
        "POST /events/batch",
        {"events": [EVENT, {**EVENT, "event_id": "e2"}, {"event_id": "e3", "user_id": "user_42", "type": "t"}]},
        {"results": [EFFECTS, EFFECTS, EFFECTS]},
        models.BatchResult,
    ),
    # --- operations
    Row(
        "operations.get", lambda c: c.operations.get("op_1"), "GET /operations/op_1", None, OPERATION, models.Operation
    ),
    Row(
        "operations.get", lambda c: c.operations.wait("op_1"), "GET /operations/op_1", None, OPERATION, models.Operation
    ),
    # --- tokens for browsers
    Row(
        "widget_sessions.create",
        lambda c: c.widget_sessions.create(buddy_id="bdy_1", user_id="user_42", scopes=["read"], ttl_seconds=60),
        "POST /widget-sessions",
        {"buddy_id": "bdy_1", "user_id": "user_42", "scopes": ["read"], "ttl_seconds": 60},
        {"token": "eyJ.x.y", "session_id": "ses_1", "expires_at": T1, "scopes": ["read"]},
        models.SessionToken,
    ),
    Row(
        "widget_sessions.revoke",
        lambda c: c.widget_sessions.revoke("ses_1"),
        "DELETE /widget-sessions/ses_1",
        None,
        None,
        None,
    ),
    Row(
        "embed_tokens.create",
        lambda c: c.embed_tokens.create(buddy_id="bdy_1", user_id="user_42", ttl_seconds=60),
        "POST /embed-tokens",
        {"buddy_id": "bdy_1", "user_id": "user_42", "ttl_seconds": 60},
        {"token": "eyJ.x.y", "expires_at": T1, "mode": "read-only"},
        models.EmbedToken,
    ),
    # --- webhooks
    Row("webhooks.list", lambda c: c.webhooks.list(), "GET /webhook-configs", None, [ENDPOINT], models.WebhookEndpoint),
    Row(
        "webhooks.create",
        lambda c: c.webhooks.create(url="https://example.com/hook", events=["badge.awarded"], description="d"),
        "POST /webhook-configs",
        {"url": "https://example.com/hook", "events": ["badge.awarded"], "description": "d"},
        ENDPOINT,
        models.WebhookEndpoint,
    ),
    Row("webhooks.delete", lambda c: c.webhooks.delete("wh_1"), "DELETE /webhook-configs/wh_1", None, None, None),
    Row(
        "webhooks.deliveries",
        lambda c: c.webhooks.deliveries("wh_1", status="failed", cursor="c=1&x", limit=3),
        "GET /webhook-configs/wh_1/deliveries?status=failed&cursor=c%3D1%26x&limit=3",
        None,
        {"data": [DELIVERY], "next_cursor": "c2"},
        models.DeliveryPage,
    ),
    Row(
        "webhooks.replay",
        lambda c: c.webhooks.replay("wh_1", "dlv_1"),
        "POST /webhook-configs/wh_1/deliveries/dlv_1/replay",
        None,
        RECEIPT,
        models.DeliveryReceipt,
    ),
    Row(
        "webhooks.redeliver",
        lambda c: c.webhooks.redeliver("wh_1", "dlv_1"),
        "POST /webhook-configs/wh_1/deliveries/dlv_1/redeliver",
        None,
        RECEIPT,
        models.DeliveryReceipt,
    ),
    # --- gates
    Row("gates.list", lambda c: c.gates.list(), "GET /gates", None, {"gates": [GATE]}, models.TokenGates),
    Row(
        "gates.unlock",
        lambda c: c.gates.unlock("bdy_1", "vip"),
        "POST /buddies/bdy_1/gates/vip/unlock",
        None,
        {
            "gate_key": "vip",
            "unlocked": True,
            "already_unlocked": False,
            "unlocked_at": T1,
            "balance_after": 20,
            "metadata": {"doorColor": "red"},
        },
        models.UnlockResult,
    ),
    Row(
        "gates.unlocks",
        lambda c: c.gates.unlocks("bdy_1"),
        "GET /buddies/bdy_1/unlocks",
        None,
        {"unlocks": [{"gate_key": "vip", "unlocked_at": T1, "metadata": {}}]},
        models.BuddyUnlocks,
    ),
    # --- paths
    Row(
        "paths.list",
        lambda c: c.paths.list(audience="student"),
        "GET /paths?audience=student",
        None,
        [PATH],
        models.PathDefinition,
    ),
    Row(
        "paths.get",
        lambda c: c.paths.get("pth_1"),
        "GET /paths/pth_1",
        None,
        {**PATH, "steps": [{**STEP, "sub_steps": [SUB_STEP]}]},
        models.PathDefinitionWithSteps,
    ),
    Row(
        "paths.create",
        lambda c: c.paths.create(
            key="intro",
            label="Intro",
            audience="student",
            description="d",
            icon="star",
            accent_color="#ff0000",
            display_mode=models.PathDisplayMode.ZIGZAG,
            is_active=False,
        ),
        "POST /paths",
        {
            "key": "intro",
            "label": "Intro",
            "audience": "student",
            "description": "d",
            "icon": "star",
            "accent_color": "#ff0000",
            "display_mode": "zigzag",
            "is_active": False,
        },
        PATH,
        models.PathDefinition,
    ),
    Row(
        "paths.update",
        lambda c: c.paths.update("pth_1", label="Neu"),
        "PATCH /paths/pth_1",
        {"label": "Neu"},
        PATH,
        models.PathDefinition,
    ),
    Row("paths.delete", lambda c: c.paths.delete("pth_1"), "DELETE /paths/pth_1", None, None, None),
    Row(
        "paths.set_active",
        lambda c: c.paths.set_active("pth_1", is_active=True),
        "PATCH /paths/pth_1/active",
        {"is_active": True},
        PATH,
        models.PathDefinition,
    ),
    Row(
        "paths.add_step",
        lambda c: c.paths.add_step(
            "pth_1",
            key="s1",
            label="First",
            ordinal=1,
            unlock_condition={"minLevel": 2},
            completion_condition=CONDITION,
            reward_coins=20,
        ),
        "POST /paths/pth_1/steps",
        {
            "key": "s1",
            "label": "First",
            "ordinal": 1,
            "unlock_condition": {"minLevel": 2},
            "completion_condition": CONDITION,
            "reward_coins": 20,
        },
        STEP,
        models.PathStep,
    ),
    Row(
        "paths.update_step",
        lambda c: c.paths.update_step("pth_1", "stp_1", icon="x", reward_badge_key="b", is_active=False),
        "PATCH /paths/pth_1/steps/stp_1",
        {"icon": "x", "reward_badge_key": "b", "is_active": False},
        STEP,
        models.PathStep,
    ),
    Row(
        "paths.delete_step",
        lambda c: c.paths.delete_step("pth_1", "stp_1"),
        "DELETE /paths/pth_1/steps/stp_1",
        None,
        None,
        None,
    ),
    Row(
        "paths.reorder_steps",
        lambda c: c.paths.reorder_steps(
            "pth_1", ordering=[{"id": "stp_1", "ordinal": 2}, models.PathOrdinal(id="stp_2", ordinal=1)]
        ),
        "PATCH /paths/pth_1/steps/reorder",
        {"ordering": [{"id": "stp_1", "ordinal": 2}, {"id": "stp_2", "ordinal": 1}]},
        [STEP],
        models.PathStep,
    ),
    Row(
        "paths.add_sub_step",
        lambda c: c.paths.add_sub_step(
            "pth_1",
            "stp_1",
            key="a",
            label="Read",
            ordinal=1,
            completion_condition=models.PathCondition(type="milestone", config={"atLeast": 1}),
            allow_manual_complete=True,
            allow_skip_ahead=False,
            content_url="https://example.com/a",
            cta_label="Go",
        ),
        "POST /paths/pth_1/steps/stp_1/sub-steps",
        {
            "key": "a",
            "label": "Read",
            "ordinal": 1,
            "completion_condition": {"type": "milestone", "config": {"atLeast": 1}},
            "allow_manual_complete": True,
            "allow_skip_ahead": False,
            "content_url": "https://example.com/a",
            "cta_label": "Go",
        },
        SUB_STEP,
        models.PathSubStep,
    ),
    Row(
        "paths.update_sub_step",
        lambda c: c.paths.update_sub_step("pth_1", "stp_1", "sub_1", ordinal=3, reward_coins=0),
        "PATCH /paths/pth_1/steps/stp_1/sub-steps/sub_1",
        {"ordinal": 3, "reward_coins": 0},
        SUB_STEP,
        models.PathSubStep,
    ),
    Row(
        "paths.delete_sub_step",
        lambda c: c.paths.delete_sub_step("pth_1", "stp_1", "sub_1"),
        "DELETE /paths/pth_1/steps/stp_1/sub-steps/sub_1",
        None,
        None,
        None,
    ),
    Row(
        "paths.reorder_sub_steps",
        lambda c: c.paths.reorder_sub_steps("pth_1", "stp_1", ordering=[{"id": "sub_1", "ordinal": 2}]),
        "PATCH /paths/pth_1/steps/stp_1/sub-steps/reorder",
        {"ordering": [{"id": "sub_1", "ordinal": 2}]},
        [SUB_STEP],
        models.PathSubStep,
    ),
    Row(
        "paths.get_for_buddy",
        lambda c: c.paths.get_for_buddy("bdy_1", "intro"),
        "GET /buddies/bdy_1/paths/intro",
        None,
        RUNTIME,
        models.PathRuntimePayload,
    ),
    Row(
        "paths.complete_sub_step",
        lambda c: c.paths.complete_sub_step("bdy_1", "intro", "a"),
        "POST /buddies/bdy_1/paths/intro/sub-steps/a/complete",
        None,
        {
            "already_completed": False,
            "sub_step_key": "a",
            "step_key": "s1",
            "step_completed": True,
            "path_completed": False,
            "reward_coins": 5,
            "reward_badge_key": None,
        },
        models.ManualCompleteResult,
    ),
]


def rows(condition: Callable[[Row], bool] = lambda row: True) -> Any:
    """The rows of the table that a test is about."""
    chosen = [row for row in TABLE if condition(row)]
    return pytest.mark.parametrize("row", chosen, ids=[f"{row.route}: {row.sent}" for row in chosen])


@pytest.fixture
def client(colour: Any, wire: Any) -> Any:
    """A client on a network of which the test is the other end."""
    return colour.client(base_url=BASE)


def expect(wire: Any, answer: Any, **response: Any) -> None:
    """Answer every request with this."""
    if answer is None:
        wire.route().respond(204)
    else:
        wire.route().respond(json=answer, **response)


def sent(wire: Any) -> httpx.Request:
    """The one request that left."""
    (call,) = wire.calls
    return call.request


def body(wire: Any) -> Any:
    return json.loads(sent(wire).content)


def plain(result: Any) -> Any:
    """A result as JSON data."""
    if isinstance(result, tuple):
        return [hatched.to_dict(one) for one in result]
    return None if result is None else hatched.to_dict(result)


def test_the_table_has_a_row_for_every_route() -> None:
    assert {row.route for row in TABLE} == set(ROUTES)


@rows()
async def test_the_request_is_the_documented_one(colour: Any, client: Any, wire: Any, row: Row) -> None:
    expect(wire, row.answer)
    await colour.run(row.call(client))
    request = sent(wire)
    assert f"{request.method} {request.url.raw_path.decode().removeprefix('/api/v1')}" == row.sent
    assert (json.loads(request.content) if request.content else None) == row.body


@rows()
async def test_the_documented_answer_becomes_the_model_and_loses_nothing(
    colour: Any, client: Any, wire: Any, row: Row
) -> None:
    expect(wire, row.answer)
    result = await colour.run(row.call(client))
    kinds = {type(one) for one in (result if isinstance(result, tuple) else [result])}
    assert kinds == {row.model or type(None)}
    assert plain(result) == row.answer


@rows(lambda row: isinstance(row.answer, dict))
async def test_fields_of_tomorrow_are_kept(colour: Any, client: Any, wire: Any, row: Row) -> None:
    expect(wire, {**row.answer, "brand_new": {"deep": 1}})
    result = await colour.run(row.call(client))
    assert result.extra == {"brand_new": {"deep": 1}}


@rows(lambda row: row.route.startswith(("eggs.", "events.", "webhooks.")))
async def test_the_headers_say_who_calls_and_what_is_sent(colour: Any, client: Any, wire: Any, row: Row) -> None:
    expect(wire, row.answer)
    await colour.run(row.call(client))
    headers = sent(wire).headers
    assert headers["authorization"] == "Bearer hatch_test_0123456789abcdef"
    assert headers["accept"] == "application/json"
    assert re.fullmatch(r"hatched-python/\S+", headers["user-agent"])
    assert UUID(headers["x-request-id"]).version == 4
    assert headers.get("content-type") == (None if row.body is None else "application/json")


@rows()
async def test_every_write_carries_an_idempotency_key_and_no_read_does(
    colour: Any, client: Any, wire: Any, row: Row
) -> None:
    expect(wire, row.answer)
    await colour.run(row.call(client))
    key = sent(wire).headers.get("idempotency-key")
    assert (key is None) == row.sent.startswith("GET")
    assert key is None or UUID(key).version == 4


@rows(lambda row: row.route.startswith(("eggs.", "events.", "webhooks.")) and row.answer is not None)
async def test_any_2xx_is_a_success(colour: Any, client: Any, wire: Any, row: Row) -> None:
    expect(wire, row.answer, status_code=202)
    assert plain(await colour.run(row.call(client))) == row.answer


@rows(lambda row: row.answer is None)
async def test_a_deletion_may_be_answered_with_a_body(colour: Any, client: Any, wire: Any, row: Row) -> None:
    expect(wire, {"deleted": True})
    assert await colour.run(row.call(client)) is None


@rows(lambda row: isinstance(row.answer, list))
async def test_a_list_may_be_wrapped_in_data(colour: Any, client: Any, wire: Any, row: Row) -> None:
    expect(wire, {"data": row.answer})
    assert plain(await colour.run(row.call(client))) == row.answer


async def test_a_filter_that_is_not_given_is_not_sent(colour: Any, client: Any, wire: Any) -> None:
    expect(wire, [])
    await colour.run(client.eggs.list())
    assert sent(wire).url == f"{BASE}/eggs"


@pytest.mark.parametrize(
    ("effects", "debug_reason"),
    [
        ({"effects": EFFECTS}, None),
        ({"effects": {}, "debug_reason": "no_matching_rules"}, "no_matching_rules"),
        ({"debug_reason": "no_active_buddies_for_user"}, "no_active_buddies_for_user"),
        ({"effects": {}, "debug_reason": "of_tomorrow"}, "of_tomorrow"),
    ],
)
async def test_effects_are_read_nested_or_flat(
    colour: Any, client: Any, wire: Any, effects: Any, debug_reason: str | None
) -> None:
    expect(wire, effects)
    assert (await colour.run(client.events.send(user_id="u", type="t"))).debug_reason == debug_reason


# --- options of one request ---------------------------------------------------------------------------


async def test_the_options_of_a_request_reach_the_wire(colour: Any, client: Any, wire: Any) -> None:
    expect(wire, EFFECTS)
    await colour.run(
        client.events.send(user_id="u", type="t", headers={"X-Tag": "1"}, idempotency_key="k-1", request_id="r-1")
    )
    headers = sent(wire).headers
    assert (headers["x-tag"], headers["idempotency-key"], headers["x-request-id"]) == ("1", "k-1", "r-1")


async def test_headers_of_a_request_win_over_those_of_a_copy_and_of_the_client(colour: Any, wire: Any) -> None:
    client = colour.client(base_url=BASE, headers={"a": "client", "b": "client", "c": "client"})
    expect(wire, EGG)
    await colour.run(client.with_options(headers={"B": "copy", "C": "copy"}).eggs.get("e", headers={"c": "request"}))
    headers = sent(wire).headers
    assert (headers["a"], headers["b"], headers["c"]) == ("client", "copy", "request")


async def test_on_response_gets_what_support_asks_for(colour: Any, client: Any, wire: Any) -> None:
    expect(wire, EGG, headers={"x-request-id": "r-9", "x-ratelimit-remaining": "7"})
    seen: list[hatched.ResponseInfo] = []
    await colour.run(client.eggs.get("e", on_response=seen.append))
    (info,) = seen
    assert (info.route, info.status_code, info.request_id, info.attempts) == ("eggs.get", 200, "r-9", 1)
    assert info.rate_limit is not None
    assert info.rate_limit.remaining == 7


async def test_on_response_is_called_before_an_error_is_raised(colour: Any, client: Any, wire: Any) -> None:
    wire.route().respond(404, json={"error": {"code": "resource_not_found", "message": "no"}})
    seen: list[hatched.ResponseInfo] = []
    with pytest.raises(hatched.NotFoundError):
        await colour.run(client.eggs.get("e", on_response=seen.append))
    assert [info.status_code for info in seen] == [404]


# --- ids of events ------------------------------------------------------------------------------------


@pytest.fixture
def flaky(colour: Any, wire: Any, clock: Any) -> Any:
    """A client whose first two attempts fail."""
    wire.route().mock(
        side_effect=[httpx.Response(503), httpx.ReadError, httpx.Response(200, json={"results": [], **EFFECTS})]
    )
    return colour.client(base_url=BASE, clock=clock)


SENDING = {
    "send": lambda client: client.events.send(user_id="u", type="t"),
    "send_batch": lambda client: client.events.send_batch(
        [{"userId": "u", "type": "t"}, {"user_id": "u", "type": "t"}]
    ),
}


@pytest.mark.parametrize("sending", SENDING.values(), ids=SENDING)
async def test_a_minted_event_id_and_the_keys_stay_the_same_over_retries(
    colour: Any, flaky: Any, wire: Any, sending: Any
) -> None:
    await colour.run(sending(flaky))
    attempts = [
        (call.request.content, call.request.headers["idempotency-key"], call.request.headers["x-request-id"])
        for call in wire.calls
    ]
    assert len(attempts) == 3
    assert len(set(attempts)) == 1


async def test_a_minted_event_id_is_a_new_uuid_for_each_call(colour: Any, client: Any, wire: Any) -> None:
    expect(wire, EFFECTS)
    for _ in range(2):
        await colour.run(client.events.send(user_id="u", type="t"))
    first, second = (UUID(json.loads(call.request.content)["event_id"]) for call in wire.calls)
    assert first.version == second.version == 5
    assert first != second


async def test_a_call_repeated_with_its_idempotency_key_repeats_its_minted_event_id(
    colour: Any, client: Any, wire: Any
) -> None:
    expect(wire, EFFECTS)
    for key in ("k1", "k1", "k2"):
        await colour.run(client.events.send(user_id="u", type="t", idempotency_key=key))
    bodies = [call.request.content for call in wire.calls]
    assert bodies[0] == bodies[1] != bodies[2]


async def test_each_event_of_a_batch_gets_an_id_of_its_own(colour: Any, client: Any, wire: Any) -> None:
    expect(wire, {"results": []})
    await colour.run(client.events.send_batch([{"user_id": "u", "type": "t"}] * 3))
    assert len({event["event_id"] for event in body(wire)["events"]}) == 3


async def test_a_batch_leaves_the_callers_events_as_they_were(colour: Any, client: Any, wire: Any) -> None:
    expect(wire, {"results": []})
    mine = [{"userId": "u", "type": "t"}]
    await colour.run(client.events.send_batch(mine))
    assert mine == [{"userId": "u", "type": "t"}]


async def test_an_empty_event_id_is_refused_for_it_would_not_protect_a_retry(
    colour: Any, client: Any, wire: Any
) -> None:
    expect(wire, EFFECTS)
    with pytest.raises(ValueError, match="event_id"):
        await colour.run(client.events.send(user_id="u", type="t", event_id=""))
    assert not wire.calls


# --- what a batch may be ------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 100])
async def test_a_batch_takes_1_to_100_events(colour: Any, client: Any, wire: Any, count: int) -> None:
    expect(wire, {"results": []})
    await colour.run(client.events.send_batch([{"user_id": "u", "type": "t"}] * count))
    assert len(body(wire)["events"]) == count


@pytest.mark.parametrize("words", ["at most 100 events", "got 101", "import_all"])
async def test_101_events_are_refused_with_the_limit_and_the_way_out(
    colour: Any, client: Any, wire: Any, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        await colour.run(client.events.send_batch([{"user_id": "u", "type": "t"}] * 101))
    assert not wire.calls


@pytest.mark.parametrize(
    ("events", "error", "words"),
    [
        ([], ValueError, "at least one"),
        ("abc", TypeError, "a list of events, not str"),
        ({"user_id": "u"}, TypeError, "a list of events, not dict"),
        (None, TypeError, "a list of events, not NoneType"),
        ((event for event in ()), TypeError, "a list of events, not generator"),
        ([{"user_id": "u", "type": "t"}, {"user_id": "u"}], TypeError, r"events\[1\].*type"),
        ([{"user_id": "u", "type": "t", "usr": 1}], TypeError, r"events\[0\].*no field 'usr'"),
        ([{"user_id": 1, "type": "t"}], TypeError, r"events\[0\].*expected a string"),
        ([None], TypeError, r"events\[0\].*expected an object, got null"),
        ([{"user_id": "u", "userId": "v", "type": "t"}], TypeError, r"events\[0\].*userId"),
    ],
    ids=lambda value: re.sub(" at 0x[0-9a-f]+", "", repr(value)),
)
async def test_a_batch_of_something_else_is_refused_before_any_io(
    colour: Any, client: Any, wire: Any, events: Any, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        await colour.run(client.events.send_batch(events))
    assert not wire.calls


async def test_the_keys_of_a_mapping_are_turned_and_those_of_its_properties_are_not(
    colour: Any, client: Any, wire: Any
) -> None:
    expect(wire, {"results": []})
    event = {"eventId": "e", "userId": "u", "type": "t", "occurredAt": T1, "properties": {"lessonId": {"aB": 1}}}
    await colour.run(client.events.send_batch([event]))
    assert body(wire)["events"] == [
        {"event_id": "e", "user_id": "u", "type": "t", "occurred_at": T1, "properties": {"lessonId": {"aB": 1}}}
    ]


# --- times ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("occurred_at", "on_the_wire"),
    [
        (datetime(2026, 4, 22, 10, 30, tzinfo=UTC), "2026-04-22T10:30:00Z"),
        (datetime(2026, 4, 22, 10, 30, 0, 250_000, tzinfo=UTC), "2026-04-22T10:30:00.250000Z"),
        (datetime(2026, 4, 22, 12, 30, tzinfo=timezone(timedelta(hours=2))), "2026-04-22T12:30:00+02:00"),
        ("2026-04-22T10:30:00Z", "2026-04-22T10:30:00Z"),
        ("2026-04-22T12:30:00+02:00", "2026-04-22T12:30:00+02:00"),
    ],
)
@pytest.mark.parametrize("how", ["send", "params", "mapping", "camel"])
async def test_a_time_is_sent_as_iso_8601_with_its_offset(
    colour: Any, client: Any, wire: Any, how: str, occurred_at: Any, on_the_wire: str
) -> None:
    expect(wire, {"results": []})
    event = {"user_id": "u", "type": "t", "occurred_at": occurred_at}
    match how:
        case "send":
            await colour.run(client.events.send(**event))
        case "params":
            await colour.run(client.events.send_batch([SendEventParams(**event)]))
        case "mapping":
            await colour.run(client.events.send_batch([event]))
        case "camel":
            await colour.run(client.events.send_batch([{"userId": "u", "type": "t", "occurredAt": occurred_at}]))
    found = body(wire) if how == "send" else body(wire)["events"][0]
    assert found["occurred_at"] == on_the_wire


@pytest.mark.parametrize(
    ("occurred_at", "error"),
    [
        (datetime(2026, 4, 22, 10, 30), ValueError),  # noqa: DTZ001  naive is the point
        ("2026-04-22T10:30:00", ValueError),
        ("2026-04-22", ValueError),
        ("yesterday", ValueError),
        ("", ValueError),
        (1_776_853_800, TypeError),
    ],
    ids=repr,
)
async def test_an_ambiguous_time_is_refused_before_any_io(
    colour: Any, client: Any, wire: Any, occurred_at: Any, error: type[Exception]
) -> None:
    with pytest.raises(error, match="occurred_at"):
        await colour.run(client.events.send(user_id="u", type="t", occurred_at=occurred_at))
    assert not wire.calls


async def test_times_inside_properties_are_sent_too(colour: Any, client: Any, wire: Any) -> None:
    expect(wire, EFFECTS)
    await colour.run(client.events.send(user_id="u", type="t", properties={"at": datetime(2026, 1, 1, tzinfo=UTC)}))
    assert body(wire)["properties"] == {"at": "2026-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("properties", "error"),
    [
        ({"x": float("nan")}, ValueError),
        ({"x": float("inf")}, ValueError),
        ({"x": "\ud800"}, ValueError),
        ({"x": object()}, TypeError),
        ({"x": {1, 2}}, TypeError),
        ([("x", 1)], TypeError),
        ("x", TypeError),
    ],
    ids=lambda value: re.sub(" at 0x[0-9a-f]+", "", repr(value)),
)
async def test_properties_that_json_cannot_hold_are_refused_before_any_io(
    colour: Any, client: Any, wire: Any, properties: Any, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await colour.run(client.events.send(user_id="u", type="t", properties=properties))
    assert not wire.calls


# --- wrong types --------------------------------------------------------------------------------------------

WRONG = {
    "user_id: null": lambda c: c.events.send(user_id=None, type="t"),
    "user_id: a number": lambda c: c.events.send(user_id=7, type="t"),
    "metadata: a list": lambda c: c.eggs.create(user_id="u", metadata=[1]),
    "amount: text": lambda c: c.buddies.earn("b", amount="5", reason="r"),
    "amount: a boolean": lambda c: c.buddies.earn("b", amount=True, reason="r"),
    "name: null": lambda c: c.buddies.update_name("b", name=None),
    "is_active: text": lambda c: c.paths.set_active("p", is_active="yes"),
    "scopes: text": lambda c: c.widget_sessions.create(buddy_id="b", user_id="u", scopes="read"),
    "equip: text": lambda c: c.buddies.equip("b", equip="itm_1"),
    "page: text": lambda c: c.eggs.list(page="1"),
    "updates: no action": lambda c: c.buddies.update_skills("b", updates=[{"key": "k"}]),
    "ordering: no ordinal": lambda c: c.paths.reorder_steps("p", ordering=[{"id": "a"}]),
    "condition: no config": lambda c: c.paths.add_step(
        "p", key="k", label="l", ordinal=1, completion_condition={"type": "x"}
    ),
    "id: a number": lambda c: c.eggs.get(7),
    "id: bytes": lambda c: c.eggs.get(b"x"),
    "id: null": lambda c: c.eggs.get(None),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
async def test_an_argument_of_the_wrong_type_is_refused_before_any_io(
    colour: Any, client: Any, wire: Any, wrong: Any
) -> None:
    expect(wire, {})
    with pytest.raises(TypeError):
        await colour.run(wrong(client))
    assert not wire.calls


async def test_only_a_status_that_the_server_accepts_is_asked_for(colour: Any, client: Any, wire: Any) -> None:
    with pytest.raises(ValueError, match="expected one of 'ready', 'cancelled'"):
        await colour.run(client.eggs.update_status("e", status="hatched"))
    assert not wire.calls
