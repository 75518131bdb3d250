"""What the pipeline asks of the world."""

from __future__ import annotations

from typing import Protocol

from hatched.pipeline.messages import Request, Response


class IO(Protocol):
    """Send, sleep, and tell the time. A blocking one never suspends its coroutines.

    Attributes:
        clock: Time that was given for tests, or `None` for the system's.
    """

    clock: Clock | None

    async def send(self, request: Request, timeout: float | None) -> Response:
        """One attempt, within `timeout` seconds.

        Raises:
            TransportError: No usable answer came back.
        """
        ...

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        ...

    def now(self) -> float:
        """Seconds on a clock that never goes back."""
        ...

    async def aclose(self) -> None:
        """Close the connections. Requests under way fail."""
        ...


class Clock(Protocol):
    """Time for tests: `sleep` moves it on, at once."""

    def now(self) -> float:
        """Seconds."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let time pass without waiting."""
        ...
