"""What is on the errors."""

# pyright: strict

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, assert_type

import hatched
from hatched import ErrorCode, HatchedError, models


def show(error: HatchedError) -> None:
    assert_type(error.code, str | None)
    assert_type(error.status_code, int | None)
    assert_type(error.request_id, str | None)
    assert_type(error.details, Mapping[str, Any])
    assert_type(error.message, str)
    assert_type(error.attempts, int)
    assert_type(error.earlier, tuple[str, ...])
    assert_type(error.route, str | None)
    assert_type(error.idempotency_key, str | None)
    if error.code == ErrorCode.RATE_LIMITED:
        print("slow down")


def attributes(client: hatched.HatchedClient) -> None:
    try:
        client.eggs.create(user_id="u")
    except hatched.ActiveEggLimitError as error:
        assert_type(error.max, int | None)
        assert_type(error.active, tuple[models.ActiveEggLimitEgg, ...])
    except hatched.NoPublishedConfigError as error:
        assert_type(error.publish_url, str | None)
        assert_type(error.docs_url, str | None)
    except hatched.InsufficientBalanceError as error:
        assert_type(error.required, float | None)
        assert_type(error.available, float | None)
    except hatched.TooManyItemsError as error:
        assert_type(error.max, int | None)
        assert_type(error.attempted, int | None)
    except hatched.CategoryConflictError as error:
        assert_type(error.category, str | None)
        assert_type(error.conflicting_item_ids, tuple[str, ...])
    except hatched.CreditInsufficientError as error:
        assert_type(error.top_up_url, str | None)
    except hatched.EventQuotaExceededError as error:
        assert_type(error.reset_at, datetime | None)
        assert_type(error.used, int | None)
    except hatched.PlanFeatureLockedError as error:
        assert_type(error.required_plan, str | None)
    except hatched.RateLimitError as error:
        assert_type(error.retry_after, float)
    except hatched.RequestTimeoutError as error:
        assert_type(error.phase, str)
        assert_type(error.maybe_received, bool)
    except hatched.TransportError as error:
        assert_type(error.maybe_received, bool)
    except hatched.ResponseDecodeError as error:
        assert_type(error.problems, tuple[str, ...])
    except (hatched.OperationTimeoutError, hatched.OperationFailedError) as error:
        assert_type(error.operation, models.Operation | None)
    except hatched.WebhookVerificationError as error:
        assert_type(error.reason, str)
    except (hatched.ConfigurationError, hatched.ClientClosedError) as error:
        show(error)


def as_the_builtin(client: hatched.HatchedClient) -> None:
    try:
        client.operations.wait("o")
    except TimeoutError:
        print("later")
