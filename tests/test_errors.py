"""The error tree: which class an answer becomes, what it tells, and that it never tells a secret."""

from __future__ import annotations

import copy
import inspect
import json
import pickle
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import hatched
from hatched import errors, models
from hatched.errors import BY_CODE, BY_STATUS, ErrorCode, HatchedError, redact

REFERENCE = json.loads((Path(__file__).parent / "data" / "sdk_js_reference.json").read_text(encoding="utf-8"))
CLASSES = sorted(
    (kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, HatchedError)),
    key=lambda kind: kind.__name__,
)

TELLTALE = "PLANTED"
SECRETS = (
    "hatch_live_PLANTED0123",
    "hatch_test_x.PLANTED-2_3",
    "hatch_pk_PLANTED0123",
    "whsec_PLANTED0123",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJib2IifQ.dBjftPLANTED-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
)

NOW = datetime(2026, 4, 22, 10, 30, tzinfo=UTC)
OPERATION = models.Operation(
    operation_id="op_1", type="hatch", status=models.OperationStatus.FAILED, error="no art",
    created_at=NOW, updated_at=NOW,
)  # fmt: skip
FACTS: dict[str, Any] = {
    "code": "some_code",
    "status_code": 418,
    "request_id": "req_1",
    "details": {"max": 4, "nested": [{"a": None}]},
    "route": "eggs.create",
    "attempts": 3,
    "earlier": ("503", "ReadTimeout"),
    "idempotency_key": "order-17",
}
OWN_FACTS: dict[str, dict[str, Any]] = {
    "TransportError": {"maybe_received": False},
    "RequestTimeoutError": {"phase": "read", "maybe_received": False},
    "ResponseDecodeError": {"problems": ("expected a string, got null @ $.name",)},
    "OperationTimeoutError": {"operation": OPERATION},
    "OperationFailedError": {"operation": OPERATION},
    "WebhookVerificationError": {"reason": "invalid_signature"},
    "RateLimitError": {"retry_after": 12.5},
}


def make(kind: type[HatchedError], message: str = "what happened", **facts: Any) -> HatchedError:
    return kind(message, **{**FACTS, **OWN_FACTS.get(kind.__name__, {}), **facts})


PARENTS = {
    "HatchedError": Exception,
    "ConfigurationError": HatchedError,
    "ClientClosedError": HatchedError,
    "TransportError": HatchedError,
    "RequestTimeoutError": errors.TransportError,
    "ResponseDecodeError": HatchedError,
    "OperationTimeoutError": HatchedError,
    "OperationFailedError": HatchedError,
    "WebhookVerificationError": HatchedError,
    "AuthError": HatchedError,
    "UnauthorizedError": errors.AuthError,
    "ForbiddenError": errors.AuthError,
    "PublishableKeyScopeError": errors.ForbiddenError,
    "NotFoundError": HatchedError,
    "ValidationError": HatchedError,
    "RateLimitError": HatchedError,
    "ConflictError": HatchedError,
    "ConfigVersionMismatchError": errors.ConflictError,
    "NoPublishedConfigError": errors.ConflictError,
    "ActiveEggLimitError": errors.ConflictError,
    "InsufficientBalanceError": HatchedError,
    "TooManyItemsError": HatchedError,
    "CategoryConflictError": HatchedError,
    "CreditInsufficientError": HatchedError,
    "EventQuotaExceededError": HatchedError,
    "PlanFeatureLockedError": HatchedError,
    "UpstreamImageError": HatchedError,
}


class TestTheTree:
    @pytest.mark.parametrize("name", REFERENCE["errors"])
    def test_every_class_of_the_reference_is_public(self, name: str) -> None:
        assert issubclass(getattr(hatched, name), HatchedError)

    def test_the_reference_has_19(self) -> None:
        assert len(REFERENCE["errors"]) == 19

    @pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
    def test_every_class_has_its_place_and_is_public(self, kind: type[HatchedError]) -> None:
        assert kind.__mro__[1] is PARENTS[kind.__name__]
        assert getattr(hatched, kind.__name__) is kind

    @pytest.mark.parametrize("kind", [errors.RequestTimeoutError, errors.OperationTimeoutError])
    def test_timeouts_are_builtin_timeouts_too(self, kind: type[HatchedError]) -> None:
        with pytest.raises(TimeoutError):
            raise make(kind)

    def test_the_docstring_of_the_module_draws_every_class(self) -> None:
        drawn = {line.split()[0] for line in (errors.__doc__ or "").splitlines() if line.split()}

        assert {kind.__name__ for kind in CLASSES} <= drawn


