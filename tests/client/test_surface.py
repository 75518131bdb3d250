"""The surface of both clients: everything that the JavaScript SDK has, and the same in both colours."""

from __future__ import annotations

import inspect
import json
import re
import typing
from pathlib import Path
from typing import Any

import httpx
import pytest

import hatched
from hatched import imports, models, options

REFERENCE = json.loads((Path(__file__).parents[1] / "data" / "js_surface.json").read_text())


def snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def attribute_of(js_class: str) -> str:
    """`WidgetSessionsResource` is `client.widget_sessions`; the client's own methods have no resource."""
    return "" if js_class == "HatchedClient" else snake(js_class.removesuffix("Resource"))


RESOURCES = tuple(attribute_of(one) for one in REFERENCE["methods"] if one != "HatchedClient")
JS_METHODS = [(attribute_of(one), snake(name)) for one, names in REFERENCE["methods"].items() for name in names]

CLIENTS = {
    "async": hatched.AsyncHatchedClient(api_key="hatch_test_x"),
    "sync": hatched.HatchedClient(api_key="hatch_test_x"),
}


def holder(colour: str, resource: str) -> Any:
    return getattr(CLIENTS[colour], resource) if resource else CLIENTS[colour]


def public_methods(colour: str, resource: str) -> dict[str, Any]:
    kind = type(holder(colour, resource))
    return {name: value for name, value in inspect.getmembers(kind, inspect.isfunction) if name[0] != "_"}


LIFECYCLE = {"aclose", "close", "with_options"}
OURS = [(resource, name) for resource in ("", *RESOURCES) for name in public_methods("sync", resource)]
TWINS = [(resource, name) for resource, name in OURS if name not in LIFECYCLE]
IMPORTS = {"import_all", "import_stream", "plan"}
CALLS = [
    (resource, name)
    for resource, name in TWINS
    if name not in {"get_rate_limit_info", "get_last_request_id", "verify_signature", *IMPORTS}
]
SPOKEN_OF_OTHERWISE = {
    "AsyncSource": "Source",
    "AsyncImportStream": "ImportStream",
    "an iterable or async iterable": "an iterable",
    "asked in the event loop": "asked in the calling thread",
    "async with": "with",
    "async for": "for",
    "several tasks": "several threads",
}
"""What the two colours differ in, besides `async` and `await`."""


def names(rows: list[tuple[str, str]]) -> list[str]:
    return [f"{resource}.{name}".lstrip(".") for resource, name in rows]


def twins(resource: str, name: str) -> tuple[Any, Any]:
    return getattr(type(holder("async", resource)), name), getattr(type(holder("sync", resource)), name)


def as_blocking(text: str) -> str:
    for ours, theirs in SPOKEN_OF_OTHERWISE.items():
        text = text.replace(ours, theirs)
    return text


def options_of(method: Any) -> set[str]:
    """The names that `**options: Unpack[…]` lets through."""
    (kinds,) = [one.annotation for one in inspect.signature(method).parameters.values() if one.kind is one.VAR_KEYWORD]
    return set(getattr(options, re.fullmatch(r"Unpack\[(\w+)\]", kinds)[1]).__optional_keys__)  # type: ignore[index]


def test_the_vendored_reference_is_whole() -> None:
    assert (len(JS_METHODS), len(REFERENCE["errors"])) == (61, 19)


@pytest.mark.parametrize("colour", CLIENTS)
@pytest.mark.parametrize(("resource", "name"), JS_METHODS, ids=names(JS_METHODS))
def test_every_method_of_the_javascript_sdk_exists(colour: str, resource: str, name: str) -> None:
    assert callable(getattr(holder(colour, resource), name))


@pytest.mark.parametrize("name", REFERENCE["errors"])
def test_every_error_of_the_javascript_sdk_is_a_public_error(name: str) -> None:
    assert issubclass(getattr(hatched, name), hatched.HatchedError)


WITHOUT_MODEL = {
    "ActiveEggLimitWireEgg",
    "Page",  # generic there, `DeliveryPage` here
}


@pytest.mark.parametrize("name", [name for name in REFERENCE["types"] if name not in WITHOUT_MODEL])
def test_every_type_of_the_javascript_sdk_is_a_model(name: str) -> None:
    assert isinstance(getattr(models, name), type)


@pytest.mark.parametrize("resource", ["", *RESOURCES])
def test_both_colours_have_the_same_methods(resource: str) -> None:
    asynchronous, blocking = (set(public_methods(colour, resource)) - LIFECYCLE for colour in ("async", "sync"))
    assert asynchronous == blocking


