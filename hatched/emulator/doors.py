"""The doors for the SDK's own clients: the only module of the emulator that knows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypedDict, Unpack

import httpx

from hatched.client import AsyncHatchedClient
from hatched.sync.client import HatchedClient

if TYPE_CHECKING:
    from hatched.emulator.emulator import Emulator


class EmulatedOptions(TypedDict, total=False):
    """Settings of a client of the emulator; see `AsyncHatchedClient` for each."""

    timeout: float | None
    deadline: float | None
    max_retries: int
    max_retry_wait: float
    headers: Mapping[str, str]
    debug: bool


def async_client(emulator: Emulator, **options: Unpack[EmulatedOptions]) -> AsyncHatchedClient:
    """See `Emulator.client`."""
    return AsyncHatchedClient(
        api_key=emulator.api_key,
        base_url=emulator.base_url,
        http_client=httpx.AsyncClient(transport=emulator.transport()),
        clock=None if emulator.clock.waits else emulator.clock,
        **options,
    )


def sync_client(emulator: Emulator, **options: Unpack[EmulatedOptions]) -> HatchedClient:
    """See `Emulator.sync_client`."""
    return HatchedClient(
        api_key=emulator.api_key,
        base_url=emulator.base_url,
        http_client=httpx.Client(transport=emulator.sync_transport()),
        clock=None if emulator.clock.waits else emulator.clock,
        **options,
    )
