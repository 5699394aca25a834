"""The embedded engine is never more lenient than the real one: it fails where that fails, and names its limits."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

import pulumi
import pytest
from pulumi import InvokeOptions, InvokeOutputOptions, Output, ResourceOptions
from pulumi.runtime.proto import resource_pb2

from preview.engine import Graph, ProgramFailed, preview
from preview.engine.monitor import Monitor, RequestRefusedError
from preview.engine.wire import Empty

Program = Callable[[], object] | Path


class Thing(pulumi.CustomResource):
    size: Output[str]

    def __init__(self, name: str, opts: ResourceOptions | None = None, **inputs: object) -> None:
        super().__init__("pkg:mod:Thing", name, {"size": None, **inputs}, opts)


class Group(pulumi.ComponentResource):
    def __init__(self, name: str, opts: ResourceOptions | None = None) -> None:
        super().__init__("shop:parts:Group", name, None, opts)


class Chart(pulumi.ComponentResource):
    """A component that a provider builds."""

    def __init__(self, name: str, opts: ResourceOptions | None = None, **inputs: object) -> None:
        super().__init__("pkg:mod:Chart", name, inputs, opts, remote=True)


class Provider(pulumi.ProviderResource):
    def __init__(self, name: str, opts: ResourceOptions | None = None, **inputs: object) -> None:
        super().__init__("pkg", name, inputs, opts)


def run(program: Program, **config: str) -> Graph:
    return preview(program, project="shop", stack="dev", config=config)


def failure(program: Program) -> ProgramFailed:
    with pytest.raises(ProgramFailed) as caught:
        run(program)
    return caught.value


def names(graph: Graph) -> list[str]:
    return sorted(resource.name for resource in graph)


def credentials(opts: InvokeOutputOptions | InvokeOptions | None = None, **args: object) -> Output:
    return pulumi.runtime.invoke_output("pkg:mod:credentials", args, opts)


def test_an_invoke_that_depends_on_a_pending_resource_is_unknown() -> None:
    def program() -> None:
        cluster = Thing("cluster")
        group = Group("group")
        Thing("child", ResourceOptions(parent=group))
        called = []
        direct = credentials(InvokeOutputOptions(depends_on=[cluster])).apply(called.append)
        through_group = credentials(InvokeOutputOptions(depends_on=[group]))
        by_argument = credentials(name=cluster.size)
        Thing("user", direct=direct, through_group=through_group, by_argument=by_argument)
        pulumi.export("calls", Output.all(direct).apply(lambda _: len(called)))

    graph = run(program)
    user = next(resource for resource in graph.to_json() if resource["name"] == "user")
    assert user["inputs"] == {"direct": "[unknown]", "through_group": "[unknown]", "by_argument": "[unknown]"}
    assert graph.outputs == {"calls": "[unknown]"}


def test_an_invoke_through_a_provider_with_unknown_settings_returns_nothing() -> None:
    def program() -> None:
        provider = Provider("mine", config=Output.secret(Thing("cluster").id))
        pulumi.export("answer", credentials(InvokeOptions(provider=provider)))

    assert run(program).outputs == {"answer": {}}


@pytest.mark.parametrize("on_provider", [False, True])
def test_any_other_invoke_fails_by_name(on_provider: bool) -> None:
    def program() -> None:
        # A provider has an id at preview, so depending on it alone holds nothing back.
        depends_on = [Provider("mine", region="here")] if on_provider else []
        credentials(InvokeOutputOptions(depends_on=depends_on), name="plain")

    error = failure(program)
    assert error.message.startswith("the embedded engine answers no invokes on existing resources: pkg:mod:credentials")


def test_a_failure_that_the_program_catches_still_fails_the_preview() -> None:
    def program() -> None:
        try:
            pulumi.runtime.invoke("pkg:mod:credentials", {})
        except RequestRefusedError:
            Thing("later")

    error = failure(program)
    assert "pkg:mod:credentials" in error.message
    assert "later" not in names(error.graph_so_far)


def test_a_duplicate_urn_is_refused_with_the_engines_message() -> None:
    def program() -> None:
        Thing("one")
        Thing("one")

    error = failure(program)
    assert error.message == (
        "Duplicate resource URN 'urn:pulumi:dev::shop::pkg:mod:Thing::one'; try giving it a unique name"
    )
    assert names(error.graph_so_far) == ["one", "shop-dev"]


def test_the_same_name_with_another_type_or_component_is_not_a_duplicate() -> None:
    def program() -> None:
        Thing("one", ResourceOptions(parent=Group("one")))
        Thing("one")

    assert names(run(program)) == ["one", "one", "one", "shop-dev"]


def raise_value_error() -> None:
    Thing("one")
    msg = "no such pool"
    raise ValueError(msg)


def raise_run_error() -> None:
    msg = "three findings"
    raise pulumi.RunError(msg)


def raise_in_apply() -> None:
    def divide(value: int) -> float:
        return 1 / value

    Output.from_input(0).apply(divide)


def raise_in_input() -> None:
    Thing("one", value=Output.from_input({}).apply(lambda mapping: mapping["missing"]))


def raise_in_task() -> None:
    async def fail() -> None:
        msg = "forgotten"
        raise LookupError(msg)

    task = asyncio.ensure_future(fail())
    Thing("one", after=Output.from_input(asyncio.sleep(0)))
    del task


@pytest.mark.parametrize(
    ("program", "message", "cause"),
    [
        (raise_value_error, "ValueError: no such pool", ValueError),
        (raise_run_error, "three findings", pulumi.RunError),
        (raise_in_apply, "ZeroDivisionError: division by zero", ZeroDivisionError),
        (raise_in_input, "KeyError: 'missing'", KeyError),
        (raise_in_task, "LookupError: forgotten", LookupError),
        (
            lambda: Thing("one", ResourceOptions(aliases=[pulumi.Alias(name=None)])),
            "Exception: No valid 'name' passed in for alias.",
            Exception,
        ),
        (lambda: sys.exit(2), "the program exited with status 2 before it ended", SystemExit),
    ],
)
def test_an_exception_of_a_program_is_reported_with_its_cause(
    program: Program, message: str, cause: type[BaseException]
) -> None:
    error = failure(program)
    assert error.message == message
    assert isinstance(error.__cause__, cause)


def test_a_failed_preview_has_the_graph_until_then_and_does_not_affect_later_ones() -> None:
    assert names(failure(raise_value_error).graph_so_far) == ["one", "shop-dev"]
    assert names(run(lambda: Thing("two"))) == ["shop-dev", "two"]


def test_a_program_that_cannot_be_read_fails(tmp_path: Path) -> None:
    (tmp_path / "__main__.py").write_text("import no_such_module_anywhere\n")
    assert failure(tmp_path).message == "ModuleNotFoundError: No module named 'no_such_module_anywhere'"


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (
            lambda: Thing("old", ResourceOptions(id="id-1")),
            "the embedded engine reads no existing resources: pkg:mod:Thing old",
        ),
        (
            lambda: pulumi.StackReference("org/other/dev"),
            "the embedded engine reads no existing resources: pulumi:pulumi:StackReference org/other/dev",
        ),
        (
            lambda: pulumi.runtime.register_resource_transform(lambda _: None),
            "the embedded engine runs no transforms: declare it on the resources themselves",
        ),
        (
            lambda: Thing("one", ResourceOptions(transforms=[lambda _: None])),
            "the embedded engine runs no transforms: declare it on the resources themselves",
        ),
        (
            lambda: Chart("chart", ResourceOptions(providers=[Provider("mine", region="here")])),
            "the embedded engine runs no provider plugins: pkg:mod:Chart chart is built inside one",
        ),
        (
            lambda: Thing("one", ResourceOptions(custom_timeouts=pulumi.CustomTimeouts(create="an hour"))),
            "unable to parse customTimeout Value an hour",
        ),
    ],
)
def test_what_only_a_provider_or_a_stack_could_answer_is_refused(program: Program, message: str) -> None:
    assert failure(program).message == message


def test_a_component_of_an_unconfigured_provider_is_one_opaque_line() -> None:
    def program() -> None:
        provider = Provider("mine", config=Thing("cluster").id)
        group = Group("group", ResourceOptions(protect=True))
        Chart("chart", ResourceOptions(parent=group, providers=[provider], retain_on_delete=True), values={"a": 1})

    chart = next(resource for resource in run(program) if resource.name == "chart")
    assert chart.to_json() == {
        "urn": "urn:pulumi:dev::shop::shop:parts:Group$pkg:mod:Chart::chart",
        "type": "pkg:mod:Chart",
        "name": "chart",
        "parent": "urn:pulumi:dev::shop::shop:parts:Group::group",
        "inputs": {},
        "options": {
            "protect": True,
            "ignore_changes": [],
            "depends_on": [],
            "deleted_with": None,
            "provider": None,
            "retain_on_delete": False,
            "replace_on_changes": [],
        },
    }


# Requests that the Python SDK never sends.

ABSENT = "urn:pulumi:dev::shop::pulumi:providers:pkg::x::id"


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (
            resource_pb2.RegisterResourceRequest(type="a", name="b", parent="urn:pulumi:dev::shop::x::gone"),
            "could not find parent resource urn:pulumi:dev::shop::x::gone",
        ),
        (
            resource_pb2.RegisterResourceRequest(type="a", name="b", parent="gone"),
            'invalid parent URN: invalid URN "gone"',
        ),
        (
            resource_pb2.RegisterResourceRequest(type="a:b", name="b", custom=True),
            "Type 'a:b' is not a valid type token (must have format '*:*:*')",
        ),
        (
            resource_pb2.RegisterResourceRequest(type="pkg:b:c", name="d", custom=True, provider=ABSENT),
            f"unknown provider '{ABSENT}' for resource urn:pulumi:dev::shop::pkg:b:c::d",
        ),
    ],
)
def test_requests_that_the_engine_rejects(request_: resource_pb2.RegisterResourceRequest, message: str) -> None:
    monitor = Monitor("shop", "dev")
    with pytest.raises(RequestRefusedError) as caught:
        monitor.RegisterResource(request_)
    assert str(caught.value) == message
    assert monitor.graph(()).resources == ()


def test_the_program_sees_the_features_of_the_real_engine() -> None:
    offered = set(Monitor("shop", "dev").GetDeploymentInfo(Empty()).supportedFeatures)
    lacking = set(resource_pb2.ResourceMonitorFeature.values()) - offered
    assert {resource_pb2.ResourceMonitorFeature.Name(number) for number in lacking} == {
        "RESOURCE_MONITOR_FEATURE_STATE_MIGRATIONS",  # needs a state
        "RESOURCE_MONITOR_FEATURE_INVOKE_OUTPUT_VALUES",  # newer than the engine
        "RESOURCE_MONITOR_FEATURE_CALL_OUTPUT_VALUES",  # newer than the engine
    }
