"""Pictures of the docs: a palette in place of true colours changes no pixel of up to 256 colours."""

import struct
import zlib
from collections.abc import Sequence

import pytest

from tests.oracles.dashboards.png import reduced, size

# Three pixels a line.
PICTURE = (bytes((10, 20, 30, 200, 100, 50, 0, 255, 7)), bytes((11, 19, 33, 40, 41, 42, 10, 20, 30)))


def filtered(kind: int, line: bytes, above: bytes) -> bytes:
    """A line as the filters of the specification (9.2) store it."""

    def expected(at: int) -> int:
        left, up, corner = (line[at - 3] if at > 2 else 0), above[at], (above[at - 3] if at > 2 else 0)
        guess = left + up - corner
        nearest = min((abs(guess - left), 0, left), (abs(guess - up), 1, up), (abs(guess - corner), 2, corner))[2]
        return (0, left, up, (left + up) // 2, nearest)[kind]

    return bytes((kind, *((line[at] - expected(at)) & 255 for at in range(len(line)))))


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def picture(kind: int, lines: Sequence[bytes], header: bytes = bytes((8, 2, 0, 0, 0))) -> bytes:
    above = (bytes(9), *lines)
    data = zlib.compress(b"".join(filtered(kind, line, above[at]) for at, line in enumerate(lines)))
    parts = ((b"IHDR", struct.pack(">II", 3, len(lines)) + header), (b"IDAT", data), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(name, data) for name, data in parts)


def content(png: bytes, kind: bytes) -> bytes:
    at = png.index(kind)
    (length,) = struct.unpack(">I", png[at - 4 : at])
    return png[at + 4 : at + 4 + length]


@pytest.mark.parametrize("kind", range(5))
def test_no_pixel_changes(kind: int) -> None:
    small = reduced(picture(kind, PICTURE))
    assert size(small) == (3, 2)
    palette, rows = content(small, b"PLTE"), zlib.decompress(content(small, b"IDAT"))
    pixels = [rows[at : at + 4] for at in range(0, len(rows), 4)]
    assert all(row[0] == 0 for row in pixels)
    assert tuple(b"".join(palette[3 * at : 3 * at + 3] for at in row[1:]) for row in pixels) == PICTURE


def test_other_pictures_are_refused() -> None:
    for refused in (b"GIF89a", picture(0, PICTURE, bytes((16, 2, 0, 0, 0)))):
        with pytest.raises(ValueError, match="not a picture of Chromium"):
            reduced(refused)
