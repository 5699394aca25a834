"""A DNS server on 127.0.0.1:53 for the sandbox: answers A records from a JSON file that a test may rewrite.

Argument: the file, `{"name": ["127.0.0.11", …]}`. What is not in it does not exist. TTL is 1 second.
"""

import json
import socket
import struct
import sys
from pathlib import Path

_A, _IN = 1, 1
_FOUND, _NO_SUCH_NAME = 0x8580, 0x8583


def answer(query: bytes, names: dict[str, list[str]]) -> bytes:
    """The response to one query."""
    labels, position = [], 12
    while length := query[position]:
        labels.append(query[position + 1 : position + 1 + length].decode())
        position += length + 1
    question = query[12 : position + 5]
    kind = struct.unpack("!H", query[position + 1 : position + 3])[0]
    addresses = names.get(".".join(labels).lower())
    found = (addresses or []) if kind == _A else []
    flags = _NO_SUCH_NAME if addresses is None else _FOUND
    records = b"".join(
        b"\xc0\x0c" + struct.pack("!HHIH", _A, _IN, 1, 4) + socket.inet_aton(address) for address in found
    )
    return query[:2] + struct.pack("!HHHHH", flags, 1, len(found), 0, 0) + question + records


if __name__ == "__main__":
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 53))
        while True:
            query, client = server.recvfrom(4096)
            server.sendto(answer(query, json.loads(Path(sys.argv[1]).read_text())), client)
