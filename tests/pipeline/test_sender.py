"""The end of the pipeline: the deadline shrinks the timeout of each attempt."""

from __future__ import annotations

import pytest

from hatched.errors import RequestTimeoutError
from hatched.pipeline.sender import Sender
from tests.pipeline.fake import FakeIO, answer, request


@pytest.mark.parametrize(
    ("timeout", "left", "sent"),
    [
        (15.0, None, 15.0),
        (None, None, None),
        (15.0, 60.0, 15.0),
        (15.0, 15.0, 15.0),
        (15.0, 4.0, 4.0),
        (None, 4.0, 4.0),
        (15.0, 0.25, 0.25),
    ],
)
async def test_an_attempt_has_its_timeout_or_what_the_deadline_leaves(
    timeout: float | None, left: float | None, sent: float | None
) -> None:
    io = FakeIO()
    await Sender(io)(request(timeout=timeout, deadline=None if left is None else io.now() + left))

    assert io.timeouts == [sent]


@pytest.mark.parametrize("left", [0.0, -0.001, -1000.0])
async def test_nothing_is_sent_after_the_deadline(left: float) -> None:
    io = FakeIO()
    with pytest.raises(RequestTimeoutError) as caught:
        await Sender(io)(request(deadline=io.now() + left))

    assert (caught.value.phase, caught.value.maybe_received, io.sent) == ("deadline", False, [])


async def test_the_answer_comes_back_as_it_is() -> None:
    response = await Sender(FakeIO(answer(418, b"teapot")))(request())

    assert (response.status, response.body) == (418, b"teapot")
