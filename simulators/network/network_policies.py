"""What NetworkPolicies admit: an evaluator of its own, written from the Kubernetes documentation alone.

Source: https://kubernetes.io/docs/concepts/services-networking/network-policies and the reference of
networking.k8s.io/v1. It knows nothing of how this platform makes its policies, and refuses what it does not understand:
a selector that is passed over would make a table look stricter or wider than the cluster is.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, Literal

from simulators.network.port_sets import ALL, LAST_PORT, NONE, NotUnderstoodError, Ports

Object = Mapping[str, Any]
Range = IPv4Network | IPv6Network
Direction = Literal["Ingress", "Egress"]


class NotUniformError(Exception):
    """A rule covers a part of some addresses: whoever asks must ask for the parts."""


@dataclass(frozen=True)
class Pods:
    """Pods with the same labels in one namespace. `named` are their containers' ports: (name, protocol, number).

    `addresses` are theirs where address ranges of policies reach them, which Kubernetes leaves to the network plugin.
    """

    namespace: str
    labels: Mapping[str, str]
    named: tuple[tuple[str, str, int], ...] = ()
    addresses: tuple[Range, ...] = ()


@dataclass(frozen=True)
class Outside:
    """Addresses that are no pods; none where no address range of a policy reaches them, as nodes behind Cilium."""

    addresses: tuple[Range, ...] = ()


@dataclass(frozen=True)
class OwnNode:
    """The node on which the pod at the other end runs."""


End = Pods | Outside | OwnNode


def pods_of(namespace: str, pod: Object) -> Pods:
    """The pods of a Pod or a pod template, as they stand in the API server.

    Raises:
        NotUnderstoodError: they live in their node's network, where the meaning of policies is undefined.

    """
    spec = pod["spec"]
    if spec.get("hostNetwork"):
        raise NotUnderstoodError(f"pods of {namespace} in the network of their node")
    named = [
        (port["name"], port.get("protocol", "TCP"), port["containerPort"])
        for container in spec["containers"]
        for port in container.get("ports") or ()
        if "name" in port
    ]
    return Pods(namespace, pod["metadata"].get("labels") or {}, tuple(named))


class NetworkRules:
    """All NetworkPolicies of a cluster, and its namespaces, whose labels they select by.

    Raises:
        NotUnderstoodError: an object among them is of another kind, or has something unknown in it.

    """

    def __init__(self, namespaces: Iterable[Object], policies: Iterable[Object]) -> None:
        self._namespaces = {item["metadata"]["name"]: item["metadata"].get("labels") or {} for item in namespaces}
        self._policies = [_policy(policy) for policy in policies]

    def admitted(self, source: End, destination: End) -> Ports:
        """Ports of the destination that a connection may go to: both ends' policies must let it pass."""
        if isinstance(source, OwnNode) or isinstance(destination, OwnNode):
            return ALL
        out = self._side("Egress", source, destination, destination)
        return out and out & self._side("Ingress", destination, source, destination)

    def isolates(self, direction: Direction, pods: Pods) -> bool:
        """Whether anything limits a direction of these pods."""
        return any(self._selects(policy, direction, pods) for policy in self._policies)

    def _side(self, direction: Direction, own: End, other: End, destination: End) -> Ports:
        if not isinstance(own, Pods) or not self.isolates(direction, own):
            return ALL
        admitted = NONE
        for policy in self._policies:
            if self._selects(policy, direction, own):
                for rule in policy.rules[direction]:
                    if not rule.peers or any(peer(self._namespaces, other) for peer in rule.peers):
                        admitted |= rule.ports(destination)
        return admitted

    def _selects(self, policy: "_Policy", direction: Direction, pods: Pods) -> bool:
        if pods.namespace not in self._namespaces:
            raise NotUnderstoodError(f"there is no namespace {pods.namespace}")
        return direction in policy.rules and policy.namespace == pods.namespace and policy.pods(pods.labels)


_Selector = Callable[[Mapping[str, str]], bool]
_Peer = Callable[[Mapping[str, Mapping[str, str]], End], bool]


@dataclass(frozen=True)
class _Rule:
    """No `peers` are all of them."""

    peers: tuple[_Peer, ...]
    ports: Callable[[End], Ports]


@dataclass(frozen=True)
class _Policy:
    """Rules by direction; a direction that is not there is left alone."""

    namespace: str
    pods: _Selector
    rules: Mapping[str, tuple[_Rule, ...]]


def _policy(content: Object) -> _Policy:
    what = f"{content.get('apiVersion')} {content.get('kind')}"
    if what != "networking.k8s.io/v1 NetworkPolicy":
        raise NotUnderstoodError(f"policy of kind {what}")
    _known(content, "NetworkPolicy", {"apiVersion", "kind", "metadata", "spec"})
    namespace, spec = content["metadata"]["namespace"], content.get("spec") or {}
    where = f"{namespace}/{content['metadata']['name']}"
    _known(spec, where, {"podSelector", "policyTypes", "ingress", "egress"})
    rules = {
        "Ingress": tuple(_rule(rule, f"{where}.ingress", "from", namespace) for rule in spec.get("ingress") or ()),
        "Egress": tuple(_rule(rule, f"{where}.egress", "to", namespace) for rule in spec.get("egress") or ()),
    }
    types = spec.get("policyTypes") or ["Ingress", *(["Egress"] if rules["Egress"] else [])]
    if set(types) - set(rules):
        raise NotUnderstoodError(f"{where}.policyTypes {types}")
    # A direction that has rules but is not among the types is not limited by them.
    return _Policy(namespace, _selector(spec.get("podSelector") or {}, where), {type_: rules[type_] for type_ in types})


