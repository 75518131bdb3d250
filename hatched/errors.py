"""Every error that the SDK raises.

    HatchedError
      ConfigurationError             no key, a malformed one, a bad option; raised before any I/O
      ClientClosedError              the client was closed
      TransportError                 no usable answer: refused, reset, cut off
        RequestTimeoutError          also a builtin TimeoutError
      ResponseDecodeError            a 2xx answer of another shape than documented
      OperationTimeoutError          waiting ran out of time; also a builtin TimeoutError
      OperationFailedError           operations.wait(raise_on_failure=True) on a failed operation
      WebhookVerificationError       a webhook that is not from Hatched, too old, or not JSON
      AuthError
        UnauthorizedError            401
        ForbiddenError               403
          PublishableKeyScopeError   also raised locally, before any I/O
      NotFoundError                  404
      ValidationError                422
      RateLimitError                 429
      ConflictError                  409
        ConfigVersionMismatchError
        NoPublishedConfigError
        ActiveEggLimitError
      InsufficientBalanceError       400
      TooManyItemsError              400
      CategoryConflictError          400
      CreditInsufficientError        402
      EventQuotaExceededError        402
      PlanFeatureLockedError         403
      UpstreamImageError             502

An answer of the server is mapped by its `code`, then by its status, then to `HatchedError` itself.
Errors hold plain values: they pickle, copy, and carry no credential. Source: reference/error-codes.
"""

from __future__ import annotations

import builtins
import math
import re
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from hatched import models

T = TypeVar("T")

_SECRET = re.compile(r"(hatch_(?:live|test|pk)_|whsec_|eyJ[\w-]+\.)[\w.\-+/=]+")


def redact(text: str) -> str:
    """Blank out anything that looks like a Hatched key, a webhook secret or a JWT."""
    return _SECRET.sub(r"\1***", text)


