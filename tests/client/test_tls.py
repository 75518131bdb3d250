"""Encrypted connections, direct and through a proxy."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import trustme

import hatched
from hatched.io import environment
from tests.client.raw_server import Exchange, answer, response, say


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusted(authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """The environment names the authority as the one to trust."""
    for name in os.environ:
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    environment.tls.cache_clear()
    yield
    environment.tls.cache_clear()


@pytest.fixture
def encrypted(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    return context


def tunnel(to: int, seen: list[str]) -> Callable[[Exchange], None]:
    """What a proxy does that is asked to connect."""

    def pump(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):  # the other side may be gone at any time
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def turn(exchange: Exchange) -> None:
        seen.append(exchange.heard.line)
        with socket.create_connection(("localhost", to)) as target:
            exchange.say(b"HTTP/1.1 200 OK\r\n\r\n")
            back = Thread(target=pump, args=(target, exchange.connection))
            back.start()
            pump(exchange.connection, target)
            back.join()
        exchange.hang_up()

    return turn


@pytest.mark.usefixtures("trusted")
async def test_calls_share_an_encrypted_connection(colour: Any, serve: Any, encrypted: ssl.SSLContext) -> None:
    server = serve(answer(200, {"coins": 7}), tls=encrypted)
    client = colour.client(base_url=server.base_url, max_retries=0)
    for _ in range(3):
        effects = await colour.run(client.events.send(user_id="u", type="t", properties={"long": "x" * 300_000}))
        assert effects.coins == 7
    assert server.connections == 1
    assert {len(heard.body) > 300_000 for heard in server.heard} == {True}


async def test_a_certificate_of_an_unknown_authority_is_not_accepted(
    colour: Any, serve: Any, encrypted: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    environment.tls.cache_clear()
    server = serve(answer(200), tls=encrypted)
    client = colour.client(base_url=server.base_url, max_retries=0)
    with pytest.raises(hatched.TransportError, match="CERTIFICATE_VERIFY_FAILED") as caught:
        await colour.run(client.events.send(user_id="u", type="t"))
    assert not caught.value.maybe_received
    assert server.heard == []


@pytest.mark.usefixtures("trusted")
async def test_a_proxy_of_the_environment_carries_what_it_cannot_read(
    colour: Any, serve: Any, encrypted: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    server = serve(answer(200, {"coins": 7}), tls=encrypted)
    proxy = serve(tunnel(server.port, seen))
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
    client = colour.client(base_url=server.base_url, max_retries=0)
    for _ in range(3):
        assert (await colour.run(client.events.send(user_id="u", type="t"))).coins == 7
    assert seen == [f"CONNECT localhost:{server.port} HTTP/1.1"]
    assert (proxy.connections, server.connections) == (1, 1)
    assert not any("authorization" in heard.headers for heard in proxy.heard)
    await colour.close(client)  # the proxy holds on for as long as the client does


@pytest.mark.usefixtures("trusted")
async def test_what_comes_behind_an_encrypted_answer_is_not_the_answer_of_the_next_call(
    colour: Any, serve: Any, encrypted: ssl.SSLContext
) -> None:
    server = serve(say(response(200, b'{"coins": 7}') + response(200, b'{"coins": 666}')), tls=encrypted)
    client = colour.client(base_url=server.base_url, max_retries=0)
    for _ in range(3):
        assert (await colour.run(client.events.send(user_id="u", type="t"))).coins == 7


@pytest.mark.usefixtures("trusted")
async def test_a_handshake_that_takes_too_long_has_sent_nothing(colour: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        client = colour.client(base_url=f"https://localhost:{deaf.getsockname()[1]}/api/v1", max_retries=0, timeout=0.1)
        with pytest.raises(hatched.RequestTimeoutError, match="could not connect") as caught:
            await colour.run(client.events.send(user_id="u", type="t"))
    assert (caught.value.phase, caught.value.maybe_received) == ("connect", False)
