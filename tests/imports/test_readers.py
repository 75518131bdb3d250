"""Rows of files, whatever their bytes, and however they come in blocks."""

from __future__ import annotations

import csv
import gc
import gzip
import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings, strategies as st
from pyarrow import parquet

from hatched.imports import readers
from hatched.imports.readers import Start, TooLong, fingerprint, format_of, read

quick = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
contents = st.sampled_from([b"", b"{}", b'{"a":1}', b" ", "é€".encode(), b"x" * 40, b"\xff\x00", b"\xef\xbb\xbf"])
lines = st.lists(contents, max_size=12)
endings = st.sampled_from([b"\n", b"\r\n"])
BEGINNING = Start()
blocks = st.integers(2, 60)
packings = pytest.mark.parametrize("packed", ["", ".gz", ".zst"])
PACK: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".zst": lambda data: zstandard.ZstdCompressor().compress(data),
}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    return lambda size: monkeypatch.setattr(readers, "_BLOCK", size)


def write(folder: Path, data: bytes, packed: str = "", kind: str = "jsonl") -> str:
    path = folder / f"rows.{kind}{packed}"
    path.write_bytes(PACK[packed](data))
    return str(path)


def numbered(path: str, start: Start = BEGINNING) -> list[tuple[int, Any]]:
    return [(slice_.position + index, row) for slice_ in read(path, start) for index, row in enumerate(slice_.rows)]


def stripped(path: str, start: Start = BEGINNING) -> list[tuple[int, bytes]]:
    return [(position, row.strip()) for position, row in numbered(path, start)]


# --- JSON Lines -----------------------------------------------------------------------------------------


@packings
@quick
@given(rows=lines, ending=endings, final=st.booleans(), bom=st.booleans(), block=blocks)
def test_lines_come_back_as_they_were_written(
    tmp_path: Path,
    small: Callable[[int], None],
    packed: str,
    rows: list[bytes],
    ending: bytes,
    final: bool,
    bom: bool,
    block: int,
) -> None:
    small(block)
    data = ending.join(rows) + (ending if final else b"")
    path = write(tmp_path, (b"\xef\xbb\xbf" if bom else b"") + data, packed)
    expected = data.split(b"\n")
    if expected[-1] == b"":
        expected.pop()
    if not bom and expected:
        expected[0] = expected[0].removeprefix(b"\xef\xbb\xbf")
    found = [(position, row) for position, row in stripped(path) if row]
    assert found == [(position, row.strip()) for position, row in enumerate(expected) if row.strip()]


@packings
@quick
@given(rows=lines, ending=endings, final=st.booleans(), block=blocks)
def test_reading_can_begin_at_every_slice(
    tmp_path: Path, small: Callable[[int], None], packed: str, rows: list[bytes], ending: bytes, final: bool, block: int
) -> None:
    small(block)
    path = write(tmp_path, ending.join(rows) + (ending if final else b""), packed)
    whole = numbered(path)
    for each in read(path, Start()):
        assert numbered(path, Start(each.position, each.offset)) == whole[each.position :]


@quick
@given(rows=lines, ending=endings, final=st.booleans(), block=blocks)
def test_slices_of_a_plain_file_lie_end_to_end(
    tmp_path: Path, small: Callable[[int], None], rows: list[bytes], ending: bytes, final: bool, block: int
) -> None:
    small(block)
    data = ending.join(rows) + (ending if final else b"")
    slices = list(read(write(tmp_path, data), Start()))
    assert [each.offset for each in slices] == [0, *(each.end for each in slices)][: len(slices)]
    assert not slices or slices[-1].end == len(data)


@packings
def test_the_rows_of_slices_are_counted_through(tmp_path: Path, small: Callable[[int], None], packed: str) -> None:
    small(64)
    path = write(tmp_path, b"".join(b'{"n":%d}\n' % number for number in range(500)), packed)
    assert [(position, json.loads(row)["n"]) for position, row in numbered(path)] == [(n, n) for n in range(500)]


def test_a_plain_file_is_not_read_before_the_offset(tmp_path: Path) -> None:
    path = write(tmp_path, b"garbage!\n" + b"{}\n" * 3)
    assert numbered(path, Start(1, 9)) == [(1, b"{}"), (2, b"{}"), (3, b"{}")]


