"""Certificates and proxies that the environment names wrongly: each client says which variable, and no password."""

from __future__ import annotations

import os
import pickle
import sys
import traceback
from pathlib import Path
from typing import Any

import pytest

import hatched
from hatched.io import environment

NOWHERE = "https://127.0.0.1:9/api/v1"


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.lower().endswith("_proxy") or name.startswith("SSL"):
            monkeypatch.delenv(name)
    environment.tls.cache_clear()


async def failure(colour: Any) -> hatched.ConfigurationError:
    with pytest.raises(hatched.ConfigurationError) as caught:
        await colour.run(colour.client(base_url=NOWHERE, max_retries=3).health())
    return caught.value


@pytest.mark.parametrize(
    ("value", "why"),
    [("/nowhere.pem", "No such file"), ("/", "Is a directory"), (__file__, "no certificate or crl found")],
)
async def test_certificates_that_are_none(colour: Any, monkeypatch: pytest.MonkeyPatch, value: str, why: str) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", value)
    error = await failure(colour)
    assert f"TLS cannot be set up with SSL_CERT_FILE={value}: " in str(error)
    assert why in str(error)
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(hatched.TransportError):  # mended, it goes on
        await colour.run(colour.client(base_url=NOWHERE, max_retries=0).health())


async def test_a_log_of_keys_that_cannot_be_written(
    colour: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "deeper" / "keys"))
    assert f"SSLKEYLOGFILE={tmp_path}" in str(await failure(colour))


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("HTTPS_PROXY", "nonsense://me:hunter2@proxy:3128", "HTTPS_PROXY=nonsense://***@proxy:3128"),
        ("https_proxy", "nonsense://proxy", "https_proxy=nonsense://proxy"),
        ("ALL_PROXY", "nonsense://me:hunter2/@@proxy", "ALL_PROXY=nonsense://***@proxy"),
        ("HTTPS_PROXY", "http://me:hunter2", "HTTPS_PROXY=***"),
        ("HTTPS_PROXY", "me:hunter2@proxy:port", "HTTPS_PROXY=***"),
        ("NO_PROXY", "[::1", "see NO_PROXY"),
    ],
)
async def test_a_proxy_that_is_none(
    colour: Any, monkeypatch: pytest.MonkeyPatch, name: str, value: str, shown: str
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://me:hunter2@proxy:3128")
    monkeypatch.setenv(name, value)
    error = await failure(colour)
    assert error.message == (f"no proxy that can be used: {shown}")
    said = [*traceback.format_exception(error), repr(pickle.dumps(error)), repr(error.__context__)]
    assert "hunter2" not in "".join(said)


async def test_a_proxy_that_needs_another_package(colour: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "socksio", None)
    monkeypatch.setenv("ALL_PROXY", "socks5://me:hunter2@proxy")
    error = await failure(colour)
    assert error.message == "no proxy that can be used: ALL_PROXY=socks5://***@proxy"
    assert "httpx[socks]" in error.__notes__[0]


async def test_plain_http_to_this_machine_asks_for_neither(
    colour: Any, emulator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere.pem")
    monkeypatch.setenv("HTTPS_PROXY", "nonsense://proxy")
    with emulator.serve() as server:
        client = colour.client(api_key=emulator.api_key, base_url=server.base_url)
        assert (await colour.run(client.health())).status == "ok"
