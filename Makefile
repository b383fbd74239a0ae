# Every target that people use has a text behind `##`; `make` alone prints them.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
PY := PYTHONPATH=operator $(VENV)/bin/python
IMAGE ?= localhost/zombie-operator:dev
TAR ?= build/image.tar
NAMESPACE ?= zombie-operator
CODE := operator tests deploy docs
# A cluster of your own ($KUBECONFIG) is used as it is; without one, the tests bring up theirs (root only).
OWN_CLUSTER := $(if $(filter-out $(CURDIR)/.cluster/kubeconfig,$(KUBECONFIG)),,yes)
WITH_CLUSTER := $(if $(OWN_CLUSTER),eval "$$($(PY) -m tests.cluster env)" &&,)

.PHONY: help setup fmt check lint types imports verify generate lock test test-unit cluster cluster-down load image \
	install uninstall demo demo-clean clean

help: ## print this help
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/ready ## make the virtual environment from the hashed lock
$(VENV)/ready: requirements-dev.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: set PYTHON=")'
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

fmt: setup ## format the code
	$(VENV)/bin/ruff format $(CODE)
	$(VENV)/bin/ruff check --fix $(CODE)

check: lint types imports verify ## all that needs no cluster: format, lint, types, imports, generated files
lint: setup
	$(VENV)/bin/ruff format --check $(CODE)
	$(VENV)/bin/ruff check $(CODE)
types: setup
	$(VENV)/bin/mypy
	$(VENV)/bin/mypy tests/cluster tests/e2e tests/zoo deploy
imports: setup
	PYTHONPATH=operator $(VENV)/bin/lint-imports

generate: setup ## write the CRDs and the reference pages anew
	$(PY) -m zombie_operator.api.crd --docs docs/reference/api.md crds
	rm -rf deploy/chart/files/crds && cp -r crds deploy/chart/files/crds
	$(PY) -m docs.reference
	$(PY) -m deploy.chart_readme
verify: generate ## prove that generated files are committed as they come out
	git diff --exit-code -- crds deploy/chart docs/reference
	test -z "$$(git status --porcelain -- crds deploy/chart docs/reference)"

lock: setup ## resolve the dependencies anew, with hashes and without any index's name
	$(PY) -m deploy.image.lock

test: cluster ## every test, unit to end-to-end, on a real cluster
	$(WITH_CLUSTER) $(VENV)/bin/pytest
test-unit: setup ## the tests that need no cluster
	$(VENV)/bin/pytest tests/unit tests/contract/crd tests/contract/test_structure.py tests/contract/test_hosts.py \
		tests/contract/test_docs.py \
		-m "not cluster"

cluster: setup ## bring up the real two-node test cluster (root; builds Kubernetes once, 5 minutes)
	$(if $(OWN_CLUSTER),$(PY) -m tests.cluster up --install,@echo "using the cluster of KUBECONFIG=$(KUBECONFIG)")
cluster-down: setup ## take the test cluster away; nothing is left but its logs
	$(PY) -m tests.cluster down
load: setup ## import an image archive into every node: make load TAR=FILE
	$(PY) -m tests.cluster load $(TAR)

image: setup ## build the image into build/image.tar, with Docker where there is an engine, else with buildah
	$(PY) -m deploy.image build --install --tag $(IMAGE) --output $(TAR) $(if $(BASE),--base $(BASE))

install: setup $(if $(OWN_CLUSTER),cluster image) ## install or upgrade the chart in the cluster: make install ARGS="--set ..."
	$(if $(OWN_CLUSTER),$(PY) -m tests.cluster load $(TAR))
	$(WITH_CLUSTER) helm upgrade --install zombie-operator deploy/chart --namespace $(NAMESPACE) --create-namespace \
		$(if $(OWN_CLUSTER),--values deploy/local-values.yaml,) --wait $(ARGS)
	$(WITH_CLUSTER) kubectl label --overwrite namespace $(NAMESPACE) pod-security.kubernetes.io/enforce=restricted
uninstall: setup ## take back what is not proved, then take the chart away; policies and CRDs stay (ARGS=--purge: all)
	$(PY) -m deploy.uninstall --namespace $(NAMESPACE) $(ARGS)

demo: setup ## watch it find, explain and cure a leak on a real cluster
	$(PY) -m deploy.demo
demo-clean: setup ## take away what the demo made, and say what stays
	$(PY) -m deploy.demo --clean

clean: ## remove what was built here
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
