# Everything a person or CI does with this repository. `make help` lists the targets.

GO      ?= go
AZURITE := deploy/local/azurite
CLIENT  := deploy/local/graphclient
CHECKER := deploy/local/openapi
KUSTO   := deploy/local/kusto
APPS    := detect face respond
detect  := signins auditlogs vaultlogs graphlogs activitylogs riskevents upkeep
face    := risk policies remediations openapi subscriptions
respond := triage evict orders rotate sweep publish deliver

export GOFLAGS := -buildvcs=false

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@awk -F':.*## ' '/^[a-z_-]+:.*## /{printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: build stage node_modules ## start everything on this machine, show an attack and the response, keep serving
	bin/rekey-local run

.PHONY: demo
demo: build stage node_modules ## the same without staying; exit 0 only if the attack was detected and the locks changed
	bin/rekey-local demo

.PHONY: build
build: ## bin/rekey (the product) and bin/rekey-local (the local cloud and Functions host)
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags='-s -w' -o bin/rekey ./handlers
	$(GO) build -o bin/rekey-local ./deploy/local

.PHONY: stage
stage: build ## dist/<app>: host.json, the app's functions and the binary, as they are deployed
	@rm -rf $(addprefix dist/,$(APPS))
	@$(foreach app,$(APPS),mkdir -p dist/$(app) && cp host.json bin/rekey dist/$(app)/ && cp -r $(addprefix functions/,$($(app))) dist/$(app)/;)
	@echo "staged $(addprefix dist/,$(APPS))"

empty :=
space := $(empty) $(empty)
comma := ,

.PHONY: package
package: ## dist/<app>.zip for Azure, a bill of materials and SHA256SUMS; VAULT_REGIONS=n for vaults in n more regions
	GOOS=linux GOARCH=amd64 CGO_ENABLED=0 $(GO) build -trimpath -ldflags='-s -w' -o dist/linux/rekey ./handlers
	$(GO) run ./deploy/azure/pack/command -vault-regions=$(or $(VAULT_REGIONS),0) -networks=dist/networks.csv.gz $(foreach app,$(APPS),$(app)=$(subst $(space),$(comma),$(strip $($(app)))))

.PHONY: node_modules
node_modules: $(AZURITE)/node_modules/.package-lock.json ## install Azurite from its lock file

.PHONY: graph-client
graph-client: $(CLIENT)/node_modules/.package-lock.json ## install Microsoft's Graph client, which a test of the risk API uses

.PHONY: openapi-checker
openapi-checker: $(CHECKER)/node_modules/.package-lock.json ## install the validator that a test checks docs/openapi.json with

.PHONY: kusto-checker
kusto-checker: $(KUSTO)/node_modules/.package-lock.json ## install Microsoft's parser that a test checks the queries of alerts and of the workbook with

%/node_modules/.package-lock.json: %/package-lock.json
	cd $* && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

.PHONY: network-table
network-table: ## dist/networks.csv.gz: addresses to networks and countries, from openly licensed data
	cd deploy/network && npm ci --no-audit --no-fund --loglevel=error
	$(GO) run ./deploy/network -out dist/networks.csv.gz

.PHONY: eval
eval: build ## prove the detection on simulated tenants, beside published detectors; writes docs/recall.svg
	@mkdir -p dist
	bin/rekey eval --json dist/eval.jsonl --plot docs/recall.svg

.PHONY: test
test: node_modules graph-client openapi-checker kusto-checker vet lint build stage ## everything CI runs: vet, lint, and all tests with the race detector
	$(GO) test -race -timeout 14m ./...
	cd deploy/bench && $(GO) vet ./... && $(GO) test .

TOOLS := $(CURDIR)/.local/tools

$(TOOLS)/tofu: deploy/azure/tools/tofu/go.mod
	cd deploy/azure/tools/tofu && nice $(GO) build -trimpath -ldflags='-s -w' -o $@ github.com/opentofu/opentofu/cmd/tofu

$(TOOLS)/terraform-provider-azapi: deploy/azure/tools/azapi/go.mod
	cd deploy/azure/tools/azapi && nice $(GO) build -trimpath -ldflags='-s -w' -o $@ github.com/Azure/terraform-provider-azapi

