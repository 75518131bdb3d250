"""What README shows is run, and CHANGELOG keeps its form."""

from __future__ import annotations

import re
from functools import partialmethod
from pathlib import Path

import pytest

from hatched import webhooks
from hatched.emulator import Emulator
from hatched.io import wire

ROOT = Path(__file__).parent.parent
SNIPPETS = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE)


@pytest.fixture
def emulated(monkeypatch: pytest.MonkeyPatch) -> Emulator:
    """An environment in which a client made without arguments talks to an emulator."""
    emulator = Emulator()
    monkeypatch.setenv("HATCHED_API_KEY", emulator.api_key)
    monkeypatch.setenv("HATCHED_BASE_URL", emulator.base_url)
    for name, transport in (("AsyncClient", emulator.transport()), ("Client", emulator.sync_transport())):
        made = partialmethod(getattr(wire, name).__init__, transport=transport)
        monkeypatch.setattr(wire, name, type(name, (getattr(wire, name),), {"__init__": made}))
    return emulator


def snippet(word: str) -> str:
    (found,) = [one for one in SNIPPETS if word in one]
    return found


@pytest.mark.parametrize("code", SNIPPETS, ids=lambda code: code.strip().splitlines()[-1].strip()[:40])
def test_readme_snippets_run(code: str, emulated: Emulator) -> None:
    names: dict[str, object] = {"__name__": "readme"}
    exec(compile(code, "README.md", "exec"), names)
    for name, value in names.items():
        if name.startswith("test_") and callable(value):
            value()


def test_the_first_snippet_rewards_the_lesson(emulated: Emulator, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(snippet("asyncio.run"), "README.md", "exec"), {"__name__": "readme"})
    assert "10 ('first_lesson',)" in capsys.readouterr().out


def test_the_error_snippet_names_the_code(emulated: Emulator, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(snippet("no_such_type"), "README.md", "exec"), {"__name__": "readme"})
    assert capsys.readouterr().out.startswith("event_type_not_registered 422 ")


def test_the_webhook_snippet_tells_a_genuine_delivery_from_a_forged_one() -> None:
    names: dict[str, object] = {}
    exec(compile(snippet("WebhookVerificationError"), "README.md", "exec"), names)
    receive = names["receive"]
    assert callable(receive)
    import time

    now, body = int(time.time()), b'{"buddy_id": "b1"}'
    headers = {"X-Hatched-Signature": f"sha256={webhooks.sign(body, 'whsec_s', now)}", "X-Hatched-Timestamp": str(now)}
    assert receive(body, headers, "whsec_s") == 200
    assert receive(body + b" ", headers, "whsec_s") == 400


def test_the_demo_tells_its_story(capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, object] = {"__name__": "demo"}
    exec(compile((ROOT / "examples" / "demo.py").read_text(), "demo.py", "exec"), names)
    import asyncio

    main = names["main"]
    assert callable(main)
    asyncio.run(main())
    told = capsys.readouterr().out
    assert "+10 coins, badges ['first_lesson']" in told
    assert "the same answer (True), and still 10 coins" in told
    assert "each once" in told


def test_the_changelog_has_one_sentence_per_line() -> None:
    entries = [line for line in (ROOT / "CHANGELOG.md").read_text().splitlines() if line.startswith("- ")]
    assert entries
    for entry in entries:
        assert re.fullmatch(r"- [^.]*(\.\w[^.]*)*\.", entry), entry
