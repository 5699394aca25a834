"""Nothing of a streamed answer goes on before it is judged, however it is cut into chunks."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guardrails.sse import Events
from guardrails.windows import TooLargeError, Windows
from tests.unit.guardrails_stub import BAD, DONE, event

WINDOW, OVERLAP = 24, len(BAD)
_ENDS = (b"\n\n", b"\r\n\r\n", b"\r\r")
_PIECES = ("The ", "answer ", "is ", "Grüße ", BAD[:6], BAD[6:], BAD, "\n\n", "{", "data: ", "😀")


def _cut(raw: bytes, places: list[int]) -> list[bytes]:
    borders = sorted({place % (len(raw) + 1) for place in places} | {0, len(raw)})
    return [raw[begin:end] for begin, end in pairwise(borders)]


def _through(chunks: list[bytes]) -> tuple[bytes, list[str], bool]:
    """What is released of a stream, the texts that were judged, and whether one was blocked."""
    windows = Windows(WINDOW, OVERLAP, 10**6)
    sent, judged = b"", []
    for at, chunk in enumerate(chunks):
        windows.feed(chunk)
        last = at == len(chunks) - 1
        if last:
            windows.end()
        if windows.waits_for_verdict or (last and windows.has_text):
            judged.append(windows.text())
            if BAD in windows.text():
                return sent, judged, True
        elif windows.has_text:
            continue
        sent += windows.release()
    return sent, judged, False


_STREAMS = st.tuples(
    st.lists(st.sampled_from(_PIECES), min_size=1, max_size=40)
    # A forbidden text in two events, with anything before it.
    | st.lists(st.sampled_from(_PIECES[:4]), max_size=12).map(lambda before: [*before, BAD[:6], BAD[6:], "the end"]),
    # Anywhere, or into pieces of one length.
    st.lists(st.integers(0, 10**6), max_size=60) | st.integers(1, 150).map(lambda step: list(range(0, 10**4, step))),
    st.sampled_from(_ENDS),
)


@given(_STREAMS)
@settings(max_examples=400, deadline=None)
def test_an_allowed_stream_is_unchanged_and_a_blocked_text_never_complete(
    stream: tuple[list[str], list[int], bytes],
) -> None:
    pieces, places, end = stream
    raw = b"".join(event(piece).replace(b"\n\n", end) for piece in pieces) + DONE
    chunks = _cut(raw, places)

    sent, judged, blocked = _through(chunks)

    if blocked:
        assert raw.startswith(sent)
        assert BAD not in _text_of(sent)
    else:
        assert sent == raw
        assert BAD not in "".join(pieces)
        assert judged or not "".join(pieces)


@given(_STREAMS)
@settings(max_examples=200, deadline=None)
def test_events_are_the_same_however_they_are_cut(stream: tuple[list[str], list[int], bytes]) -> None:
    pieces, places, end = stream
    raw = b"".join(event(piece).replace(b"\n\n", end) for piece in pieces)
    events = Events()

    found = [event_ for chunk in _cut(raw, places) for event_ in events.feed(chunk)] + events.end()

    assert b"".join(event_.raw for event_ in found) == raw
    assert [event_.data for event_ in found] == [event(piece)[len("data: ") : -2] for piece in pieces]


def _text_of(raw: bytes) -> str:
    windows = Windows(10**9, 0, 10**9)
    windows.feed(raw)
    windows.end()
    return windows.text()


def test_answers_at_once_are_judged_apart() -> None:
    windows = Windows(WINDOW, OVERLAP, 10**6)
    for left, right in zip(BAD[:-1:2], BAD[1::2], strict=False):
        windows.feed(event(left, 0) + event(right, 1))

    assert windows.text() == f"{BAD[:-1:2]}\n{BAD[1::2]}"


def test_a_text_across_the_border_of_two_windows_is_judged_whole() -> None:
    windows = Windows(WINDOW, OVERLAP, 10**6)
    windows.feed(event("x" * WINDOW + BAD[:7]))
    windows.release()
    windows.feed(event(BAD[7:]))

    assert BAD in windows.text()


def test_an_event_that_never_ends_is_refused() -> None:
    windows = Windows(WINDOW, OVERLAP, 100)

    with pytest.raises(TooLargeError):
        windows.feed(b"data: " + b"x" * 200)


def test_without_text_nothing_waits() -> None:
    windows = Windows(WINDOW, OVERLAP, 10**6)
    role = b'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}\n\n'
    windows.feed(role + b": still here\n\n" + DONE)

    assert not windows.has_text
    assert not windows.waits_for_verdict
    assert windows.release() == role + b": still here\n\n" + DONE
