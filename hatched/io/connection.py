"""In place of httpcore's pool, inside an httpx client that carries one request at a time.

A pool looks for a free connection, closes those that have expired and wakes those who wait, which takes a quarter
of a call, and can wedge for good when requests are cancelled (encode/httpcore#1093). Where nobody else asks, there is
nothing to look for.
"""

from __future__ import annotations

import httpcore


def _reusable(connection: httpcore.ConnectionInterface | httpcore.AsyncConnectionInterface) -> bool:
    if not connection.is_available() or connection.has_expired():
        return False
    # What came behind the last answer would be taken for the next. httpcore has no public way to ask.
    protocol = getattr(getattr(connection, "_connection", None), "_h11_state", None)
    return protocol is None or not protocol.trailing_data[0]


class OneConnection:
    """The connection of the last request, or a new one if that cannot be used again.

    Args:
        pool: Makes connections: it knows of TLS and of proxies.
    """

    def __init__(self, pool: httpcore.ConnectionPool) -> None:
        self._pool = pool
        self.connection: httpcore.ConnectionInterface | None = None

    def handle_request(self, request: httpcore.Request) -> httpcore.Response:
        """What httpx calls."""
        connection = self.connection
        if connection is None or not _reusable(connection):
            self.close()
            connection = self.connection = self._pool.create_connection(request.url.origin)
        return connection.handle_request(request)

    def close(self) -> None:
        """Close the connection."""
        if self.connection is not None:
            self.connection.close()


class AsyncOneConnection:
    """See `OneConnection`."""

    def __init__(self, pool: httpcore.AsyncConnectionPool) -> None:
        self._pool = pool
        self.connection: httpcore.AsyncConnectionInterface | None = None

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        """What httpx calls."""
        connection = self.connection
        if connection is None or not _reusable(connection):
            await self.aclose()
            connection = self.connection = self._pool.create_connection(request.url.origin)
        return await connection.handle_async_request(request)

    async def aclose(self) -> None:
        """Close the connection."""
        if self.connection is not None:
            await self.connection.aclose()