class TestWhichClass:
    @pytest.mark.parametrize(
        ("code", "kind"),
        [
            ("active_egg_limit", errors.ActiveEggLimitError),
            ("capability_disabled", errors.ForbiddenError),
            ("category_conflict", errors.CategoryConflictError),
            ("config_version_mismatch", errors.ConfigVersionMismatchError),
            ("conflict", errors.ConflictError),
            ("credit_insufficient", errors.CreditInsufficientError),
            ("event_quota_exceeded", errors.EventQuotaExceededError),
            ("event_type_not_registered", errors.ValidationError),
            ("forbidden", errors.ForbiddenError),
            ("idempotency_key_conflict", errors.ConflictError),
            ("insufficient_balance", errors.InsufficientBalanceError),
            ("no_published_config", errors.NoPublishedConfigError),
            ("plan_feature_locked", errors.PlanFeatureLockedError),
            ("progression_not_spendable", errors.ValidationError),
            ("publishable_key_scope", errors.PublishableKeyScopeError),
            ("rate_limited", errors.RateLimitError),
            ("resource_not_found", errors.NotFoundError),
            ("too_many_items", errors.TooManyItemsError),
            ("unauthorized", errors.UnauthorizedError),
            ("upstream_image_error", errors.UpstreamImageError),
            ("validation_failed", errors.ValidationError),
        ],
    )
    def test_by_code(self, code: str, kind: type[HatchedError]) -> None:
        assert BY_CODE[code] is kind

    @pytest.mark.parametrize("code", ["bad_request", "missing_audience", "unknown_audience"])
    def test_documented_codes_without_a_class_are_plain(self, code: str) -> None:
        assert code in set(ErrorCode)
        assert code not in BY_CODE

    def test_every_code_with_a_class_is_documented(self) -> None:
        assert set(BY_CODE) <= set(ErrorCode)

    def test_by_status(self) -> None:
        expected = {
            401: errors.UnauthorizedError,
            403: errors.ForbiddenError,
            404: errors.NotFoundError,
            409: errors.ConflictError,
            422: errors.ValidationError,
            429: errors.RateLimitError,
        }

        assert expected == BY_STATUS


def by_pickle(protocol: int) -> Callable[[Any], Any]:
    return lambda one: pickle.loads(pickle.dumps(one, protocol))


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
class TestEveryClass:
    @pytest.mark.parametrize(
        "again", [copy.copy, copy.deepcopy, *map(by_pickle, range(2, pickle.HIGHEST_PROTOCOL + 1))]
    )
    def test_survives_copies_and_pickles_with_all_it_knows(
        self, kind: type[HatchedError], again: Callable[[Any], Any]
    ) -> None:
        error = make(kind)
        twin = again(error)

        assert type(twin) is kind
        assert twin is not error
        assert (twin.__dict__, twin.args, str(twin), repr(twin)) == (
            error.__dict__,
            error.args,
            str(error),
            repr(error),
        )

    def test_keeps_every_fact(self, kind: type[HatchedError]) -> None:
        facts = {**FACTS, **OWN_FACTS.get(kind.__name__, {})}
        error = make(kind)

        assert {name: getattr(error, name) for name in facts} == facts
        assert error.message == "what happened"

    def test_needs_no_facts_but_its_own(self, kind: type[HatchedError]) -> None:
        error = kind("what happened", **OWN_FACTS.get(kind.__name__, {}))

        assert (error.code, error.status_code, error.request_id, error.route) == (None, None, None, None)
        assert (error.details, error.attempts, error.earlier, error.idempotency_key) == ({}, 0, (), None)

    def test_keeps_notes_and_later_attributes_in_pickles(self, kind: type[HatchedError]) -> None:
        error = make(kind)
        error.add_note("seen in the nightly job")

        assert by_pickle(4)(error).__notes__ == ["seen in the nightly job"]

    def test_shows_where_what_and_for_support_which_call(self, kind: type[HatchedError]) -> None:
        assert str(make(kind)).startswith("eggs.create: 418 some_code: what happened [request id req_1, 3 attempts]")

    def test_ends_with_its_hint(self, kind: type[HatchedError]) -> None:
        assert str(make(kind)).endswith(kind.hint)

    def test_an_exception_group_of_it_can_be_taken_apart(self, kind: type[HatchedError]) -> None:
        group = ExceptionGroup("several", [make(kind)])

        assert group.subgroup(kind) is not None


