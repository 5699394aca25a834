"""The gateway: Envoy Gateway with Agent Router (Envoy AI Gateway before 1.2), and the Gateway that all models share."""

from collections.abc import Mapping, Sequence

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.core.v1 import Namespace
from pulumi_kubernetes.helm.v3 import Release
from pulumi_kubernetes.networking.v1 import NetworkPolicy

from components.cluster import gateway_specs as specs
from components.cluster.certificate_issuer import signed_certificate
from components.cluster.certificates import Certificates
from components.cluster.chart import install_chart
from components.cluster.chart_crds import apply_chart_crds
from components.cluster.chart_traffic import ai_gateway_traffic, close, envoy_traffic
from components.cluster.external_secret import external_secret, trimmed
from components.cluster.gateway_admission import gateway_admission
from components.cluster.gateway_surface import open_paths, redirect_route
from components.cluster.gateway_tracing import collector_backend
from components.cluster.in_cluster import in_cluster
from components.cluster.labels import PROXY_PODS, metadata
from components.cluster.limiter import limiter
from components.cluster.models_list import models_policy, models_route
from components.cluster.namespace import namespace
from components.cluster.network_policies import deny_all, extension_traffic
from components.cluster.proxy_traffic import named_traffic
from components.cluster.secret_store import secret_store
from components.cluster.secrets import Secrets
from components.cluster.system_move import system_move
from components.cluster.tenants import limits, tenant_extension
from components.cluster.tokens import has_keys, keys_address, object_name, token_policy
from components.foundation import KubernetesCluster, PodIdentities
from planning.plan import GatewayPlan, Json

_ENVOY = "gateway.envoyproxy.io/v1alpha1"
_GATEWAY_API = "gateway.networking.k8s.io/v1"
_AI = "aigateway.envoyproxy.io/v1beta1"
# A key that is revoked in the vault lives as long as this, and for the seconds until the proxies have the new list.
_KEYS_REFRESH = "1m"


