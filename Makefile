# Entry points; `make help` lists them.
STACK ?= dev
VENV := .venv
PYTHON := $(VENV)/bin/python
.DEFAULT_GOAL := help
.PHONY: help install policy runner preview bootstrap test acceptance oracles oracle-vllm pictures lint scan audit sbom bench golden record fuzz mutants requirements

help: ## what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

# pip must be inside: Pulumi's own `pulumi install` calls it.
$(VENV)/installed: requirements.txt
	@echo "Setting up $(VENV) (once, about half a minute) …" >&2
	@if command -v uv >/dev/null; then uv venv --quiet --seed --allow-existing $(VENV) && uv pip install --quiet --python $(PYTHON) --require-hashes -r requirements.txt; \
	else python3 -m venv $(VENV) && $(VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt; fi
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed requirements-dev.txt | $(VENV)/bin/llm-platform
	@if command -v uv >/dev/null; then uv pip install --quiet --python $(PYTHON) --require-hashes -r requirements-dev.txt; \
	else $(VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt; fi
	@touch $@

# A launcher, not an installed package: there is no build backend to fetch and to pin, and top-level packages with names
# such as `config` stay out of site-packages. The second line is for paths that are too long for `#!`.
define LAUNCHER
#!/bin/sh
'''exec' "$(abspath $(PYTHON))" "$$0" "$$@"
' '''
import sys

sys.path.insert(0, "$(CURDIR)")
from cli.interruption import end_quietly

end_quietly()
from cli.app import run

sys.exit(run())
endef
export LAUNCHER

$(VENV)/bin/llm-platform: $(VENV)/installed Makefile
	@printf '%s\n' "$$LAUNCHER" > $@
	@chmod +x $@

install: $(VENV)/bin/llm-platform ## the command line: .venv/bin/llm-platform --help

preview: install ## show what a stack would build: make preview STACK=prod
	@$(VENV)/bin/llm-platform preview $(STACK)

bootstrap: install ## what must be there before the first update: make bootstrap STACK=dev REPOSITORY=OWNER/NAME
	@$(PYTHON) -m pipelines bootstrap $(STACK) --repository $(or $(REPOSITORY),$(error say which repository updates it: REPOSITORY=OWNER/NAME))

test: $(VENV)/installed-dev ## everything that runs without Go
	@$(VENV)/bin/pytest -q

# SELECT='-m "not long"' leaves out what takes minutes. ORDER=--order=reversed or --order=random[:SEED] proves that no test depends on another. xdist would begin with the files
# of the most tests; as they are, the longest story begins early: for speed alone.
acceptance: $(VENV)/installed-dev ## the real Pulumi engine on a real Kubernetes control plane (Go builds them once)
	@$(PYTHON) -m tests.toolchains
	@$(VENV)/bin/pytest -q -n auto --dist loadfile --no-loadscope-reorder $(ORDER) $(SELECT) tests/cluster tests/engine tests/alerts

# Two processes: each holds a control plane and the controllers beside it. PART=keda builds and runs one part alone.
oracles: $(VENV)/installed-dev ## real controllers instead of our doubles: the Kubernetes provider, … (Go builds them once, half an hour)
	@$(PYTHON) -m tests.oracles.build $(PART)
	@$(VENV)/bin/pytest -q -n 2 --dist loadfile --no-loadscope-reorder $(ORDER) tests/oracles/$(PART)

pictures: $(VENV)/installed-dev ## draw the pictures of docs/dashboards.md again, from a run with a real Prometheus (needs Go, npm and Chromium)
	@PICTURES=1 $(VENV)/bin/pytest -q tests/oracles/dashboards/test_panels.py -k pictures

oracle-vllm: $(VENV)/installed-dev ## our rules and figures against vLLM itself (downloads 4 GB once)
	@vllm=$$($(PYTHON) -m tests.vllm_environment) && \
	  VLLM_TARGET_DEVICE=cpu $$vllm -m pytest -q -W default tests/contract  # torch and vLLM warn of each other

# For runners that have neither. Go compares kubelogin's module with its public checksums; linux on x86-64 alone.
PULUMI := 3.276.0
KUBELOGIN := v0.2.22
runner: $(VENV)/bin/kubelogin $(VENV)/bin/pulumi ## Pulumi and kubelogin for a pipeline, beside Python in .venv/bin

$(VENV)/bin/kubelogin: $(VENV)/installed
	@GOBIN=$(abspath $(VENV)/bin) go install github.com/Azure/kubelogin@$(KUBELOGIN)

$(VENV)/bin/pulumi: $(VENV)/installed
	@curl --fail --silent --show-error --location https://get.pulumi.com/releases/sdk/pulumi-v$(PULUMI)-linux-x64.tar.gz \
	  | tar --extract --gzip --touch --strip-components 1 --directory $(VENV)/bin

policy: policy/.venv/installed ## what Pulumi runs the policies with: pulumi preview --policy-pack policy

policy/.venv/installed: policy/requirements.txt
	@echo "Setting up policy/.venv (once, about half a minute) …" >&2
	@python3 -m venv policy/.venv && policy/.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r policy/requirements.txt
	@touch $@

lint: $(VENV)/installed-dev ## formatting, rules and types
	@$(VENV)/bin/ruff format --check --quiet .
	@$(VENV)/bin/ruff check --quiet .
	@$(VENV)/bin/ty check --quiet .
	@$(VENV)/bin/mypy --no-error-summary advising planning config catalog charge_back cli guardrails operate reading rehearsal policy pipelines
	@$(PYTHON) -m tests.words
	@$(VENV)/bin/zizmor --offline --quiet .github/workflows

# An environment of its own in the cache: checkov brings a hundred packages, none of which a preview or a deployment needs.
CACHE = $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/llm-platform
SCANNERS = $(CACHE)/scan-$(shell sha256sum requirements-scan.txt | cut -c1-12)
define SET_UP_SCANNERS
@test -e $(SCANNERS)/installed || { echo "Setting up $(SCANNERS) (once, a minute) …" >&2 && python3 -m venv $(SCANNERS) \
  && $(SCANNERS)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-scan.txt && touch $(SCANNERS)/installed; }
endef

scan: $(VENV)/installed-dev ## checkov, Trivy, kubeconform, gitleaks and actionlint on all stacks and on this repository
	$(SET_UP_SCANNERS)
	@SCAN_ENVIRONMENT=$(SCANNERS) $(PYTHON) -m pytest -q tests/scanners

audit: $(VENV)/installed-dev ## known vulnerabilities of the pinned Python packages (needs the internet)
	$(SET_UP_SCANNERS)
	@$(PYTHON) -m tests.scanners.audit $(SCANNERS)

sbom: $(VENV)/installed-dev ## the bill of materials (CycloneDX) of packages, charts and images: out/sbom.json
	@$(PYTHON) -m tests.scanners.sbom out/sbom.json

bench: $(VENV)/installed-dev ## how long previews take, as ratios to a bare program
	@$(PYTHON) bench/run.py

golden: $(VENV)/installed-dev ## regenerate the examples in README and docs/, docs/rules.md and expected outputs
	@$(PYTHON) -m cli rules > docs/rules.md
	@$(PYTHON) -m cli policies > docs/policies.md
	@$(PYTHON) -m preview.readme
	@UPDATE_GOLDEN=1 $(VENV)/bin/pytest -q tests/graph/test_preview_cli.py tests/graph/test_whole_graph.py

record: $(VENV)/installed-dev ## keep a version's stacks for later upgrades: make record VERSION=0.1.0 [REF=HEAD]
	@$(PYTHON) -m tests.engine.record $(VERSION) --ref $(or $(REF),HEAD) --arm $(or $(REFERENCE_DIR),../shared)/arm

fuzz: $(VENV)/installed-dev requirements-fuzz.txt ## look for stack files that get no verdict: make fuzz FUZZ_SECONDS=3600
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements-fuzz.txt \
	  || echo "atheris can't be installed here" >&2
	@$(PYTHON) -m tests.fuzz $(or $(FUZZ_SECONDS),600)

# MUTANTS="components 200" is a sample, MUTANTS=survivors those of the last run, MUTANTS=components/azure/vault.py one file.
mutants: $(VENV)/installed-dev ## which literals could change without a failing test: make mutants [MUTANTS="components 200"]
	@$(PYTHON) -m tests.mutation $(MUTANTS)

requirements: ## compile requirements*.in with hashes (needs uv)
	@for name in requirements requirements-dev requirements-fuzz requirements-scan policy/requirements guardrails/requirements; do \
	  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header $$name.in -o $$name.txt; done
