"""Options reach children by the engine's inheritance, not as the SDK's requests state them."""

from collections.abc import Callable
from pathlib import Path

import pulumi
import pytest
from pulumi import Output, ResourceOptions
from pulumi.runtime.proto.resource_pb2 import RegisterResourceRequest

from preview.engine import Graph, Resource, is_default_provider, preview
from preview.engine.inherit import Goal, inherit, merge_providers, resolve_provider
from preview.engine.urn import form

PROVIDER = "urn:pulumi:dev::shop::pulumi:providers:pkg::mine"

Program = Callable[[], object] | Path


class Thing(pulumi.CustomResource):
    def __init__(self, name: str, opts: ResourceOptions | None = None) -> None:
        super().__init__("pkg:mod:Thing", name, {}, opts)


class Foreign(pulumi.CustomResource):
    def __init__(self, name: str, opts: ResourceOptions | None = None) -> None:
        super().__init__("other:mod:Foreign", name, {}, opts)


class Group(pulumi.ComponentResource):
    def __init__(self, name: str, opts: ResourceOptions | None = None) -> None:
        super().__init__("shop:parts:Group", name, None, opts)


class Provider(pulumi.ProviderResource):
    def __init__(self, name: str, opts: ResourceOptions | None = None, **inputs: object) -> None:
        super().__init__("pkg", name, inputs, opts)


def by_name(graph: Graph) -> dict[str, Resource]:
    return {resource.name: resource for resource in graph}


def run(program: Program) -> dict[str, Resource]:
    return by_name(preview(program, project="shop", stack="dev", config={}))


def test_protect_is_inherited_through_components_and_custom_parents_until_set_to_false() -> None:
    def program() -> None:
        top = Group("top", ResourceOptions(protect=True))
        middle = Group("middle", ResourceOptions(parent=top))
        parent = Thing("parent", ResourceOptions(parent=middle))
        Thing("child", ResourceOptions(parent=parent))
        free = Group("free", ResourceOptions(parent=top, protect=False))
        Thing("below-free", ResourceOptions(parent=free))

    got = {name: resource.options.protect for name, resource in run(program).items()}
    assert got == {
        "shop-dev": False,
        "top": True,
        "middle": True,
        "parent": True,
        "child": True,
        "free": False,
        "below-free": False,
    }


def test_deleted_with_is_inherited_though_the_sdk_does_not_send_it() -> None:
    def program() -> None:
        cluster = Thing("cluster")
        other = Thing("other")
        group = Group("group", ResourceOptions(deleted_with=cluster))
        child = Thing("child", ResourceOptions(parent=group))
        Thing("grandchild", ResourceOptions(parent=child))
        Thing("own", ResourceOptions(parent=group, deleted_with=other))

    got = {name: resource.options.deleted_with for name, resource in run(program).items()}
    cluster, other = (form("dev", "shop", None, "pkg:mod:Thing", name) for name in ("cluster", "other"))
    assert got == {
        "shop-dev": None,
        "cluster": None,
        "other": None,
        "group": cluster,
        "child": cluster,
        "grandchild": cluster,
        "own": other,
    }


def test_retain_on_delete_is_inherited_until_set_to_false() -> None:
    def program() -> None:
        group = Group("group", ResourceOptions(retain_on_delete=True))
        Thing("kept", ResourceOptions(parent=group))
        Thing("dropped", ResourceOptions(parent=group, retain_on_delete=False))

    resources = run(program)
    assert resources["group"].options.retain_on_delete is True
    assert resources["kept"].options.retain_on_delete is True
    assert resources["dropped"].options.retain_on_delete is False


def test_ignored_changes_timeouts_and_aliases_are_not_inherited() -> None:
    def program() -> None:
        opts = ResourceOptions(
            ignore_changes=["x"],
            replace_on_changes=["y"],
            custom_timeouts=pulumi.CustomTimeouts(create="1h"),
            aliases=[pulumi.Alias(name="old")],
        )
        Thing("child", ResourceOptions(parent=Group("group", opts)))

    options = run(program)["child"].options
    assert options.ignore_changes == ()
    assert options.replace_on_changes == ()
    assert options.custom_timeouts is None
    assert options.aliases == ()


def test_a_components_provider_is_used_only_by_children_of_its_package() -> None:
    def program() -> None:
        group = Group("group", ResourceOptions(providers=[Provider("mine")]))
        inner = Group("inner", ResourceOptions(parent=group))
        child = Thing("child", ResourceOptions(parent=inner))
        Thing("grandchild", ResourceOptions(parent=child))
        Foreign("foreign", ResourceOptions(parent=child))
        Thing("elsewhere")

    got = {name: resource.options.provider for name, resource in run(program).items()}
    assert got == {
        "shop-dev": None,
        "mine": None,
        "group": None,
        "inner": None,
        "child": PROVIDER,
        "grandchild": PROVIDER,
        "foreign": None,
        "elsewhere": None,
    }


def test_a_provider_inherits_too() -> None:
    def program() -> None:
        cluster = Thing("cluster")
        group = Group("group", ResourceOptions(protect=True, deleted_with=cluster))
        Provider("mine", ResourceOptions(parent=group), config=Output.secret(cluster.id))

    provider = run(program)["mine"]
    assert provider.urn == "urn:pulumi:dev::shop::shop:parts:Group$pulumi:providers:pkg::mine"
    assert provider.options.protect is True
    assert provider.options.deleted_with == form("dev", "shop", None, "pkg:mod:Thing", "cluster")
    assert provider.to_json()["inputs"] == {"config": "[secret]"}


# The Python SDK resolves providers itself before it asks; the engine's own rules show only in bare requests.


@pytest.mark.parametrize(
    ("type_token", "custom", "expected"),
    [("pkg:mod:Thing", True, f"{PROVIDER}::id"), ("other:mod:Foreign", True, ""), ("Group", False, f"{PROVIDER}::id")],
)
def test_a_parents_provider_passes_to_its_package_and_to_components(
    type_token: str, custom: bool, expected: str
) -> None:
    child = RegisterResourceRequest(type=type_token, custom=custom)
    assert inherit(child, Goal(provider=f"{PROVIDER}::id")).provider == expected


def test_an_unset_option_is_not_false() -> None:
    silent = inherit(RegisterResourceRequest(), Goal(protect=True, retain_on_delete=True))
    assert (silent.protect, silent.retain_on_delete) == (True, True)
    refusing = inherit(
        RegisterResourceRequest(protect=False, retainOnDelete=False), Goal(protect=True, retain_on_delete=True)
    )
    assert (refusing.protect, refusing.retain_on_delete) == (False, False)


def test_the_nearest_provider_of_a_package_is_used() -> None:
    assert resolve_provider("own", {"pkg": "map"}, {"pkg": "above"}, "pkg") == "own"
    assert resolve_provider("", {"pkg": "map"}, {"pkg": "above"}, "pkg") == "map"
    assert resolve_provider("", {}, {"pkg": "above"}, "pkg") == "above"
    assert resolve_provider("", {}, {"pkg": "above"}, "other") == ""
    assert merge_providers({"pkg": "own"}, {"pkg": "above", "other": "above"}) == {"pkg": "own", "other": "above"}


def test_default_and_explicit_providers_are_distinguished() -> None:
    assert is_default_provider("urn:pulumi:dev::shop::pulumi:providers:azure-native::default_3_29_0")
    assert not is_default_provider("urn:pulumi:dev::shop::pulumi:providers:kubernetes::cluster")
    assert not is_default_provider("urn:pulumi:dev::shop::pkg:mod:Thing::default")
