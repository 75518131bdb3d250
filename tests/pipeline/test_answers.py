"""Which error an answer becomes, and what the error knows."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import pytest
from attrs import evolve

from hatched import errors
from hatched.errors import BY_CODE, BY_STATUS, HatchedError, RateLimitError
from hatched.pipeline.answers import raise_for_status
from hatched.pipeline.messages import Response
from tests.pipeline.fake import KEYED, answer, refusal, request


def error_of(response: Response) -> HatchedError:
    with pytest.raises(HatchedError) as caught:
        raise_for_status(response)
    return caught.value


@pytest.mark.parametrize("status", [200, 201, 202, 204, 206, 299])
def test_2xx_is_no_error(status: int) -> None:
    raise_for_status(answer(status))


class TestWhichClass:
    @pytest.mark.parametrize(("code", "kind"), BY_CODE.items())
    @pytest.mark.parametrize("status", [400, 404, 500])
    def test_the_code_decides_first(self, code: str, kind: type[HatchedError], status: int) -> None:
        assert type(error_of(refusal(status, code))) is kind

    @pytest.mark.parametrize(("status", "kind"), BY_STATUS.items())
    @pytest.mark.parametrize("code", ["a_code_of_tomorrow", ""])
    def test_the_status_decides_for_unknown_codes(self, code: str, status: int, kind: type[HatchedError]) -> None:
        assert type(error_of(refusal(status, code))) is kind

    @pytest.mark.parametrize("status", [100, 300, 304, 400, 402, 405, 408, 413, 418, 451, 500, 502, 503, 504, 599])
    def test_the_base_class_is_for_the_rest(self, status: int) -> None:
        assert type(error_of(refusal(status, "a_code_of_tomorrow"))) is HatchedError

    @pytest.mark.parametrize("code", [None, 7, True, ["rate_limited"], {"a": 1}])
    def test_a_code_that_is_no_text_is_no_code(self, code: Any) -> None:
        error = error_of(answer(404, {"error": {"code": code, "message": "m"}}))

        assert (type(error), error.code) == (errors.NotFoundError, None)


class TestWhatItKnows:
    def test_all_about_the_call(self) -> None:
        sent = request(KEYED, headers={"x-request-id": "ours", "idempotency-key": "order-17"}, attempt=3)
        response = evolve(refusal(409, "conflict", {"a": 1}), request=sent, earlier=("503", "ReadTimeout"))
        error = error_of(response)

        assert {name: getattr(error, name) for name in vars(errors.HatchedError("m")) if name != "message"} == {
            "_retry_after": None,
            "code": "conflict",
            "status_code": 409,
            "request_id": "ours",
            "details": {"a": 1},
            "route": "eggs.create",
            "attempts": 3,
            "earlier": ("503", "ReadTimeout"),
            "idempotency_key": "order-17",
        }

    def test_the_message_of_the_server(self) -> None:
        assert error_of(refusal(409, "conflict")).message == "the message of conflict"

    def test_the_request_id_of_the_server_before_ours(self) -> None:
        sent = request(headers={"x-request-id": "ours"})

        assert error_of(evolve(refusal(500, "x", x_request_id="theirs"), request=sent)).request_id == "theirs"

    @pytest.mark.parametrize("details", [None, [], "text", 7, True])
    def test_details_are_an_object_or_nothing(self, details: Any) -> None:
        assert error_of(answer(400, {"error": {"code": "x", "message": "m", "details": details}})).details == {}

    def test_no_secret_that_the_server_repeats(self) -> None:
        body = {
            "error": {"code": "unauthorized", "message": "key hatch_live_PLANTED", "details": {"k": "whsec_PLANTED"}}
        }

        error = error_of(answer(401, body))

        assert "PLANTED" not in str(error) + repr(error.details)

    def test_no_secret_of_a_page_that_is_no_envelope(self) -> None:
        assert "PLANTED" not in str(error_of(answer(502, "<p>Authorization: Bearer hatch_live_PLANTED</p>")))


class TestRateLimits:
    @pytest.mark.parametrize(
        ("header", "seconds"),
        [({"retry_after": "5"}, 5.0), ({"retry_after": "86400"}, 86400.0), ({}, 60.0), ({"retry_after": "soon"}, 60.0),
         ({"retry_after": "-1"}, 60.0), ({"retry_after": "nan"}, 60.0)],
    )  # fmt: skip
    def test_retry_after_is_seconds_and_60_if_unknown(self, header: dict[str, str], seconds: float) -> None:
        error = error_of(refusal(429, "rate_limited", **header))

        assert isinstance(error, RateLimitError)
        assert error.retry_after == seconds

    def test_retry_after_may_be_a_date(self) -> None:
        now = datetime(2026, 4, 22, 10, 30, tzinfo=UTC)
        later = now.replace(minute=32)
        headers = {"date": format_datetime(now, usegmt=True), "retry_after": format_datetime(later, usegmt=True)}

        assert error_of(refusal(429, "rate_limited", **headers)).retry_after == 120.0


DEEP = "[" * 900 + "]" * 900


class TestHostileBodies:
    @pytest.mark.parametrize(
        "body",
        [b"", b"null", b"[]", b"7", b'"text"', b"{", b'{"error": null}', b'{"error": "text"}', b'{"error": []}',
         b'{"error": {}}', b'{"error": {"code": "x"}}', b'{"error": {"message": null}}', b"\xff\xfe\x00", b"\x00" * 99,
         b"<html><h1>502 Bad Gateway</h1></html>", b"[" * 60_000, b"9" * 5000, b'{"error": {"code": "x", "message'],
        ids=lambda body: body[:20].decode("latin-1"),
    )  # fmt: skip
    @pytest.mark.parametrize("status", [302, 404, 502])
    def test_any_bytes_are_an_error_of_ours(self, status: int, body: bytes) -> None:
        error = error_of(answer(status, body))

        assert error.status_code == status
        assert error.message

    def test_details_as_deep_as_json_can_be(self) -> None:
        body = f'{{"error": {{"code": "conflict", "message": "m", "details": {{"a": {DEEP}}}}}}}'

        assert type(error_of(answer(409, body))) is errors.ConflictError

    @pytest.mark.parametrize(
        "location", ["", "/else", "https://evil.example/x", "http://[", "http://[::1", "\x00", "//"]
    )
    def test_any_redirect_is_an_error_that_says_so(self, location: str) -> None:
        assert "not followed" in error_of(answer(302, location=location)).message

    def test_a_redirect_names_the_host(self) -> None:
        assert "evil.example" in error_of(answer(302, location="https://evil.example/x?token=1")).message

    def test_a_page_is_quoted_in_part_and_on_one_line(self) -> None:
        page = "<html>\n<h1>502\tBad\x00 Gateway</h1>\r\n" + "x" * 60_000
        message = error_of(answer(502, page, content_type="text/html")).message

        assert "text/html" in message
        assert "<h1>502 Bad Gateway</h1>" in message
        assert len(message) < 400
        assert message.isprintable()

    def test_the_message_of_an_envelope_is_one_line_too(self) -> None:
        error = error_of(answer(409, {"error": {"code": "conflict", "message": "first\nFAKE LOG LINE\x1b[31m"}}))

        assert str(error).isprintable()

    def test_the_content_type_is_quoted_in_part(self) -> None:
        assert len(error_of(answer(502, b"x", content_type="y" * 60_000)).message) < 400
