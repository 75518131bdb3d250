"""Errors as the API words them. Statuses and codes are `seen` unless a comment says otherwise."""

from __future__ import annotations

from typing import Any

from hatched.emulator.messages import Reply

CODES = {
    "bad_request": 400,
    "category_conflict": 400,
    "insufficient_balance": 400,
    "missing_audience": 400,
    "self_clap_forbidden": 400,
    "too_many_items": 400,
    "unknown_audience": 400,
    "unauthorized": 401,
    "credit_insufficient": 402,
    "event_quota_exceeded": 402,
    "capability_disabled": 403,
    "forbidden": 403,
    "plan_feature_locked": 403,
    "publishable_key_scope": 403,
    "resource_not_found": 404,
    "active_egg_limit": 409,
    "config_version_mismatch": 409,
    "conflict": 409,
    "idempotency_key_conflict": 409,
    "mystery_box_daily_cap": 409,
    "no_published_config": 409,
    "event_type_not_registered": 422,  # inferred
    "progression_not_spendable": 422,  # inferred
    "validation_failed": 422,
    "rate_limited": 429,
    "upstream_image_error": 502,
}
"""The catalogue (reference/error-codes), with the status of each; some need what the emulator does not have."""


class ApiError(Exception):
    """Ends the handling of a request, undoes its transaction and becomes the error envelope.

    Args:
        guess: On which of `fidelity.ERRORS` it rests.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        details: dict[str, Any] | None = None,
        headers: tuple[tuple[str, str], ...] = (),
        *,
        guess: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.details = details
        self.headers = headers
        self.guess = guess

    def reply(self, request_id: str) -> Reply:
        """The envelope; `requestId` is its only camelCase name."""
        error: dict[str, Any] = {"code": self.code, "message": str(self), "requestId": request_id}
        if self.details is not None:
            error["details"] = self.details
        return Reply({"error": error}, self.status, self.headers)


def bad_request(message: str, guess: str) -> ApiError:
    """A request that no DTO can describe."""
    return ApiError(400, "bad_request", message, guess=guess)


def not_found(what: str, guess: str | None = None) -> ApiError:
    """A missing or archived thing, or one of another customer."""
    return ApiError(404, "resource_not_found", f"{what} not found", guess=guess)


def conflict(message: str, guess: str | None = None) -> ApiError:
    """A state that does not allow the change."""
    return ApiError(409, "conflict", message, guess=guess)
