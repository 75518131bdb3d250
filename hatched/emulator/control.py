"""What a server answers below `/_emulator/`: the methods of `Emulator` for those who cannot call them.

JSON in, JSON out. Only this machine is answered, and no page of another site.
"""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, get_args
from urllib.parse import parse_qsl, urlsplit

import attrs

from hatched._version import __version__
from hatched.emulator import art, fidelity
from hatched.emulator.clock import iso
from hatched.emulator.configs import load
from hatched.emulator.faults import Fault, Kind
from hatched.emulator.messages import Request, Response, dumps, loads

if TYPE_CHECKING:
    from hatched.emulator.emulator import Emulator

_log = logging.getLogger("hatched.emulator")
_PREFIX = "/_emulator"


class _RefusedError(Exception):
    """Why a request is not answered, and with which status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def is_control(path: str) -> bool:
    """Whether a path is answered here. Pictures are everybody's, so they are not."""
    return (path == _PREFIX or path.startswith(_PREFIX + "/")) and not path.startswith(art.PREFIX)


def answer(emulator: Emulator, request: Request, peer: str) -> Response:
    """The answer to a request from the address `peer`."""
    try:
        _admit(request, peer)
        name = request.path.removeprefix(_PREFIX).strip("/")
        action = _ACTIONS.get((request.method, name))
        if action is None:
            known = ", ".join(sorted(f"{method} {_PREFIX}/{path}".rstrip("/") for method, path in _ACTIONS))
            raise _RefusedError(404, f"there is no {request.method} {request.path}; there are {known}")
        body = _body(request)
        if action.body is not None:
            _refuse_strange(body, action.body, "no body")
        query = dict(parse_qsl(request.query, keep_blank_values=True))
        _refuse_strange(query, action.query, "no query")
        return _json(200, action.function(emulator, body, query))
    except _RefusedError as refused:
        return _json(refused.status, {"error": {"message": str(refused)}})
    except (AttributeError, KeyError, OverflowError, RecursionError, TypeError, ValueError) as error:
        message = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
        return _json(400, {"error": {"message": message}})
    except Exception as error:  # noqa: BLE001  like a server, it answers whatever happens
        _log.exception("the emulator failed on %s %s", request.method, request.path)
        return _json(500, {"error": {"message": f"{type(error).__name__}: {error}"}})


def _refuse_strange(given: Mapping[str, Any], known: Collection[str], nothing: str) -> None:
    if strange := sorted(given.keys() - known):
        raise _RefusedError(
            400, f"{', '.join(strange)} means nothing here, which takes {', '.join(sorted(known)) or nothing}"
        )


def _admit(request: Request, peer: str) -> None:
    headers = request.by_name
    if not is_loopback(peer):
        raise _RefusedError(403, f"{_PREFIX} answers to this machine only, not to {peer or 'an unknown address'}")
    # A page in a browser of this machine can send requests here too, but cannot hide where it comes from.
    for name in ("host", "origin"):
        value = headers.get(name)
        if value is not None and not is_loopback(urlsplit(value if "//" in value else f"//{value}").hostname or ""):
            raise _RefusedError(403, f"{_PREFIX} is not for {name} {value}")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _body(request: Request) -> dict[str, Any]:
    if not request.body:
        return {}
    body = loads(request.body)
    if not isinstance(body, dict):
        raise _RefusedError(400, "the body must be a JSON object")
    return body


def _json(status: int, value: Any) -> Response:
    return Response(status, (("Content-Type", "application/json"),), dumps(value).encode(errors="replace"))


def _fault(body: dict[str, Any]) -> Fault:
    kind: Any = body.get("kind")
    if kind not in get_args(Kind):
        raise ValueError(f"a fault is one of {', '.join(get_args(Kind))}, not {kind!r}")
    fault: Fault = getattr(Fault, kind)(**{name: value for name, value in body.items() if name != "kind"})
    return fault


def _status(emulator: Emulator, body: dict[str, Any], query: dict[str, str]) -> Any:
    return {
        "version": __version__,
        "now": iso(emulator.clock.now()),
        "customer_id": emulator.customer_id,
        "api_key": emulator.api_key,
        "publishable_key": emulator.publishable_key,
        "events": emulator._count_effects(),
        "requests": len(emulator.journal),
    }


def _reset(emulator: Emulator, body: dict[str, Any], query: dict[str, str]) -> Any:
    emulator.reset()
    return {}


def _advance(emulator: Emulator, body: dict[str, Any], query: dict[str, str]) -> Any:
    return {"now": iso(emulator.clock.advance(body["advance"]))}


def _effects(emulator: Emulator, body: dict[str, Any], query: dict[str, str]) -> Any:
    return {"effects": [event._asdict() for event in emulator.effects(query.get("user_id"))]}


def _journal(emulator: Emulator, body: dict[str, Any], query: dict[str, str]) -> Any:
    entries = [entry for entry in tuple(emulator.journal) if query.get("route") in (None, entry.route)]
    return {
        "requests": [
            {
                **entry._asdict(),
                "fault": None if entry.fault is None else attrs.asdict(entry.fault),
                "body": entry.body.decode(errors="replace"),
            }
            for entry in entries
        ]
    }


