"""Turns registration requests into recorded resources; values that many resources share are stored once."""

from collections.abc import Iterable, Mapping

from pulumi.runtime.proto.alias_pb2 import Alias as WireAlias
from pulumi.runtime.proto.resource_pb2 import RegisterResourceRequest

from preview.engine.graph import Alias, Options, Resource
from preview.engine.inherit import Goal, reference_urn
from preview.engine.wire import pack


class Recorder:
    """The resources of one preview by URN."""

    def __init__(self) -> None:
        self._resources: dict[str, Resource] = {}
        # URNs, alias lists (an Azure type has up to a hundred) and option sets repeat: one object of each is kept.
        self._strings: dict[str, str] = {}
        self._aliases: dict[bytes, tuple[Alias, ...]] = {}

    def __contains__(self, urn: str) -> bool:
        return urn in self._resources

    def get(self, urn: str) -> Resource | None:
        """The resource with this URN, if it is registered."""
        return self._resources.get(urn)

    def resources(self) -> tuple[Resource, ...]:
        """All resources sorted by URN."""
        return tuple(self._resources[urn] for urn in sorted(self._resources))

    def add(self, urn: str, request: RegisterResourceRequest, goal: Goal) -> None:
        """Record a request under its URN, with the options that are in force after inheritance."""
        self._resources[urn] = Resource(
            urn=self._shared(urn),
            type=self._shared(request.type),
            name=request.name,
            parent=self._shared(request.parent) or None,
            custom=request.custom,
            options=self._options(request, goal),
            wire=pack(request.object),
        )

    def _options(self, request: RegisterResourceRequest, goal: Goal) -> Options:
        delete_first = request.deleteBeforeReplaceDefined or request.deleteBeforeReplace
        return Options(
            protect=bool(goal.protect),
            ignore_changes=self._list(request.ignoreChanges),
            depends_on=self._sorted(request.dependencies),
            property_dependencies=self._property_dependencies(request),
            deleted_with=self._shared(goal.deleted_with) or None,
            provider=self._shared(reference_urn(goal.provider)) or None,
            retain_on_delete=bool(goal.retain_on_delete),
            replace_on_changes=self._list(request.replaceOnChanges),
            replace_with=self._sorted(request.replace_with),
            aliases=self._alias_list(request.aliases),
            custom_timeouts=_timeouts(request),
            delete_before_replace=request.deleteBeforeReplace if delete_first else None,
            additional_secret_outputs=self._list(request.additionalSecretOutputs),
            version=self._shared(request.version) or None,
        )

    def _shared(self, text: str) -> str:
        return self._strings.setdefault(text, text)

    def _list(self, texts: Iterable[str]) -> tuple[str, ...]:
        return tuple(self._shared(text) for text in texts)

    def _sorted(self, urns: Iterable[str]) -> tuple[str, ...]:
        return tuple(self._shared(urn) for urn in sorted(urns))

    def _property_dependencies(self, request: RegisterResourceRequest) -> Mapping[str, tuple[str, ...]]:
        found = request.propertyDependencies
        return {self._shared(key): self._sorted(found[key].urns) for key in sorted(found) if found[key].urns}

    def _alias_list(self, aliases: Iterable[WireAlias]) -> tuple[Alias, ...]:
        key = b"\0".join(alias.SerializeToString() for alias in aliases)
        if not key:
            return ()
        known = self._aliases.get(key)
        if known is None:
            known = self._aliases[key] = tuple(_alias(alias) for alias in aliases)
        return known


def _alias(alias: WireAlias) -> Alias:
    if alias.HasField("urn"):
        return Alias(urn=alias.urn)
    spec = alias.spec
    return Alias(
        name=spec.name,
        type=spec.type,
        stack=spec.stack,
        project=spec.project,
        parent=spec.parentUrn,
        no_parent=spec.noParent,
    )


def _timeouts(request: RegisterResourceRequest) -> Mapping[str, str] | None:
    if not request.HasField("customTimeouts"):
        return None
    timeouts = request.customTimeouts
    named = {"create": timeouts.create, "update": timeouts.update, "delete": timeouts.delete, "read": timeouts.read}
    return {name: timeout for name, timeout in named.items() if timeout}
