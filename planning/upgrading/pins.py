"""The versions that a stack runs: those of its file, of this program's catalog, and of Python packages."""

import re
from collections.abc import Iterator, Mapping
from typing import Literal

from msgspec import Struct

from catalog import Catalog
from config import Settings
from planning.resolving.unused_images import unused_images
from planning.resolving.versions import DRIVER, KUBERNETES, OPERATOR, line_of, numbers

Kind = Literal["package", "kubernetes", "chart", "driver", "image", "vllm"]
# The images of vLLM are the pins of models.
_VLLM_IMAGES = "vllm-openai-"
_VERSION = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,18})*")
_OWNERS = {"aks": "node image", "operator": "operator"}


class VersionPin(Struct, frozen=True):
    """One version of a stack.

    `name` is unique among its kind (of vLLM it is the model), `part` is what records know it by, `path` is where it is
    written.
    """

    kind: Kind
    name: str
    part: str
    version: str
    path: str


Pins = Mapping[tuple[Kind, str], VersionPin]


def digits(version: str) -> str | None:
    """The number in a version, `1.39.3` of `distroless-v1.39.3`; None where it has none, as `latest`."""
    found = _VERSION.search(version)
    return found[0] if found else None


def numbers_in(version: str) -> tuple[int, ...] | None:
    """The number in a version, to compare; None where it has none."""
    found = digits(version)
    return tuple(int(step) for step in found.split(".")) if found else None


def by_name(found: Iterator[VersionPin]) -> Pins:
    """Pins by kind and name, in their order."""
    return {(pin.kind, pin.name): pin for pin in found}


def pins_of(settings: Settings, catalog: Catalog, packages: Mapping[str, str]) -> Pins:
    """Every version of a stack file's stack; `packages` are the pinned Python packages, name → version.

    It needs no accepted stack: a file that today's rules reject has versions too.
    """
    return by_name(_pins(settings, catalog, packages))


def _pins(settings: Settings, catalog: Catalog, packages: Mapping[str, str]) -> Iterator[VersionPin]:
    for name, version in sorted(packages.items()):
        yield VersionPin("package", name, name, version, "requirements.txt")
    yield VersionPin("kubernetes", KUBERNETES, KUBERNETES, settings.cluster.kubernetes, "cluster.kubernetes")
    for name, chart in catalog.charts.items():
        yield VersionPin("chart", name, name, chart.version, f"catalog/charts.yaml.{name}")
    driver = driver_version(catalog, _tracks(settings, catalog), settings.cluster.gpu_driver, _operator(catalog))
    if driver is not None:
        yield VersionPin("driver", DRIVER, DRIVER, driver, "cluster.gpu_driver")
    for name, image in catalog.images.items():
        if not name.startswith(_VLLM_IMAGES) and name not in unused_images(settings):
            yield VersionPin("image", name, name, image.tag, f"catalog/charts.yaml.images.{name}")
    for index, model in enumerate(settings.models):
        yield VersionPin("vllm", model.name, "vllm", model.engine.version, f"models[{index}].engine.version")


def _operator(catalog: Catalog) -> str:
    return catalog.charts[OPERATOR].version


def _tracks(settings: Settings, catalog: Catalog) -> set[str]:
    sizes = (catalog.vm_sizes.get(pool.vm_size) for pool in settings.pools)
    return {size.driver for size in sizes if size is not None}


def driver_version(catalog: Catalog, tracks: set[str], owner: str, operator: str) -> str | None:
    """The NVIDIA driver of a stack's pools with its owner, such as `node image 580.126.09`; None where it isn't known.

    Of a node image it is the oldest one that AKS has for the `tracks` of the pools' sizes, of GPU Operator what its
    version `operator` brings.
    """
    if owner == "operator":
        line = line_of(catalog.versions, OPERATOR, operator)
        version = line.brings.get(DRIVER) if line is not None else None
    else:
        oldest = (catalog.versions.aks_driver.get(track) for track in sorted(tracks))
        version = min((found for found in oldest if found is not None), key=numbers, default=None)
    return f"{_OWNERS.get(owner, owner)} {version}" if version is not None else None


def owner_of(driver: str) -> str:
    """Who owns a driver, from its text as `driver_version` writes it."""
    return driver.rpartition(" ")[0]