def _rule(rule: Object, where: str, side: str, namespace: str) -> _Rule:
    _known(rule, where, {side, "ports"})
    peers = tuple(_peer(peer, f"{where}.{side}", namespace) for peer in rule.get(side) or ())
    ports = [_port(port, f"{where}.ports") for port in rule.get("ports") or ()]
    if not ports:
        return _Rule(peers, lambda _: ALL)
    return _Rule(peers, lambda destination: reduce(Ports.__or__, (admitted(destination) for admitted in ports)))


def _port(port: Object, where: str) -> Callable[[End], Ports]:
    _known(port, where, {"protocol", "port", "endPort"})
    protocol, number, last = port.get("protocol") or "TCP", port.get("port"), port.get("endPort")
    if last is not None and not isinstance(number, int):
        raise NotUnderstoodError(f"{where}.endPort without the number of a port")
    if isinstance(number, str):
        return lambda destination: _named(destination, number, protocol)
    fixed = Ports.of(protocol, 1, LAST_PORT) if number is None else Ports.of(protocol, number, last)
    return lambda _: fixed


def _named(destination: End, name: str, protocol: str) -> Ports:
    """A name is one of the destination's containers; addresses have none."""
    if not isinstance(destination, Pods):
        return NONE
    found = (
        Ports.of(kind, number) for port_name, kind, number in destination.named if (port_name, kind) == (name, protocol)
    )
    return reduce(Ports.__or__, found, NONE)


def _peer(peer: Object, where: str, own_namespace: str) -> _Peer:
    _known(peer, where, {"podSelector", "namespaceSelector", "ipBlock"})
    by_pods, by_namespace, block = (peer.get(key) for key in ("podSelector", "namespaceSelector", "ipBlock"))
    if (block is not None) == (by_pods is not None or by_namespace is not None):
        raise NotUnderstoodError(f"{where} names nobody, or addresses together with labels")
    if block is not None:
        contains = _block(block, where)
        return lambda _, other: not isinstance(other, OwnNode) and contains(other.addresses)
    # An empty selector takes all; one that is not there leaves the namespace to be the policy's own.
    pods = _selector(by_pods or {}, where)
    spaces = None if by_namespace is None else _selector(by_namespace, where)

    def matches(namespaces: Mapping[str, Mapping[str, str]], other: End) -> bool:
        if not isinstance(other, Pods) or not pods(other.labels):
            return False
        return other.namespace == own_namespace if spaces is None else spaces(namespaces[other.namespace])

    return matches


def _block(block: Object, where: str) -> Callable[[tuple[Range, ...]], bool]:
    _known(block, where, {"cidr", "except"})
    try:
        whole, holes = ip_network(block["cidr"]), [ip_network(hole) for hole in block.get("except") or ()]
    except ValueError as error:
        raise NotUnderstoodError(f"{where}: {error}") from error
    if not all(_inside(hole, whole) for hole in holes):
        raise NotUnderstoodError(f"{where}.except reaches out of {whole}")

    def contains(addresses: tuple[Range, ...]) -> bool:
        answers = {_covered(range_, whole, holes, where) for range_ in addresses}
        if len(answers) > 1:
            texts = [", ".join(map(str, ranges)) for ranges in (holes, addresses)]
            raise NotUniformError(f"{where} takes {whole} without {texts[0]}, which is a part of {texts[1]}")
        return answers == {True}

    return contains


def _covered(wanted: Range, whole: Range, holes: list[Range], where: str) -> bool:
    if _apart(wanted, whole) or any(_inside(wanted, hole) for hole in holes):
        return False
    if _inside(wanted, whole) and all(_apart(wanted, hole) for hole in holes):
        return True
    raise NotUniformError(f"{where} takes a part of {wanted}")


def _inside(part: Range, whole: Range) -> bool:
    return part.version == whole.version and not _apart(part, whole) and part.prefixlen >= whole.prefixlen


def _apart(first: Range, second: Range) -> bool:
    return first.version != second.version or not first.overlaps(second)


def _selector(selector: Object, where: str) -> _Selector:
    _known(selector, where, {"matchLabels", "matchExpressions"})
    wanted = dict(selector.get("matchLabels") or {})
    expressions = [_expression(expression, where) for expression in selector.get("matchExpressions") or ()]

    def selects(labels: Mapping[str, str]) -> bool:
        return wanted.items() <= labels.items() and all(holds(labels) for holds in expressions)

    return selects


def _expression(expression: Object, where: str) -> _Selector:
    _known(expression, where, {"key", "operator", "values"})
    key, operator, values = expression["key"], expression["operator"], expression.get("values") or []
    if bool(values) != (operator in ("In", "NotIn")):
        raise NotUnderstoodError(f"{where}: {operator} with the values {values}")
    meanings: dict[str, _Selector] = {
        "In": lambda labels: labels.get(key) in values,
        # An object without the label is not in, either.
        "NotIn": lambda labels: labels.get(key) not in values,
        "Exists": lambda labels: key in labels,
        "DoesNotExist": lambda labels: key not in labels,
    }
    if operator not in meanings:
        raise NotUnderstoodError(f"{where}: operator {operator}")
    return meanings[operator]


def _known(content: Object, where: str, keys: set[str]) -> None:
    if unknown := set(content) - keys:
        raise NotUnderstoodError(f"{where} has {', '.join(sorted(unknown))}")
