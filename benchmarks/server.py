"""A server that is faster than any client: it reads a request, and answers documented effects.

Run in a process of its own, so that it does not take turns with the client that is measured.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

EFFECTS = (
    b'{"coins":10,"badges_awarded":["first_lesson"],"badges_ready":[],"tokens":["stars:5"],"evolution_ready":false,'
    b'"streak_milestones":[7],"streak_updates":[{"definition_key":"daily","label":"Daily","icon":"fire","current":7,'
    b'"longest":9,"milestone_hit":7,"hero":true}],"path_updates":[]}'
)
ANSWER = (
    b"HTTP/1.1 201 Created\r\ncontent-type: application/json\r\nx-request-id: 7c1f0a\r\nx-ratelimit-limit: 1000000\r\n"
    b"x-ratelimit-remaining: 999999\r\nx-ratelimit-reset: 4000000000\r\ncontent-length: %d\r\n\r\n" % len(EFFECTS)
) + EFFECTS


BATCH = b'{"coins":10,"badges_awarded":[],"tokens":["stars:5"],"streak_updates":[],"path_updates":[]}'
"""What one event of a batch did."""
BULK = b'{"index":{"_index":"events","_id":"1","_version":1,"result":"created","_seq_no":1,"status":201}}'
"""The same in the words of Elasticsearch."""
HEAD = (
    b"HTTP/1.1 201 Created\r\ncontent-type: application/json\r\nx-request-id: 7c1f0a\r\n"
    b"x-ratelimit-limit: 100000000\r\nx-ratelimit-remaining: 99999999\r\n"
    b"x-elastic-product: Elasticsearch\r\ncontent-length: %d\r\n\r\n"
)


@cache
def answer_to(many: int, one: bytes, around: bytes) -> bytes:
    """The answer to a request of so many events."""
    body = around % b",".join([one] * many)
    return HEAD % len(body) + body


def answer(request: bytes) -> bytes:
    """What fits the path."""
    if request.startswith(b"POST /api/v1/events/batch"):
        return answer_to(request.count(b'"event_id"'), BATCH, b'{"results":[%b]}')
    if b"/_bulk" in request[:80]:
        return answer_to(request.count(b'{"index":'), BULK, b'{"took":1,"errors":false,"items":[%b]}')
    return ANSWER


class Answers(asyncio.Protocol):
    """One connection. Of a request only its length matters."""

    def __init__(self, delay: float) -> None:
        self._delay = delay
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each request that is complete."""
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            _, _, length = self._received[:end].lower().partition(b"content-length:")
            whole = end + 4 + int(length.partition(b"\r\n")[0] or 0)
            if len(self._received) < whole:
                return
            reply = answer(self._received[:whole])
            self._received = self._received[whole:]
            if self._delay:
                asyncio.get_running_loop().call_later(self._delay, self._transport.write, reply)
            else:
                self._transport.write(reply)


async def serve(delay: float) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Answers(delay), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    # The parent's end of stdin closes when it ends, however it ends.
    await asyncio.to_thread(sys.stdin.read)


@contextmanager
def running(delay: float = 0.0) -> Iterator[str]:
    """The address of a server that answers after `delay` seconds."""
    command = [sys.executable, "-m", "benchmarks.server", str(delay)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.terminate()


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1])))
