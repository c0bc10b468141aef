# Everything runs under the Node that the npm package `node` brings; the one on PATH only has to run npm.
SHELL := /bin/bash
.DEFAULT_GOAL := help
NODE := node_modules/.bin/node
JEST := $(NODE) --experimental-vm-modules --disable-warning=ExperimentalWarning node_modules/jest/bin/jest.js
RESULTS := test-results/jest.json

.PHONY: help install demo up test check unit integration e2e chaos replay-scenario redrive-scenario attribution-scenario bench bench-keywords bench-mapping bench-gateway memory topics-plan topics-apply clean isolation advertisers

help: ## what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

# Again whenever the lock file changed, and only then.
node_modules/.installed: package.json package-lock.json
	@command -v npm >/dev/null || { echo 'npm is missing: install Node 20.19 or later'; exit 1; }
	npm ci --no-audit --no-fund
	@touch $@

install: node_modules/.installed

demo: install ## installs, starts everything, plays an afternoon of conversations, shows what TikTok was told
	@$(NODE) services/local/demo/main.ts

up: install ## a pipeline of your own, in the foreground
	@$(NODE) services/cli/signals.js up

# Ends when the tests have: a hook that timed out may hold a pipe of what it started.
test: check ## types, lint, unit, integration and end-to-end tests
	@mkdir -p test-results
	$(JEST) --ci --forceExit --json --outputFile=$(RESULTS)

check: install ## types and lint
	$(NODE) node_modules/.bin/tsc
	$(NODE) node_modules/.bin/biome check .

unit: install ## decisions only, no network, seconds
	$(JEST) --selectProjects unit

integration: install ## contracts and flows on real Kafka, registry and Redis
	$(JEST) --selectProjects integration

e2e: install ## the whole pipeline as real processes
	$(JEST) --selectProjects e2e

chaos: install ## kills every stage under load and counts what arrived
	$(NODE) test/chaos/main.ts

replay-scenario: install ## 100,000 messages pass, a keyword is added: a replay sends exactly what is new, killed once
	$(NODE) test/scenarios/replay.ts

redrive-scenario: install ## a mapping bug makes 1,000 dead letters; mended, a redrive turns all into signals, once
	$(NODE) test/scenarios/redrive.ts

.PHONY: alerts
alerts: install ## checks the alerts with promtool, then raises and clears each on a running pipeline (Prometheus needed)
	$(NODE) test/alerts/main.ts

attribution-scenario: install ## referrals before, after and never, on two processes, with kills and a lost Redis: each told once, credited rightly
	$(NODE) test/scenarios/attribution.ts

memory: install ## what a million dedup keys and a million conversations take of a real Redis, against their limits
	$(NODE) test/bench/memory.ts

isolation: install ## what 99 advertisers feel of one that hangs: p99 with and without it
	$(NODE) test/scenarios/isolation.ts

advertisers: install ## 200 advertisers, five of them sick in different ways, dispatch killed in the midst
	$(NODE) test/scenarios/advertisers.ts

bench: install bench-keywords ## throughput, CPU and memory of each stage; keywords before, mapping and gateway after
	$(NODE) test/bench/main.ts
	$(NODE) test/bench/mapping.ts
	$(NODE) test/bench/gateway.ts

bench-keywords: install ## messages a second by lists of 100 to 100,000 keywords, beside a package
	$(NODE) --expose-gc test/bench/keywords.ts

bench-mapping: install ## messages a second that one core maps, and what hostile bodies cost
	$(NODE) test/bench/mapping.ts

bench-gateway: install ## the gateway at 500 deliveries a second: latency, and that what it answered lies in Kafka
	$(NODE) test/bench/gateway.ts

topics-plan: install ## what `topics-apply` would change
	@$(NODE) services/cli/signals.js topics plan

topics-apply: install ## topology to the cluster
	@$(NODE) services/cli/signals.js topics apply

clean: ## removes dependencies and the data of local runs
	rm -rf node_modules .signals test-results
