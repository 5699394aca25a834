"""What plain text (without quotes) means in a YAML 1.2 document: the core schema.

Source: https://yaml.org/spec/1.2.2/#103-core-schema. ruamel.yaml's own schema would read some strings as dates
and `1_000` as a number, so ruamel.yaml only parses here.
"""

import math
import re
from typing import Any

TAGS = {bool: "bool", type(None): "null", int: "int", float: "float"}

_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_NUMBER_STARTS = frozenset("+-.0123456789")
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
# The signed range of 64 bits: beyond it YAML readers, such as Go's, read whole numbers differently.
_WHOLE_BITS = 63
_LONGEST_WHOLE = 64


def scalar(text: str) -> Any:
    """The value of plain text (without quotes) in YAML 1.2's core schema; whole numbers beyond 64 bits are floats."""
    if text in _NULL:
        return None
    if text[0] in _NUMBER_STARTS:
        if _INT.fullmatch(text):
            return _whole(text)
        if _FLOAT.fullmatch(text):
            # Python spells .inf and .nan without their dot.
            return float(re.sub(r"\.(?=[in])", "", text.lower()))
    return _BOOL.get(text, text)


def _whole(text: str) -> int | float:
    if len(text) > _LONGEST_WHOLE:
        # Python refuses to read thousands of digits; hexadecimal numbers of that length are equally meaningless.
        return float(text) if text.lstrip("+-").isdecimal() else math.inf
    number = int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
    return number if number.bit_length() <= _WHOLE_BITS else float(number)