.PHONY: check-deploy
check-deploy: $(TOOLS)/tofu $(TOOLS)/terraform-provider-azapi ## the plan for Azure against its schemas and the code, offline; the first time the tools are built, for minutes
	REKEY_TOFU=$(TOOLS)/tofu $(GO) test -count=1 ./deploy/azure/...

.PHONY: test-fast
test-fast: node_modules graph-client openapi-checker kusto-checker stage ## the same tests without the race detector, vet and lint
	$(GO) test ./...

.PHONY: live
live: ## the tests that ask Azure, for whoever has it; they say which settings they need
	$(GO) test -count=1 -tags live -run Live -v ./shared/host/funchost

.PHONY: vet
vet:
	$(GO) vet ./...
	$(GO) vet -tags live ./shared/host/funchost

.PHONY: lint
lint: ## gofmt and staticcheck
	@out=$$(gofmt -l $$(git ls-files '*.go')); if [ -n "$$out" ]; then echo "not gofmt-ed: $$out"; exit 1; fi
	$(GO) tool staticcheck ./...

.PHONY: fuzz-short
fuzz-short: ## every fuzz target for ten seconds
	$(GO) test -run '^$$' -fuzz FuzzDecode -fuzztime 10s ./shared/entralog
	$(GO) test -run '^$$' -fuzz FuzzParseTime -fuzztime 10s ./shared/entralog
	$(GO) test -run '^$$' -fuzz FuzzTemplate -fuzztime 10s ./shared/entralog
	$(GO) test -run '^$$' -fuzz FuzzInvocation -fuzztime 10s ./shared/host/funchost
	$(GO) test -run '^$$' -fuzz FuzzText -fuzztime 10s ./shared/host/funchost
	$(GO) test -run '^$$' -fuzz FuzzReader -fuzztime 10s -fuzzminimizetime 20x ./shared/logfile
	$(GO) test -run '^$$' -fuzz FuzzFilter -fuzztime 10s ./shared/odata
	$(GO) test -run '^$$' -fuzz FuzzCaller -fuzztime 10s ./shared/host/httpapi
	$(GO) test -run '^$$' -fuzz FuzzList -fuzztime 10s ./handlers/risk
	$(GO) test -run '^$$' -fuzz FuzzProfileUnmarshal -fuzztime 10s ./shared/baseline
	$(GO) test -run '^$$' -fuzz FuzzEvidenceUnmarshal -fuzztime 10s ./shared/baseline
	$(GO) test -run '^$$' -fuzz FuzzDecode -fuzztime 10s ./shared/exposure
	$(GO) test -run '^$$' -fuzz FuzzInfer -fuzztime 10s ./shared/rotate
	$(GO) test -run '^$$' -fuzz FuzzExtend -fuzztime 10s ./shared/privilege
	$(GO) test -run '^$$' -fuzz FuzzLoad -fuzztime 10s ./shared/network
	$(GO) test -run '^$$' -fuzz FuzzDecode -fuzztime 10s ./deploy/local/eventhub/amqp
	$(GO) test -run '^$$' -fuzz FuzzIDs -fuzztime 10s ./shared/azure/arm
	$(GO) test -run '^$$' -fuzz FuzzParse -fuzztime 10s ./shared/policy

.PHONY: bench
bench: ## benchmarks of the event path, and decoding beside the best JSON libraries for Go on the same records
	$(GO) test -run '^$$' -bench . -benchmem ./shared/entralog ./shared/baseline ./shared/score ./shared/exposure ./shared/conduct ./shared/watch ./shared/network ./shared/logfile ./shared/host/funchost ./deploy/local/eventhub ./handlers/risk
	cd deploy/bench && $(GO) test -run '^$$' -bench Table -benchtime 1x -cpu 1

.PHONY: fmt
fmt: ## gofmt everything
	gofmt -w $$(git ls-files '*.go')

.PHONY: clean
clean: ## remove what was built; installed npm packages stay
	rm -rf bin dist .local
