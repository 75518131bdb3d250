"""Hatched for Python: an async-first SDK with a synchronous twin and an embedded emulator.

Models and the synchronous client are loaded on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hatched._version import __version__ as __version__
from hatched.client import AsyncHatchedClient as AsyncHatchedClient, ClientOptions as ClientOptions
from hatched.codec import to_dict as to_dict
from hatched.errors import (
    ActiveEggLimitError as ActiveEggLimitError,
    AuthError as AuthError,
    CategoryConflictError as CategoryConflictError,
    ClientClosedError as ClientClosedError,
    ConfigurationError as ConfigurationError,
    ConfigVersionMismatchError as ConfigVersionMismatchError,
    ConflictError as ConflictError,
    CreditInsufficientError as CreditInsufficientError,
    ErrorCode as ErrorCode,
    EventQuotaExceededError as EventQuotaExceededError,
    ForbiddenError as ForbiddenError,
    HatchedError as HatchedError,
    InsufficientBalanceError as InsufficientBalanceError,
    NoPublishedConfigError as NoPublishedConfigError,
    NotFoundError as NotFoundError,
    OperationFailedError as OperationFailedError,
    OperationTimeoutError as OperationTimeoutError,
    PlanFeatureLockedError as PlanFeatureLockedError,
    PublishableKeyScopeError as PublishableKeyScopeError,
    RateLimitError as RateLimitError,
    RequestTimeoutError as RequestTimeoutError,
    ResponseDecodeError as ResponseDecodeError,
    TooManyItemsError as TooManyItemsError,
    TransportError as TransportError,
    UnauthorizedError as UnauthorizedError,
    UpstreamImageError as UpstreamImageError,
    ValidationError as ValidationError,
    WebhookVerificationError as WebhookVerificationError,
)
from hatched.options import (
    PollOptions as PollOptions,
    RequestOptions as RequestOptions,
    WriteOptions as WriteOptions,
)
from hatched.pipeline.messages import (
    Handler as Handler,
    Middleware as Middleware,
    RateLimitInfo as RateLimitInfo,
    Request as Request,
    Response as Response,
    ResponseInfo as ResponseInfo,
)

if TYPE_CHECKING:
    from hatched.models import (
        Buddy as Buddy,
        Egg as Egg,
        EventEffects as EventEffects,
        Operation as Operation,
        SendEventParams as SendEventParams,
        SkillUpdate as SkillUpdate,
    )
    from hatched.sync._base import SyncHandler as SyncHandler, SyncMiddleware as SyncMiddleware
    from hatched.sync.client import HatchedClient as HatchedClient

_LATER = {
    "HatchedClient": "hatched.sync.client",
    "SyncHandler": "hatched.sync._base",
    "SyncMiddleware": "hatched.sync._base",
    **dict.fromkeys(("Buddy", "Egg", "EventEffects", "Operation", "SendEventParams", "SkillUpdate"), "hatched.models"),
}


__all__ = [
    "ActiveEggLimitError",
    "AsyncHatchedClient",
    "AuthError",
    "Buddy",
    "CategoryConflictError",
    "ClientClosedError",
    "ClientOptions",
    "ConfigVersionMismatchError",
    "ConfigurationError",
    "ConflictError",
    "CreditInsufficientError",
    "Egg",
    "ErrorCode",
    "EventEffects",
    "EventQuotaExceededError",
    "ForbiddenError",
    "Handler",
    "HatchedClient",
    "HatchedError",
    "InsufficientBalanceError",
    "Middleware",
    "NoPublishedConfigError",
    "NotFoundError",
    "Operation",
    "OperationFailedError",
    "OperationTimeoutError",
    "PlanFeatureLockedError",
    "PollOptions",
    "PublishableKeyScopeError",
    "RateLimitError",
    "RateLimitInfo",
    "Request",
    "RequestOptions",
    "RequestTimeoutError",
    "Response",
    "ResponseDecodeError",
    "ResponseInfo",
    "SendEventParams",
    "SkillUpdate",
    "SyncHandler",
    "SyncMiddleware",
    "TooManyItemsError",
    "TransportError",
    "UnauthorizedError",
    "UpstreamImageError",
    "ValidationError",
    "WebhookVerificationError",
    "WriteOptions",
    "__version__",
    "to_dict",
]

if not TYPE_CHECKING:  # a type checker must see a misspelt name

    def __getattr__(name: str) -> Any:
        if name not in _LATER:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        value = getattr(import_module(_LATER[name]), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})
