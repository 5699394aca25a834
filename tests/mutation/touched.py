"""Which test calls which functions of the program, and how long it takes: recorded once for each text of a test file.

A result that one test computes and others of its file find in a cache counts for the first alone, which runs too.
"""

import ast
import hashlib
import json
import os
import re
import sys
import time
from collections.abc import Iterator, Sequence
from cProfile import Profile
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.mutation.literals import Mutant
from tests.mutation.trial import OPTIONS, called
from tests.repository import ROOT

# Files that are golden, that compare with one, or that start programs of their own, which have no mutant in them.
LEFT_OUT = (
    "tests/graph/test_bench.py", "tests/graph/test_fixed_once_created.py", "tests/graph/test_network_page.py",
    "tests/graph/test_preview_cli.py", "tests/graph/test_readme.py", "tests/graph/test_request_path_page.py",
    "tests/graph/test_traps.py", "tests/graph/test_whole_graph.py", "tests/unit/test_cli_process.py",
    "tests/unit/test_documented_table.py", "tests/unit/test_mutants.py", "tests/unit/test_oracles.py",
    "tests/unit/test_mutation.py", "tests/unit/test_words.py", "tests/unit/test_docs_links.py",
)  # fmt: skip
_RULE = re.compile(r"[A-Z0-9]+(-[A-Z0-9]+)+")
_CACHED = type(cache(str))
# Tests of whole graphs come before or after these: each calls most functions.
_FOLDERS = ("tests/config", "tests/unit")
# Tests of what the modules of a folder declare, which no function does: they come first, whatever they call.
_OF_DECLARATIONS = {
    "config/": "tests/config/test_fields.py",
    "planning/model_config/": "tests/unit/test_planning_hf_keys.py",
}
# Tests of whole graphs with another name than the file of the program that decides, or builds, what they are about.
_OTHER_NAMES = {
    "access_log": "gateway_limits caches_of_clients", "agent_pool": "hardening immutable_pools",
    "alert_receivers": "alerting", "alertmanager": "alerting", "api_policy": "api_management",
    "azure_rules": "azure_rule_groups", "backend_traffic": "request_path gateway_limits",
    "certificate_issuer": "surface", "certificates": "surface charts", "chart_crds": "charts", "cluster": "hardening",
    "collector": "traces", "collectors": "traces logs", "container_resources": "safeguards",
    "dashboards": "dashboards_installed",
    "device_plugin": "shared_gpus", "external_secret": "secret_stores", "foundation": "graph doors",
    "gateway": "gateway_access", "gateway_admission": "gateway_access", "gateway_name": "surface",
    "gateway_specs": "request_path gateway_access charts", "gateway_surface": "surface entra",
    "gateway_tracing": "traces", "gpu_operator": "hardening charts", "grafana_source": "traces logs",
    "identity": "entra", "immutable": "immutable_pools", "kubeconfig": "kubernetes_provider_settings",
    "limiter_specs": "limiter tenants", "limiter_traffic": "limiter", "lock": "hardening", "log_filter": "logs",
    "log_pods": "logs", "log_traffic": "logs", "managed_grafana": "azure_monitor",
    "metric_rules": "azure_rule_groups azure_monitor",
    "metrics_workspace": "azure_monitor", "model": "graph", "model_store": "own_keys hardening",
    "models_list": "tenants", "monitoring": "alerting charts", "monitoring_rights": "chart_rights",
    "keys": "own_keys", "named_hosts": "egress", "network": "doors", "network_policies": "pods_closed egress",
    "node_scrapes": "gpu_metrics", "node_security": "hardening", "object_conditions": "custom_resources",
    "pod": "request_path profiling pod_security", "pod_identities": "entra secret_stores",
    "pod_monitor": "charts", "pools": "hardening", "private_endpoint": "doors", "proxy_traffic": "egress",
    "receiver_traffic": "alerting", "redis": "limiter", "registry": "images", "remote_write": "azure_monitor",
    "role": "own_keys usage_export", "route": "request_path caches_of_clients", "rule_groups": "azure_rule_groups",
    "safety": "content_safety", "safety_pod": "content_safety", "secrets": "secret_stores",
    "services": "scaling", "sign_in": "egress", "spread": "system_pool", "system_move": "update_path",
    "system_pods": "charts", "targets": "fallback", "telemetry": "traces", "telemetry_pods": "traces",
    "telemetry_traffic": "traces", "tenant_script": "tenants", "tokens": "entra", "usage": "usage_export",
    "usage_records": "usage_export", "vault": "secret_stores own_keys", "waiting_job": "update_path",
    "workload": "scaling", "workload_identity": "entra",
}  # fmt: skip


class Touch(NamedTuple):
    """One test: its seconds of CPU, and the functions that it calls, as `file:name`."""

    test: str
    seconds: float
    functions: frozenset[str]


def test_files(*folders: str) -> list[str]:
    """The files of tests that may catch a mutant."""
    found = (path.relative_to(ROOT).as_posix() for folder in folders for path in (ROOT / folder).rglob("test_*.py"))
    return sorted(file for file in found if file not in LEFT_OUT)


def of_its_subject(mutant: Mutant) -> list[str]:
    """Files of tests of the graph that are about what the mutant's file decides."""
    stem = Path(mutant.file).stem
    names = {f"test_{name}" for name in (stem, f"{stem}s", *_OTHER_NAMES.get(stem, "").split())}
    return [file for file in test_files("tests/graph") if Path(file).stem in names]


