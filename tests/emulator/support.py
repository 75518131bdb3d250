"""A small driver for the emulator's front door."""

from __future__ import annotations

import json
from typing import Any

from hatched.emulator import Emulator, Request, Response, Rules

KEY = "hatch_test_emulator"


class Api:
    """Talks JSON to an emulator that it makes."""

    def __init__(self, **options: Any) -> None:
        rules = options.get("rules")
        if isinstance(rules, Rules) and len(rules.audiences) > 1:
            options.setdefault("plan", "pro")
        self.emulator = Emulator(**options)
        self.clock = self.emulator.clock

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = KEY,
        headers: dict[str, str] | None = None,
        raw: bytes | None = None,
    ) -> Response:
        """Any request; `raw` is a body that is not JSON."""
        target, _, query = path.partition("?")
        content = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        auth = {"Authorization": f"Bearer {key}"} if key else {}
        return self.emulator.handle(Request(method, "/api/v1" + target, query, {**auth, **(headers or {})}, content))

    def ok(self, method: str, path: str, body: Any = None) -> Any:
        """The body of a request that must succeed."""
        response = self.send(method, path, body)
        assert response.status < 300, response.body
        return response.json()

    def code(self, method: str, path: str, body: Any = None, **options: Any) -> tuple[int, str]:
        """Status and code of a request that must fail."""
        response = self.send(method, path, body, **options)
        assert response.status >= 400, response.body
        return response.status, response.json()["error"]["code"]

    def message(self, method: str, path: str, body: Any = None, **options: Any) -> str:
        """The message of a request that must fail."""
        message: str = self.send(method, path, body, **options).json()["error"]["message"]
        return message

    def egg(self, user: str = "user_1", *, ready: bool = False, **metadata: Any) -> str:
        """A new egg."""
        egg_id: str = self.ok("POST", "/eggs", {"user_id": user, "metadata": metadata})["egg_id"]
        if ready:
            self.ok("PATCH", f"/eggs/{egg_id}/status", {"status": "ready"})
        return egg_id

    def buddy(self, user: str = "user_1", **metadata: Any) -> str:
        """A hatched buddy, by the documented walk."""
        egg_id = self.egg(user, ready=True, **metadata)
        operation = self.ok("POST", f"/eggs/{egg_id}/hatch")["operation_id"]
        buddy_id: str = self.ok("GET", f"/operations/{operation}")["result"]["buddy_id"]
        return buddy_id

    def event(self, type: str = "lesson_completed", user: str = "user_1", **fields: Any) -> Any:
        """The effects of one event."""
        return self.ok("POST", "/events", {"user_id": user, "type": type, **fields})["effects"]
