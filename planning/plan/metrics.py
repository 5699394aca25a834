"""Names of the metrics on which scaling and alerts are based: a renamed metric is changed here and nowhere else.

Sources: vLLM (vllm/v1/metrics/loggers.py), kube-state-metrics (docs/metrics). Those of GPUs depend on the version
of the exporter: catalog/gpu_metrics.yaml.
"""

# Names of the PodMonitors of the models and of the proxies.
VLLM_MONITOR, PROXIES_MONITOR = "vllm", "envoy"

VLLM_REQUESTS_RUNNING = "vllm:num_requests_running"
VLLM_REQUESTS_WAITING = "vllm:num_requests_waiting"
VLLM_PREEMPTIONS = "vllm:num_preemptions_total"
VLLM_PROMPT_TOKENS = "vllm:prompt_tokens_total"
VLLM_GENERATED_TOKENS = "vllm:generation_tokens_total"
VLLM_KV_CACHE_USAGE = "vllm:kv_cache_usage_perc"
VLLM_FIRST_TOKEN = "vllm:time_to_first_token_seconds"  # noqa: S105 - the name of a metric, not a secret
VLLM_FIRST_TOKEN_BUCKET = f"{VLLM_FIRST_TOKEN}_bucket"
VLLM_INTER_TOKEN = "vllm:inter_token_latency_seconds"  # noqa: S105 - the name of a metric, not a secret

DEPLOYMENT_REPLICAS_AVAILABLE = "kube_deployment_status_replicas_available"
DEPLOYMENT_REPLICAS_WANTED = "kube_deployment_spec_replicas"
AUTOSCALER_CONDITION = "kube_horizontalpodautoscaler_status_condition"
AUTOSCALER_REPLICAS_WANTED = "kube_horizontalpodautoscaler_status_desired_replicas"
NODE_LABELS = "kube_node_labels"
NODE_ALLOCATABLE = "kube_node_status_allocatable"

# This program's own, made by kube-state-metrics of conditions of custom objects (observability/object_conditions.py).
OBJECT_CONDITION = "llm_platform_object_condition"
POLICY_ACCEPTED = "llm_platform_policy_accepted"
# cert-manager (pkg/metrics), Envoy (source/server/server.h), the API server (apiserver/pkg/admission/metrics).
CERTIFICATE_ENDS = "certmanager_certificate_expiration_timestamp_seconds"
PROXY_CERTIFICATE_DAYS = "envoy_server_days_until_first_cert_expiring"
# Envoy: source/common/http/codes.cc, envoy/upstream/upstream.h, source/common/http/conn_manager_config.h.
ROUTE_ANSWERS = "envoy_cluster_upstream_rq_xx"
ROUTE_REQUESTS = "envoy_cluster_upstream_rq_total"
ROUTE_CONNECTIONS_LOST = "envoy_cluster_upstream_cx_destroy_remote_with_active_rq"
GATEWAY_ANSWERS = "envoy_http_downstream_rq_xx"
ANSWERS_RESET = "envoy_http_downstream_rq_tx_reset"
# Envoy (source/extensions/filters/http/ratelimit) and the rate-limit service (src/stats/prom/default_mapper.yaml).
LIMIT_ERRORS = "envoy_cluster_ratelimit_error"
LIMITER_ERRORS = "ratelimit_service_should_rate_limit_error"
WEBHOOK_REJECTIONS = "apiserver_admission_webhook_rejection_count"
# Agent Router (internal/metrics/genai.go), in the proxies' processor; a success has no `error_type`.
TOKENS_USED = "gen_ai_client_token_usage_sum"
REQUESTS_ANSWERED = "gen_ai_server_request_duration_seconds_count"
# kube-state-metrics (docs/metrics/workload/cronjob-metrics.md); a CronJob that never succeeded has no such time.
CRONJOB_CREATED = "kube_cronjob_created"
CRONJOB_SUCCEEDED = "kube_cronjob_status_last_successful_time"


def models_job(monitors: str) -> str:
    """Label `job` of what is scraped from models, whose monitor is in the namespace `monitors`.

    Source: prometheus-operator v0.93 pkg/prometheus/promcfg.go, a PodMonitor's `namespace/name`.
    """
    return f"{monitors}/{VLLM_MONITOR}"


def proxies_job(monitors: str) -> str:
    """The same of the proxies."""
    return f"{monitors}/{PROXIES_MONITOR}"
