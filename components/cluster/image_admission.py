"""Which images may run: an admission policy, which the API server itself enforces on pods of the platform's namespaces.

Whoever may create a pod there chooses its image, and with it code beside prompts, weights and the pods' identities. The
policy compares names, not content: whoever may publish in an allowed repository still chooses what it holds.
"""

import re

import pulumi
from msgspec.structs import replace
from pulumi_kubernetes.admissionregistration.v1 import (
    ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyBinding,
    ValidatingAdmissionPolicySpecArgsDict,
)

from components.cluster.in_cluster import in_cluster
from components.cluster.labels import metadata
from components.foundation import KubernetesCluster
from planning.plan import ImageAdmissionPlan

# The registry that is meant where a name has none, its other name, and where its images without a second part are:
# distribution/reference normalize.go.
_DEFAULT, _ALIAS, _OFFICIAL = "docker.io", r"(?:index\.)?docker\.io", "library"
# A part of a repository's name, a tag and a digest: distribution/reference regexp.go. No part is `..`.
_PART = r"[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*"
_TAG, _DIGEST = r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?", r"(?:@sha256:[a-f0-9]{64})?"


class ImageAdmission(pulumi.ComponentResource):
    """The policy and its binding, before every namespace that they are about: `cluster` makes those after them.

    An update changes them before the charts and the models. They select namespaces by the label that the API server
    itself gives them: pods of `kube-system`, of every other namespace, and with them AKS's own, are never looked at.
    Nobody is exempt, since pods are made by Kubernetes' controllers whoever wanted them. A mistake locks no
    administrator out: the API server applies no such policy to these policies themselves.
    """

    cluster: KubernetesCluster

    def __init__(
        self,
        name: str,
        plan: ImageAdmissionPlan,
        *,
        cluster: KubernetesCluster,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("llm-platform:components:ImageAdmission", name, None, opts)
        rule = ValidatingAdmissionPolicy(
            f"{name}-policy", metadata=metadata(plan.name), spec=_spec(plan), opts=in_cluster(self, cluster)
        )
        binding = ValidatingAdmissionPolicyBinding(
            f"{name}-binding",
            metadata=metadata(plan.name),
            spec={"policy_name": plan.name, "validation_actions": ["Deny"]},
            opts=in_cluster(self, cluster, rule),
        )
        self.cluster = replace(cluster, admission=[rule, binding])
        self.register_outputs({"policy": plan.name})


def reference_pattern(repositories: tuple[str, ...]) -> str:
    """A regular expression (RE2) of every name of an image from these repositories, with tag, digest, both or neither.

    Docker Hub's images have several names: `docker.io/library/busybox` is also `docker.io/busybox`, `library/busybox`,
    `busybox`, and all of them with `index.docker.io`. Containerd reads names as they are written, so that one in
    another case is another image, or none.
    """
    names = "|".join(_name(repository) for repository in repositories)
    return f"^(?:{names}){_TAG}{_DIGEST}$"


def _name(repository: str) -> str:
    whole, below = repository.removesuffix("/*"), f"(?:/{_PART})+" if repository.endswith("/*") else ""
    host, _, path = whole.partition("/")
    if host not in (_DEFAULT, f"index.{_DEFAULT}"):
        return re.escape(whole) + below
    if not path:
        # A name without a registry could begin with another registry's.
        return _ALIAS + below
    first, _, rest = path.partition("/")
    if first == _OFFICIAL and rest and not below:
        return rf"(?:{_ALIAS}/)?(?:{_OFFICIAL}/)?{re.escape(rest)}"
    # A first part with a dot is read as a registry where none is before it.
    prefix = rf"{_ALIAS}/" if "." in first or (not rest and not below) else rf"(?:{_ALIAS}/)?"
    return prefix + re.escape(path) + below


def _images(pod: str) -> str:
    """CEL for the names of all images of a pod: of its containers of every kind, and of volumes that are images."""
    kinds = [
        f"(has({pod}.spec.{kind}) ? {pod}.spec.{kind}.map(c, has(c.image) ? c.image : '') : [])"
        for kind in ("containers", "initContainers", "ephemeralContainers")
    ]
    volumes = (
        f"(has({pod}.spec.volumes) ? {pod}.spec.volumes.filter(v, has(v.image))"
        ".map(v, has(v.image.reference) ? v.image.reference : '') : [])"
    )
    return " + ".join((*kinds, volumes))


def _spec(plan: ImageAdmissionPlan) -> ValidatingAdmissionPolicySpecArgsDict:
    # Pods from before an allowed repository was taken off the list may be labelled and end, but not get another image.
    kept = f"request.operation == 'UPDATE' ? {_images('oldObject')} : []"
    pattern = reference_pattern(plan.repositories).replace("\\", "\\\\")
    return {
        "failure_policy": "Fail",
        "match_constraints": {
            "namespace_selector": {
                "match_expressions": [
                    {"key": "kubernetes.io/metadata.name", "operator": "In", "values": list(plan.namespaces)}
                ]
            },
            "resource_rules": [
                {
                    "api_groups": [""],
                    "api_versions": ["*"],
                    # Containers for debugging are added by a subresource.
                    "resources": ["pods", "pods/ephemeralcontainers"],
                    "operations": ["CREATE", "UPDATE"],
                    "scope": "Namespaced",
                }
            ],
        },
        "variables": [
            {"name": "images", "expression": _images("object")},
            {"name": "kept", "expression": kept},
            {
                "name": "refused",
                "expression": (f"variables.images.filter(i, !(i in variables.kept) && !i.matches('{pattern}'))"),
            },
        ],
        "validations": [
            {
                "expression": "variables.refused.size() == 0",
                "reason": "Forbidden",
                "message_expression": (
                    '"images from repositories that this platform doesn\'t use: " + variables.refused.join(", ") + '
                    '". In " + request.namespace + " pods run the platform\'s own images alone: write the repository '
                    "under registry.allowed in the stack file and run `pulumi up`, or use a namespace of your own. "
                    "Administrators of the cluster may change the ValidatingAdmissionPolicy "
                    f'{plan.name}"'
                ),
            }
        ],
    }
