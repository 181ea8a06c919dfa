package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const published = "../internal/drift/testdata/published.yml"

// changed writes the published document with one text replaced.
func changed(t *testing.T, old, text string) string {
	t.Helper()
	document, err := os.ReadFile(published)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(document), old) {
		t.Fatalf("the document has no %q", old)
	}
	path := filepath.Join(t.TempDir(), "changed.yml")
	if err := os.WriteFile(path, []byte(strings.Replace(string(document), old, text, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestExitStatus(t *testing.T) {
	worse := changed(t, "default: 1000", "default: 100")
	more := changed(t, "servers:\n", "servers:\n  - url: https://lens-eu.docusign.net/\n")
	broken := changed(t, "openapi: 3.0.1", "openapi: [3.0.1")

	tests := []struct {
		name    string
		args    []string
		status  int
		wantErr string // part of it
	}{
		{"no change", []string{published, published}, 0, ""},
		{"no change, fail on change", []string{"--fail-on", "change", published, published}, 0, ""},
		{"compatible", []string{published, more}, 0, ""},
		{"compatible, fail on change", []string{"--fail-on=change", published, more}, 2, ""},
		{"breaking", []string{published, worse}, 2, ""},
		{"breaking, as JSON", []string{"--json", published, worse}, 2, ""},
		{"breaking, as Markdown", []string{"--markdown", published, worse}, 2, ""},
		{"help", []string{"-h"}, 0, ""},
		{"two forms", []string{"--json", "--markdown", published, worse}, 1, "--json and --markdown are two forms; give one"},
		{"unknown flag", []string{"--xml", published, worse}, 1, "drift -h shows the usage"},
		{"unknown failure", []string{"--fail-on", "rain", published, worse}, 1, "--fail-on takes breaking or change"},
		{"one document", []string{published}, 1, "give two documents"},
		{"no such document", []string{published, "none.yml"}, 1, "none.yml"},
		{"unreadable document", []string{published, broken}, 1, "changed.yml is neither JSON nor YAML"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var stdout bytes.Buffer
			status, err := run(t.Context(), test.args, &stdout, false)
			if status != test.status {
				t.Errorf("status %d, want %d", status, test.status)
			}
			if test.wantErr == "" && err != nil || test.wantErr != "" && (err == nil || !strings.Contains(err.Error(), test.wantErr)) {
				t.Errorf("error %v, want one with %q", err, test.wantErr)
			}
			if (err == nil) != (stdout.Len() > 0) {
				t.Errorf("standard output: %q", &stdout)
			}
			if len(test.args) > 0 && test.args[0] == "--json" && err == nil && !json.Valid(stdout.Bytes()) {
				t.Errorf("not JSON: %s", &stdout)
			}
		})
	}
}
