"""Charts (`helm.v3.Release`) as the Kubernetes provider handles them.

Source: pulumi/pulumi-kubernetes provider/pkg/provider/helm_release.go (`Create`, `Update`, `Delete`, `helmCreate`,
`helmUpdate`, `releaseFailedError`) at 4.34. `simulators.helm` says what Helm itself does.
"""

from collections.abc import Callable, Mapping
from typing import Any

from simulators.api_server.client import ApiError, Object
from simulators.helm.installed_charts import InstalledCharts, chart_name
from simulators.kubernetes_provider import answers
from simulators.kubernetes_provider import applied_objects as objects
from simulators.provider_protocol.calls import HalfDoneError, RefusedError

ChartWatcher = Callable[[str, Mapping[str, Any] | None], None]


class ChartResources:
    """`failing` are names of charts whose installation or upgrade times out once each.

    `on_chart` gets chart and values of a chart, None when it goes.
    """

    def __init__(self, charts: InstalledCharts) -> None:
        self.charts = charts
        self.failing: set[str] = set()
        self.on_chart: ChartWatcher = lambda _chart, _values: None

    def create(self, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Install a chart; its id and outputs."""
        id_ = f"{inputs['namespace']}/{inputs['name']}"
        return id_, self._settled(id_, inputs, self.charts.install, is_new=True)

    def update(self, id_: str, inputs: dict[str, Any]) -> dict[str, Any]:
        """Upgrade a chart; its outputs."""
        return self._settled(id_, inputs, self.charts.upgrade, is_new=False)

    def read(self, id_: str) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """Inputs and outputs of a chart, None where there is none."""
        inputs = self.charts.find(id_)
        return None if inputs is None else (inputs, answers.chart_outputs(inputs))

    def delete(self, id_: str) -> None:
        """Take a chart off."""
        found = self.charts.find(id_)
        self.charts.uninstall(id_)
        if found is not None:
            self.on_chart(chart_name(found), None)

    def _settled(
        self, id_: str, inputs: dict[str, Any], work: Callable[..., object], *, is_new: bool
    ) -> dict[str, Any]:
        content: Object = objects.plain(inputs)
        fails = content["name"] in self.failing
        self.failing.discard(str(content["name"]))
        status = "failed" if fails else "deployed"
        try:
            work(content, status=status)
        except ApiError as error:
            raise RefusedError(error.message) from error
        outputs = answers.chart_outputs(inputs, status)
        if fails:
            raise HalfDoneError(answers.timed_out(id_, is_new=is_new), id_, None, outputs)
        self.on_chart(chart_name(content), content.get("values") or {})
        return outputs
