"""Names of the metrics on which scaling and alerts are based: a renamed metric is changed here and nowhere else.

Sources: vLLM (vllm/v1/metrics/loggers.py), kube-state-metrics (docs/metrics). Those of GPUs depend on the version
of the exporter: catalog/gpu_metrics.yaml.
"""

# Names of the PodMonitors of the models and of the proxies.
VLLM_MONITOR, PROXIES_MONITOR = "vllm", "envoy"
# Seconds between two scrapes of a replica.
VLLM_SCRAPE_SECONDS = 15
# The port of the AI gateway's processor, a sidecar of Envoy (agent-router internal/controller). A PodMonitor makes it
# the label `endpoint` of what is scraped there (prometheus-operator v0.93 pkg/prometheus/promcfg.go).
USAGE_PORT = "aigw-admin"

VLLM_REQUESTS_RUNNING = "vllm:num_requests_running"
VLLM_REQUESTS_WAITING = "vllm:num_requests_waiting"
VLLM_PREEMPTIONS = "vllm:num_preemptions_total"
VLLM_PROMPT_TOKENS = "vllm:prompt_tokens_total"
VLLM_GENERATED_TOKENS = "vllm:generation_tokens_total"
VLLM_KV_CACHE_USAGE = "vllm:kv_cache_usage_perc"
VLLM_FIRST_TOKEN = "vllm:time_to_first_token_seconds"  # noqa: S105 - the name of a metric, not a secret
VLLM_FIRST_TOKEN_BUCKET = f"{VLLM_FIRST_TOKEN}_bucket"
VLLM_QUEUE_BUCKET = "vllm:request_queue_time_seconds_bucket"
VLLM_REQUEST_BUCKET = "vllm:e2e_request_latency_seconds_bucket"
VLLM_REJECTIONS = "vllm:admission_rejections_total"
VLLM_REQUESTS = "vllm:request_success_total"
# Time that requests which have ended spent on their prompts, and on their answers.
VLLM_READING_SECONDS = "vllm:request_prefill_time_seconds_sum"
VLLM_WRITING_SECONDS = "vllm:request_decode_time_seconds_sum"
VLLM_INTER_TOKEN = "vllm:inter_token_latency_seconds"  # noqa: S105 - the name of a metric, not a secret

DEPLOYMENT_REPLICAS_AVAILABLE = "kube_deployment_status_replicas_available"
DEPLOYMENT_REPLICAS_WANTED = "kube_deployment_spec_replicas"
AUTOSCALER_CONDITION = "kube_horizontalpodautoscaler_status_condition"
AUTOSCALER_REPLICAS_WANTED = "kube_horizontalpodautoscaler_status_desired_replicas"
AUTOSCALER_MOST_REPLICAS = "kube_horizontalpodautoscaler_spec_max_replicas"
NODE_LABELS = "kube_node_labels"
NODE_CONDITION = "kube_node_status_condition"
POD_UNSCHEDULABLE = "kube_pod_status_unschedulable"
POD_SCHEDULED = "kube_pod_status_scheduled_time"
POD_READY = "kube_pod_status_ready"
RESTARTS = "kube_pod_container_status_restarts_total"
LAST_END = "kube_pod_container_status_last_terminated_reason"
WAITS = "kube_pod_container_status_waiting_reason"
INIT_WAITS = "kube_pod_init_container_status_waiting_reason"
DAEMONS_UNAVAILABLE = "kube_daemonset_status_number_unavailable"
NODE_ALLOCATABLE = "kube_node_status_allocatable"
POD_PHASE = "kube_pod_status_phase"
REQUESTED = "kube_pod_container_resource_requests"

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
# Envoy: source/extensions/filters/http/jwt_authn/stats.h.
TOKEN_KEYS_FETCHED = "envoy_http_jwt_authn_jwks_fetch_success"  # noqa: S105 - the name of a metric, not a secret
TOKEN_KEY_FAILURES = "envoy_http_jwt_authn_jwks_fetch_failed"  # noqa: S105 - the name of a metric, not a secret
# The OpenTelemetry collector (exporter/exporterhelper/documentation.md), without the ending `_total` that others have.
LOGS_WAITING, LOGS_SENT = "otelcol_exporter_queue_size", "otelcol_exporter_sent_log_records"
LOGS_REFUSED = "otelcol_exporter_send_failed_log_records"
# The same of traces; the last two are of the queue that is full, and of the receiver while memory is short.
TRACES_WAITING, TRACES_SENT = LOGS_WAITING, "otelcol_exporter_sent_spans"
TRACES_GIVEN_UP = "otelcol_exporter_send_failed_spans"
TRACES_WITHOUT_ROOM, TRACES_REFUSED = "otelcol_exporter_enqueue_failed_spans", "otelcol_receiver_refused_spans"
# Envoy (source/extensions/filters/http/ratelimit) and the rate-limit service (src/stats/prom/default_mapper.yaml).
LIMIT_ERRORS = "envoy_cluster_ratelimit_error"
LIMIT_REFUSALS = "envoy_cluster_ratelimit_over_limit"
LIMIT_PASSES = "envoy_cluster_ratelimit_ok"
LIMITER_ERRORS = "ratelimit_service_should_rate_limit_error"
# Envoy (source/extensions/filters/http/ext_proc/ext_proc.h): every processor of requests, that of the AI gateway and
# that of content safety.
PROCESSOR_STREAMS = "envoy_http_ext_proc_streams_started"
PROCESSOR_FAILURES = "envoy_http_ext_proc_streams_failed"
PROCESSOR_BYPASSED = "envoy_http_ext_proc_failure_mode_allowed"
OVER_LIMIT = "ratelimit_service_rate_limit_over_limit"
NEAR_LIMIT = "ratelimit_service_rate_limit_near_limit"
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
