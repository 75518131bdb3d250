"""Brings webhooks that are due to whoever receives them."""

from __future__ import annotations

from collections.abc import Callable
from threading import RLock
from typing import TYPE_CHECKING

from hatched.emulator import delivery
from hatched.emulator.clock import Clock
from hatched.emulator.context import World
from hatched.emulator.delivery import Receiver

if TYPE_CHECKING:
    from hatched.emulator.receivers import ASGIApp, AsyncReceiver


class Courier:
    """That of one emulator.

    Args:
        lock: The emulator's.
        world: Answers what it holds now; `None` once it is closed.
    """

    def __init__(self, lock: RLock, clock: Clock, world: Callable[[], World | None]) -> None:
        self._lock = lock
        self._clock = clock
        self._world = world
        self._receiver: Receiver | None = None
        self._under_way = False

    def serve(self, receiver: Receiver | AsyncReceiver | ASGIApp | str | None) -> None:
        """Deliver to this one from here on. See `Emulator.deliver_webhooks_to`."""
        if receiver is not None:
            from hatched.emulator import receivers

            receiver = receivers.receiver(receiver)
        with self._lock:
            self._receiver = receiver

    def has_some(self) -> bool:
        """Whether `deliver` would call a receiver."""
        with self._lock:
            world = self._world()
            return world is not None and delivery.some_due(world, self._clock.now())

    def deliver(self) -> None:
        """Makes the attempts that are due, one after another.

        A receiver is called without the lock, for it may call back from another thread. While one call of this is at
        work, others leave what is due to it.
        """
        with self._lock:
            if self._under_way:
                return
            self._under_way = True
        try:
            while self._deliver_one():
                pass
        except BaseException:  # a receiver that is interrupted; otherwise `_deliver_one` has said so
            self._under_way = False
            raise

    def _deliver_one(self) -> bool:
        with self._lock:
            world, receiver = self._world(), self._receiver
            made = None if world is None else delivery.next_attempt(world, self._clock.now())
            if world is None or made is None:
                self._under_way = False
                return False
        status, error = delivery.attempt(made.request, receiver)
        with self._lock:
            if self._world() is world:
                delivery.record(world, made, status, error)
        return True
