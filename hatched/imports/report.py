"""What an import says of itself, while it runs and when it has ended."""

from __future__ import annotations

from enum import StrEnum

from attrs import frozen

from hatched.models.events import EventEffects


class StopReason(StrEnum):
    """Why an import ended before its source did. Every one of them can be resumed."""

    QUOTA = "quota"
    """402: the month's events are used up."""
    DAY_LIMIT = "day_limit"
    """The day's requests, or the configured share of them, are used up."""
    NO_PROGRESS = "no_progress"
    """Nothing was accepted or rejected for `give_up_after` seconds."""
    INERT = "inert"
    """Too many events met no buddy."""
    REJECTED = "rejected"
    """An event was refused, and there is no dead-letter file to keep it."""
    REFUSED = "refused"
    """The server refuses the import as a whole: the key, a permission, the address."""
    STORAGE = "storage"
    """The checkpoint or the dead-letter file cannot be written."""
    INTERRUPTED = "interrupted"
    """The caller cancelled, or left the stream."""


@frozen(kw_only=True)
class ImportReport:
    """Where an import stands. With a checkpoint, everything counts from its first run on.

    `read == accepted + rejected + skipped` when the source was read to its end and `stopped` is `None`, but for a dry
    run.

    Attributes:
        read: Rows of the source.
        accepted: Events that the server has, with whatever effects.
        replayed: Of these, those in answers that the server marked as replays of the same request; of an event id that
            it has from an earlier request it says nothing.
        inert: Of these, those that met no buddy of their user. Their ids are used up.
        rejected: Rows and events that are in the dead-letter file.
        skipped: Blank lines, and rows for which `map` answered `None`.
        requests: Requests that were sent, repetitions included.
        retries: Of these, repetitions.
        rate_limited: 429s.
        elapsed: Seconds.
        watermark: Every row before this position is accepted, rejected or skipped.
        fraction: How much of the source is dealt with, from 0 to 1, if its size is known.
        per_minute: Requests per minute that the import allows itself; `None` until the server has said its limit.
        dry_run: Nothing was sent: `accepted` is 0, and `read - rejected - skipped` events could have been.
        stopped: Why the import ended early.
        error: What stopped it, in words.
        resume: How to go on.
    """

    read: int = 0
    accepted: int = 0
    replayed: int = 0
    inert: int = 0
    rejected: int = 0
    skipped: int = 0
    requests: int = 0
    retries: int = 0
    rate_limited: int = 0
    elapsed: float = 0.0
    watermark: int = 0
    fraction: float | None = None
    per_minute: float | None = None
    dry_run: bool = False
    stopped: StopReason | None = None
    error: str | None = None
    resume: str | None = None


@frozen(kw_only=True)
class Rejection:
    """Why a row was not accepted.

    Attributes:
        code: The server's, or one of `bad_row`, `missing_event_id` and `missing_occurred_at`, for rows that were
            not sent.
        request_id: Of the answer that refused it; `None` if it was not sent.
    """

    code: str
    message: str
    request_id: str | None = None


@frozen(kw_only=True)
class ImportResult:
    """What became of one row of `import_stream`.

    Attributes:
        position: Of the row in the source, from 0.
        event_id: `None` if the row has none.
        effects: What the event changed, or `None` if it was rejected.
        rejection: Why it was rejected, or `None`.
    """

    position: int
    event_id: str | None
    effects: EventEffects | None = None
    rejection: Rejection | None = None