@packings
def test_an_empty_file_has_no_rows(tmp_path: Path, packed: str) -> None:
    assert numbered(write(tmp_path, b"", packed)) == []


@packings
@pytest.mark.parametrize("where", [0, 1, 2])
@pytest.mark.parametrize("final", [b"", b"\n"])
@pytest.mark.parametrize("block", [7, 64, 5_000])
def test_a_line_that_is_too_long_is_told_and_the_others_come_as_usual(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    small: Callable[[int], None],
    packed: str,
    where: int,
    final: bytes,
    block: int,
) -> None:
    monkeypatch.setattr(readers, "_LONGEST", 1_000)
    small(block)
    rows = [b"{}", b"{}"]
    rows.insert(where, b"x" * 20_000)
    found = numbered(write(tmp_path, b"\n".join(rows) + final, packed))
    assert [type(row) is TooLong for _, row in found] == [row != b"{}" for row in rows]
    assert found[where][1].start == b"x" * 1_000


def test_a_line_that_is_too_long_does_not_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tracemalloc

    monkeypatch.setattr(readers, "_LONGEST", 100_000)
    path = write(tmp_path, b"x" * 20_000_000)
    tracemalloc.start()
    try:
        (found,) = read(path, Start())
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()
    assert type(found.rows[0]) is TooLong


@pytest.mark.parametrize("length", [8 * 1024 * 1024 - 10, 8 * 1024 * 1024])
def test_a_line_of_eight_mib_is_taken(tmp_path: Path, length: int) -> None:
    assert [len(row) for _, row in numbered(write(tmp_path, b"x" * length + b"\n{}\n"))] == [length, 2]


def test_the_offset_behind_a_line_that_is_too_long_is_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "_LONGEST", 100)
    monkeypatch.setattr(readers, "_BLOCK", 64)
    path = write(tmp_path, b"x" * 5_000 + b"\n" + b'{"a":1}\n' * 50)
    for each in list(read(path, Start()))[1:]:
        assert {row for _, row in numbered(path, Start(each.position, each.offset))} == {b'{"a":1}'}


def test_standard_input_is_json_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(b"{}\n\n{}"))
    monkeypatch.setattr("sys.stdin", stdin)
    assert numbered("-") == [(0, b"{}"), (1, b""), (2, b"{}")]


def test_standard_input_goes_on_behind_what_was_dealt_with(monkeypatch: pytest.MonkeyPatch) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(b"0\n1\n2\n3"))
    monkeypatch.setattr("sys.stdin", stdin)
    assert numbered("-", Start(2, 999)) == [(2, b"2"), (3, b"3")]


