"""The embedded engine records what a first preview shows: URNs, inputs, unknowns, secrets, options, outputs, log."""

import gc
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi import Output, ResourceOptions

from preview.engine import SECRET, UNKNOWN, Alias, Graph, LogLine, preview

STACK = "urn:pulumi:dev::shop::pulumi:pulumi:Stack::shop-dev"

Program = Callable[[], object] | Path


class Thing(pulumi.CustomResource):
    """A resource of a made-up provider with one input that is an output too."""

    size: Output[str]

    def __init__(self, name: str, opts: ResourceOptions | None = None, **inputs: object) -> None:
        super().__init__("pkg:mod:Thing", name, {"size": None, **inputs}, opts)


class Group(pulumi.ComponentResource):
    def __init__(self, name: str, opts: ResourceOptions | None = None, children: tuple[str, ...] = ()) -> None:
        super().__init__("shop:parts:Group", name, None, opts)
        self.children = [Thing(child, ResourceOptions(parent=self)) for child in children]
        self.register_outputs({"count": len(children)})


class Provider(pulumi.ProviderResource):
    def __init__(self, name: str, opts: ResourceOptions | None = None, **inputs: object) -> None:
        super().__init__("pkg", name, inputs, opts)


def run(program: Program, **config: str) -> Graph:
    return preview(program, project="shop", stack="dev", config={f"shop:{key}": value for key, value in config.items()})


def entry(graph: Graph, name: str) -> dict[str, Any]:
    found = [resource for resource in graph.to_json() if resource["name"] == name]
    assert len(found) == 1
    return found[0]


NO_OPTIONS = {
    "protect": False,
    "ignore_changes": [],
    "depends_on": [],
    "deleted_with": None,
    "provider": None,
    "retain_on_delete": False,
    "replace_on_changes": [],
}


def test_an_empty_program_is_a_stack_and_nothing_else() -> None:
    graph = run(lambda: None)
    stack = {
        "urn": STACK,
        "type": "pulumi:pulumi:Stack",
        "name": "shop-dev",
        "parent": None,
        "inputs": {},
        "options": NO_OPTIONS,
    }
    assert graph.to_json() == [stack]
    assert graph.outputs == {}
    assert graph.log == ()


def test_urns_carry_the_types_of_components_but_never_the_stack() -> None:
    class Outer(pulumi.ComponentResource):
        def __init__(self) -> None:
            super().__init__("shop:parts:Outer", "outer")
            Group("inner", ResourceOptions(parent=self), children=("leaf",))

    graph = run(Outer)
    assert [(resource["urn"], resource["parent"]) for resource in graph.to_json()] == [
        (STACK, None),
        (
            "urn:pulumi:dev::shop::shop:parts:Outer$shop:parts:Group$pkg:mod:Thing::leaf",
            "urn:pulumi:dev::shop::shop:parts:Outer$shop:parts:Group::inner",
        ),
        (
            "urn:pulumi:dev::shop::shop:parts:Outer$shop:parts:Group::inner",
            "urn:pulumi:dev::shop::shop:parts:Outer::outer",
        ),
        ("urn:pulumi:dev::shop::shop:parts:Outer::outer", STACK),
    ]


def test_a_custom_resource_gives_neither_id_nor_outputs_not_even_its_inputs() -> None:
    def program() -> None:
        first = Thing("first", size="XL")
        Thing("second", of_id=first.id, of_size=first.size, applied=first.size.apply(lambda _: "never"))
        pulumi.export("size", first.size)

    graph = run(program)
    assert entry(graph, "first")["inputs"] == {"size": "XL"}
    assert entry(graph, "second") == {
        "urn": "urn:pulumi:dev::shop::pkg:mod:Thing::second",
        "type": "pkg:mod:Thing",
        "name": "second",
        "parent": STACK,
        "inputs": {"applied": "[unknown]", "of_id": "[unknown]", "of_size": "[unknown]"},
        "options": {**NO_OPTIONS, "depends_on": ["urn:pulumi:dev::shop::pkg:mod:Thing::first"]},
    }
    assert graph.outputs == {"size": "[unknown]"}
    second = next(resource for resource in graph if resource.name == "second")
    assert second.inputs["of_id"] is not None
    assert second.inputs["of_id"] == UNKNOWN
    first_urn = ("urn:pulumi:dev::shop::pkg:mod:Thing::first",)
    assert second.options.property_dependencies == dict.fromkeys(("applied", "of_id", "of_size"), first_urn)


