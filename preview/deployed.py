"""What runs now, as a state or an earlier preview says: its resources and the versions in them."""

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from msgspec import Struct, ValidationError, convert

from catalog import Catalog
from planning.plan.labels import MODEL
from planning.resolving.versions import DRIVER, KUBERNETES, OPERATOR
from planning.upgrading.pins import Pins, VersionPin, by_name, driver_version
from preview.comparison import NotAPreviewError, Urn, earlier
from reading.texts import MOST_PREVIEW_VALUES, JsonRefusedError, json_of

# How the engine writes a secret into a state.
_SECRET = "4dabf18193072939515e22adb298388d"  # noqa: S105 - pulumi sdk/go/common/resource/sig/sig.go: a mark, not a secret

_VLLM = "vllm-openai-"


class _Resource(Struct):
    urn: Urn
    type: str
    inputs: dict[str, Any] = {}
    protect: bool = False
    retainOnDelete: bool = False  # noqa: N815 - the engine's name


class _Deployment(Struct):
    resources: list[_Resource]


class Deployed(Struct, frozen=True):
    """Resources in the shape of the preview's JSON, and where they are from; a state has two of the options alone."""

    source: str
    resources: tuple[Mapping[str, Any], ...]


def deployed(text: str, stack: str) -> Deployed:
    """The resources in a text: what `pulumi stack export` or `llm-platform preview --json` wrote for an accepted stack.

    URNs of another stack are read as if they were of `stack`. Secrets of a state stay closed.

    Raises:
        NotAPreviewError: it is neither; the message says why.
    """
    try:
        document = json_of(text, most_values=MOST_PREVIEW_VALUES)
    except JsonRefusedError as error:
        raise NotAPreviewError(f"it is not JSON: {error}") from error
    if not isinstance(document, dict) or "deployment" not in document:
        return Deployed("preview", tuple(earlier(text, stack)["resources"]))
    try:
        state = convert(document["deployment"], _Deployment)
    except ValidationError as error:
        raise NotAPreviewError(f"it is not what `pulumi stack export` writes: {error}") from error
    if not state.resources:
        raise NotAPreviewError("it is the state of a stack that has no resources")
    return Deployed("state", tuple(_renamed(_of_state(each), stack) for each in state.resources))


def _of_state(resource: _Resource) -> dict[str, Any]:
    return {
        "urn": resource.urn,
        "type": resource.type,
        "name": resource.urn.rpartition("::")[2],
        "inputs": {key: _closed(item) for key, item in resource.inputs.items() if not key.startswith("__")},
        "options": {"protect": resource.protect, "retain_on_delete": resource.retainOnDelete},
    }


def _renamed(resource: dict[str, Any], stack: str) -> dict[str, Any]:
    head, _, rest = resource["urn"].partition("::")
    named = f"urn:pulumi:{stack}" if head.startswith("urn:pulumi:") else head
    return {**resource, "urn": f"{named}::{rest}"}


def _closed(value: Any) -> Any:
    """Inputs as the preview's JSON has them: secrets closed, and nothing of the engine's own."""
    if isinstance(value, dict):
        if _SECRET in value:
            return "[secret]"
        return {key: _closed(item) for key, item in value.items() if not key.startswith("__") and item is not None}
    return [_closed(item) for item in value] if isinstance(value, list) else value


def deployed_pins(found: Deployed, catalog: Catalog) -> Pins:
    """The versions in the resources: cluster, charts, driver, vLLM, images, and the providers of a state."""
    return by_name(iter({(pin.kind, pin.name): pin for pin in _pins(found, catalog)}.values()))


def _pins(found: Deployed, catalog: Catalog) -> Iterator[VersionPin]:
    charts: dict[str, str] = {}
    owners, tracks = set[str](), set[str]()
    for each in found.resources:
        inputs, kind = each["inputs"], each["type"].rpartition(":")[2]
        if each["type"].startswith("pulumi:providers:") and isinstance(inputs.get("version"), str):
            name = f"pulumi-{each['type'].rpartition(':')[2]}"
            yield VersionPin("package", name, name, inputs["version"], "the state")
        elif kind == "ManagedCluster" and isinstance(inputs.get("kubernetesVersion"), str):
            version = inputs["kubernetesVersion"]
            yield VersionPin("kubernetes", KUBERNETES, KUBERNETES, version, "cluster.kubernetes")
        elif kind == "Release" and isinstance(inputs.get("version"), str):
            charts |= {name: inputs["version"] for name in catalog.charts if name == inputs.get("name")}
        elif kind == "AgentPool" and isinstance(inputs.get("gpuProfile"), dict):
            owners.add("operator" if inputs["gpuProfile"].get("driver") == "None" else "aks")
            size = catalog.vm_sizes.get(str(inputs.get("vmSize")))
            tracks |= {size.driver} if size is not None else set()
        yield from _images(inputs, catalog)
    for name, version in charts.items():
        yield VersionPin("chart", name, name, version, f"catalog/charts.yaml.{name}")
    driver = driver_version(catalog, tracks, min(owners, default="aks"), charts.get(OPERATOR, "0"))
    if owners and driver is not None:
        yield VersionPin("driver", DRIVER, DRIVER, driver, "cluster.gpu_driver")


def _images(inputs: Mapping[str, Any], catalog: Catalog) -> Iterator[VersionPin]:
    for pod in _pods(inputs):
        model = _mapping(_mapping(pod.get("metadata")).get("labels")).get(MODEL)
        spec = pod["spec"]
        for container in [*_listed(spec.get("initContainers")), *_listed(spec.get("containers"))]:
            repository, tag = _reference(str(_mapping(container).get("image")))
            for name, image in catalog.images.items():
                if not tag or not _names(repository, image.repository):
                    continue
                if not name.startswith(_VLLM):
                    yield VersionPin("image", name, name, tag, f"catalog/charts.yaml.images.{name}")
                elif isinstance(model, str):
                    yield VersionPin("vllm", model, "vllm", tag.removeprefix("v"), f"models.{model}.engine.version")


def _mapping(value: Any) -> Mapping[str, Any]:
    """The value if it is a mapping, else an empty one: nobody promises the shape of what a state holds."""
    return value if isinstance(value, Mapping) else {}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _pods(value: Any) -> Iterator[Mapping[str, Any]]:
    """Every pod template in the inputs of a resource."""
    if isinstance(value, dict):
        if isinstance(value.get("spec"), dict) and isinstance(value["spec"].get("containers"), list):
            yield value
        for item in value.values():
            yield from _pods(item)
    elif isinstance(value, list):
        for item in value:
            yield from _pods(item)


def _reference(image: str) -> tuple[str, str]:
    """Repository and tag of an image's reference, without its digest."""
    name = image.partition("@")[0]
    repository, colon, tag = name.rpartition(":")
    return (repository, tag) if colon and "/" not in tag else (name, "")


def _names(repository: str, wanted: str) -> bool:
    """Whether a repository is the wanted one, or has it behind the host of a registry that caches it."""
    parts, last = PurePosixPath(repository).parts, PurePosixPath(wanted).parts
    return parts[-len(last) :] == last