@pytest.mark.parametrize(("resource", "name"), TWINS, ids=names(TWINS))
def test_both_colours_take_the_same_parameters(resource: str, name: str) -> None:
    asynchronous, blocking = (list(inspect.signature(one).parameters.values()) for one in twins(resource, name))
    assert [(one.name, one.kind, one.default, as_blocking(str(one.annotation))) for one in asynchronous] == [
        (one.name, one.kind, one.default, str(one.annotation)) for one in blocking
    ]


@pytest.mark.parametrize(("resource", "name"), TWINS, ids=names(TWINS))
def test_both_colours_return_the_same_but_for_the_iterator(resource: str, name: str) -> None:
    asynchronous, blocking = (inspect.signature(one).return_annotation for one in twins(resource, name))
    assert re.sub(r"AsyncGenerator\[(.*), None\]", r"Iterator[\1]", as_blocking(asynchronous)) == blocking


@pytest.mark.parametrize(("resource", "name"), TWINS, ids=names(TWINS))
def test_both_colours_are_documented_alike(resource: str, name: str) -> None:
    asynchronous, blocking = (inspect.getdoc(one) for one in twins(resource, name))
    assert asynchronous
    assert " ".join(blocking.split()) == " ".join(as_blocking(asynchronous).split())


@pytest.mark.parametrize(("resource", "name"), OURS, ids=names(OURS))
def test_the_synchronous_side_never_speaks_of_coroutines(resource: str, name: str) -> None:
    method = getattr(type(holder("sync", resource)), name)
    text = " ".join(str(one) for one in inspect.get_annotations(inspect.unwrap(method)).values())
    assert not re.search("Async|Await|Corout", f"{text} {inspect.getdoc(method)}")


def test_the_clients_are_built_with_the_same_arguments() -> None:
    asynchronous, blocking = (inspect.signature(type(one).__init__).parameters for one in CLIENTS.values())
    assert {name: one.default for name, one in asynchronous.items()} == {
        name: one.default for name, one in blocking.items()
    }


def test_the_clients_are_copied_with_the_same_arguments() -> None:
    from hatched.client import ClientOptions
    from hatched.sync._base import SyncClientOptions

    assert ClientOptions.__annotations__.keys() == SyncClientOptions.__annotations__.keys()


def test_the_resources_of_both_clients_are_documented_alike() -> None:
    documented = [
        {name: getattr(inspect.getattr_static(type(one), name), "__doc__", None) for name in RESOURCES}
        for one in CLIENTS.values()
    ]
    assert documented[0] == documented[1]
    assert all(documented[0].values())


@pytest.mark.parametrize("resource", RESOURCES)
def test_ids_come_first_and_the_rest_by_name(resource: str) -> None:
    for name, method in public_methods("sync", resource).items():
        if name in {"verify_signature", "ensure"}:  # a function of its own; the audience may follow the user
            continue
        _, *parameters = inspect.signature(method).parameters.values()
        assert all(one.kind in (one.POSITIONAL_ONLY, one.KEYWORD_ONLY, one.VAR_KEYWORD) for one in parameters), name


def test_every_type_of_the_surface_can_be_resolved() -> None:
    for colour in CLIENTS:
        for resource, name in TWINS:
            method = getattr(type(holder(colour, resource)), name)
            names = {**vars(imports), **vars(inspect.getmodule(method)), "list": list}
            typing.get_type_hints(inspect.unwrap(method), names)


WAITING = {"wait", "wait_for_completion", "ensure"}
READING = {"get", "list", "iter", "unlocks", "tokens", "evolutions", "deliveries", "health"}


@pytest.mark.parametrize("colour", CLIENTS)
@pytest.mark.parametrize(("resource", "name"), CALLS, ids=names(CALLS))
def test_every_method_takes_the_options_of_a_request(colour: str, resource: str, name: str) -> None:
    method = getattr(holder(colour, resource), name)
    common = {"headers", "max_retries", "request_id", "on_response"}
    reads = name in READING or name.startswith(("get_", "iter_"))
    expected = (
        common if name in WAITING else common | {"timeout", "deadline"} | (set() if reads else {"idempotency_key"})
    )
    assert options_of(method) == expected


ARGUMENTS: dict[str, Any] = {
    "amount": 1,
    "enabled": True,
    "events": [{"user_id": "u", "type": "t"}],
    "is_active": True,
    "ordering": [{"id": "a", "ordinal": 1}],
    "ordinal": 1,
    "scopes": ["read"],
    "status": "ready",
    "updates": [{"key": "focus", "action": "set", "value": 1}],
}


def call(method: Any, **given: Any) -> Any:
    """Call with something plausible for whatever has no default."""
    ids, named = [], {}
    for one in inspect.signature(method).parameters.values():
        plausible = ARGUMENTS.get(one.name, ["x"] if "Sequence" in str(one.annotation) else "x")
        if one.default is one.empty and one.kind is one.POSITIONAL_ONLY:
            ids.append(plausible)
        elif one.default is one.empty and one.kind is one.KEYWORD_ONLY:
            named[one.name] = plausible
    return method(*ids, **named, **given)