def _redacted(details: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        return cast("Mapping[str, Any]", _redact_all(details))
    except RecursionError:  # nested as deep as only a hostile server does
        return {}


def _redact_all(value: Any) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {redact(str(key)): _redact_all(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_redact_all(item) for item in value]
    return value


class ErrorCode(StrEnum):
    """The documented values of `HatchedError.code`; the server may send others."""

    ACTIVE_EGG_LIMIT = "active_egg_limit"
    BAD_REQUEST = "bad_request"
    CAPABILITY_DISABLED = "capability_disabled"
    CATEGORY_CONFLICT = "category_conflict"
    CONFIG_VERSION_MISMATCH = "config_version_mismatch"
    CONFLICT = "conflict"
    CREDIT_INSUFFICIENT = "credit_insufficient"
    EVENT_QUOTA_EXCEEDED = "event_quota_exceeded"
    EVENT_TYPE_NOT_REGISTERED = "event_type_not_registered"
    FORBIDDEN = "forbidden"
    IDEMPOTENCY_KEY_CONFLICT = "idempotency_key_conflict"
    INSUFFICIENT_BALANCE = "insufficient_balance"
    MISSING_AUDIENCE = "missing_audience"
    MYSTERY_BOX_DAILY_CAP = "mystery_box_daily_cap"
    NO_PUBLISHED_CONFIG = "no_published_config"
    PLAN_FEATURE_LOCKED = "plan_feature_locked"
    PROGRESSION_NOT_SPENDABLE = "progression_not_spendable"
    PUBLISHABLE_KEY_SCOPE = "publishable_key_scope"
    RATE_LIMITED = "rate_limited"
    RESOURCE_NOT_FOUND = "resource_not_found"
    SELF_CLAP_FORBIDDEN = "self_clap_forbidden"
    TOO_MANY_ITEMS = "too_many_items"
    UNAUTHORIZED = "unauthorized"
    UNKNOWN_AUDIENCE = "unknown_audience"
    UPSTREAM_IMAGE_ERROR = "upstream_image_error"
    VALIDATION_FAILED = "validation_failed"


class HatchedError(Exception):
    """Base of every error of the SDK, and the class of an answer that no other class fits.

    Attributes:
        message: What happened, in one line. Branch on `code` instead.
        code: The server's stable code, or `None` when the error is not an answer of the server.
        status_code: HTTP status of that answer.
        request_id: The `X-Request-Id` of the call, for support.
        details: The server's `details` object, or empty.
        route: Which call it was, such as `eggs.create`.
        attempts: How often the request was sent.
        earlier: What the attempts before the last one ended with, oldest first, and why there was no further one.
        idempotency_key: Send the call again with this key and it is applied at most once (kept for 24 h).
    """

    hint: str = ""

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        status_code: int | None = None,
        request_id: str | None = None,
        details: Mapping[str, Any] | None = None,
        route: str | None = None,
        attempts: int = 0,
        earlier: tuple[str, ...] = (),
        idempotency_key: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        self.message: str = redact(message)
        super().__init__(self.message)
        self.code: str | None = None if code is None else redact(code)
        self.status_code: int | None = status_code
        self.request_id: str | None = None if request_id is None else redact(request_id)
        self.details: Mapping[str, Any] = _redacted(details or {})
        self.route = route
        self.attempts = attempts
        self.earlier: tuple[str, ...] = tuple(map(redact, earlier))
        self.idempotency_key: str | None = idempotency_key
        self._retry_after: float | None = retry_after

    @property
    def retry_after(self) -> float | None:
        """Seconds until the server wants to be asked again, if it said so."""
        return self._retry_after

    def __str__(self) -> str:
        answer = " ".join(str(part) for part in (self.status_code, self.code) if part is not None)
        head = ": ".join(part for part in (self.route, answer, self.message) if part)
        facts = [f"request id {self.request_id}"] if self.request_id else []
        if self.attempts > 1:
            facts.append(f"{self.attempts} attempts")
        text = f"{head} [{', '.join(facts)}]" if facts else head
        return f"{text.rstrip('.')}. {self.hint}" if self.hint else text

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self.args, self.__dict__)

    def _details_as(self, kind: type[T]) -> T:
        """`details` as a model, without the fields that are not as documented."""
        from hatched import codec

        return codec.structure_leniently(self.details, kind)


def _restore(kind: type[HatchedError], args: tuple[Any, ...], state: dict[str, Any]) -> HatchedError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class ConfigurationError(HatchedError):
    """No usable key or base URL, an `http_client` that cannot serve here, or an environment that names no usable
    certificates or proxy.
    """


class ClientClosedError(HatchedError):
    """The client was closed, or its `async with` block was left."""

    hint = "Create a new client, or keep the one you have open for as long as you use it."


class TransportError(HatchedError):
    """No usable answer came back.

    Attributes:
        maybe_received: `False` if the server cannot have seen the request. Otherwise it may have been
            applied: send it again with the same `idempotency_key` or `event_id`.
    """

    def __init__(self, message: str, *, maybe_received: bool = True, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.maybe_received = maybe_received


class RequestTimeoutError(TransportError, builtins.TimeoutError):
    """An attempt took longer than `timeout`, or the call longer than `deadline`.

    Attributes:
        phase: `connect`, `write`, `read`, `pool` (no free connection), or `deadline` if that was what ran out.
    """

    def __init__(self, message: str, *, phase: str, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.phase = phase


class ResponseDecodeError(HatchedError):
    """The server answered 2xx with something else than documented.

    Attributes:
        problems: What is wrong, one line per place, such as `expected a string, got null @ $.name`.
    """

    hint = "A write was accepted: do not send it again without its idempotency key or event id."

    def __init__(self, message: str, *, problems: tuple[str, ...] = (), **facts: Any) -> None:
        super().__init__(message, **facts)
        self.problems: tuple[str, ...] = tuple(map(redact, problems))


class OperationTimeoutError(HatchedError, builtins.TimeoutError):
    """`operations.wait` or `buddies.ensure` ran out of time. The operation goes on: call again.

    Attributes:
        operation: The operation as last seen; `None` if it was not seen.
    """

    def __init__(self, message: str, *, operation: models.Operation | None, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.operation = operation


class OperationFailedError(HatchedError):
    """The operation failed on the server.

    Attributes:
        operation: The failed operation, whose `error` says why; `None` if only its egg was seen.
    """

    def __init__(self, message: str, *, operation: models.Operation | None, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.operation = operation


class WebhookVerificationError(HatchedError):
    """A delivery that must not be trusted.

    Attributes:
        reason: `missing_header`, `missing_secret`, `missing_body`, `invalid_signature` or `invalid_json`
            (guides/verify-webhooks).
    """

    def __init__(self, message: str, *, reason: str, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.reason = reason


class AuthError(HatchedError):
    """Base of what is wrong with the key: 401, and 403 but for a locked plan."""


class UnauthorizedError(AuthError):
    """The key is missing, wrong or revoked."""

    hint = "Check the API key; a rotated key stops working at once."


class ForbiddenError(AuthError):
    """The key is valid but may not do this, or an operator has switched the capability off."""


class PublishableKeyScopeError(ForbiddenError):
    """A publishable key was used for something beyond its scopes."""

    hint = "Use a secret key (api_key=) on your server for this call."


class NotFoundError(HatchedError):
    """No such object, or it is archived, or it belongs to another customer."""


class ValidationError(HatchedError):
    """The server refused the fields of the request; `details["fields"]` lists them.

    Also `event_type_not_registered` and `progression_not_spendable` (both statuses inferred).
    """


class RateLimitError(HatchedError):
    """The key's minute or day window is used up."""

    @property
    def retry_after(self) -> float:
        """Seconds until the server takes requests again; 60 if it did not say (reference/sdk-js)."""
        return 60.0 if self._retry_after is None else self._retry_after


class ConflictError(HatchedError):
    """Another change won. Read the object again before you decide to repeat yours."""


class ConfigVersionMismatchError(ConflictError):
    """The buddy lives by another config version than the caller expected."""


class NoPublishedConfigError(ConflictError):
    """Nothing can hatch before a config version is published."""

    hint = "Publish a config version in the dashboard."

    @property
    def publish_url(self) -> str | None:
        """Where to publish one."""
        return self._info.publish_url

    @property
    def docs_url(self) -> str | None:
        """Where it is explained."""
        return self._info.docs_url

    @property
    def _info(self) -> models.NoPublishedConfigDetails:
        from hatched.models import NoPublishedConfigDetails

        return self._details_as(NoPublishedConfigDetails)


class ActiveEggLimitError(ConflictError):
    """The user has as many active eggs as allowed."""

    hint = "Hatch or cancel one, or create with ensure=True to reuse it."

    @property
    def max(self) -> int | None:
        """How many active eggs a user may have."""
        return self._info.max

    @property
    def active(self) -> tuple[models.ActiveEggLimitEgg, ...]:
        """The eggs that fill the limit."""
        return self._info.active

    @property
    def _info(self) -> models.ActiveEggLimitDetails:
        from hatched.models import ActiveEggLimitDetails

        return self._details_as(ActiveEggLimitDetails)


class InsufficientBalanceError(HatchedError):
    """The buddy has too few coins or tokens. `required` and `available` are inferred, so often `None`."""

    @property
    def required(self) -> float | None:
        """What the call would have cost."""
        return _number(self.details, "required")

    @property
    def available(self) -> float | None:
        """What the buddy has."""
        return _number(self.details, "available")


class TooManyItemsError(HatchedError):
    """More items than a buddy can wear."""

    @property
    def max(self) -> int | None:
        """How many can be worn: four."""
        return _integer(self.details, "max")

    @property
    def attempted(self) -> int | None:
        """How many the call asked for."""
        return _integer(self.details, "attempted")


class CategoryConflictError(HatchedError):
    """Two items of one category; only `accessory` stacks."""

    @property
    def category(self) -> str | None:
        """The category that is taken."""
        value = self.details.get("category")
        return value if isinstance(value, str) else None

    @property
    def conflicting_item_ids(self) -> tuple[str, ...]:
        """The items that exclude each other."""
        ids = self.details.get("conflicting_item_ids", self.details.get("conflictingItemIds"))
        return tuple(one for one in ids if isinstance(one, str)) if isinstance(ids, list) else ()


class CreditInsufficientError(HatchedError):
    """No credits left for generated art. Never retried."""

    @property
    def required(self) -> float | None:
        """Credits that the job costs."""
        return self._info.required

    @property
    def available(self) -> float | None:
        """Credits left in all pools."""
        return self._info.available

    @property
    def top_up_url(self) -> str | None:
        """Where to buy credits."""
        return self._info.top_up_url

    @property
    def upgrade_url(self) -> str | None:
        """Where to change the plan."""
        return self._info.upgrade_url

    @property
    def _info(self) -> models.CreditInsufficientDetails:
        from hatched.models import CreditInsufficientDetails

        return self._details_as(CreditInsufficientDetails)


class EventQuotaExceededError(HatchedError):
    """The month's events are used up. Never retried."""

    hint = "Wait until reset_at, or upgrade the plan."

    @property
    def used(self) -> int | None:
        """Events of this month."""
        return self._info.used

    @property
    def limit(self) -> int | None:
        """Events that the plan includes."""
        return self._info.limit

    @property
    def reset_at(self) -> datetime | None:
        """The first of the next UTC month."""
        return self._info.reset_at

    @property
    def upgrade_url(self) -> str | None:
        """Where to change the plan."""
        return self._info.upgrade_url

    @property
    def _info(self) -> models.EventQuotaExceededDetails:
        from hatched.models import EventQuotaExceededDetails

        return self._details_as(EventQuotaExceededDetails)


class PlanFeatureLockedError(HatchedError):
    """The plan does not include the feature. Never retried."""

    @property
    def feature(self) -> str | None:
        """The feature asked for."""
        return self._info.feature

    @property
    def required_plan(self) -> str | None:
        """The plan that includes it."""
        return self._info.required_plan

    @property
    def current_plan(self) -> str | None:
        """The customer's plan."""
        return self._info.current_plan

    @property
    def upgrade_url(self) -> str | None:
        """Where to change the plan."""
        return self._info.upgrade_url

    @property
    def _info(self) -> models.PlanFeatureLockedDetails:
        from hatched.models import PlanFeatureLockedDetails

        return self._details_as(PlanFeatureLockedDetails)


class UpstreamImageError(HatchedError):
    """The art provider failed; nothing was charged."""


def _number(details: Mapping[str, Any], key: str) -> float | None:
    value = details.get(key)
    return value if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < math.inf else None


def _integer(details: Mapping[str, Any], key: str) -> int | None:
    value = _number(details, key)
    return None if value is None else int(value)


BY_CODE: Mapping[str, type[HatchedError]] = {
    ErrorCode.ACTIVE_EGG_LIMIT: ActiveEggLimitError,
    ErrorCode.CAPABILITY_DISABLED: ForbiddenError,  # inferred
    ErrorCode.CATEGORY_CONFLICT: CategoryConflictError,
    ErrorCode.CONFIG_VERSION_MISMATCH: ConfigVersionMismatchError,
    ErrorCode.CONFLICT: ConflictError,
    ErrorCode.CREDIT_INSUFFICIENT: CreditInsufficientError,
    ErrorCode.EVENT_QUOTA_EXCEEDED: EventQuotaExceededError,
    ErrorCode.EVENT_TYPE_NOT_REGISTERED: ValidationError,  # inferred
    ErrorCode.FORBIDDEN: ForbiddenError,
    ErrorCode.IDEMPOTENCY_KEY_CONFLICT: ConflictError,  # inferred
    ErrorCode.INSUFFICIENT_BALANCE: InsufficientBalanceError,
    ErrorCode.NO_PUBLISHED_CONFIG: NoPublishedConfigError,
    ErrorCode.PLAN_FEATURE_LOCKED: PlanFeatureLockedError,
    ErrorCode.PROGRESSION_NOT_SPENDABLE: ValidationError,
    ErrorCode.PUBLISHABLE_KEY_SCOPE: PublishableKeyScopeError,
    ErrorCode.RATE_LIMITED: RateLimitError,
    ErrorCode.RESOURCE_NOT_FOUND: NotFoundError,
    ErrorCode.TOO_MANY_ITEMS: TooManyItemsError,
    ErrorCode.UNAUTHORIZED: UnauthorizedError,
    ErrorCode.UPSTREAM_IMAGE_ERROR: UpstreamImageError,
    ErrorCode.VALIDATION_FAILED: ValidationError,
}

BY_STATUS: Mapping[int, type[HatchedError]] = {
    401: UnauthorizedError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    422: ValidationError,
    429: RateLimitError,
}