def recorded(file: Path) -> list[Touch]:
    """What is in `file`; test files that are new or changed are recorded in a copy of this process, and added to it."""
    known: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    texts = {name: _hash(name) for name in test_files(*_FOLDERS)}
    if missing := [name for name, text in texts.items() if known.get(name, {}).get("text") != text]:
        child = os.fork()
        if child == 0:
            _record(file, missing, {name: known[name] for name in texts if name in known and name not in missing})
            os._exit(0)
        os.waitpid(child, 0)
        known = json.loads(file.read_text(encoding="utf-8"))
    return [
        Touch(test, seconds, frozenset(names))
        for name in texts
        for test, seconds, names in known.get(name, {}).get("tests", [])
    ]


def _hash(name: str) -> str:
    return hashlib.sha256((ROOT / name).read_bytes()).hexdigest()[:16]


def ranked(mutant: Mutant, touches: Sequence[Touch], most_seconds: float) -> tuple[list[str], float]:
    """Tests that may see a mutant, and their seconds: those about its rule and file, then those that call least."""
    place = f"{mutant.file}:{mutant.inside}"
    found = [touch for touch in touches if place in touch.functions]
    if not found:
        # Run at import: whoever calls anything of the file.
        found = [touch for touch in touches if any(name.startswith(f"{mutant.file}:") for name in touch.functions)]
    declared = next((file for folder, file in _OF_DECLARATIONS.items() if mutant.file.startswith(folder)), None)
    if not mutant.inside or mutant.inside[:1].isupper() or not found:
        found += [touch for touch in touches if touch.test.partition("::")[0] == declared and touch not in found]
    own, of_file = _rules(mutant.file, mutant.inside), _rules(mutant.file, None)
    stem = Path(mutant.file).stem

    def distance(test: str) -> int:
        about, name = test.partition("[")[2].rstrip("]"), test.partition("::")[0]
        return 0 if about in own or name == declared else 1 if about in of_file or stem in Path(name).stem else 2

    tests, seconds = [], 0.0
    for touch in sorted(found, key=lambda touch: (distance(touch.test), len(touch.functions), touch.seconds)):
        if seconds + touch.seconds > most_seconds:
            break
        tests.append(touch.test)
        seconds += touch.seconds
    return tests, seconds


@cache
def _rules(file: str, function: str | None) -> frozenset[str]:
    """Rules that a file declares, or one function of it: every rule has tests of its own, with its id in theirs."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return frozenset(
        node.value
        for defined in tree.body
        if isinstance(defined, ast.FunctionDef) and function in (None, defined.name)
        for decorator in defined.decorator_list
        for node in ast.walk(decorator)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _RULE.fullmatch(node.value)
    )


def _record(file: Path, names: Sequence[str], known: dict[str, Any]) -> None:
    recorder = _Recorder()
    texts = {name: _hash(name) for name in names}
    status = pytest.main([*OPTIONS[:1], *OPTIONS[2:], *names], plugins=[recorder])
    if status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        print(f"the tests did not run: {status!r}", file=sys.stderr)
        os._exit(1)
    for test in sorted(recorder.failed):
        print(f"left out, since it fails without any mutant: {test}", flush=True)
    found: dict[str, Any] = {name: {"text": text, "tests": []} for name, text in texts.items()}
    of_path = {(ROOT / name).resolve(): name for name in names}
    for path, touch in recorder.found():
        found[of_path[path]]["tests"].append(touch)
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".part")
    partial.write_text(json.dumps({**known, **found}), encoding="utf-8")
    partial.rename(file)


class _Recorder:
    def __init__(self) -> None:
        self._file = ""
        self._functions: dict[str, set[str]] = {}
        self._seconds: dict[str, float] = {}
        self._paths: dict[str, Path] = {}
        self.failed: set[str] = set()
        """Tests that fail beside the recorder, such as those that profile something themselves: they catch nothing."""

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Note the calls of one test; the first test of a file finds no cache full, so that the calls are its own."""
        file = item.nodeid.partition("::")[0]
        if file != self._file:
            self._file = file
            clear_caches()
        profile = Profile(builtins=False)
        start = time.process_time()
        profile.enable()
        yield
        profile.disable()
        # Of CPU: on a busy machine the others' work would count too, and fewer tests would be tried.
        self._seconds[item.nodeid] = time.process_time() - start
        self._paths[item.nodeid] = item.path
        self._functions[item.nodeid] = {name for entry in profile.getstats() if (name := called(entry.code))}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep which ones fail."""
        if report.failed:
            self.failed.add(report.nodeid)

    def found(self) -> Iterator[tuple[Path, tuple[str, float, list[str]]]]:
        """The file of each test that passed, and the test with its seconds and functions."""
        for test, names in self._functions.items():
            if test not in self.failed:
                yield self._paths[test], (test, self._seconds[test], sorted(names))


def clear_caches() -> None:
    """Forget what functions of the program and of tests keep."""
    for module in list(sys.modules.values()):
        if str(getattr(module, "__file__", None) or "").startswith(f"{ROOT}/"):
            for value in list(vars(module).values()):
                if isinstance(value, _CACHED):
                    value.cache_clear()