def _set_faults(emulator: Emulator, body: dict[str, Any], query: dict[str, str]) -> Any:
    scripts = {
        route: [None if fault is None else _fault(fault) for fault in faults]
        for route, faults in body.get("script", {}).items()
    }
    for route in scripts:
        emulator.faults.script(route, ())  # refuses a route that does not exist, before anything is changed
    if chances := body.get("random"):
        weights: dict[Fault, float] = {}
        for each in chances["faults"]:
            fault = _fault({name: value for name, value in each.items() if name != "probability"})
            weights[fault] = weights.get(fault, 0.0) + float(each["probability"])
        emulator.faults.random(int(chances.get("seed", 0)), weights)
    for route, script in scripts.items():
        emulator.faults.script(route, script)
    return _faults(emulator, body, query)


def _faults(emulator: Emulator, body: dict[str, Any], query: dict[str, str]) -> Any:
    pending = emulator.faults.pending()
    return {
        "pending": {
            route: [None if fault is None else attrs.asdict(fault) for fault in faults]
            for route, faults in pending.items()
        },
        "random": [
            {**attrs.asdict(fault), "probability": chance} for fault, chance in emulator.faults.chances().items()
        ],
    }


def _clear_faults(emulator: Emulator, body: dict[str, Any], query: dict[str, str]) -> Any:
    emulator.faults.clear()
    return {}


def _publish(emulator: Emulator, body: dict[str, Any], query: dict[str, str]) -> Any:
    if not body:
        raise ValueError("the body must be rules, as a TOML file has them but in JSON")
    return {"config_version_id": emulator.publish(load(body), customer=query.get("customer", "default"))}


def _add_key(emulator: Emulator, body: dict[str, Any], query: dict[str, str]) -> Any:
    scopes = body.get("scopes")
    customer = str(body.get("customer", "default"))
    if not isinstance(body["key"], str) or not (scopes is None or isinstance(scopes, list)):
        raise ValueError("key must be a string, and scopes a list")
    customer_id = emulator.add_key(
        body["key"], scopes=None if scopes is None else tuple(map(str, scopes)), customer=customer
    )
    return {"customer_id": customer_id}


def _revoke_key(emulator: Emulator, body: dict[str, Any], query: dict[str, str]) -> Any:
    key = body["key"]
    try:
        emulator.revoke_key(key)
    except KeyError:
        raise ValueError("there is no such key") from None
    return {}


def _add_credits(emulator: Emulator, body: dict[str, Any], query: dict[str, str]) -> Any:
    customer = str(body.get("customer", "default"))
    emulator.add_credits(body["count"], pool=body.get("pool", "paid"), customer=customer)
    return {}


def _fail_next(emulator: Emulator, body: dict[str, Any], query: dict[str, str]) -> Any:
    emulator.fail_next(str(body["operation"]), str(body["reason"]))
    return {}


def _webhooks(emulator: Emulator, body: dict[str, Any], query: dict[str, str]) -> Any:
    target = body["url"]
    emulator.deliver_webhooks_to(None if target is None else str(target))
    return {}


def _snapshot(emulator: Emulator, body: dict[str, Any], query: dict[str, str]) -> Any:
    name = str(len(emulator.snapshots) + 1)
    emulator.snapshots[name] = emulator.snapshot()
    return {"snapshot": name}


def _restore(emulator: Emulator, body: dict[str, Any], query: dict[str, str]) -> Any:
    snapshot = emulator.snapshots.get(body["snapshot"])
    if snapshot is None:
        raise ValueError(
            f"there is no snapshot {body['snapshot']!r}; there are {', '.join(emulator.snapshots) or 'none'}"
        )
    emulator.restore(snapshot)
    return {}


def _export(emulator: Emulator, body: dict[str, Any], query: dict[str, str]) -> Any:
    return emulator.export()


def _import(emulator: Emulator, body: dict[str, Any], query: dict[str, str]) -> Any:
    emulator.import_(body)
    return {}


def _coverage(emulator: Emulator, body: dict[str, Any], query: dict[str, str]) -> Any:
    return {"coverage": [row._asdict() for row in fidelity.page()]}


def _openapi(emulator: Emulator, body: dict[str, Any], query: dict[str, str]) -> Any:
    from hatched.emulator import openapi

    return openapi.document(emulator.origin)


class _Action(NamedTuple):
    """A function, and the names that its body and its query may have; `None` leaves the body to the function."""

    function: Callable[[Emulator, dict[str, Any], dict[str, str]], Any]
    body: Collection[str] | None = ()
    query: Collection[str] = ()


_ACTIONS: dict[tuple[str, str], _Action] = {
    ("GET", ""): _Action(_status),
    ("POST", "reset"): _Action(_reset),
    ("POST", "clock"): _Action(_advance, {"advance"}),
    ("GET", "effects"): _Action(_effects, query={"user_id"}),
    ("GET", "journal"): _Action(_journal, query={"route"}),
    ("GET", "faults"): _Action(_faults),
    ("POST", "faults"): _Action(_set_faults, {"script", "random"}),
    ("DELETE", "faults"): _Action(_clear_faults),
    ("POST", "rules"): _Action(_publish, None, {"customer"}),
    ("POST", "keys"): _Action(_add_key, {"key", "scopes", "customer"}),
    ("DELETE", "keys"): _Action(_revoke_key, {"key"}),
    ("POST", "credits"): _Action(_add_credits, {"count", "pool", "customer"}),
    ("POST", "failures"): _Action(_fail_next, {"operation", "reason"}),
    ("POST", "webhooks"): _Action(_webhooks, {"url"}),
    ("POST", "snapshots"): _Action(_snapshot),
    ("POST", "restore"): _Action(_restore, {"snapshot"}),
    ("GET", "export"): _Action(_export),
    ("POST", "import"): _Action(_import, None),
    ("GET", "coverage"): _Action(_coverage),
    ("GET", "openapi.json"): _Action(_openapi),
}