def test_the_urn_is_known_at_preview() -> None:
    def program() -> None:
        Thing("second", of=Thing("first").urn)

    assert entry(run(program), "second")["inputs"] == {"of": "urn:pulumi:dev::shop::pkg:mod:Thing::first"}


def test_values_arrive_as_plain_json() -> None:
    inputs: dict[str, Any] = {
        "text": "a",
        "whole": 3,
        "half": 0.5,
        "yes": True,
        "none": [None],
        "map": {"b": [1], "a": {}},
    }
    graph = run(lambda: Thing("thing", **inputs))
    assert json.dumps(entry(graph, "thing")["inputs"]) == json.dumps(dict(sorted(inputs.items())), sort_keys=True)


def test_a_secret_is_marked_and_its_value_never_kept() -> None:
    def program() -> None:
        unknown = Thing("first").id
        password = pulumi.Config().require("password")
        mapping = Output.from_input({"password": Output.secret(password), "plain": "seen"})
        Thing(
            "second", deep=[{"key": Output.secret(password)}], whole=mapping, born=Output.secret(unknown), plain="seen"
        )
        pulumi.export("secret", Output.secret(password))

    graph = run(program, password="hunter22")
    assert entry(graph, "second")["inputs"] == {
        "deep": [{"key": "[secret]"}],
        "whole": "[secret]",
        "born": "[secret]",
        "plain": "seen",
    }
    assert graph.outputs == {"secret": "[secret]"}
    second = next(resource for resource in graph if resource.name == "second")
    assert second.inputs["whole"] == SECRET
    assert b"hunter22" not in second.wire
    assert "hunter22" not in repr(graph)


def test_secret_settings_are_secret_outputs_and_masked_in_messages() -> None:
    def program() -> None:
        config = pulumi.Config()
        Thing("thing", token=config.require_secret("token"), marked=pulumi.runtime.is_config_secret("shop:token"))
        pulumi.log.warn(f"using {config.require('token')}")

    graph = preview(program, project="shop", stack="dev", config={"shop:token": "s3cr3t"}, secret_keys=["shop:token"])
    assert entry(graph, "thing")["inputs"] == {"token": "[secret]", "marked": True}
    assert graph.log == (LogLine("warning", "using [secret]"),)


def test_messages_keep_their_order_and_resource() -> None:
    def program() -> None:
        thing = Thing("thing")
        pulumi.info("first")
        pulumi.debug("not shown")
        pulumi.error("last", resource=thing)

    assert run(program).log == (
        LogLine("info", "first"),
        LogLine("error", "last", "urn:pulumi:dev::shop::pkg:mod:Thing::thing"),
    )


def test_the_other_options_are_recorded() -> None:
    opts = ResourceOptions(
        ignore_changes=["count", "size"],
        replace_on_changes=["zones"],
        aliases=[pulumi.Alias(name="old"), "urn:pulumi:dev::shop::pkg:mod:Thing::older"],
        custom_timeouts=pulumi.CustomTimeouts(create="90m", delete="1h30m"),
        delete_before_replace=False,
        additional_secret_outputs=["size"],
        retain_on_delete=True,
        version="1.2.3",
    )
    graph = run(lambda: Thing("thing", opts))
    assert entry(graph, "thing")["options"] == {
        **NO_OPTIONS,
        "ignore_changes": ["count", "size"],
        "replace_on_changes": ["zones"],
        "retain_on_delete": True,
    }
    options = next(resource.options for resource in graph if resource.name == "thing")
    assert options.aliases == (Alias(name="old"), Alias(urn="urn:pulumi:dev::shop::pkg:mod:Thing::older"))
    assert options.custom_timeouts == {"create": "90m", "delete": "1h30m"}
    assert options.delete_before_replace is False
    assert options.additional_secret_outputs == ("size",)
    assert options.version == "1.2.3"


