"""Retry: send again what may be sent again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from hatched.errors import HatchedError, TransportError
from hatched.pipeline.log import logger
from hatched.pipeline.messages import Handler, Request, Response, facts
from hatched.pipeline.retry_policy import RetryBudget, RetryPolicy

if TYPE_CHECKING:
    from hatched.io.base import IO


class Retry:
    """Middleware around everything that happens once per attempt."""

    def __init__(self, policy: RetryPolicy, budget: RetryBudget, io: IO) -> None:
        self._policy = policy
        self._budget = budget
        self._io = io

    async def __call__(self, request: Request, call_next: Handler) -> Response:
        earlier: list[str] = []
        maybe_received = False
        while True:
            outcome: Response | TransportError
            try:
                outcome = await call_next(request)
            except TransportError as error:
                outcome = error
            except HatchedError as error:
                _name_call(error, request, earlier)
                raise
            maybe_received |= isinstance(outcome, Response) or outcome.maybe_received
            self._budget.record(outcome)
            delay = self._policy.delay(request, outcome, self._io.now())
            if delay is not None and self._budget.exhausted:
                earlier.append("not retried: most recent attempts of this client failed")
                delay = None
            if delay is None:
                if isinstance(outcome, Response):
                    return evolve(outcome, earlier=tuple(earlier)) if earlier else outcome
                outcome.maybe_received = maybe_received
                _name_call(outcome, request, earlier)
                raise outcome
            ended = str(outcome.status) if isinstance(outcome, Response) else outcome.message
            earlier.append(ended)
            logger.debug("%s attempt %d: %s; next in %.2f s", request.route.id, request.attempt, ended, delay)
            await self._io.sleep(delay)
            request = evolve(request, attempt=request.attempt + 1)


def _name_call(error: HatchedError, request: Request, earlier: list[str]) -> None:
    for name, value in facts(request, tuple(earlier)).items():
        setattr(error, name, value)
