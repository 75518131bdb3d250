"""Where settings come from, and which keys and addresses are refused before anything is sent."""

from __future__ import annotations

import copy
import pickle
import traceback
from collections.abc import Callable
from typing import Any

import attrs
import pytest

from hatched.client import configure
from hatched.config import (
    PRODUCTION,
    STAGING,
    Config,
    KeyKind,
    Secret,
    checked_headers,
    checked_id,
    checked_retries,
    checked_seconds,
    resolve,
)
from hatched.errors import ConfigurationError

LIVE, TEST, PK = "hatch_live_abc123", "hatch_test_abc123", "hatch_pk_abc123"
OTHER = "https://hatched.example.com/api/v1"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """An environment without our variables, and a function that sets some."""
    for name in ("HATCHED_API_KEY", "HATCHED_PUBLISHABLE_KEY", "HATCHED_BASE_URL"):
        monkeypatch.delenv(name, raising=False)

    def set_all(**variables: str) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(f"HATCHED_{name.upper()}", value)

    return set_all


class TestWhichKey:
    @pytest.mark.parametrize(
        ("arguments", "variables", "key", "kind", "url"),
        [
            # arguments alone
            ({"api_key": LIVE}, {}, LIVE, KeyKind.LIVE, PRODUCTION),
            ({"api_key": TEST}, {}, TEST, KeyKind.TEST, STAGING),
            ({"publishable_key": PK}, {}, PK, KeyKind.PUBLISHABLE, PRODUCTION),
            ({"api_key": LIVE, "base_url": OTHER}, {}, LIVE, KeyKind.LIVE, OTHER),
            ({"api_key": TEST, "base_url": OTHER}, {}, TEST, KeyKind.TEST, OTHER),
            ({"publishable_key": PK, "base_url": STAGING}, {}, PK, KeyKind.PUBLISHABLE, STAGING),
            # the environment alone
            ({}, {"api_key": LIVE}, LIVE, KeyKind.LIVE, PRODUCTION),
            ({}, {"api_key": TEST}, TEST, KeyKind.TEST, STAGING),
            ({}, {"publishable_key": PK}, PK, KeyKind.PUBLISHABLE, PRODUCTION),
            ({}, {"api_key": TEST, "base_url": OTHER}, TEST, KeyKind.TEST, OTHER),
            # the secret key of an environment that has both
            ({}, {"api_key": LIVE, "publishable_key": PK}, LIVE, KeyKind.LIVE, PRODUCTION),
            # an empty variable is as good as none
            ({}, {"api_key": "", "publishable_key": PK}, PK, KeyKind.PUBLISHABLE, PRODUCTION),
            ({"api_key": TEST}, {"base_url": ""}, TEST, KeyKind.TEST, STAGING),
            # arguments win
            ({"api_key": TEST}, {"api_key": LIVE}, TEST, KeyKind.TEST, STAGING),
            ({"publishable_key": PK}, {"api_key": LIVE}, PK, KeyKind.PUBLISHABLE, PRODUCTION),
            ({"api_key": LIVE}, {"publishable_key": PK}, LIVE, KeyKind.LIVE, PRODUCTION),
            ({"api_key": LIVE, "base_url": OTHER}, {"base_url": STAGING}, LIVE, KeyKind.LIVE, OTHER),
            ({"api_key": LIVE}, {"base_url": OTHER}, LIVE, KeyKind.LIVE, OTHER),
        ],
    )
    def test_arguments_then_environment_then_what_the_key_says(
        self,
        environment: Callable[..., None],
        arguments: dict[str, str],
        variables: dict[str, str],
        key: str,
        kind: KeyKind,
        url: str,
    ) -> None:
        environment(**variables)

        secret, found_kind, found_url = resolve(**arguments)

        assert (secret.reveal(), found_kind, found_url) == (key, kind, url)

    @pytest.mark.parametrize(
        ("arguments", "variables", "says"),
        [
            ({}, {}, "No API key: pass api_key=, or set the environment variable HATCHED_API_KEY"),
            ({"api_key": LIVE, "publishable_key": PK}, {}, "pass one of them"),
            ({"api_key": PK}, {}, "pass this key as publishable_key="),
            ({"publishable_key": LIVE}, {}, "pass this key as api_key="),
            ({}, {"api_key": PK}, "HATCHED_API_KEY takes hatch_live_"),
            ({}, {"publishable_key": LIVE}, "HATCHED_PUBLISHABLE_KEY takes hatch_pk_"),
            ({"api_key": ""}, {"api_key": LIVE}, "api_key is malformed"),
            ({"api_key": "sk_live_abc"}, {}, "looks like hatch_live_"),
            ({"publishable_key": "pk_abc"}, {}, "looks like hatch_pk_"),
            ({"api_key": "hatch_live_"}, {}, "malformed"),
            ({"api_key": "hatch_prod_abc"}, {}, "malformed"),
            ({"api_key": "Hatch_live_abc"}, {}, "malformed"),
            ({"api_key": f"{LIVE}\n"}, {}, "was it read from a file"),
            ({"api_key": f" {LIVE}"}, {}, "white space"),
            ({"api_key": f"Bearer {LIVE}"}, {}, "white space"),
            ({"api_key": f"{LIVE}\r\nX-Evil: 1"}, {}, "malformed"),
            ({"api_key": f"{LIVE}é"}, {}, "malformed"),
            ({"api_key": LIVE.encode()}, {}, "must be a string, not bytes"),
            ({"publishable_key": 7}, {}, "must be a string, not int"),
        ],
    )
    def test_no_key_or_a_wrong_one_says_what_to_do(
        self, environment: Callable[..., None], arguments: dict[str, Any], variables: dict[str, str], says: str
    ) -> None:
        environment(**variables)

        with pytest.raises(ConfigurationError, match=says):
            resolve(**arguments)

    @pytest.mark.parametrize(
        "key", ["hatch_live_TOPSECRET\n", "TOPSECRET", "hatch_liv_TOPSECRET", " hatch_pk_TOPSECRET"]
    )
    def test_a_refused_key_is_not_in_the_message(self, key: str) -> None:
        with pytest.raises(ConfigurationError) as caught:
            resolve(api_key=key)

        assert "TOPSECRET" not in str(caught.value) + repr(caught.value)

    @pytest.mark.parametrize("key", ["hatch_live_TOPSECRET\n", "TOPSECRET"])
    def test_a_refused_key_of_the_environment_is_not_in_the_traceback(
        self, environment: Callable[..., None], key: str
    ) -> None:
        environment(api_key=key)

        with pytest.raises(ConfigurationError) as caught:
            resolve()

        assert "TOPSECRET" not in "".join(traceback.format_exception(caught.value))


