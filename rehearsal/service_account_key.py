"""The key that a control plane of the tests signs its service accounts' tokens with."""

import base64
import hashlib
from typing import Final

# An EC private key (RFC 5915) on P-256 without the public point, which a reader computes: sequence, version 1, then 32
# octets of the key, then the name of the curve.
_HEAD: Final = bytes.fromhex("30310201010420")
_CURVE: Final = bytes.fromhex("a00a06082a8648ce3d030107")


def service_account_key() -> str:
    """A key in PEM, the same every time: it guards nothing but a control plane that lives for one test."""
    number = hashlib.sha256(b"service accounts of the tests").digest()
    text = base64.encodebytes(_HEAD + number + _CURVE).decode()
    return f"-----BEGIN EC PRIVATE KEY-----\n{text}-----END EC PRIVATE KEY-----\n"
