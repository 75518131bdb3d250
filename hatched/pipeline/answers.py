"""What an answer that is not 2xx means."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from hatched.errors import BY_CODE, BY_STATUS, HatchedError
from hatched.pipeline.messages import Response, facts_of_answer
from hatched.pipeline.retry_policy import parse_retry_after

_EXCERPT = 200
"""Characters that are quoted of an answer that is not the documented envelope."""


def raise_for_status(response: Response) -> None:
    """Raise the error of an answer that is not 2xx: by its code, then by its status, then the base class."""
    if 200 <= response.status < 300:
        return
    envelope = _envelope(response.body)
    code = envelope.get("code")
    code = code if isinstance(code, str) else None
    message, details = envelope.get("message"), envelope.get("details")
    kind = BY_CODE.get(code or "") or BY_STATUS.get(response.status, HatchedError)
    raise kind(
        _one_line(message) if isinstance(message, str) else _describe(response),
        code=code,
        details=details if isinstance(details, dict) else None,
        retry_after=parse_retry_after(response),
        **facts_of_answer(response),
    )


def _envelope(body: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    error = parsed.get("error") if isinstance(parsed, dict) else None
    return error if isinstance(error, dict) else {}


def _describe(response: Response) -> str:
    if 300 <= response.status < 400:
        host = _host(response.headers.get("location", "")) or "another address"
        return f"redirected to {host}, which is not followed: the key is for base_url only"
    text = _one_line(response.body[: 4 * _EXCERPT].decode("utf-8", "replace"), _EXCERPT)
    kind = response.headers.get("content-type", "no content type")[:80]
    if not text:
        return f"an empty answer ({kind})"
    return f"an answer without the error envelope ({kind}): {text}"


def _one_line(text: str, longest: int = 1000) -> str:
    """Without line breaks and control characters, so that it cannot pass for anything else in a log."""
    text = "".join(letter for letter in " ".join(text[: 2 * longest].split()) if letter.isprintable())
    return text if len(text) <= longest else f"{text[:longest]}…"


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
