"""The architecture: read the stack, decide everything, then build it from the ground up."""

import pulumi

import catalog
import config
from components.azure.foundation import azure
from components.cluster.access import access
from components.cluster.autoscaling import Autoscaling
from components.cluster.certificates import Certificates
from components.cluster.dashboards import Dashboards
from components.cluster.gateway import Gateway
from components.cluster.gpu_operator import GpuOperator
from components.cluster.image_admission import ImageAdmission
from components.cluster.logs import Logs
from components.cluster.monitoring import Monitoring
from components.cluster.secrets import Secrets
from components.cluster.telemetry import Telemetry
from components.guard import guard
from components.serving.model import Model
from components.serving.models_namespace import Serving
from components.serving.safety import Safety
from config.from_pulumi import sections
from planning import decide

# Load: the stack's configuration, and the secrets in it for the first `up`.
stack, problems, bootstrap = sections()

# Plan: every decision, checked by every rule; a rejected stack stops here, and nothing is changed.
plan = decide(config.load(stack, problems), catalog.load(), bootstrap=bootstrap)

# Foundation: what is below Kubernetes. Nothing after this line knows which cloud it is.
foundation = azure(plan.foundation, bootstrap=bootstrap)
identities = foundation.identities

# Admission: which images may run, before there is a pod.
admission = ImageAdmission("images", plan.image_admission, cluster=foundation.cluster)
cluster = admission.cluster

# Cluster services: what every model relies on.
certificates = Certificates("certificates", plan.certificates, identities=identities, cluster=cluster)
secrets = Secrets("secrets", plan.secrets, certificates=certificates, cluster=cluster)
gpu_operator = GpuOperator("gpu-operator", plan.gpu_operator, cluster=cluster)
monitoring = Monitoring("monitoring", plan.monitoring, secrets=secrets, foundation=foundation, cluster=cluster)
telemetry = [
    Telemetry("telemetry", part, secrets=secrets, identities=identities, monitoring=monitoring, cluster=cluster)
    for part in (plan.telemetry,) if part is not None]  # fmt: skip
logs = [Logs("logs", part, monitoring=monitoring, cluster=cluster) for part in (plan.logs,) if part is not None]
dashboards = Dashboards("dashboards", plan.dashboards, namespace=monitoring.namespace, cluster=cluster)

# Serving: the models' namespace, what scales them, the gateway before them, and one component per model.
serving = Serving("serving", plan.serving, secrets=secrets, identities=identities, cluster=cluster)
autoscaling = Autoscaling("autoscaling", plan.autoscaling, models=serving.namespace, cluster=cluster)
gateway = Gateway(
    "gateway", plan.gateway, secrets=secrets, identities=identities, certificates=certificates,
    models=serving.namespace, address=foundation.gateway_address, cluster=cluster,
)  # fmt: skip
safety = [
    Safety("safety", part, identities=identities, monitoring=monitoring, gateway=gateway, cluster=cluster)
    for part in (plan.safety,) if part is not None
]  # fmt: skip
models = [
    Model(
        f"model-{model.name}", model, cluster=cluster, identities=identities, gpu_operator=gpu_operator,
        serving=serving, gateway=gateway, autoscaling=autoscaling,
    )
    for model in plan.models
]  # fmt: skip
# People: what those who don't administer the platform may do in it.
services = [certificates, secrets, gpu_operator, monitoring, serving, autoscaling, gateway]
people = access(plan.access, services, cluster=cluster)

# Guards: a destroy of a protected stack is refused before anything is touched.
guard([*foundation.components, admission, *services, dashboards, *telemetry, *logs, *safety, *models, *people],
      protect=plan.platform.protect)  # fmt: skip

# Exports: the address for requests, and the models that answer them.
pulumi.export("gateway", f"https://{plan.gateway.hostname}/v1")
pulumi.export("cluster", foundation.name)
pulumi.export("models", [model.name for model in plan.models])
