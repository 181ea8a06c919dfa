package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The Go example of the README is the one that is compiled and run with package api.
func TestREADMEExample(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, begun := strings.Cut(string(readme), "```go\n")
	snippet, _, ended := strings.Cut(rest, "```")
	if !begun || !ended {
		t.Fatal("README.md has no block of Go")
	}
	if diff := cmp.Diff(exampleBody(t, "../../api/example_test.go"), snippet); diff != "" {
		t.Errorf("the example of README.md (-package api +README.md):\n%s", diff)
	}
}

// exampleBody is what stands in func Example, up to the output, at the left margin.
func exampleBody(t *testing.T, name string) string {
	t.Helper()
	source, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, source, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, declared := range file.Decls {
		f, ok := declared.(*ast.FuncDecl)
		if !ok || f.Name.Name != "Example" {
			continue
		}
		body := string(source[files.Position(f.Body.Lbrace).Offset+2 : files.Position(f.Body.Rbrace).Offset])
		body, _, _ = strings.Cut(body, "\t// Output:")
		return strings.TrimPrefix(strings.ReplaceAll("\n"+body, "\n\t", "\n"), "\n")
	}
	t.Fatalf("%s has no func Example", name)
	return ""
}
