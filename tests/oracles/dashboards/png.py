"""A picture of the browser with 256 colours, a third as large: almost all of a dashboard's pixels have fewer.

The format is that of the PNG specification (third edition): chunks 5.3, filters 9, palettes 11.2.3.
"""

import struct
import zlib
from collections import Counter
from typing import Final

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_COLOURS: Final = 256
_TRUE_COLOUR, _PALETTE = 2, 3


def size(png: bytes) -> tuple[int, int]:
    """Width and height in pixels."""
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def reduced(png: bytes) -> bytes:
    """The same picture by a palette of its most frequent colours; others become the nearest of these.

    Raises:
        ValueError: the picture is not one of eight bits a channel, red, green and blue, as Chromium writes it.

    """
    if not png.startswith(_SIGNATURE) or png[24:29] != bytes((8, _TRUE_COLOUR, 0, 0, 0)):
        raise ValueError("not a picture of Chromium")
    width, height = size(png)
    lines = _lines(zlib.decompress(_data(png)), width * 3)
    seen = Counter(line[at : at + 3] for line in lines for at in range(0, len(line), 3))
    palette = [colour for colour, _ in seen.most_common(_COLOURS)]
    number = {colour: _nearest(colour, palette) for colour in seen}
    rows = (bytes(number[line[at : at + 3]] for at in range(0, len(line), 3)) for line in lines)
    header = struct.pack(">IIBBBBB", width, height, 8, _PALETTE, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    chunks = ((b"IHDR", header), (b"PLTE", b"".join(palette)), (b"IDAT", data), (b"IEND", b""))
    return _SIGNATURE + b"".join(_chunk(kind, content) for kind, content in chunks)


def _data(png: bytes) -> bytes:
    found, at = [], len(_SIGNATURE)
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        if png[at + 4 : at + 8] == b"IDAT":
            found.append(png[at + 8 : at + 8 + length])
        at += 12 + length
    return b"".join(found)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _lines(filtered: bytes, length: int) -> list[bytes]:
    """Bytes of each line, three a pixel."""
    found, above = [], bytes(length)
    for at in range(0, len(filtered), length + 1):
        line = bytearray(filtered[at + 1 : at + 1 + length])
        _unfilter(filtered[at], line, above)
        above = bytes(line)
        found.append(above)
    return found


def _unfilter(kind: int, line: bytearray, above: bytes) -> None:
    for at in range(len(line)):
        left, corner = (line[at - 3], above[at - 3]) if at > 2 else (0, 0)
        match kind:
            case 1:
                expected = left
            case 2:
                expected = above[at]
            case 3:
                expected = (left + above[at]) // 2
            case 4:
                expected = _paeth(left, above[at], corner)
            case _:
                return
        line[at] = (line[at] + expected) & 255


def _paeth(left: int, above: int, corner: int) -> int:
    guess = left + above - corner
    return min((left, above, corner), key=lambda value: abs(guess - value))


def _nearest(colour: bytes, palette: list[bytes]) -> int:
    return min(
        range(len(palette)),
        key=lambda at: sum((one - other) ** 2 for one, other in zip(colour, palette[at], strict=True)),
    )
