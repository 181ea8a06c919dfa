# A table of contents: each target is a command or two, and works without make as well.

MAKEFLAGS += --no-print-directory
FUZZTIME  ?= 30s

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-14s%s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

run: ## stream the 1,000 events of the embedded sandbox; nothing else goes to standard output
	@go run ./cmd/dsmonitor stream --sandbox

test: ## test everything
	go test ./...

check: lint ## all that is not a test: lint, go.mod, other systems, stale generated code
	go mod tidy -diff
	GOOS=windows go build ./...
	GOOS=darwin go build ./...
	.ci/generated

lint: ## gofmt, go vet, staticcheck
	@unformatted=$$(gofmt -l .) && if [ -n "$$unformatted" ]; then echo "gofmt would change:" $$unformatted; exit 1; fi
	go vet ./...
	go run honnef.co/go/tools/cmd/staticcheck ./...

race: ## test everything under the race detector
	go test -race ./...

CONTRACT := go test -count=1 -timeout 30m -v -run '^TestContract$$' ./contract -in $(CURDIR) -report $(CURDIR)/build/contract $(if $(RECORD),-record "$(RECORD)")

contract: ## run the contract suite against DOCUSIGN_CONTRACT_TARGET, or the sandbox in process; the report is in build/contract; RECORD=file keeps the exchanges
	$(CONTRACT)

contract-live: ## say how to run the contract against Docusign itself, with an account of yours
	@sed -n '/^<!-- live -->/,/^<!-- .live -->/p' contract/README.md | sed '/^<!--/d; /^```/d'

contract-binary: ## build the suite into one static file, build/contract.test, which needs neither Go nor this repository
	CGO_ENABLED=0 go test -c -trimpath -ldflags "-s -w -X $$(go list -m)/contract_test.standalone=yes" -o build/contract.test ./contract
	@echo "DOCUSIGN_CONTRACT_TARGET=URL|live|replay:FILE build/contract.test [-report FOLDER] [-record FILE] [-pace 2s]"

report-check: ## open the report of make contract in headless Chromium; pictures of it are beside it
	go test -count=1 -run '^TestReportInBrowser$$' ./contract -browse $(CURDIR)/build/contract

contract-proof: ## prove the contract suite: each seeded defect is noticed by its clause, and by no other
	go test -C contract -count=1 -timeout 30m -parallel 4 -run '^TestProof$$' -proof

chaos: ## kill a drain of 200,000 events 120 times on each stream, with faults; KILLSEED=N repeats one
	go test -count=1 -timeout 60m -v -run TestKilled ./cmd/dsmonitor -kills 120 -kill-events 200000 -kill-limit 200 -kill-seed $(or $(KILLSEED),0)

bench: ## measure a drain against the raw copy of its pages, and the sandbox against a bare handler
	go test -run '^$$' -bench . -benchtime 3s ./api ./contract/sandbox

mutants: ## spoil package api in each place of .ci/mutants/table.go and demand that a test or clause notices
	go run ./.ci/mutants $(MUTANTS)

fuzz: ## run each fuzz target for FUZZTIME (30s)
	@grep -rEo --include='*_test.go' '^func Fuzz\w+' . | sed 's|/[^/]*:func | |' | sort | while read -r package target; do \
		echo "$$package $$target"; go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) "$$package" || exit 1; done

vuln: ## look for known vulnerabilities; asks the Go vulnerability database
	go run golang.org/x/vuln/cmd/govulncheck@v1.9.0 ./...

build: ## build the command into build/, static and the same on each machine; GOOS and GOARCH choose another system
	CGO_ENABLED=0 go build -trimpath -buildvcs=auto -ldflags '-s -w' -o build/ ./cmd/...

generate: ## make the prepared document and the generated code; twice changes nothing
	go generate ./...

drift: ## say what a new document breaks: make drift OLD=path-or-URL NEW=path-or-URL
	@$(if $(and $(OLD),$(NEW)),,$(error usage: make drift OLD=path-or-URL NEW=path-or-URL))
	@go run ./spec/drift "$(OLD)" "$(NEW)"

STREAM ?= dataset

update: ## take a new document in, or leave all as it was: make update SPEC=path-or-URL [STREAM=organization]
	@$(if $(SPEC),,$(error usage: make update SPEC=path-or-URL [STREAM=organization]))
	@go run ./spec/update -stream "$(STREAM)" "$(SPEC)"

watch: ## fail if a document is not the one that is here: make watch SPEC=path-or-URL [STREAM=organization]
	@$(if $(SPEC),,$(error usage: make watch SPEC=path-or-URL [STREAM=organization]))
	@go run ./spec/update -watch -stream "$(STREAM)" "$(SPEC)"

update-proof: ## kill make update at every step, in a copy, and look at what it leaves; take in what a publisher may add
	go test -run ForReal -count=1 -timeout 30m ./spec/update -real

readme-check: ## run both commands of the README as a newcomer: clean clone, empty HOME, no caches
	.ci/readme-check

rename: ## give the module another path: make rename MODULE=path
	@$(if $(MODULE),,$(error usage: make rename MODULE=path, the new path of the module))
	.ci/rename "$(MODULE)"

.PHONY: help run test check lint race contract contract-live contract-binary report-check contract-proof chaos bench mutants fuzz vuln build generate drift update watch update-proof readme-check rename
