package api_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

// The modules that an importer takes on: no test framework, no generator, no validator.
var takenOn = []string{
	"github.com/apapsch/go-jsonmerge/v2",
	"github.com/go-json-experiment/json",
	"github.com/golang-jwt/jwt/v5",
	"github.com/google/uuid",
	"github.com/oapi-codegen/runtime",
	"golang.org/x/oauth2",
}

// A module that imports this package and the sandbox, and has those modules and no other in its go.mod, builds and runs, and
// so do its tests.
func TestOutsideModule(t *testing.T) {
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	requires := "require example.com/docusign-monitor v0.0.0\n"
	for _, module := range takenOn {
		found := regexp.MustCompile(`(?m)^\t(` + regexp.QuoteMeta(module) + ` v\S+)`).FindSubmatch(mod)
		if found == nil {
			t.Fatalf("go.mod does not name %s", module)
		}
		requires += "require " + string(found[1]) + " // indirect\n"
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module outside.example/user\n\ngo 1.26.0\n\n" + requires +
			"\nreplace example.com/docusign-monitor => " + root + "\n",
		"go.sum":       string(sums),
		"main.go":      outsideMain,
		"main_test.go": outsideTest,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}

	for _, command := range []struct{ verb, want string }{
		{"run", `^3000 events\n$`},
		{"test", `^ok\s+outside\.example/user\s`},
	} {
		run := exec.Command("go", command.verb, ".")
		run.Dir = dir
		run.Env = append(os.Environ(), "GOFLAGS=-mod=readonly", "GOPROXY=off", "GOWORK=off")
		out, err := run.CombinedOutput()
		if err != nil || !regexp.MustCompile(command.want).Match(out) {
			t.Errorf("go %s: %v: %s", command.verb, err, out)
		}
	}
}

const outsideMain = `package main

import (
	"context"
	"fmt"
	"log"

	"example.com/docusign-monitor/api"
	"example.com/docusign-monitor/contract/sandbox"
)

func main() {
	server, err := sandbox.New(sandbox.Config{Events: sandbox.Generate(3000, 1)})
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	events, err := drain(context.Background(), server)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(events), "events")
}

func drain(ctx context.Context, server *sandbox.Server) (events []string, err error) {
	who := server.Credentials()
	env := api.Environment{AuthURL: server.URL(), DatasetURL: server.URL()}
	grant := api.JWTGrant{IntegrationKey: who.IntegrationKey, UserID: who.UserID, PrivateKey: who.PrivateKey, Environment: env}
	client, err := api.New(env, grant.TokenSource())
	if err != nil {
		return nil, err
	}
	for event, err := range client.Events(ctx, api.Query{}) {
		if err != nil {
			return nil, err
		}
		events = append(events, string(event.Raw))
	}
	return events, nil
}
`

// outsideTest has three sandboxes at once, each drained while the others are.
const outsideTest = `package main

import (
	"fmt"
	"slices"
	"testing"

	"example.com/docusign-monitor/contract/sandbox"
)

func TestThreeAtOnce(t *testing.T) {
	var servers []*sandbox.Server
	for seed := range uint64(3) {
		servers = append(servers, sandbox.Start(t, sandbox.Config{Events: sandbox.Generate(2000, seed)}))
	}
	t.Run("group", func(t *testing.T) {
		for seed, server := range servers {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				got, err := drain(t.Context(), server)
				if err != nil {
					t.Fatal(err)
				}
				var want []string
				for event := range server.Events() {
					want = append(want, string(event))
				}
				if len(want) != 2000 || !slices.Equal(got, want) {
					t.Errorf("%d events, not the %d of this sandbox", len(got), len(want))
				}
			})
		}
	})
}
`