@pytest.fixture
def offline(colour: Any) -> Any:
    """A client for which any request is a failure of the test."""

    def refuse(request: httpx.Request) -> httpx.Response:
        raise AssertionError(f"{request.method} {request.url} was sent")

    return colour.answering(refuse)


async def result(colour: Any, answer: Any) -> Any:
    walks = hasattr(answer, "__next__") or hasattr(answer, "__anext__")
    return await (colour.list(answer) if walks else colour.run(answer))


@pytest.mark.filterwarnings("ignore:operations.wait_for_completion:DeprecationWarning")
@pytest.mark.parametrize(("resource", "name"), CALLS, ids=names(CALLS))
async def test_a_misspelt_option_is_refused_with_the_right_one_before_any_io(
    colour: Any, offline: Any, resource: str, name: str
) -> None:
    method = getattr(getattr(offline, resource) if resource else offline, name)
    with pytest.raises(TypeError, match="'hedders'; did you mean 'headers'"):
        await result(colour, call(method, hedders={}))


@pytest.mark.parametrize(
    ("given", "error", "named"),
    [
        ({"headers": "x"}, TypeError, "headers"),
        ({"headers": {"x-tag": 1}}, TypeError, "x-tag"),
        ({"headers": {"authorization": "mine"}}, ValueError, "authorization"),
        ({"max_retries": -1}, ValueError, "max_retries"),
        ({"max_retries": "3"}, TypeError, "max_retries"),
        ({"max_retries": True}, TypeError, "max_retries"),
        ({"request_id": ""}, ValueError, "request_id"),
        ({"request_id": 7}, TypeError, "request_id"),
        ({"on_response": "print"}, TypeError, "on_response"),
    ],
    ids=repr,
)
@pytest.mark.parametrize("name", ["eggs.get", "eggs.create", "buddies.iter", "buddies.ensure", "operations.wait"])
async def test_an_option_of_the_wrong_kind_is_refused_before_any_io(
    colour: Any, offline: Any, name: str, given: dict[str, Any], error: type[Exception], named: str
) -> None:
    resource, _, method = name.partition(".")
    with pytest.raises(error, match=named):
        await result(colour, call(getattr(getattr(offline, resource), method), **given))


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"timeout": 0}, ValueError),
        ({"timeout": "5"}, TypeError),
        ({"timeout": float("inf")}, ValueError),
        ({"timeout": float("nan")}, ValueError),
        ({"deadline": -1}, ValueError),
        ({"deadline": True}, TypeError),
        ({"idempotency_key": ""}, ValueError),
        ({"idempotency_key": "k" * 256}, ValueError),
        ({"idempotency_key": None}, TypeError),
    ],
    ids=repr,
)
async def test_an_option_of_a_write_out_of_range_is_refused_before_any_io(
    colour: Any, offline: Any, given: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error, match=next(iter(given))):
        await colour.run(offline.events.send(user_id="u", type="t", **given))


async def test_a_reading_call_refuses_an_idempotency_key(colour: Any, offline: Any) -> None:
    with pytest.raises(TypeError, match=r"eggs\.get.*idempotency_key"):
        await colour.run(offline.eggs.get("x", idempotency_key="k"))


async def test_a_misspelt_parameter_names_the_call(colour: Any, offline: Any) -> None:
    with pytest.raises(TypeError, match=r"eggs.create\(\) got an unexpected keyword argument 'metdata'"):
        await colour.run(offline.eggs.create(user_id="u", metdata={}))


async def test_a_misspelt_option_of_a_copy_is_refused(colour: Any, offline: Any) -> None:
    with pytest.raises(TypeError, match="max_retires"):
        offline.with_options(max_retires=1)


async def test_a_misspelt_option_of_a_copy_suggests_the_right_one(colour: Any, offline: Any) -> None:
    with pytest.raises(TypeError, match="did you mean 'max_retries'"):
        offline.with_options(max_retires=1)


async def test_a_misspelt_argument_of_the_client_is_refused(colour: Any) -> None:
    with pytest.raises(TypeError, match="tiemout"):
        colour.client(tiemout=1)


async def test_the_deprecated_wait_says_what_to_use_and_points_at_the_caller(colour: Any, emulator: Any) -> None:
    client = colour.on(emulator)
    egg = await colour.run(client.eggs.create(user_id="u"))
    await colour.run(client.eggs.update_status(egg.egg_id, status="ready"))
    started = await colour.run(client.eggs.hatch(egg.egg_id))

    async def wait() -> None:
        answer = client.operations.wait_for_completion(started.operation_id)
        if colour.is_async:
            await answer

    with pytest.warns(DeprecationWarning, match=r"use operations\.wait") as caught:
        await wait()
    assert caught[0].filename == __file__
