"""Rules about where charts, images and weights come from, and what holds their content fast."""

from config.wording import listed, nearest
from planning.resolving.pins import Pin, pins
from planning.resolving.releases import ReleaseView
from planning.resolving.resolution import Resolution
from planning.resolving.unused_images import unused_images
from planning.rules.register import Violation, Violations, release_rule, stack_rule

_FILE = "catalog/digests.yaml"
_TAGS = "https://kubernetes.io/docs/concepts/containers/images/#image-names"
_RESOLVE = (
    "add them: run `llm-platform pins --resolve`, which asks the registries and writes the file; `llm-platform pins` "
    "lists all"
)
_REQUIRED = "registry.require_digests"
# So many are named; `llm-platform pins` has the rest.
_NAMED = 4


@stack_rule(
    "SUPPLY-DIGEST",
    "warning",
    prevents="Whoever may write to a registry moves a tag, and the next node or restart runs other code beside prompts "
    "and weights: one tag of busybox is pinned under four digests in public repositories.",
    source=_TAGS,
    reads=(_REQUIRED,),
)
def content_is_fixed(stack: Resolution) -> Violations:
    """Charts in registries and images are named by their digests, as far as charts take them."""
    open_ones = [] if stack.settings.registry.require_digests else _unpinned(stack)
    if open_ones:
        yield Violation(_FILE, _by_tag(stack, open_ones), _RESOLVE)


@stack_rule(
    "SUPPLY-REQUIRED",
    "error",
    prevents="A stack that was meant to run fixed content alone runs what a tag names today.",
    source=_TAGS,
    reads=(_REQUIRED,),
)
def required_digests_are_there(stack: Resolution) -> Violations:
    """With `registry.require_digests` nothing that could be named by its digest is named by its tag."""
    open_ones = _unpinned(stack) if stack.settings.registry.require_digests else []
    if open_ones:
        yield Violation(_REQUIRED, _by_tag(stack, open_ones), f"{_RESOLVE}; or leave it out")


def _unpinned(stack: Resolution) -> list[Pin]:
    return [pin for pin in _pins(stack) if pin.unpinned]


def _by_tag(stack: Resolution, open_ones: list[Pin]) -> str:
    all_of_them = sum(pin.used for pin in _pins(stack))
    names = [f"{pin.name.rpartition('/')[2]} {pin.version}" for pin in open_ones]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return (
        f"{len(names)} of {all_of_them} charts and images are named by a tag alone: {', '.join(names[:_NAMED])}{more}"
    )


@stack_rule(
    "SUPPLY-OPEN",
    "warning",
    prevents="Whoever may create a pod in the platform's namespaces runs any code at all: it only has to be published "
    "first.",
    source="https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/",
    reads=("registry.allowed",),
)
def allowed_repositories_have_an_owner(stack: Resolution) -> Violations:
    """`registry.allowed` names no registry as a whole in which everybody may publish, nor what caches one."""
    own = f"{stack.names.registry.value}.azurecr.io"
    everybody = (*stack.catalog.open_registries, *(f"{own}/{host}" for host in stack.catalog.open_registries), own)
    for index, entry in enumerate(stack.settings.registry.allowed):
        if entry.endswith("/*") and entry.removesuffix("/*") in everybody:
            host = entry.removesuffix("/*")
            what = "holds other registries' images too" if host == own else "holds whatever anybody publishes"
            yield Violation(
                f"registry.allowed[{index}]", f"`{entry}`: {what}", f"name your own part of it: {host}/NAME/*"
            )


@stack_rule(
    "SUPPLY-KEYRING",
    "error",
    prevents="`up` fails in the middle: Helm finds no provenance of a chart that it has to check.",
    source="https://helm.sh/docs/topics/provenance/",
    reads=("registry.keyrings",),
)
def keyrings_are_of_signed_charts(stack: Resolution) -> Violations:
    """`registry.keyrings` names charts that their publishers sign."""
    signed = [name for name, chart in stack.catalog.charts.items() if chart.signed is not None]
    for name in stack.settings.registry.keyrings:
        path = f"registry.keyrings.{name}"
        if name not in stack.catalog.charts:
            yield Violation(path, f"`{name}` is no chart of this platform", nearest(name, signed))
        elif name not in signed:
            yield Violation(path, f"nobody signs the chart `{name}`; signed are {listed(signed)}", "leave it out")


@release_rule(
    "SUPPLY-WEIGHTS",
    "warning",
    prevents="Whoever may write to the store of weights changes what a production model answers, and nothing notices: "
    "the commit in a folder's name is only a name.",
    source="https://huggingface.co/docs/hub/security, MITRE ATLAS AML.T0010",
    model=("source",),
    reads=("platform.environment",),
)
def stored_weights_are_checked(stack: Resolution, release: ReleaseView) -> Violations:
    """In production, weights from the store are compared with a manifest before a server loads them."""
    source = release.settings.source
    if stack.settings.platform.is_production and source.blob is not None and source.manifest_sha256 is None:
        yield Violation(
            f"{release.path}.source.manifest_sha256",
            f"nothing says what the files in `{source.blob}` must hold",
            "run `llm-platform weights FOLDER` on the files before the upload, and write what it prints",
        )


def _pins(stack: Resolution) -> list[Pin]:
    """Of what this stack runs."""
    unused = unused_images(stack.settings)
    return [pin for pin in pins(stack.catalog) if pin.used_by not in unused]
