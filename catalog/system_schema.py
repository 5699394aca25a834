"""Records of what pods on the system nodes request."""

from __future__ import annotations

from collections.abc import Mapping

from catalog.decoding import Record


class SystemContainer(Record, frozen=True):
    """One container of a pod on the system nodes."""

    name: str
    cpu_millicores: int = 0
    memory_mib: int = 0
    """What it requests where no value sets it; 0 is nothing."""
    values: str | None = None
    """Path of the chart's values that sets its requests; None where the chart's own count."""
    memory_limit_mib: int = 0
    """Its memory limit where this program sets no value; 0 is none."""


class SystemPod(Record, frozen=True):
    """Equal pods of one Deployment, StatefulSet or DaemonSet."""

    name: str
    containers: tuple[SystemContainer, ...]
    pods: int = 1
    replicas: str | None = None
    """Path of the chart's values that sets how many there are, or a word for what the stack file says; None: `pods`."""
    every_node: bool = False
    """Whether each node has one."""


class SystemPods(Record, frozen=True):
    """What runs on the system nodes."""

    aks: tuple[SystemPod, ...]
    """Pods of AKS itself; an estimate."""
    agents: Mapping[str, tuple[SystemPod, ...]]
    """Pods of Azure's own agents, by the setting or the value of one that switches them on."""
    charts: Mapping[str, tuple[SystemPod, ...]]
    """Pods of each chart, by its name in charts.yaml."""
    hooks: Mapping[str, Mapping[str, str | None]]
    """Jobs that a chart runs beside an installation, an upgrade or a removal: by chart and name, the path of the values
    that sets their requests and limits; None where the chart offers none. They run for a minute and aren't counted."""
    source: str
    as_of: str
