"""Changed property paths are named as the engine names them."""

import pytest

from simulators.provider_protocol.differences import differences, touches
from simulators.provider_protocol.wire import UNKNOWN, decode, encode


def test_paths_of_changes() -> None:
    old = {"a": 1, "b": {"c": [1, 2], "d.e": "x"}, "gone": 1}
    new = {"a": 1, "b": {"c": [1, 3, 4], "d.e": "y"}, "born": UNKNOWN}
    assert differences(old, new) == {
        "b.c[1]": "update",
        "b.c[2]": "add",
        'b["d.e"]': "update",
        "born": "add",
        "gone": "delete",
    }


def test_an_absent_and_a_null_value_are_one() -> None:
    assert differences({"a": None}, {}) == {}
    assert differences({}, {"a": {"b": None}}) == {"a": "add"}


@pytest.mark.parametrize(
    ("path", "rule", "expected"),
    [
        ("agentPoolProfiles[1].vmSize", "agentPoolProfiles.vmSize", True),
        ("networkProfile", "networkProfile.podCidr", True),
        ("linuxProfile.ssh.publicKeys[0]", "linuxProfile", True),
        ("vmSizeLimit", "vmSize", False),
        ('metadata.annotations["a.b"]', "metadata.name", False),
    ],
)
def test_rules_meet_paths_at_above_and_below(path: str, rule: str, expected: bool) -> None:
    assert touches(path, [rule]) is expected


def test_the_wire_keeps_values_and_unknowns() -> None:
    values = {"text": "a", "number": 1.5, "flag": True, "list": [UNKNOWN, {"x": None}]}
    assert decode(encode(values)) == values