class Gateway(pulumi.ComponentResource):
    """`ready` is what must exist before a route: the controllers, the Gateway, and the policies that secure it.

    `models` is the namespace of the routes, in which the controllers get rights.
    """

    gateway: CustomResource
    ready: list[pulumi.Resource]
    _first: list[pulumi.Resource]

    def __init__(
        self,
        name: str,
        plan: GatewayPlan,
        *,
        secrets: Secrets,
        identities: PodIdentities,
        certificates: Certificates,
        models: Namespace,
        address: Sequence[pulumi.Resource],
        cluster: KubernetesCluster,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("llm-platform:components:Gateway", name, None, opts)
        self._name, self._plan, self._cluster = name, plan, cluster
        space = self._namespace("namespace", plan.namespace)
        self._access = (secrets, identities)
        controllers = self._controllers(certificates, [space, models])
        admission = gateway_admission(name, plan, parent=self, cluster=cluster)
        # This namespace holds only objects and Secrets; the proxies run in their controller's, so it needs no pods.
        NetworkPolicy(
            f"{name}-default-deny",
            metadata=metadata("default-deny", plan.namespace),
            spec=deny_all(),
            opts=in_cluster(self, cluster, space),
        )
        self._first = [space, *controllers, *admission]
        store = self._store(space)
        certificate = self._certificate([space, *store], certificates)
        sign_in = self._sign_in([space, *store])
        traces = collector_backend(name, plan, parent=self, cluster=cluster, after=self._first)
        spec = specs.envoy_proxy(plan, cluster.system_nodes)
        proxy = self._object("proxy", _ENVOY, "EnvoyProxy", spec, *address, *traces)
        gateway_class = CustomResource(
            f"{name}-class",
            api_version=_GATEWAY_API,
            kind="GatewayClass",
            metadata=metadata(plan.gateway),
            spec={
                "controllerName": "gateway.envoyproxy.io/gatewayclass-controller",
                "parametersRef": {
                    "group": "gateway.envoyproxy.io",
                    "kind": "EnvoyProxy",
                    "name": plan.gateway,
                    "namespace": plan.namespace,
                },
            },
            opts=in_cluster(self, cluster, *controllers, proxy),
        )
        # The policies come first: no listener is ever open without them.
        guards = [
            models_policy(name, plan, parent=self, cluster=cluster, needs=[*self._first, models]),
            self._object("client-traffic", _ENVOY, "ClientTrafficPolicy", specs.client_traffic(plan)),
            *sign_in,
        ]
        if not plan.judged:
            guards.append(self.extend({}, *guards))
        if plan.counters:
            guards.append(self._object("limits", _ENVOY, "BackendTrafficPolicy", limits(plan)))
        # It comes first as well: the AI gateway ignores one that is missing when it first sees the Gateway.
        config = self._object("config", _AI, "GatewayConfig", specs.gateway_config(plan))
        self.gateway = self._object(
            "gateway",
            _GATEWAY_API,
            "Gateway",
            specs.gateway(plan),
            gateway_class,
            certificate,
            *guards,
            config,
            annotations={specs.GATEWAY_CONFIG: plan.gateway},
        )
        if plan.surface.http_redirect:
            self._object("redirect", _GATEWAY_API, "HTTPRoute", redirect_route(plan), self.gateway)
        self.ready = [*controllers, *guards, self.gateway]
        models_route(name, plan, parent=self, cluster=cluster, needs=[*self._first, models, *self.ready])
        system_move(
            name, plan.move, PROXY_PODS, parent=self, cluster=cluster, after=[*self._first, proxy, self.gateway]
        )
        self.register_outputs({"hostname": plan.hostname})

    def extend(self, more: dict[str, Json], *needs: pulumi.Resource) -> CustomResource:
        """Make the policy with the tenants' script and `more` beside it, after `needs`.

        A Gateway takes one such policy, the oldest. Whoever has more to put into every request's way gives it here, so
        that it comes and goes within one object, whose script's filter keeps its name in the listener.
        """
        spec = {**tenant_extension(self._plan), **more}
        return self._object("tenants", _ENVOY, "EnvoyExtensionPolicy", spec, *needs)

    def _controllers(self, certificates: Certificates, served: list[Namespace]) -> list[pulumi.Resource]:
        """Three charts in order: the AI controller watches kinds whose CRDs the first two install.

        Its chart has a certificate that cert-manager makes; Envoy Gateway's CRDs are updated before its controller, and
        its chart makes Roles in the namespaces that are served.
        """
        plan = self._plan
        proxies = self._namespace("envoy-namespace", plan.envoy.namespace)
        ai = self._namespace("ai-namespace", plan.ai.namespace)
        NetworkPolicy(
            f"{self._name}-ai-traffic",
            metadata=metadata("extension-server", plan.ai.namespace),
            spec=extension_traffic(
                plan.ai_controller, plan.envoy_controller, specs.EXTENSION_PORT, plan.traffic.monitoring
            ),
            opts=in_cluster(self, self._cluster, ai),
        )
        closed = self._closed(proxies, ai)
        updated = apply_chart_crds(
            f"{self._name}-envoy-crds", plan.envoy_crds, parent=self, cluster=self._cluster, space=proxies
        )
        envoy: Release = install_chart(
            f"{self._name}-envoy",
            plan.envoy,
            specs.envoy_gateway_values(plan, self._cluster.system_nodes),
            opts=in_cluster(self, self._cluster, proxies, updated, *served, *closed, *self._limiter(proxies, closed)),
        )
        crds = install_chart(f"{self._name}-ai-crds", plan.ai_crds, {}, opts=in_cluster(self, self._cluster, ai))
        controller = install_chart(
            f"{self._name}-ai",
            plan.ai,
            specs.ai_gateway_values(plan, self._cluster.system_nodes),
            opts=in_cluster(self, self._cluster, ai, envoy, crds, certificates.chart, *closed),
        )
        return [envoy, crds, controller]

    def _limiter(self, proxies: Namespace, closed: list[pulumi.Resource]) -> list[pulumi.Resource]:
        """What counts tenants' limits, where there are any."""
        if self._plan.limiter is None:
            return []
        secrets, identities = self._access
        return limiter(
            f"{self._name}-limiter",
            self._plan.limiter,
            secrets=secrets,
            identities=identities,
            cluster=self._cluster,
            space=proxies,
            closed=closed,
            parent=self,
        )

    def _closed(self, proxies: Namespace, ai: Namespace) -> list[pulumi.Resource]:
        """The policies of the controllers' namespaces, the proxies' among them."""
        plan = self._plan
        name, cluster = self._name, self._cluster
        named = named_traffic(f"{name}-envoy-names", plan, parent=self, cluster=cluster, space=proxies)
        return named + [
            policy
            for role, chart, openings, space in (
                ("envoy", plan.envoy, envoy_traffic(plan, specs.EXTENSION_PORT), proxies),
                ("ai", plan.ai, ai_gateway_traffic(plan), ai),
            )
            for policy in close(f"{name}-{role}", chart.namespace, openings, parent=self, cluster=cluster, space=space)
        ]

    def _store(self, space: Namespace) -> list[pulumi.Resource]:
        """The store of certificate and keys; none where both are of others."""
        plan, (secrets, identities) = self._plan, self._access
        if plan.certificate is None and not has_keys(plan):
            return []
        name = f"{self._name}-secrets"
        return secret_store(
            name,
            plan.secret_store,
            secrets=secrets,
            identities=identities,
            cluster=self._cluster,
            space=space,
            parent=self,
        )

    def _certificate(self, needs: list[pulumi.Resource], certificates: Certificates) -> CustomResource:
        """From the vault, or signed by an authority: each has a Secret of its own, and the listener has a good one.

        External Secrets deletes its Secret with its object, which goes after the Gateway has turned to the other.
        """
        plan, secret = self._plan, specs.certificate_secret(self._plan)
        if plan.surface.issuer is not None:
            return signed_certificate(
                f"{self._name}-signed-certificate",
                issuer=plan.surface.issuer,
                hostname=plan.hostname,
                secret=secret,
                namespace=plan.namespace,
                opts=in_cluster(self, self._cluster, needs[0], *certificates.issuers),
            )
        return external_secret(
            f"{self._name}-certificate",
            secret=secret,
            store=plan.secret_store,
            data={"pem": str(plan.certificate)},
            template=specs.certificate_template(),
            opts=in_cluster(self, self._cluster, *needs),
        )

    def _sign_in(self, needs: list[pulumi.Resource]) -> list[CustomResource]:
        """What asks for API keys, and what for access tokens; where no tenant has keys, there are tokens."""
        plan, made = self._plan, []
        if has_keys(plan):
            made.append(self._object("security", _ENVOY, "SecurityPolicy", specs.security(plan), self._keys(needs)))
        if plan.tokens is not None:
            name, spec = object_name(plan), token_policy(plan, plan.tokens, open_paths())
            address = self._object("token-keys", _ENVOY, "Backend", keys_address(plan.tokens), name=name)
            made += [address, self._object("tokens", _ENVOY, "SecurityPolicy", spec, address, name=name)]
        return made

    def _keys(self, needs: list[pulumi.Resource]) -> CustomResource:
        plan = self._plan
        named = {name: secret for tenant in plan.tenants for name, secret in tenant.keys}
        return external_secret(
            f"{self._name}-api-keys",
            secret=specs.KEYS_SECRET,
            store=plan.secret_store,
            data=named,
            template=trimmed(named),
            refresh=_KEYS_REFRESH,
            opts=in_cluster(self, self._cluster, *needs),
        )

    def _namespace(self, role: str, name: str) -> Namespace:
        opts = in_cluster(self, self._cluster, *self._cluster.admission)
        return namespace(f"{self._name}-{role}", name, opts=opts)

    def _object(
        self,
        role: str,
        api_version: str,
        kind: str,
        spec: dict[str, Json],
        *needs: pulumi.Resource,
        annotations: Mapping[str, str] | None = None,
        name: str | None = None,
    ) -> CustomResource:
        return CustomResource(
            f"{self._name}-{role}",
            api_version=api_version,
            kind=kind,
            metadata=metadata(name or self._plan.gateway, self._plan.namespace, annotations),
            spec=spec,
            opts=in_cluster(self, self._cluster, *self._first, *needs),
        )