def test_a_pipe_is_not_waited_for_when_it_has_given_something(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    out, into = os.pipe()
    with os.fdopen(out, "rb") as pipe, os.fdopen(into, "wb", buffering=0) as writer:
        monkeypatch.setattr("sys.stdin", type("Stdin", (), {"buffer": pipe}))
        writer.write(b"{}\n")
        assert next(read("-", Start())).rows == [b"{}"]


# --- all formats ------------------------------------------------------------------------------------------

ROWS: list[dict[str, Any]] = [
    {
        "event_id": f"e{number}",
        "user_id": f"u{number % 3}",
        "type": "lesson_completed",
        "occurred_at": "2026-01-01T00:00:00Z",
        "properties": {"score": f"{number}", "note": "a,\"b\"\n'c'; é"},
    }
    for number in range(2_500)
]


def as_csv(rows: list[dict[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows({**row, "properties": json.dumps(row["properties"])} for row in rows)
    return text.getvalue().encode()


def as_parquet(rows: list[dict[str, Any]], path: Path) -> str:
    parquet.write_table(pa.Table.from_pylist(rows), path)
    return str(path)


@packings
def test_csv_has_the_rows_of_json_lines(tmp_path: Path, packed: str) -> None:
    found = numbered(write(tmp_path, as_csv(ROWS), packed, "csv"))
    assert found == list(enumerate(ROWS))


def test_parquet_has_the_rows_of_json_lines(tmp_path: Path) -> None:
    assert numbered(as_parquet(ROWS, tmp_path / "rows.parquet")) == list(enumerate(ROWS))


def test_parquet_takes_properties_as_json_text(tmp_path: Path) -> None:
    rows = [{**row, "properties": json.dumps(row["properties"])} for row in ROWS]
    assert numbered(as_parquet(rows, tmp_path / "rows.parquet")) == list(enumerate(ROWS))


def test_a_null_of_parquet_is_nothing(tmp_path: Path) -> None:
    path = as_parquet([{"event_id": "a", "audience": None}, {"event_id": "b", "audience": "x"}], tmp_path / "r.parquet")
    assert numbered(path) == [(0, {"event_id": "a"}), (1, {"event_id": "b", "audience": "x"})]


def test_a_map_of_parquet_is_an_object_however_deep_it_lies(tmp_path: Path) -> None:
    counts = pa.map_(pa.string(), pa.int64())
    columns = {
        "properties": pa.array([[("a", [("b", 1)])]], pa.map_(pa.string(), counts)),
        "other": pa.array([{"inner": [("c", 2)]}], pa.struct([("inner", counts)])),
    }
    parquet.write_table(pa.table(columns), tmp_path / "rows.parquet")
    expected = {"properties": {"a": {"b": 1}}, "other": {"inner": {"c": 2}}}
    assert numbered(str(tmp_path / "rows.parquet")) == [(0, expected)]


def file_of(kind: str, folder: Path) -> str:
    name, _, packed = kind.partition(".")
    if name == "parquet":
        return as_parquet(ROWS, folder / "rows.parquet")
    data = as_csv(ROWS) if name == "csv" else b"".join(json.dumps(row).encode() + b"\n" for row in ROWS)
    return write(folder, data, f".{packed}" if packed else "", name)


KINDS = ["csv", "csv.gz", "csv.zst", "jsonl.gz", "jsonl.zst", "parquet"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("position", [0, 1, 999, 1_000, 1_001, 2_499, 2_500])
def test_what_cannot_be_entered_in_the_middle_is_read_past(tmp_path: Path, kind: str, position: int) -> None:
    found = numbered(file_of(kind, tmp_path), Start(position))
    assert [number for number, _ in found] == list(range(position, 2_500))


def test_a_file_that_is_no_parquet_file_is_told_by_name(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    path.write_bytes(b"no Parquet at all" * 100)
    with pytest.raises(OSError, match=r"rows\.parquet is damaged, or no Parquet file: "):
        numbered(str(path))


@pytest.mark.parametrize("kind", KINDS)
def test_what_ends_before_the_place_to_begin_at_is_told(tmp_path: Path, kind: str) -> None:
    with pytest.raises(ValueError, match="ended after 2500 rows, and 9999 were dealt with before"):
        numbered(file_of(kind, tmp_path), Start(9_999))


# --- CSV --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("", []),
        ("event_id,type\n", []),
        ("event_id,type\na,b\n", [{"event_id": "a", "type": "b"}]),
        ("\ufeffevent_id,type\r\na,b\r\n", [{"event_id": "a", "type": "b"}]),
        ("event_id,type\na,\n", [{"event_id": "a"}]),
        ("event_id,type\n\na,b\n", [None, {"event_id": "a", "type": "b"}]),
        ("event_id,type\na\n", [["a"]]),
        ("event_id,type\na,b,c\n", [["a", "b", "c"]]),
        ('event_id,type\n"a\nb","c""d"\n', [{"event_id": "a\nb", "type": 'c"d'}]),
        ("properties.a,properties.b\n1,\n", [{"properties": {"a": "1"}}]),
        ('properties,properties.b\n"{""b"":1,""c"":2}",x\n', [{"properties": {"b": "x", "c": 2}}]),
        ("properties,properties.b\nno JSON,x\n", [{"properties": "no JSON"}]),
        ("properties\n[1]\n", [{"properties": [1]}]),
    ],
)
def test_cells_become_rows(tmp_path: Path, text: str, rows: list[Any]) -> None:
    assert [row for _, row in numbered(write(tmp_path, text.encode(), kind="csv"))] == rows


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="two columns"):
        numbered(write(tmp_path, b"event_id,event_id\na,b\n", kind="csv"))


@pytest.mark.parametrize("text", [b'a,b\n"x"y,2\n', b'a,b\n"x,2\n'])
def test_what_is_no_csv_is_refused_by_its_line(tmp_path: Path, text: bytes) -> None:
    with pytest.raises(ValueError, match="line 2 is not CSV"):
        numbered(write(tmp_path, text, kind="csv"))


# --- names, sameness, tidiness ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("-", ("jsonl", "")),
        ("a.jsonl", ("jsonl", "")),
        ("a.ndjson", ("jsonl", "")),
        ("a.JSONL", ("jsonl", "")),
        ("a.b.jsonl.gz", ("jsonl", ".gz")),
        ("a.csv.zst", ("csv", ".zst")),
        ("a.parquet", ("parquet", "")),
    ],
)
def test_the_name_tells_the_format(path: str, expected: tuple[str, str]) -> None:
    assert format_of(path) == expected


@pytest.mark.parametrize("path", ["", "a", "a.json", "a.gz", ".jsonl", "a.parquet.gz", "a.jsonl.bz2", "a.jsonl.gz.gz"])
def test_another_name_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="expected a name that ends with"):
        format_of(path)