class TestBaseUrl:
    @pytest.mark.parametrize(
        "url",
        [
            "http://localhost",
            "http://localhost:8080/api/v1",
            "http://LOCALHOST:8080",
            "http://emulator.localhost",
            "http://127.0.0.1:9",
            "http://127.8.8.8",
            "http://[::1]:8080/api/v1",
            "https://hatched.example.com",
            "https://10.0.0.1",
            "HTTPS://hatched.example.com",
        ],
    )
    def test_https_anywhere_and_http_on_this_machine(self, url: str) -> None:
        assert resolve(api_key=LIVE, base_url=url)[2] == url

    @pytest.mark.parametrize(
        "url",
        [
            "http://api.hatched.live/api/v1",
            "http://localhost.example.com",
            "http://127.0.0.1.example.com",
            "http://127.0.0.1.nip.io",
            "http://0.0.0.0",
            "http://10.0.0.1",
            "http://192.168.1.1",
            "http://[::]",
            "http://[fe80::1]",
            "http://notlocalhost",
            "http://2130706433.",
        ],
    )
    def test_a_key_is_never_sent_over_plain_http_to_another_machine(self, url: str) -> None:
        with pytest.raises(ConfigurationError, match="must use https"):
            resolve(api_key=LIVE, base_url=url)

    @pytest.mark.parametrize(
        "url",
        [
            "",
            "api.hatched.live",
            "//api.hatched.live",
            "ftp://api.hatched.live",
            "file:///etc/passwd",
            "https://",
            "https:///api/v1",
            "https:api.hatched.live",
            "https://[::1",
            "https://host:port",
            "https://host:99999",
            "https://api.hatched.live\n.example.com",
            "https://api.hatched.live /api",
            "https://api.hatched.live\\@example.com",
            "https://user@api.hatched.live",
            "https://user:password@api.hatched.live",
            "https://:password@api.hatched.live",
            "http://localhost@example.com",
            "https://api.hatched.live/api/v1?a=b",
            "https://api.hatched.live/api/v1#top",
            "https://api.hatched.live/api/v1?",  # would turn every path into a query
            "https://api.hatched.live/api/v1#",  # would turn every path into a fragment
            443,
            b"https://api.hatched.live",
        ],
    )
    def test_what_is_not_a_plain_address_is_refused(self, url: Any) -> None:
        with pytest.raises(ConfigurationError, match="base_url"):
            resolve(api_key=LIVE, base_url=url)

    @pytest.mark.parametrize("url", ["https://host/api/v1/", "https://host/api/v1//", "https://host/"])
    def test_slashes_at_the_end_do_not_matter(self, url: str) -> None:
        assert not resolve(api_key=LIVE, base_url=url)[2].endswith("/")

    def test_the_address_of_the_environment_is_checked_as_well(self, environment: Callable[..., None]) -> None:
        environment(base_url="http://api.hatched.live/api/v1")

        with pytest.raises(ConfigurationError, match="must use https"):
            resolve(api_key=LIVE)


