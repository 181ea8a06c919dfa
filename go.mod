module example.com/docusign-monitor

go 1.26.0

require (
	github.com/chromedp/cdproto v0.159.0 // what a browser is asked by chromedp
	github.com/chromedp/chromedp v0.23.0 // opens the contract's report in Chromium, to see that it works
	github.com/creack/pty v1.1.24 // a terminal in tests, for the bar
	github.com/getkin/kin-openapi v0.152.0 // validates the documents and, in the contract, every exchange
	github.com/go-json-experiment/json v1.27.2 // jsontext reads a page in one validating pass, without copying
	github.com/golang-jwt/jwt/v5 v5.3.1 // makes assertions in api, verifies them in the sandbox
	github.com/google/go-cmp v0.7.0 // shows in tests what differs
	github.com/mattn/go-runewidth v0.0.30 // the cells of a terminal that a text takes, for the columns of dsmonitor
	github.com/oapi-codegen/oapi-codegen/v2 v2.8.2 // generates client and server
	github.com/oapi-codegen/runtime v1.8.0 // what the generated code runs on
	github.com/oasdiff/oasdiff v1.35.0 // compares documents: what a new one breaks on the wire
	github.com/onsi/ginkgo/v2 v2.34.0 // runs the clauses of the contract
	github.com/onsi/gomega v1.44.0 // states what the clauses expect
	github.com/pb33f/libopenapi v0.41.8 // reads the documents for the second validator
	github.com/pb33f/libopenapi-validator v0.16.2 // a second opinion, in the contract, on every exchange
	github.com/prometheus/client_golang v1.25.0 // metrics of dsmonitor
	github.com/prometheus/common v0.72.0 // the name rules that the reader of alert rules wants
	github.com/prometheus/prometheus v0.310.0 // reads in a test the alert rules that come with dsmonitor
	github.com/rogpeppe/go-internal v1.16.0 // testscript: what a user of dsmonitor sees, as scripts
	github.com/speakeasy-api/openapi v1.24.0 // applies overlays, strictly
	github.com/spf13/cobra v1.10.2 // commands and flags of dsmonitor
	github.com/spf13/pflag v1.0.10 // cobra's flags, for values of our own
	github.com/vbauerster/cupwriter v0.0.5 // the terminal that mpb draws on, here with a margin
	github.com/vbauerster/mpb/v8 v8.16.2 // draws the bar of dsmonitor, and lets log lines stand above it
	go.uber.org/goleak v1.3.0 // finds in tests what a cancelled walk leaves behind
	golang.org/x/exp v0.0.0-20261113113407-e3970619a1a4 // apidiff compares what two documents make of the Go API
	golang.org/x/net v0.62.0 // speaks HTTP/2 frames in tests: GOAWAY
	golang.org/x/oauth2 v0.37.0 // the token source, the seam between grant and client
	golang.org/x/sys v0.49.0 // locks files on Windows
	golang.org/x/term v0.47.0 // tells a terminal from a pipe
	gopkg.in/yaml.v3 v3.0.1 // the tree that the overlay library works on
	honnef.co/go/tools v0.8.2 // staticcheck
	pgregory.net/rapid v1.3.0 // draws and shrinks what the laws of paging are tried on
)

require (
	cloud.google.com/go v0.123.0 // indirect
	github.com/BurntSushi/toml v1.4.1-0.20240526193622-a339e1f7089c // indirect
	github.com/Masterminds/semver/v3 v3.4.0 // indirect
	github.com/TwiN/go-color v1.4.1 // indirect
	github.com/VividCortex/ewma v1.2.0 // indirect
	github.com/acarl005/stripansi v0.0.0-20180116102854-5a71ef0e047d // indirect
	github.com/apapsch/go-jsonmerge/v2 v2.0.0 // indirect
	github.com/bahlo/generic-list-go v0.2.0 // indirect
	github.com/basgys/goxml2json v1.1.1-0.20231018121955-e66ee54ceaad // indirect
	github.com/beorn7/perks v1.0.1 // indirect
	github.com/buger/jsonparser v1.6.1 // indirect
	github.com/cespare/xxhash/v2 v2.3.0 // indirect
	github.com/clipperhouse/uax29/v2 v2.7.0 // indirect
	github.com/dennwc/varint v1.0.0 // indirect
	github.com/dprotaso/go-yit v0.0.0-20220510233725-9ba8df137936 // indirect
	github.com/edsrzf/mmap-go v1.2.0 // indirect
	github.com/facette/natsort v0.0.0-20181210072756-2cd4dd1e2dcb // indirect
	github.com/go-logr/logr v1.4.3 // indirect
	github.com/go-logr/stdr v1.2.2 // indirect
	github.com/go-openapi/jsonpointer v1.0.2 // indirect
	github.com/go-task/slim-sprig/v3 v3.0.0 // indirect
	github.com/gogo/protobuf v1.3.2 // indirect
	github.com/google/pprof v0.0.0-20260402051712-545e8a4df936 // indirect
	github.com/google/uuid v1.6.0 // indirect
	github.com/gorilla/mux v1.8.0 // indirect
	github.com/grafana/regexp v0.0.0-20250905093917-f7b3be9d1853 // indirect
	github.com/inconshreveable/mousetrap v1.1.0 // indirect
	github.com/munnerz/goautoneg v0.0.0-20191010083416-a7dc8b61c822 // indirect
	github.com/oasdiff/yaml v0.1.1 // indirect
	github.com/oasdiff/yaml3 v0.0.14 // indirect
	github.com/pb33f/go-yaml v0.1.1 // indirect
	github.com/pb33f/jsonpath v0.8.5 // indirect
	github.com/pb33f/jsonschema/v6 v6.0.3 // indirect
	github.com/pb33f/ordered-map/v2 v2.3.2 // indirect
	github.com/prometheus/client_model v0.6.3 // indirect
	github.com/prometheus/procfs v0.22.0 // indirect
	github.com/santhosh-tekuri/jsonschema/v6 v6.0.3 // indirect
	github.com/speakeasy-api/jsonpath v0.6.3 // indirect
	github.com/tidwall/gjson v1.20.0 // indirect
	github.com/tidwall/match v1.2.0 // indirect
	github.com/tidwall/pretty v1.2.2 // indirect
	github.com/tidwall/sjson v1.2.5 // indirect
	github.com/vmware-labs/yaml-jsonpath v0.3.2 // indirect
	github.com/wI2L/jsondiff v0.7.1 // indirect
	github.com/yargevad/filepathx v1.0.0 // indirect
	go.opentelemetry.io/auto/sdk v1.2.1 // indirect
	go.opentelemetry.io/otel v1.40.0 // indirect
	go.opentelemetry.io/otel/metric v1.40.0 // indirect
	go.opentelemetry.io/otel/trace v1.40.0 // indirect
	go.uber.org/atomic v1.11.0 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/exp/typeparams v0.0.0-20231108232855-2478ac86f678 // indirect
	golang.org/x/mod v0.42.0 // indirect
	golang.org/x/sync v0.24.0 // indirect
	golang.org/x/text v0.43.0 // indirect
	golang.org/x/tools v0.52.1-0.20261106145633-d407941a339a // indirect
	google.golang.org/protobuf v1.36.12 // indirect
)
