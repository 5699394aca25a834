"""Plans the GPU Operator: the whole tuple of values of one driver ownership mode, and the MIG configurations.

Source: NVIDIA/aicr docs/integrator/aks-gpu-setup.md ("always the three together, never just one of them"),
NVIDIA/gpu-operator deployments/gpu-operator/values.yaml.
"""

from typing import Any

from planning import naming, yaml_text
from planning.deciding import device_plugin
from planning.deciding.chart_traffic import chart_traffic
from planning.deciding.charts import chart
from planning.gpus import mig
from planning.plan import GpuOperatorPlan, Json, NodeSelection
from planning.resolving.pools import GPU_TAINT, ResolvedPool
from planning.resolving.resolution import ResolvedStack

# With a hash of the content: a manager that started before a new configuration would otherwise never read it.
_MIG_CONFIG_MAP = "llm-platform-mig-{hash}"
# Ampere inside a VM can't reset its GPU, so switching MIG on takes a reboot (NVIDIA/gpu-operator#1606).
_AMPERE = "ampere"


def operator(stack: ResolvedStack, system_nodes: NodeSelection) -> GpuOperatorPlan:
    """Plan the operator for all GPU pools together: it has one ClusterPolicy."""
    on_system_nodes = system_nodes.helm_values(any_effect=True)
    owner = stack.settings.cluster.gpu_driver
    tolerations = _tolerations(stack)
    values: dict[str, Json] = {
        "operator": {"runtimeClass": "nvidia-container-runtime" if owner == "aks" else "nvidia", **on_system_nodes},
        "driver": {"enabled": owner == "operator", **_signed(stack)},
        "toolkit": {"enabled": owner == "operator", **({"env": _toolkit_env()} if owner == "operator" else {})},
        # Empty, so that the device plugin's configuration of each pool decides.
        "mig": {"strategy": ""},
        "migManager": _mig_manager(stack),
        "daemonsets": {"tolerations": tolerations},
        "node-feature-discovery": {
            "worker": {"tolerations": tolerations},
            "master": dict(on_system_nodes),
            "gc": dict(on_system_nodes),
        },
        "dcgmExporter": _exporter(stack),
        "devicePlugin": _device_plugin(stack),
    }
    return GpuOperatorPlan(
        chart=chart(stack, "gpu-operator", timeout_seconds=1800),
        installs_driver=owner == "operator",
        values=values,
        traffic=chart_traffic(stack),
    )


def _signed(stack: ResolvedStack) -> dict[str, Json]:
    """The signed driver image where one is named.

    The operator adds the nodes' system to the version (controllers/object_controls.go resolveDriverTag), so that the
    image is `VERSION-signed-ubuntu24.04`; with a system in the version it would be there twice, and no such image.
    """
    signed = stack.settings.cluster.signed_driver
    return {} if signed is None else {"version": f"{signed}-signed"}


def _exporter(stack: ResolvedStack) -> dict[str, Json]:
    """The exporter of GPU metrics at a version of our choice, with a list of metrics that replaces its own.

    Its own has no count of XID errors. The operator mounts the key `dcgm-metrics.csv` of the ConfigMap.
    """
    exporter = stack.catalog.gpu_metrics.installed
    # Lines of three columns: a comma in a text would be a fourth, at which the exporter ends.
    fields = {**exporter.fields, **(exporter.profile_fields if stack.settings.observability.gpu_profiling else {})}
    listed = "".join(f"{name}, {field.type}, {field.help}\n" for name, field in fields.items())
    return {
        "version": exporter.tag,
        # This program creates the ServiceMonitor: the chart's own depends on which chart was installed first.
        "serviceMonitor": {"enabled": False},
        "config": {"create": True, "name": f"gpu-metrics-{naming.content_hash(listed)}", "data": listed},
    }


def _device_plugin(stack: ResolvedStack) -> dict[str, Json]:
    values: dict[str, Json] = {}
    if stack.settings.cluster.gpu_driver == "operator":
        # Without this pair any CUDA image sees every GPU of the node, whatever it requests.
        values["env"] = [{"name": "DEVICE_LIST_STRATEGY", "value": "cdi-cri,cdi-annotations,volume-mounts"}]
    named = device_plugin.configurations(stack.pools)
    data: dict[str, Json] = dict(named)
    values["config"] = {
        "create": True,
        "name": device_plugin.config_map(named),
        "default": device_plugin.PLAIN,
        "data": data,
    }
    return values


def _toolkit_env() -> list[Json]:
    return [
        # AKS's containerd configuration is version 2; read from the command the toolkit would write version 4 and
        # containerd would not start (NVIDIA/aicr#1688).
        {"name": "RUNTIME_CONFIG_SOURCE", "value": "file"},
        {"name": "ACCEPT_NVIDIA_VISIBLE_DEVICES_ENVVAR_WHEN_UNPRIVILEGED", "value": "false"},
        {"name": "ACCEPT_NVIDIA_VISIBLE_DEVICES_AS_VOLUME_MOUNTS", "value": "true"},
    ]


def _tolerations(stack: ResolvedStack) -> list[Json]:
    """Every taint of every GPU pool: a DaemonSet that doesn't tolerate one leaves that pool without GPUs."""
    taints = {taint for pool in stack.pools if pool.gpu is not None for taint in pool.taints}
    tolerations: list[Json] = []
    for taint in sorted(taints, key=str):
        toleration: dict[str, Json] = {"key": taint.key, "operator": "Exists", "effect": taint.effect}
        if taint.key != GPU_TAINT.key:
            toleration |= {"operator": "Equal", "value": taint.value}
        tolerations.append(toleration)
    return tolerations


def _mig_manager(stack: ResolvedStack) -> dict[str, Json]:
    managed = [pool for pool in stack.pools if pool.mig_owner.operator_config is not None]
    if not managed:
        return {"enabled": False}
    configurations = _configurations(stack, managed)
    return {
        "enabled": True,
        # Empty: the manager touches no node that isn't labelled; by default it would switch MIG off on AKS's slices.
        "config": {
            "default": "",
            "create": True,
            "name": _MIG_CONFIG_MAP.format(hash=naming.content_hash(configurations)),
            "data": {"config.yaml": configurations},
        },
        "env": [{"name": "WITH_REBOOT", "value": "true" if any(_is_ampere(pool) for pool in managed) else "false"}],
    }


def _is_ampere(pool: ResolvedPool) -> bool:
    return pool.gpu is not None and pool.gpu.architecture == _AMPERE


def _configurations(stack: ResolvedStack, managed: list[ResolvedPool]) -> str:
    """A mig-parted file; it replaces the operator's, hence `all-disabled` must be in it."""
    blocks: dict[str, list[Any]] = {"all-disabled": [{"devices": "all", "mig-enabled": False}]}
    for pool in managed:
        geometry = stack.catalog.mig[pool.gpu.name] if pool.gpu else None
        if geometry is None:
            continue
        entries = blocks.setdefault(mig.layout_name(geometry, pool.layouts), [])
        entries += [entry for entry in mig.layout_entries(geometry, pool.layouts) if entry not in entries]
    return yaml_text.dump({"version": "v1", "mig-configs": dict(sorted(blocks.items()))})
