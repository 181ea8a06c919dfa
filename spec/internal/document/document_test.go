package document

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const head = "openapi: 3.0.3\ninfo: {title: Test, version: '1'}\npaths: {}\n"

// schemas makes a document of schemas.
func schemas(lines ...string) string {
	return head + "components:\n  schemas:\n    " + strings.Join(lines, "\n    ") + "\n"
}

// What nobody who publishes an API writes is refused, in a moment and with a line that says why.
func TestHostileDocuments(t *testing.T) {
	many := func(n int, line func(i int) string) string {
		lines := make([]string, n)
		for i := range lines {
			lines[i] = line(i)
		}
		return schemas(lines...)
	}
	tests := []struct{ name, text, want string }{
		{"nothing", "", "is empty; give the published document"},
		{"a comment", "# nothing\n", "is empty; give the published document"},
		{"noise", "\x00\x01\x02", "is neither JSON nor YAML"},
		{"cut off", `{"openapi": "3.0.1", "info": {`, "is neither JSON nor YAML"},
		{"a web page", "<!DOCTYPE html><html></html>", "is not an OpenAPI document: it has no member openapi"},
		{"a list", "- 1\n", "is not an OpenAPI document"},
		{"two documents", head + "---\n" + head, "holds more than one document"},
		{"Swagger 1.2", "swagger: '1.2'\n", "is Swagger 1.2; 2.0 and OpenAPI 3.0 or 3.1 are taken"},
		{"OpenAPI 4", "openapi: 4.0.0\n", "is OpenAPI 4.0.0; 3.0, 3.1 and Swagger 2.0 are taken"},
		{"Swagger of a wrong form", "swagger: '2.0'\npaths: []\n", "is Swagger 2.0 that cannot be converted"},
		{"a key twice", head + "paths: {}\n", `has the key "paths" twice in one object, at line 4`},
		{"a merge", "openapi: 3.0.3\nx: &x {a: 1}\ny: {<<: *x}\n", "has a key that is no text, at line 3"},
		{"too large", head + "#" + strings.Repeat(" ", MaxSize), "is larger than 2097152 bytes"},
		{"deep lists", head + "x-deep: " + strings.Repeat("[", 5000) + strings.Repeat("]", 5000), "is nested more than 100 levels deep, at line 4"},
		{"very deep lists", head + "x-deep: " + strings.Repeat("[", 500_000), "is neither JSON nor YAML"},
		{"deep objects", head + "x-deep: " + strings.Repeat("{a: ", 5000) + strings.Repeat("}", 5000), "is nested more than 100 levels deep, at line 4"},
		{"alias bomb", head + aliasBomb(12), "holds more than 200000 values once its aliases are written out"},
		{"alias of itself", head + "x-self: &self [*self]\n", "has an alias that contains itself, at line 4"},
		{"reference to the network", schemas("A: {$ref: 'https://example.com/a.yaml#/A'}"), "references to other documents are not followed"},
		{"reference to a file", schemas("A: {$ref: '/etc/passwd'}"), "references to other documents are not followed"},
		{"reference to a neighbour", schemas("A: {$ref: 'other.yaml#/A'}"), "references to other documents are not followed"},
		{"reference to nothing", schemas("A: {$ref: '#/components/schemas/B'}"), "which is not in it"},
		{"reference to itself", schemas("A: {$ref: '#/components/schemas/A'}"), "has a reference that leads to itself"},
		{"references in a circle", schemas("A: {$ref: '#/components/schemas/B'}", "B: {$ref: '#/components/schemas/A'}"), "has a reference that leads to itself"},
		{"composed of itself", schemas("A: {allOf: [{$ref: '#/components/schemas/A'}]}"), "has a schema that is composed of itself"},
		{"composed in a circle", schemas("A: {anyOf: [{$ref: '#/components/schemas/B'}]}", "B: {not: {$ref: '#/components/schemas/A'}}"), "has a schema that is composed of itself"},
		{"reference bomb", many(30, func(i int) string {
			next := fmt.Sprintf("{$ref: '#/components/schemas/S%d'}", min(i+1, 29))
			if i == 29 {
				next = "{type: string}"
			}
			return fmt.Sprintf("S%d: {type: object, properties: {a: %s, b: %s}}", i, next, next)
		}), "holds more than 200000 values once its references are followed"},
		{"every schema of every other", many(40, func(i int) string {
			line := fmt.Sprintf("S%d: {type: object, properties: {", i)
			for j := range 40 {
				line += fmt.Sprintf("p%d: {$ref: '#/components/schemas/S%d'}, ", j, j)
			}
			return line + "}}"
		}), "holds more than 200000 values once its references are followed"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			begin := time.Now()
			_, err := New([]byte(test.text))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			} else if len(err.Error()) > 500 || strings.Contains(err.Error(), "\n") {
				t.Errorf("not a clear line: %q", err)
			}
			if took := time.Since(begin); took > 5*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

func aliasBomb(levels int) string {
	text := "x-0: &a0 [1]\n"
	for i := 1; i < levels; i++ {
		text += fmt.Sprintf("x-%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 9), ", "))
	}
	return text
}

// What is unusual and legal is taken.
func TestTakenDocuments(t *testing.T) {
	for name, text := range map[string]string{
		"aliases":            head + "x-a: &a {b: [1]}\nx-b: *a\nx-c: [*a, *a]\n",
		"a schema of itself": schemas("A: {type: object, properties: {next: {$ref: '#/components/schemas/A'}, all: {type: array, items: {$ref: '#/components/schemas/A'}}}}"),
		"a property $ref":    schemas("A: {type: object, properties: {$ref: {type: string}}}"),
		"OpenAPI 3.1":        strings.Replace(head, "3.0.3", "3.1.0", 1),
		"JSON":               `{"openapi": "3.0.3", "info": {"title": "Test", "version": "1"}, "paths": {}}`,
		"byte order mark":    "\ufeff" + head,
	} {
		t.Run(name, func(t *testing.T) {
			d, err := New([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Model(d.Root); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestRead(t *testing.T) {
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch asked.Add(1); r.URL.Path {
		case "/document":
			_, _ = w.Write([]byte(head))
		case "/references":
			_, _ = w.Write([]byte(schemas("A: {$ref: 'http://" + r.Host + "/document#/info'}")))
		case "/endless":
			for chunk := []byte(strings.Repeat("#", 1<<16)); ; {
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	large := filepath.Join(t.TempDir(), "large")
	if err := os.WriteFile(large, make([]byte, MaxSize+1), 0o600); err != nil {
		t.Fatal(err)
	}

	tests := []struct{ name, source, want string }{
		{"document", server.URL + "/document", ""},
		{"reference", server.URL + "/references", "references to other documents are not followed"},
		{"without an end", server.URL + "/endless", "is larger than 2097152 bytes, the most that is taken"},
		{"missing", server.URL + "/missing", "answers 404 Not Found; give the address of the document itself"},
		{"large file", large, "is larger than 2097152 bytes, the most that is taken"},
		{"folder", t.TempDir(), "is a folder; give the document in it"},
		{"no file", filepath.Join(t.TempDir(), "none"), "none"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			before := asked.Load()
			_, err := Load(t.Context(), test.source)
			if test.want == "" {
				if err != nil {
					t.Error(err)
				}
			} else if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
			if n := asked.Load() - before; n > 1 {
				t.Errorf("%d requests", n)
			}
		})
	}
}

// An action that misses leaves the document as it was.
func TestApply(t *testing.T) {
	d, err := New([]byte(head + "servers: [{url: /a}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	misses, err := Apply(d.Root, []byte(`overlay: 1.1.0
info: {title: Test, version: 1.0.0}
actions:
  - {target: $.info, update: {title: Other}}
  - {target: $.contact, remove: true}
  - {target: $.info, update: {title: Other}}
  - {target: $.servers, update: [{url: /a}]}
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []error{ErrNoTarget, ErrNoChange, ErrRepeats}
	if len(misses) != len(want) {
		t.Fatalf("missed: %v", misses)
	}
	for i, miss := range misses {
		if miss.Action != i+2 || !errors.Is(miss, want[i]) {
			t.Errorf("missed: %v, want %v", miss, want[i])
		}
	}
	text, err := Encode(d.Root)
	if err != nil {
		t.Fatal(err)
	}
	const changed = "openapi: 3.0.3\ninfo: {title: Other, version: '1'}\npaths: {}\nservers: [{url: /a}]\n"
	if string(text) != changed {
		t.Errorf("document:\n%s", text)
	}
}
