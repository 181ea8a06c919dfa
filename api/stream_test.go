package api

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The table of streams holds each package of generated code that has a stream, so that none escapes the tests.
func TestStreamsAreComplete(t *testing.T) {
	clients, err := filepath.Glob("../gen/*/*.gen.go")
	if err != nil {
		t.Fatal(err)
	}
	generated := map[string]bool{}
	for _, path := range clients {
		code, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(code), "func NewGetStreamRequest(") {
			generated[filepath.Base(filepath.Dir(path))] = true
		}
	}
	tested := map[string]bool{}
	for _, s := range streams {
		tested[s.name] = true
	}
	if diff := cmp.Diff(generated, tested); diff != "" {
		t.Errorf("streams (-generated +tested):\n%s", diff)
	}
}

func TestWithOrganization(t *testing.T) {
	for id, ok := range map[string]bool{
		"3ceaaf30-8142-48ea-b1d9-3080f9b439fc": true,
		"3CEAAF30-8142-48EA-B1D9-3080F9B439FC": true,
		"":                                     false,
		"3ceaaf30":                             false,
		"../../../oauth/userinfo":              false,
	} {
		if _, err := New(Demo, failingSource{}, WithOrganization(id)); (err == nil) != ok {
			t.Errorf("%q: %v", id, err)
		}
	}
	if _, err := New(Environment{DatasetURL: "https://host"}, failingSource{}, WithOrganization("3ceaaf30-8142-48ea-b1d9-3080f9b439fc")); err == nil || !strings.Contains(err.Error(), "organization stream") {
		t.Errorf("without its URL: %v", err)
	}
}
