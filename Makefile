# The two commands: `make run` starts the sandbox, `make test` is the whole gate. `make help` lists the rest.
# Needs nothing but Python >= 3.11 and make; `make PYTHON=/path/to/python run` chooses the interpreter.

VENV := .venv
BIN := $(VENV)/bin
CANDIDATES := $(or $(PYTHON),python3.13 python3.12 python3.11 python3.14 python3 python)
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
INSTALL := $(PIP) install -qq --no-compile --require-hashes --no-deps --only-binary :all: -r
WORKERS ?= 3
SANDBOX ?=
TESTS ?=
SEED ?=
BENCH ?=
ONLY ?=
ADVISORIES ?= pypi
ENGINE ?=
IMAGE ?= aks-egress-bot
SECONDS ?= 300
UV ?= uv
COMPILE := $(UV) pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--only-binary :all: --no-emit-index-url --no-header --quiet $(LOCK)

# Compiled modules are kept: the tests start the bot a hundred times.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run test lint format outages histories properties fuzz apifuzz outside bench browser reference advisories monitoring manifests image release lock clean
.DELETE_ON_ERROR:

help:  ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' Makefile | expand -t 18

run: $(VENV)/run  ## start the sandbox: the bot beside a simulated Slack and a simulated Azure (SANDBOX="--port 8700 …")
	@$(BIN)/python -m bot sandbox $(SANDBOX)

# Lint needs one core and the tests wait now and then: side by side they take less time than one after the other.
# In a new environment one process compiles every module beside lint; each of the workers would do so for itself.
test: $(VENV)/dev  ## the whole gate: lint, types, import contracts, tests on SQLite and PostgreSQL (TESTS=tests/rules)
	@$(MAKE) --no-print-directory lint > $(VENV)/lint.log 2>&1 & lint=$$!; \
	[ -e $(VENV)/compiled ] || { $(BIN)/python -m pytest -qq --collect-only > $(VENV)/compiled 2>&1; }; \
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(TESTS); tests=$$?; \
	wait $$lint; linted=$$?; cat $(VENV)/lint.log; exit $$((tests || linted))

lint: $(VENV)/dev  ## ruff, mypy --strict, import contracts
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/dev  ## write the code as ruff wants it
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

histories: $(VENV)/dev  ## thousands of random histories, and a kill at every step of the writer (SEED=… plays a run again)
	@seed=$(or $(SEED),$$(date +%s)); echo "make histories SEED=$$seed plays this run again"; \
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal --show-capture=no --hypothesis-profile=histories --hypothesis-seed=$$seed \
		$(or $(TESTS),tests/histories tests/flows/test_writer_killed.py)

outages: $(VENV)/dev  ## real processes on both databases: rolling restarts under load, kills, everything else away in turn, hostile HTTP (as root)
	$(BIN)/python -m pytest $(or $(TESTS),tests/outages)

properties: $(VENV)/dev  ## every property of the domain with 20,000 generated cases
	$(BIN)/python -m pytest -n $(WORKERS) --hypothesis-profile=properties $(or $(TESTS),tests/domain)

fuzz: $(VENV)/fuzz  ## coverage-guided fuzzing of the parsers for SECONDS=300; needs a Python that atheris has wheels for
	PYTHONPATH=. FUZZ_SECONDS=$(SECONDS) $(BIN)/python tests/fuzz/destinations.py

apifuzz: $(VENV)/apifuzz  ## schemathesis against the HTTP API, from its OpenAPI document
	PYTHONPATH=. $(BIN)/python tests/fuzz/api.py

outside: $(VENV)/apifuzz  ## the simulators and the bot beside other people's software, each difference in a table (ONLY="emulate bolt")
	PYTHONPATH=. $(BIN)/python -m tests.outside $(ONLY)

bench: $(VENV)/dev  ## the figures that README quotes, each beside its baseline
	@$(BIN)/python -m bench $(BENCH)

browser: $(VENV)/browser  ## the sandbox page in Chromium (CHROMIUM=/path/to/chromium)
	$(BIN)/python -m pytest $(or $(TESTS),tests/browser)

reference: $(VENV)/run  ## write docs/configuration.md, docs/commands.md and docs/openapi.json from the code
	$(BIN)/python -m bot config reference > docs/configuration.md
	$(BIN)/python -m bot config commands > docs/commands.md
	$(BIN)/python -m bot config openapi > docs/openapi.json

advisories: $(VENV)/release  ## known holes in what the bot depends on; asks PyPI's advisory database (ADVISORIES=osv)
	@$(BIN)/pip-audit --vulnerability-service $(ADVISORIES) --timeout 20 --progress-spinner off \
		--requirement requirements.lock --require-hashes --disable-pip --strict || { \
		echo "Known holes, if any, are listed above: take newer versions with make lock LOCK=--upgrade."; \
		echo "Without a list there is no verdict: PyPI's JSON API (or api.osv.dev) was not reached, or is a mirror without it."; \
		exit 1; }