def test_depending_on_a_component_is_depending_on_its_custom_resources() -> None:
    def program() -> None:
        group = Group("group", children=("b", "a"))
        Thing("after", ResourceOptions(depends_on=[group]))

    prefix = "urn:pulumi:dev::shop::shop:parts:Group$pkg:mod:Thing::"
    assert entry(run(program), "after")["options"]["depends_on"] == [f"{prefix}a", f"{prefix}b"]


def test_a_provider_echoes_its_settings_and_has_the_unknown_id() -> None:
    def program() -> None:
        provider = Provider("mine", region="here")
        Thing("thing", ResourceOptions(provider=provider), provider_id=provider.id)

    graph = run(program)
    assert entry(graph, "mine")["urn"] == "urn:pulumi:dev::shop::pulumi:providers:pkg::mine"
    assert entry(graph, "mine")["inputs"] == {"region": "here"}
    assert entry(graph, "thing")["options"]["provider"] == "urn:pulumi:dev::shop::pulumi:providers:pkg::mine"
    assert entry(graph, "thing")["inputs"] == {"provider_id": "[unknown]"}


def test_a_resource_as_an_input_is_shown_by_its_urn() -> None:
    assert entry(run(lambda: Thing("second", other=Thing("first"))), "second")["inputs"] == {
        "other": "urn:pulumi:dev::shop::pkg:mod:Thing::first"
    }


def test_an_awaitable_program_is_awaited_and_its_settings_are_its_own() -> None:
    async def program() -> None:
        Thing("thing", value=pulumi.Config().get("key"), stack=pulumi.get_stack(), project=pulumi.get_project())

    assert entry(run(program, key="one"), "thing")["inputs"] == {"value": "one", "stack": "dev", "project": "shop"}
    assert entry(run(program), "thing")["inputs"] == {"stack": "dev", "project": "shop"}


def test_two_previews_in_one_process_are_byte_equal_and_leave_the_sdk_as_it_was() -> None:
    def program() -> None:
        group = Group("group", children=("b", "a", "c"))
        Thing("after", ResourceOptions(depends_on=[group]), labels={"z": 1, "a": Output.secret("x")})
        pulumi.export("ids", [child.id for child in group.children])

    before = sdk_state()
    first, second = run(program), run(program)
    assert json.dumps(first.to_json()) == json.dumps(second.to_json())
    assert first == second
    assert sdk_state() == before


def sdk_state() -> tuple[object, ...]:
    return (
        pulumi.get_project(),
        pulumi.get_stack(),
        pulumi.runtime.get_root_resource(),
        pulumi.runtime.is_dry_run(),
        pulumi.runtime.resource._get_stack_trace,
        pulumi.resource.collapse_alias_to_urn,
        gc.isenabled(),
    )


@pytest.mark.parametrize("as_folder", [True, False])
def test_a_program_file_runs_as_main_in_its_own_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, as_folder: bool
) -> None:
    monkeypatch.delitem(sys.modules, "near_by_module", raising=False)
    (tmp_path / "near_by_module.py").write_text("SIZE = 'from a module'\n")
    (tmp_path / "note.txt").write_text("from a file")
    (tmp_path / "__main__.py").write_text(
        "from pathlib import Path\n"
        "import pulumi\n"
        "from near_by_module import SIZE\n"
        "assert __name__ == '__main__'\n"
        "pulumi.export('size', SIZE)\n"
        "pulumi.export('note', Path('note.txt').read_text())\n"
    )
    where = Path.cwd()
    graph = run(tmp_path if as_folder else tmp_path / "__main__.py")
    assert graph.outputs == {"size": "from a module", "note": "from a file"}
    assert Path.cwd() == where