@pytest.mark.parametrize("size", [0, 10, 3_000_000])
@pytest.mark.parametrize(
    "change",
    [
        lambda data: data + b".",
        lambda data: b"x" + data[1:],
        lambda data: data[:-1] + b"x",
        lambda data: data[: len(data) // 2] + b"x" + data[len(data) // 2 + 1 :],
    ],
    ids=["longer", "first", "last", "middle"],
)
def test_a_file_that_changed_has_another_fingerprint(
    tmp_path: Path, size: int, change: Callable[[bytes], bytes]
) -> None:
    before = fingerprint(write(tmp_path, b"." * size))
    assert fingerprint(write(tmp_path, change(b"." * size))) != before


def test_a_file_that_stays_has_the_same_fingerprint(tmp_path: Path) -> None:
    assert fingerprint(write(tmp_path, b"." * 3_000_000)) == fingerprint(write(tmp_path, b"." * 3_000_000))


def test_a_pipe_with_a_name_is_to_be_standard_input(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.jsonl")
    with pytest.raises(ValueError, match="let it be standard input, and give -"):
        read(str(tmp_path / "a.jsonl"), Start())


@pytest.mark.parametrize("kind", ["jsonl", "jsonl.gz", "jsonl.zst", "csv", "csv.gz", "csv.zst", "parquet"])
@pytest.mark.parametrize("slices", [1, 1_000], ids=["left", "exhausted"])
def test_a_file_is_closed_when_it_is_exhausted_or_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, slices: int
) -> None:
    name, _, packed = kind.partition(".")
    if name == "parquet":
        path = as_parquet(ROWS, tmp_path / "rows.parquet")
    else:
        data = as_csv(ROWS) if name == "csv" else b"{}\n" * 1_000_000
        path = write(tmp_path, data, f".{packed}" if packed else "", name)
    found = read(path, Start())
    for _, _ in zip(range(slices), found, strict=False):
        pass
    del found
    gc.collect()  # an unclosed file is a ResourceWarning, which fails the test


@pytest.mark.parametrize(("module", "name"), [("zstandard", "a.jsonl.zst"), ("pyarrow", "a.parquet")])
def test_a_missing_library_is_told_with_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, name: str
) -> None:
    (tmp_path / name).write_bytes(b"")
    monkeypatch.setitem(__import__("sys").modules, module, None)
    with pytest.raises(ImportError, match="pip install"):
        numbered(str(tmp_path / name))


@pytest.mark.parametrize("packed", ["gz", "zst"])
@pytest.mark.parametrize("keep", [0.3, 0.75, 0.99])
def test_a_packed_file_that_is_cut_short_or_damaged_is_no_whole_one(tmp_path: Path, packed: str, keep: float) -> None:
    import gzip
    import random

    import zstandard

    noise = random.Random(1)
    plain = b"".join(b'{"n": %d}\n' % noise.getrandbits(64) for _ in range(20_000))
    whole = gzip.compress(plain) if packed == "gz" else zstandard.compress(plain) + zstandard.compress(plain)
    path = tmp_path / f"a.jsonl.{packed}"
    path.write_bytes(whole)
    assert sum(len(one.rows) for one in readers.read(str(path), Start())) == (20_000 if packed == "gz" else 40_000)
    path.write_bytes(whole[: int(len(whole) * keep)])
    with pytest.raises(OSError, match="damaged"):
        list(readers.read(str(path), Start()))
    middle = len(whole) // 3
    path.write_bytes(whole[:middle] + bytes(400) + whole[middle + 400 :])
    with pytest.raises(OSError, match="damaged"):
        list(readers.read(str(path), Start()))
