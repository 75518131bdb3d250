"""Pictures: a small SVG of its own for every buddy, stage and set of worn items. Ours; the real art is painted."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from html import escape
from urllib.parse import parse_qs, quote

PREFIX = "/_emulator/art/"


def url(origin: str, buddy_id: str, stage: int, items: Sequence[str] = ()) -> str:
    """Where the emulator serves a picture."""
    worn = "?items=" + quote(",".join(items), safe=",") if items else ""
    return f"{origin}{PREFIX}{buddy_id}/{stage}.svg{worn}"


def draw(path: str, query: str) -> str | None:
    """The picture that a URL of `url` names."""
    name, _, file = path.removeprefix(PREFIX).partition("/")
    stage = file.removesuffix(".svg")
    if not path.startswith(PREFIX) or not name or not stage.isascii() or not stage.isdigit() or stage == file:
        return None
    items = [key for key in parse_qs(query).get("items", [""])[0].split(",") if key]
    return _svg(name, min(int(stage[:2]), 5), items[:8])


def _svg(name: str, stage: int, items: list[str]) -> str:
    seed = hashlib.sha256(name.encode()).digest()
    hue, size = seed[0] * 360 // 256, 26 + 5 * stage
    eye = 4 + seed[1] % 5
    parts = [
        f'<ellipse cx="64" cy="72" rx="{size}" ry="{size - seed[2] % 8}" fill="hsl({hue} 70% 60%)"/>',
        f'<circle cx="{64 - size // 3}" cy="62" r="{eye}"/><circle cx="{64 + size // 3}" cy="62" r="{eye}"/>',
        *(  # freckles of its own: more ways than there are buddies
            f'<circle cx="{50 + seed[at] % 29}" cy="{70 + seed[at + 1] % 18}" r="2" fill="hsl({hue} 70% 40%)"/>'
            for at in range(8, 16, 2)
        ),
        *(
            f'<path d="M{40 + 12 * horn} 40l6-{8 + seed[3 + horn] % 12} 6 {8 + seed[3 + horn] % 12}z"'
            f' fill="hsl({hue} 70% 40%)"/>'
            for horn in range(stage)
        ),
    ]
    for place, key in enumerate(items):
        colour = hashlib.sha256(key.encode()).digest()[0] * 360 // 256
        parts.append(
            f'<rect x="{8 + 14 * place}" y="112" width="10" height="10" fill="hsl({colour} 80% 50%)">'
            f"<title>{escape(key)}</title></rect>"
        )
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 128 128">{"".join(parts)}</svg>'