class TestSecret:
    @pytest.mark.parametrize(
        "show", [str, repr, ascii, "{}".format, "{0!s:>60}".format, lambda one: f"{[one]} {vars(Box(one))}"]
    )
    def test_does_not_show_itself(self, show: Callable[[object], str]) -> None:
        assert "abc123" not in show(Secret(LIVE))

    @pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
    def test_does_not_pickle(self, protocol: int) -> None:
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(Secret(LIVE), protocol)

    def test_reveals_itself_when_asked(self) -> None:
        assert Secret(LIVE).reveal() == LIVE


class Box:
    def __init__(self, content: object) -> None:
        self.content = content


class TestConfig:
    def test_shows_neither_the_key_nor_header_values(self) -> None:
        config = configure(api_key=LIVE, headers={"X-Team-Token": "planted"})

        assert "abc123" not in repr(config)
        assert "planted" not in repr(config)
        assert "x-team-token" in repr(config)

    def test_does_not_pickle(self) -> None:
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(configure(api_key=LIVE))

    def test_is_frozen(self) -> None:
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            configure(api_key=LIVE).timeout = 1  # type: ignore[misc]

    def test_has_the_documented_defaults(self) -> None:
        config = configure(api_key=LIVE)

        assert (config.timeout, config.deadline, config.max_retries, config.max_retry_wait) == (15.0, None, 3, 60.0)

    def test_takes_all_settings(self) -> None:
        settings = {"timeout": 1, "deadline": 2, "max_retries": 0, "max_retry_wait": 4}
        config = configure(api_key=LIVE, headers={"X-A": "b"}, **settings)

        assert {name: getattr(config, name) for name in settings} == settings
        assert config.headers == {"x-a": "b"}

    def test_no_bound_is_none(self) -> None:
        assert configure(api_key=LIVE, timeout=None).timeout is None

    def test_does_not_share_headers_with_the_caller(self) -> None:
        headers = {"X-A": "b"}
        config = configure(api_key=LIVE, headers=headers)
        headers["X-B"] = "c"

        assert config.headers == {"x-a": "b"}

    def test_a_misspelt_setting_is_a_type_error(self) -> None:
        with pytest.raises(TypeError, match="time_out"):
            configure(api_key=LIVE, time_out=1)

    def test_is_equal_to_its_copy_field_by_field(self) -> None:
        config = configure(api_key=LIVE)

        assert copy.copy(config) == config
        assert isinstance(config, Config)


