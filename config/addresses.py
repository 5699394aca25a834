"""Hosts that a setting names: none that stands for the machine itself, for the cloud's own services, or for nobody."""

import ipaddress
import re

from config.base import SettingRefusedError

# Of the virtual network's own services: https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
_AZURE = ipaddress.IPv4Address("168.63.129.16")
_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?")
# What readers of addresses take for a number, and with it the whole for an address: 127.1, 0x7f.1, 2130706433.
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9a-fA-F]*")


def usable_host(host: str, fix: str) -> None:
    """Accept a name or an IPv4 address of somebody; private addresses are somebody's.

    Raises:
        SettingRefusedError: nobody can be there; `fix` is what to write instead.
    """
    wrong = nobodys(host)
    if wrong is not None:
        raise SettingRefusedError(f'"{host}" is {wrong}', fix)


def nobodys(host: str) -> str | None:
    """What a host is that nobody can be at, in words that follow "is"; None for one that somebody may have."""
    labels = host.lower().removesuffix(".").split(".")
    if labels[-1] == "localhost":
        return "the machine itself"
    if not all(_LABEL.fullmatch(label) for label in labels):
        return "no host name: between dots there are 1 to 63 letters, digits and dashes, and no dash at an end"
    if not _NUMBER.fullmatch(labels[-1]):
        return None
    try:
        address = ipaddress.IPv4Address(host)
    except ValueError:
        return "neither a host name, which doesn't end in a number, nor an IPv4 address of four numbers up to 255"
    kinds = (
        (address.is_unspecified or address in ipaddress.IPv4Network("0.0.0.0/8"), "no address of anybody"),
        (address.is_loopback, "the machine itself"),
        (address.is_link_local, "a link-local address, such as that of the instance's metadata"),
        (address == _AZURE, "Azure's own address in every virtual network"),
        (address.is_multicast, "a multicast address"),
        (address in ipaddress.IPv4Network("240.0.0.0/4"), "a reserved address"),
    )
    return next((words for found, words in kinds if found), None)
