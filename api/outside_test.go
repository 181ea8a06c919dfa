package api_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A module that imports this package and the sandbox builds, runs, and takes on six modules for it: no test framework,
// no generator, no validator.
func TestOutsideModule(t *testing.T) {
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module outside.example/user\n\ngo 1.26\n\nrequire example.com/docusign-monitor v0.0.0\n\n" +
			"replace example.com/docusign-monitor => " + root + "\n",
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
	run.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off")
	out, err := run.CombinedOutput()
	if err != nil || string(out) != "3000 events\n" {
		t.Fatalf("%v: %s", err, out)
	}

	mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, line := range regexp.MustCompile(`(?m)^\t(\S+) v.*// indirect$`).FindAllStringSubmatch(string(mod), -1) {
		got = append(got, line[1])
	}
	want := []string{
		"github.com/apapsch/go-jsonmerge/v2",
		"github.com/go-json-experiment/json",
		"github.com/golang-jwt/jwt/v5",
		"github.com/google/uuid",
		"github.com/oapi-codegen/runtime",
		"golang.org/x/oauth2",
	}
	if diff := cmp.Diff(strings.Join(want, "\n"), strings.Join(got, "\n")); diff != "" {
		t.Errorf("modules taken on (-want +got):\n%s", diff)
	}
}
