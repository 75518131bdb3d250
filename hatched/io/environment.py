"""What httpx takes from the environment: certificates and proxies. What is wrong there is said by name."""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Callable
from functools import cache
from typing import TypeVar

import httpx

from hatched.errors import ConfigurationError

C = TypeVar("C", httpx.Client, httpx.AsyncClient)

_TLS = ("SSL_CERT_FILE", "SSLKEYLOGFILE")
_PROXIES = ("https_proxy", "http_proxy", "all_proxy")
_PROXY = re.compile(r"([\w+.-]+://)?(.*@)?([\w.-]*(?::\d+)?/?)")
"""Scheme, user and password, host and port."""
_WRONG = (ValueError, httpx.InvalidURL, ImportError)


@cache
def tls() -> ssl.SSLContext:
    """One serves all clients of the process: building one takes tens of milliseconds."""
    try:
        return httpx.create_ssl_context()
    except OSError as error:  # those of ssl are OSErrors, too
        given = ", ".join(f"{name}={os.environ[name]}" for name in _TLS if os.environ.get(name))
        wrong = ConfigurationError(f"TLS cannot be set up{given and f' with {given}'}: {error}")
        wrong.add_note("SSL_CERT_FILE names a file of certificates in PEM format; unset, those of certifi are used")
        raise wrong from None


@cache
def no_tls() -> ssl.SSLContext:
    """Stands where httpx asks for a context. One for all: a fork while OpenSSL makes one can hang the child."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def with_proxies(make: Callable[[], C]) -> C:
    """The client, which asks the environment for proxies when it is made."""
    try:
        return make()
    except _WRONG as error:
        wrong = _wrong_proxy(error)
    raise wrong  # outside of the handler: what httpx says may hold a password


def _wrong_proxy(error: Exception) -> ConfigurationError:
    found = [
        f"{name}={_shown(value)}"
        for name, value in os.environ.items()
        if name.lower() in _PROXIES and value and not _works(value)
    ]
    wrong = ConfigurationError(f"no proxy that can be used: {', '.join(found) or 'see NO_PROXY'}")
    wrong.add_note(
        str(error) if isinstance(error, ImportError) else "a proxy is a URL such as http://proxy.example:3128"
    )
    return wrong


def _works(proxy: str) -> bool:
    try:
        httpx.Client(proxy=proxy if "://" in proxy else f"http://{proxy}", verify=no_tls(), trust_env=False)
    except _WRONG:
        return False
    return True


def _shown(proxy: str) -> str:
    """Without what may be a password."""
    parts = _PROXY.fullmatch(proxy)
    return "***" if parts is None else f"{parts[1] or ''}{'***@' if parts[2] else ''}{parts[3]}"