def planted(kind: type[HatchedError]) -> HatchedError:
    """An error with every secret in every place where the server, or the caller, could put one."""
    facts: dict[str, Any] = {
        "details": {
            "url": [f"https://dashboard.hatched.live/?token={secret}&a=b" for secret in SECRETS],
            "nested": [{"deeper": tuple(f"Bearer {secret}" for secret in SECRETS)}],
            **dict.fromkeys(SECRETS, 1),
        },
        "earlier": tuple(f"sent {secret}" for secret in SECRETS),
    }
    if kind is errors.ResponseDecodeError:
        facts["problems"] = tuple(f"expected a string, got null @ $.{secret}" for secret in SECRETS)
    return make(kind, f"the keys {SECRETS} are not valid", **facts)


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
class TestSecrets:
    @pytest.mark.parametrize("place", ["message", "args", "details", "earlier", "problems"])
    def test_are_in_no_attribute(self, kind: type[HatchedError], place: str) -> None:
        assert TELLTALE not in repr(getattr(planted(kind), place, None))

    @pytest.mark.parametrize(
        "show", [str, repr, lambda error: error.__reduce_ex__(4)[1]], ids=["str", "repr", "reduce"]
    )
    def test_are_in_no_text(self, kind: type[HatchedError], show: Callable[[HatchedError], object]) -> None:
        assert TELLTALE not in repr(show(planted(kind)))

    def test_are_in_no_pickle(self, kind: type[HatchedError]) -> None:
        assert TELLTALE.encode() not in pickle.dumps(planted(kind))

    def test_are_in_no_traceback(self, kind: type[HatchedError]) -> None:
        with pytest.raises(kind) as caught:
            raise planted(kind)

        assert TELLTALE not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("name", ["code", "request_id"])
def test_a_secret_that_the_server_sends_as_code_or_request_id_is_not_shown(name: str) -> None:
    assert TELLTALE not in str(HatchedError("m", **{name: SECRETS[0]}))


class TestRedact:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("key hatch_live_abc is wrong", "key hatch_live_*** is wrong"),
            ("hatch_test_a,hatch_pk_b", "hatch_test_***,hatch_pk_***"),
            ("(whsec_abc)", "(whsec_***)"),
            ("whsec_ab+c/d== is old", "whsec_*** is old"),  # its alphabet is not documented: base64 is usual
            ("Bearer eyJhbGciOi.eyJz.sig!", "Bearer eyJhbGciOi.***!"),
            ("hatch_live_", "hatch_live_"),
            ("nothing here", "nothing here"),
            ("", ""),
        ],
    )
    def test_blanks_secrets_and_nothing_else(self, text: str, expected: str) -> None:
        assert redact(text) == expected

    def test_twice_is_as_good_as_once(self) -> None:
        text = " ".join(SECRETS)

        assert redact(redact(text)) == redact(text)


def test_details_of_the_caller_are_not_touched() -> None:
    details = {"a": ["hatch_live_abc"]}
    HatchedError("m", details=details)

    assert details == {"a": ["hatch_live_abc"]}


def test_details_as_deep_as_json_can_be_make_an_error_all_the_same() -> None:
    details: dict[str, Any] = {}
    for _ in range(900):
        details = {"a": details}

    assert isinstance(HatchedError("m", details=details), HatchedError)


EGGS = [{"egg_id": "egg_1", "status": "waiting", "created_at": "2026-04-22T10:30:00Z"}]
EGGS_CAMEL = [{"eggId": "egg_1", "status": "waiting", "createdAt": "2026-04-22T10:30:00Z"}]
EXTRA = [
    (errors.TooManyItemsError, {"max": 4, "attempted": 5}, {"max": 4, "attempted": 5}),
    (errors.InsufficientBalanceError, {"required": 10, "available": 2.5}, {"required": 10, "available": 2.5}),
    (
        errors.CategoryConflictError,
        {"category": "head", "conflicting_item_ids": ["a", "b"]},
        {"category": "head", "conflicting_item_ids": ("a", "b")},
    ),
    (
        errors.CategoryConflictError,
        {"category": "head", "conflictingItemIds": ["a", "b"]},
        {"category": "head", "conflicting_item_ids": ("a", "b")},
    ),
    (
        errors.CreditInsufficientError,
        {"required": 1, "available": 0, "welcome": 0, "top_up_url": "https://t", "upgrade_url": "https://u"},
        {"required": 1, "available": 0, "top_up_url": "https://t", "upgrade_url": "https://u"},
    ),
    (
        errors.CreditInsufficientError,
        {"topUpUrl": "https://t", "upgradeUrl": "https://u"},
        {"required": None, "available": None, "top_up_url": "https://t", "upgrade_url": "https://u"},
    ),
    (
        errors.EventQuotaExceededError,
        {"used": 9, "limit": 9, "reset_at": "2026-05-01T00:00:00Z", "upgrade_url": "https://u"},
        {"used": 9, "limit": 9, "reset_at": datetime(2026, 5, 1, tzinfo=UTC), "upgrade_url": "https://u"},
    ),
    (
        errors.EventQuotaExceededError,
        {"used": 9, "limit": 9, "resetAt": "2026-05-01T00:00:00.000Z", "upgradeUrl": "https://u"},
        {"used": 9, "limit": 9, "reset_at": datetime(2026, 5, 1, tzinfo=UTC), "upgrade_url": "https://u"},
    ),
    (
        errors.PlanFeatureLockedError,
        {"feature": "paths", "required_plan": "pro", "current_plan": "free", "upgrade_url": "https://u"},
        {"feature": "paths", "required_plan": "pro", "current_plan": "free", "upgrade_url": "https://u"},
    ),
    (
        errors.PlanFeatureLockedError,
        {"feature": "paths", "requiredPlan": "pro", "currentPlan": "free", "upgradeUrl": "https://u"},
        {"feature": "paths", "required_plan": "pro", "current_plan": "free", "upgrade_url": "https://u"},
    ),
    (
        errors.NoPublishedConfigError,
        {"customer_id": "c", "publish_url": "https://p", "docs_url": "https://d"},
        {"publish_url": "https://p", "docs_url": "https://d"},
    ),
    (
        errors.NoPublishedConfigError,
        {"publishUrl": "https://p", "docsUrl": "https://d"},
        {"publish_url": "https://p", "docs_url": "https://d"},
    ),
    (errors.ActiveEggLimitError, {"max": 3, "active": EGGS}, {"max": 3}),
    (errors.ActiveEggLimitError, {"max": 3, "active": EGGS_CAMEL}, {"max": 3}),
]
ATTRIBUTES = {
    kind: [
        name
        for name, value in vars(kind).items()
        if isinstance(value, property) and name[0] != "_" and name != "retry_after"
    ]
    for kind in CLASSES
}
WITH_ATTRIBUTES = [(kind, name) for kind, names in ATTRIBUTES.items() for name in names]


