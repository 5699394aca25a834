"""How a pod requests GPU devices."""

from msgspec import Struct


class ExtendedResource(Struct, frozen=True, kw_only=True, tag="extended-resource"):
    """Devices that a device plugin offers: a resource of the container."""

    name: str
    """Name of the resource, such as nvidia.com/gpu."""
    count: int
    """Devices of one pod."""
    device: str
    """What each of them is: `GPU`, a MIG profile such as `3g.47gb`, or a share of one, such as `GPU/2`."""


class DeviceClaim(Struct, frozen=True, kw_only=True, tag="device-claim"):
    """Devices that a DRA driver offers: a claim of the pod."""

    device_class: str
    """Name of the DeviceClass."""
    count: int
    """Devices of one pod."""


DeviceRequest = ExtendedResource | DeviceClaim
