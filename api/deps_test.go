package api

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// What an importer of this package compiles. Tests, generators, validators and the command stay out of it.
func TestDependencies(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if .Module}}{{.Module.Path}}{{end}}", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	allowed := []string{
		"example.com/docusign-monitor",
		"github.com/apapsch/go-jsonmerge/v2", // by oapi-codegen/runtime
		"github.com/go-json-experiment/json",
		"github.com/golang-jwt/jwt/v5",
		"github.com/google/uuid", // by oapi-codegen/runtime
		"github.com/oapi-codegen/runtime",
		"golang.org/x/oauth2",
	}
	modules := strings.Fields(string(out))
	slices.Sort(modules)
	for _, module := range slices.Compact(modules) {
		if !slices.Contains(allowed, module) {
			t.Errorf("an importer of api compiles %s", module)
		}
	}
	for _, module := range allowed {
		if !slices.Contains(modules, module) {
			t.Errorf("%s is allowed but not used", module)
		}
	}
}