manifests: $(VENV)/release  ## the Kubernetes overlays against the API's schema, the Terraform files (needs kubectl, terraform)
	@for overlay in deploy/kubernetes/overlays/*; do \
		kubectl kustomize $$overlay | $(BIN)/kubernetes-validate --strict --no-warn - || exit 1; \
	done
	terraform fmt -check -diff deploy/azure/terraform

release: $(VENV)/release  ## dist/: the wheel, its bill of materials (CycloneDX), the licences, checksums
	rm -rf dist && mkdir dist
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(PIP) wheel -qq --no-deps --no-build-isolation --wheel-dir dist .
	$(BIN)/cyclonedx-py requirements requirements.lock --pyproject pyproject.toml --output-reproducible -o dist/sbom.json
	$(BIN)/python deploy/licences.py > dist/licences.csv
	cd dist && sha256sum -- *.whl sbom.json licences.csv > SHA256SUMS

image:  ## the container image (ENGINE=docker, podman or buildah: the first that answers; IMAGE=name:tag IMAGE_ARGS="…")
	@for engine in $(or $(ENGINE),docker podman buildah); do \
		[ -n "$(ENGINE)" ] || $$engine info >/dev/null 2>&1 || continue; \
		BUILDAH_FORMAT=docker exec $$engine build --tag $(IMAGE) $(IMAGE_ARGS) .; \
	done; echo "make image needs docker with its daemon, podman or buildah (Debian: apt-get install buildah)."; exit 1

monitoring:  ## promtool on the alert rules and their cases (Debian: apt-get install prometheus)
	cd deploy/monitoring && promtool check rules alerts.yaml && promtool test rules alerts_test.yaml

lock:  ## write the locks anew, keeping the pins that still fit (LOCK=--upgrade takes the newest); needs uv
	@command -v $(UV) >/dev/null || { echo "make lock needs uv: pip install uv, or make UV=/path/to/uv lock"; exit 1; }
	$(subst pyproject.toml,,$(COMPILE)) --group installer -o requirements-pip.lock
	$(COMPILE) --group build -o requirements.lock
	$(COMPILE) --group build --extra tracing -c requirements.lock -o requirements-tracing.lock
	$(COMPILE) --group dev -c requirements.lock -o requirements-dev.lock
	$(COMPILE) --group browser -c requirements-dev.lock -o requirements-browser.lock
	$(COMPILE) --group fuzz -c requirements-dev.lock -o requirements-fuzz.lock
	$(COMPILE) --group release -c requirements-dev.lock -o requirements-release.lock
	$(COMPILE) --group apifuzz -c requirements-dev.lock -o requirements-apifuzz.lock

clean:  ## remove the environments and every cache
	rm -rf $(VENV) .venv-outside .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# The environment in layers, one stamp each, so that `make run` does not wait for the development set.
# pip takes one core; while it installs that set, the other compiles what the bot imports.

$(VENV)/created:
	@rm -rf $(VENV); bare=; \
	for candidate in $(CANDIDATES); do \
		"$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || continue; \
		"$$candidate" -c 'import ensurepip, venv' >/dev/null 2>&1 || { bare="$$bare $$candidate"; continue; }; \
		"$$candidate" -c 'import sys; print("Python", sys.version.split()[0], "from", sys.executable)'; \
		"$$candidate" -m venv $(VENV) && touch $@ && exit 0; \
		echo "$$candidate could not make the environment in $(VENV); its message is above."; exit 1; \
	done; \
	if [ -n "$$bare" ]; then \
		echo "Found$$bare, but without ensurepip, which a virtual environment needs."; \
		echo "On Debian and Ubuntu: apt-get install python3-venv. Then run make again."; \
	else \
		echo "No Python >= 3.11 that runs was found among: $(CANDIDATES)."; \
		echo "Install one, or name it: make PYTHON=/path/to/python run."; \
	fi; exit 1

$(VENV)/run: $(VENV)/created requirements-pip.lock requirements.lock pyproject.toml
	@echo "Installing what the bot needs (once) …"
	@$(INSTALL) requirements-pip.lock
	@$(INSTALL) requirements.lock
	@$(PIP) install -qq --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev: $(VENV)/run requirements-dev.lock
	@echo "Installing what the tests need (once) …"
	@$(BIN)/python -c "import bot.wiring.production" & $(INSTALL) requirements-dev.lock; installed=$$?; wait; exit $$installed
	@touch $@

$(VENV)/browser: $(VENV)/dev requirements-browser.lock
	@echo "Installing what the browser tests need (once) …"
	@$(INSTALL) requirements-browser.lock
	@touch $@

$(VENV)/release: $(VENV)/run requirements-release.lock
	@echo "Installing what releases need (once) …"
	@$(INSTALL) requirements-release.lock
	@touch $@

$(VENV)/apifuzz: $(VENV)/dev requirements-apifuzz.lock
	@echo "Installing schemathesis (once) …"
	@$(INSTALL) requirements-apifuzz.lock
	@touch $@

$(VENV)/fuzz: $(VENV)/dev requirements-fuzz.lock
	@echo "Installing what the fuzzer needs (once) …"
	@$(INSTALL) requirements-fuzz.lock
	@touch $@
