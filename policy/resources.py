"""What a policy sees of a resource: its type, its name, its properties and what it depends on."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

# As in the preview's JSON: what is known only once the resource exists, and what nobody may read.
UNKNOWN, SECRET = "[unknown]", "[secret]"
_NOTHING: Mapping[str, Any] = {}


class Resource:
    """One registered resource, with the property names of its provider (camelCase).

    `properties` may be a function that reads them: they are then read again at every access, and a graph of thousands
    of resources is never in memory as a whole. `depends_on` are the URNs of all resources that must exist before it.
    """

    __slots__ = ("_properties", "depends_on", "name", "type", "urn")

    def __init__(
        self,
        type_: str,
        name: str,
        properties: Mapping[str, Any] | Callable[[], Mapping[str, Any]],
        *,
        urn: str = "",
        depends_on: Iterable[str] = (),
    ) -> None:
        self.type, self.name, self.urn = type_, name, urn
        self.depends_on = frozenset(depends_on)
        self._properties = properties

    @property
    def properties(self) -> Mapping[str, Any]:
        """What it is registered with."""
        return self._properties if isinstance(self._properties, Mapping) else self._properties()

    @property
    def kind(self) -> str:
        """The last part of the type: `Deployment` of `kubernetes:apps/v1:Deployment`."""
        return self.type.rpartition(":")[2]

    @property
    def namespace(self) -> str:
        """The Kubernetes namespace that it lies in, empty for everything else."""
        return str(self.get("metadata.namespace") or "")

    def get(self, path: str, default: Any = None) -> Any:
        """The value at a dotted path, `default` where there is none; `UNKNOWN` where a part of the path is unknown."""
        value: Any = self.properties
        for step in path.split("."):
            if value in (UNKNOWN, SECRET):
                return UNKNOWN
            if not isinstance(value, Mapping) or step not in value:
                return default
            value = value[step]
        return default if value is None else value

    def items(self, path: str) -> tuple[Any, ...]:
        """The list at a dotted path; empty where there is none or it is unknown."""
        value = self.get(path)
        return tuple(value) if isinstance(value, list) else ()


# By the last part of a type, the property with the name that Azure knows a resource by.
_AZURE_NAMES = {
    "ManagedCluster": "resourceName",
    "PublicIPAddress": "publicIpAddressName",
    "Registry": "registryName",
    "StorageAccount": "accountName",
    "Vault": "vaultName",
}


def belongs(resource: Resource, identifier: object, target: Resource) -> bool:
    """Whether the id that a resource names is that of the target.

    An id is unknown before the target exists; then the resource depends on it. Parts of a target, such as the blobs of
    a store, have ids that begin with its own.
    """
    if not isinstance(identifier, str) or identifier == UNKNOWN:
        return target.urn in resource.depends_on
    name = target.get(_AZURE_NAMES.get(target.kind, "name"))
    return isinstance(name, str) and name.lower() in identifier.lower().split("/")


@dataclass(frozen=True)
class Pod:
    """The pod that a resource runs, or a pod's template."""

    owner: Resource
    spec: Mapping[str, Any]

    def containers(self) -> Iterator[Mapping[str, Any]]:
        """Every container, those that run before the others too."""
        for kind in ("initContainers", "containers"):
            yield from (each for each in self.spec.get(kind) or () if isinstance(each, Mapping))


def pod(resource: Resource) -> Pod | None:
    """The pod of a workload; None for a resource that runs none."""
    if not resource.type.startswith("kubernetes:"):
        return None
    paths = {"Pod": "spec", "CronJob": "spec.jobTemplate.spec.template.spec"}
    spec = resource.get(paths.get(resource.kind, "spec.template.spec"))
    return Pod(resource, spec) if isinstance(spec, Mapping) and "containers" in spec else None


def security(container: Mapping[str, Any]) -> Mapping[str, Any]:
    """A container's security context, empty where it has none."""
    return container.get("securityContext") or _NOTHING
