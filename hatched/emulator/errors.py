"""Errors as the API words them. Statuses and codes are `seen` unless a comment says otherwise."""

from __future__ import annotations

from typing import Any

from hatched.emulator.messages import Reply


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
