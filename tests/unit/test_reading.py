"""One reader for every file that somebody names: regular files only, within limits, and a reason where it refuses."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reading.texts import DEEPEST, FileRefusedError, JsonRefusedError, json_of, text_of


def refusal(file: Path, most: int = 100, *, opened: bool = False) -> str:
    with pytest.raises(FileRefusedError) as refused:
        text_of(file, most, opened=opened)
    return str(refused.value)


def test_a_regular_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"x" * 100)
    assert text_of(file, 100) == "x" * 100
    file.write_bytes(b"x" * 2048)
    assert refusal(file, 1024) == "it is larger than 1 KiB"


def test_what_is_no_regular_file_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for opened in (False, True):
        assert refusal(pipe, opened=opened) == "it is not a regular file"
        assert refusal(Path("/dev/zero"), opened=opened) == "it is not a regular file"
    assert refusal(tmp_path) == "is a directory"
    assert refusal(tmp_path / "missing") == "no such file or directory"
    assert refusal(Path("a\0b")) == "a name can't have the character U+0000"


def test_a_pipe_that_the_shell_opened_is_read_where_that_is_allowed() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"config: {}")
    os.close(writing)
    assert refusal(Path(f"/dev/fd/{reading}")) == "it is not a regular file"
    assert text_of(Path(f"/dev/fd/{reading}"), 100, opened=True) == "config: {}"
    os.close(reading)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"\xff")
    assert refusal(file) == "it is not UTF-8 text"
    assert text_of(file, 100, errors="replace") == "\ufffd"


@pytest.mark.parametrize("text", ["[" + "[]," * 30 + "1]", '{"a":[' + '{"b":1},' * 30 + "1]}", "[" + "1," * 30])
def test_more_values_than_json_may_have_are_not_parsed(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("json.loads")
    with pytest.raises(JsonRefusedError, match="more than 10 values"):
        json_of(text, most_values=10)


@given(
    st.recursive(st.text(), lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4))
)
def test_as_many_values_as_json_may_have_are_read(value: Any) -> None:
    def count(inner: Any) -> int:
        items = inner.values() if isinstance(inner, dict) else inner if isinstance(inner, list) else ()
        return 1 + sum(map(count, items))

    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False)):
        assert json_of(text, most_values=count(value)) == value


def test_marks_inside_texts_are_no_values() -> None:
    for inner in ("[{," * 100, '\\",[{' * 100, "\\\\"):
        assert json_of(json.dumps([inner, inner]), most_values=3) == [inner, inner]


def test_json_has_a_depth_a_number_of_values_and_numbers_of_64_bits() -> None:
    deep = "[" * DEEPEST + "1" + "]" * DEEPEST
    assert json_of(deep)[0]
    for text in (f"[{deep}]", "[" * 100_000, "[" * 50_000 + "]" * 50_000):
        with pytest.raises(JsonRefusedError):
            json_of(text)
    with pytest.raises(JsonRefusedError, match="more than 10 values"):
        json_of("[1,2,3,4,5,6,7,8,9,0]", most_values=10)
    assert json_of("9" * 5000) == float("inf")
    assert json_of(str(2**63 - 1)) == 2**63 - 1
    assert type(json_of(str(2**63))) is float
