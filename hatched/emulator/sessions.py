"""Credentials for browsers: signed JWTs (concepts/auth-model). Their claims are inferred; PyJWT signs them."""

from __future__ import annotations

from typing import Any

from hatched.emulator import rows
from hatched.emulator.clock import iso
from hatched.emulator.context import Call, World
from hatched.emulator.errors import ApiError, not_found
from hatched.emulator.messages import Reply, dumps
from hatched.emulator.validation import InvalidError, Problem
from hatched.models.tokens import CreateEmbedTokenParams, CreateSessionParams

SESSION_TTL, EMBED_TTL = 3_600, 86_400
"""Default and maximum, in seconds (seen); that a longer one is refused and not clamped is inferred."""

SCOPES = (
    "read",
    "events:track",
    "marketplace:browse",
    "marketplace:purchase",
    "items:equip",
    "feed:react",
    "mysterybox:claim",
    "kudos:send",
)
_ALGORITHM = "HS256"


def create_session(call: Call, params: CreateSessionParams) -> Reply:
    """An interactive session, which can be revoked."""
    unknown = [scope for scope in params.scopes if scope not in SCOPES]
    if unknown:
        message = f"each value in scopes must be one of the following values: {', '.join(SCOPES)}"
        raise InvalidError([Problem("scopes", message, seen=False)])
    _check_buddy(call, params.buddy_id, params.user_id)
    session_id = call.world.ids.new()
    expires = call.now + (params.ttl_seconds or SESSION_TTL)
    rows.insert(
        call.db,
        "sessions",
        {
            "id": session_id,
            "customer_id": call.customer_id,
            "buddy_id": params.buddy_id,
            "scopes": dumps(list(params.scopes)),
            "revoked": False,
            "expires_at": expires,
        },
    )
    claims = {**_claims(call, params.buddy_id, params.user_id, expires), "jti": session_id}
    token = _sign(call.world, {**claims, "mode": "interactive", "scopes": list(params.scopes)})
    body = {"token": token, "session_id": session_id, "expires_at": iso(expires), "scopes": list(params.scopes)}
    return Reply(body, 201)


def revoke_session(call: Call) -> Reply:
    """Ends a session; once more is no error (inferred)."""
    known = call.one(
        "SELECT revoked FROM sessions WHERE id = ? AND customer_id = ?", call.args["session_id"], call.customer_id
    )
    if known is None:
        raise not_found("Session")
    if known["revoked"]:
        call.world.infer("sessions.again")
    call.db.execute("UPDATE sessions SET revoked = 1 WHERE id = ?", (call.args["session_id"],))
    return Reply(status=204)


def create_embed_token(call: Call, params: CreateEmbedTokenParams) -> Reply:
    """A read-only token that nobody keeps track of."""
    _check_buddy(call, params.buddy_id, params.user_id)
    expires = call.now + (params.ttl_seconds or EMBED_TTL)
    token = _sign(call.world, {**_claims(call, params.buddy_id, params.user_id, expires), "mode": "read-only"})
    return Reply({"token": token, "expires_at": iso(expires), "mode": "read-only"}, 201)


def verify(world: World, token: str, now: float) -> dict[str, Any]:
    """The claims of a token. Raises `ValueError` for one that is forged, expired or revoked."""
    import jwt

    try:
        # Expiry is judged by the emulator's clock, of which PyJWT knows nothing.
        claims: dict[str, Any] = jwt.decode(
            token, world.signing_key, algorithms=[_ALGORITHM], options={"verify_exp": False, "verify_iat": False}
        )
    except jwt.InvalidTokenError as invalid:
        raise ValueError(f"not a token of this emulator: {invalid}") from None
    if claims["exp"] <= now:
        raise ValueError("the token has expired")
    row = world.store.db.execute("SELECT revoked FROM sessions WHERE id = ?", (claims.get("jti"),)).fetchone()
    if "jti" in claims and (row is None or row[0]):
        raise ValueError("the session was revoked")
    return claims


def _check_buddy(call: Call, buddy_id: str, user_id: str) -> None:
    """404 for a buddy of another tenant is seen, for one of another user it is inferred."""
    found = call.one(
        "SELECT user_id FROM buddies WHERE id = ? AND customer_id = ? AND status = 'active'", buddy_id, call.customer_id
    )
    if found is None:
        raise not_found("Buddy")
    if found["user_id"] != user_id:
        raise not_found("Buddy", "sessions.other_user")


def _claims(call: Call, buddy_id: str, user_id: str, expires: float) -> dict[str, Any]:
    return {
        "sub": user_id,
        "buddy_id": buddy_id,
        "customer_id": call.customer_id,
        "iat": int(call.now),
        "exp": int(expires),
    }


def _sign(world: World, claims: dict[str, Any]) -> str:
    try:
        import jwt
    except ModuleNotFoundError:
        raise ApiError(501, "emulator_not_implemented", "Tokens need PyJWT: pip install 'hatched[emulator]'") from None
    return jwt.encode(claims, world.signing_key, algorithm=_ALGORITHM)