WRONG_SECONDS = [
    (0, ValueError),
    (-1, ValueError),
    (-0.0, ValueError),
    (float("nan"), ValueError),
    (float("inf"), ValueError),
    (10**400, ValueError),
    (True, TypeError),
    ("15", TypeError),
    ([], TypeError),
]


class TestChecks:
    @pytest.mark.parametrize("name", ["timeout", "deadline", "max_retry_wait"])
    @pytest.mark.parametrize(("value", "error"), WRONG_SECONDS, ids=lambda value: str(value)[:12])
    def test_seconds_are_positive_and_finite(self, name: str, value: Any, error: type[Exception]) -> None:
        with pytest.raises(error, match=name):
            configure(api_key=LIVE, **{name: value})

    def test_seconds_become_floats(self) -> None:
        assert repr(checked_seconds("timeout", 3)) == "3.0"

    def test_max_retry_wait_has_no_unbounded_form(self) -> None:
        with pytest.raises(TypeError, match="max_retry_wait"):
            configure(api_key=LIVE, max_retry_wait=None)

    @pytest.mark.parametrize("value", [0, 1, 10**6])
    def test_retries_are_zero_or_more(self, value: int) -> None:
        assert checked_retries(value) == value

    @pytest.mark.parametrize(
        ("value", "error"),
        [(-1, ValueError), (True, TypeError), (1.0, TypeError), ("3", TypeError), (None, TypeError)],
    )
    def test_other_retries_are_refused(self, value: Any, error: type[Exception]) -> None:
        with pytest.raises(error, match="max_retries"):
            checked_retries(value)

    def test_header_names_are_lower_case(self) -> None:
        assert checked_headers({"X-Trace": "a", "Accept-Language": "de"}) == {"x-trace": "a", "accept-language": "de"}

    @pytest.mark.parametrize(
        "name",
        ["Authorization", "AUTHORIZATION", "Host", "Content-Length", "Content-Type", "Transfer-Encoding",
         "X-Request-Id", "Idempotency-Key"],
    )  # fmt: skip
    def test_headers_that_the_sdk_sets_are_refused(self, name: str) -> None:
        with pytest.raises(ValueError, match="the SDK sets"):
            checked_headers({name: "x"})

    @pytest.mark.parametrize("name", ["", "a b", "a:b", "a\r\nb", "ä", "a\x00"])
    def test_what_is_no_header_name_is_refused(self, name: str) -> None:
        with pytest.raises(ValueError, match="not a header name"):
            checked_headers({name: "x"})

    @pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\rb", "a\x00", "ä", "\u2028", "\x7f"])
    def test_a_value_that_could_inject_a_header_is_refused_and_not_quoted(self, value: str) -> None:
        with pytest.raises(ValueError, match=r"^x-a must be printable ASCII on one line$"):
            checked_headers({"x-a": value})

    @pytest.mark.parametrize(
        "headers", [[("a", "b")], "a: b", {"a": 1}, {"a": None}, {"a": b"b"}, {1: "b"}, None], ids=str
    )
    def test_headers_of_another_type_are_a_type_error(self, headers: Any) -> None:
        with pytest.raises(TypeError):
            checked_headers(headers)

    @pytest.mark.parametrize("value", ["a", "order-17", "x" * 255, "a b", "!~"])
    def test_ids_are_printable_ascii(self, value: str) -> None:
        assert checked_id("request_id", value) == value

    @pytest.mark.parametrize("value", ["", " ", " a", "a ", "a\t", "x" * 256, "a\r\nX-Evil: 1", "a\x00", "é"])
    def test_other_ids_are_refused(self, value: str) -> None:
        with pytest.raises(ValueError, match="request_id"):
            checked_id("request_id", value)

    @pytest.mark.parametrize("value", [None, 1, b"a", ["a"]])
    def test_ids_of_another_type_are_a_type_error(self, value: Any) -> None:
        with pytest.raises(TypeError, match="request_id"):
            checked_id("request_id", value)
