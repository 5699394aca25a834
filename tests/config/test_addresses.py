"""Hosts of settings: nobody is behind the machine's own, link-local, multicast or unspecified addresses."""

import pytest

from config.addresses import usable_host
from config.base import SettingRefusedError


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("169.254.169.254", "link-local"), ("169.254.0.1", "link-local"), ("127.0.0.1", "the machine itself"),
        ("127.9.9.9", "the machine itself"), ("localhost", "the machine itself"), ("LOCALHOST.", "the machine itself"),
        ("a.localhost", "the machine itself"), ("0.1.2.3", "no address"),
        ("168.63.129.16", "Azure's own"), ("224.0.0.1", "multicast"), ("239.255.255.255", "multicast"),
        ("240.0.0.1", "reserved"), ("255.255.255.255", "reserved"),
        # As the C library and browsers read them: the first two are 127.0.0.1, the third is 169.254.169.254.
        ("127.1", "neither"), ("2130706433", "neither"), ("0xa9fea9fe", "neither"), ("0251.0376.0251.0376", "neither"),
        ("1.2.3.256", "neither"), ("1.2.3.4.5", "neither"), ("mail.7", "neither"),
        ("", "no host name"), ("a..b", "no host name"), ("-a.example", "no host name"), ("a-.example", "no host name"),
        ("a" * 64 + ".example", "no host name"),
    ],
)  # fmt: skip
def test_nobody_is_there(host: str, words: str) -> None:
    with pytest.raises(SettingRefusedError) as refused:
        usable_host(host, "write another")
    assert words in str(refused.value)
    assert refused.value.fix == "write another"


@pytest.mark.parametrize(
    "host",
    [
        "smtp.azurecomm.net", "mail", "mail.corp.internal", "10.1.2.3", "192.168.0.7", "172.16.0.1", "100.64.0.1",
        "203.0.113.9", "8.8.8.8", "xn--bcher-kva.example", "mail.monitoring.svc.cluster.local", "4mail.example",
        "a_b.c",
    ],
)  # fmt: skip
def test_somebody_may_be_there(host: str) -> None:
    usable_host(host, "")