JUNK: list[Any] = [
    None, "junk", "", 1, -1.5, True, float("nan"), float("inf"), -float("inf"), 10**400, [], [None], [[[]]], {},
    {"a": 1}, [{}], [{"egg_id": None}], "2026-13-45", "\ud800",
]  # fmt: skip


class TestExtraAttributes:
    @pytest.mark.parametrize(("kind", "details", "expected"), EXTRA)
    def test_come_from_details_in_either_case(
        self, kind: type[HatchedError], details: dict[str, Any], expected: dict[str, Any]
    ) -> None:
        error = kind("m", details=details)

        assert {name: getattr(error, name) for name in expected} == expected

    @pytest.mark.parametrize("eggs", [EGGS, EGGS_CAMEL])
    def test_the_eggs_that_fill_the_limit_are_models(self, eggs: list[dict[str, Any]]) -> None:
        error = errors.ActiveEggLimitError("m", details={"active": eggs})

        assert error.active == (
            models.ActiveEggLimitEgg(egg_id="egg_1", status=models.EggStatus.WAITING, created_at=NOW),
        )

    @pytest.mark.parametrize(("kind", "name"), WITH_ATTRIBUTES)
    def test_are_none_or_empty_without_details(self, kind: type[HatchedError], name: str) -> None:
        assert getattr(kind("m"), name) in (None, ())

    @pytest.mark.parametrize(("kind", "name"), WITH_ATTRIBUTES)
    def test_never_raise_whatever_the_details_hold(self, kind: type[HatchedError], name: str) -> None:
        raised = []
        for junk in JUNK:
            try:
                getattr(kind("m", details=dict.fromkeys(ATTRIBUTES[kind], junk)), name)
            except Exception as error:
                raised.append((junk, error))

        assert raised == []

    @pytest.mark.parametrize(
        ("kind", "details", "name", "expected"),
        [
            (errors.CreditInsufficientError, {"required": "1", "top_up_url": "https://t"}, "top_up_url", "https://t"),
            (errors.EventQuotaExceededError, {"reset_at": "soon", "used": 9}, "used", 9),
            (errors.PlanFeatureLockedError, {"feature": 7, "upgrade_url": "https://u"}, "upgrade_url", "https://u"),
            (errors.NoPublishedConfigError, {"customer_id": 7, "publish_url": "https://p"}, "publish_url", "https://p"),
            (errors.ActiveEggLimitError, {"max": 3, "active": [{"id": "e", "status": "ready"}]}, "max", 3),
        ],
    )
    def test_one_wrong_field_does_not_hide_the_others(
        self, kind: type[HatchedError], details: dict[str, Any], name: str, expected: object
    ) -> None:
        assert getattr(kind("m", details=details), name) == expected

    def test_a_null_is_not_an_item_id(self) -> None:
        error = errors.CategoryConflictError("m", details={"conflicting_item_ids": [None, "a"]})

        assert "None" not in error.conflicting_item_ids

    def test_retry_after_is_60_if_the_server_does_not_say(self) -> None:
        assert errors.RateLimitError("m").retry_after == 60.0
