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

// A module that imports this package and the sandbox, and has those modules and no other in its go.mod, builds and runs.
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
		"go.sum": string(sums),
		"main.go": `package main

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
	who := server.Credentials()
	env := api.Environment{AuthURL: server.URL(), DatasetURL: server.URL()}
	grant := api.JWTGrant{IntegrationKey: who.IntegrationKey, UserID: who.UserID, PrivateKey: who.PrivateKey, Environment: env}
	client, err := api.New(env, grant.TokenSource())
	if err != nil {
		log.Fatal(err)
	}
	n := 0
	for _, err := range client.Events(context.Background(), api.Query{}) {
		if err != nil {
			log.Fatal(err)
		}
		n++
	}
	fmt.Println(n, "events")
}
`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}

	run := exec.Command("go", "run", ".")
	run.Dir = dir
	run.Env = append(os.Environ(), "GOFLAGS=-mod=readonly", "GOPROXY=off", "GOWORK=off")
	out, err := run.CombinedOutput()
	if err != nil || string(out) != "3000 events\n" {
		t.Errorf("%v: %s", err, out)
	}
}
