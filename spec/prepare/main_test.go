package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// source is valid, but for the address of its licence.
const source = `# A comment.
openapi: 3.0.1
info:
  title: Streams # and another
  version: "1"
  license: {name: Terms, url: ""}
servers:
  - url: https://one.example/
paths: {}
`

// actions makes an overlay of the actions.
func actions(lines ...string) string {
	return "overlay: 1.1.0\ninfo: {title: Test, version: 1.0.0}\nactions:\n  - " + strings.Join(lines, "\n  - ") + "\n"
}

func TestPrepare(t *testing.T) {
	const mended = "if the publisher has mended the flaw, remove the action and its entry in the ledger"
	retitle := actions(`{target: $.info, update: {title: Renamed}}`)

	tests := []struct {
		name     string
		document string
		overlays []string
		want     string // the result, if there is no error
		wantErr  string // the line, without the folder of the files
	}{
		{
			name:     "keeps comments, order and style",
			document: source,
			overlays: []string{retitle, actions(`{target: $.info.license, remove: true}`, `{target: $.servers, update: [{url: "https://two.example/"}]}`)},
			want: `# Made by spec/prepare from document.yml and its overlays. DO NOT EDIT.

# A comment.
openapi: 3.0.1
info:
  title: Renamed # and another
  version: "1"
servers:
  - url: https://one.example/
  - {url: "https://two.example/"}
paths: {}
`,
		},
		{
			name:     "empty document",
			overlays: []string{retitle},
			wantErr:  "document.yml is empty; give the published document",
		},
		{
			name:     "document that is not YAML",
			document: "openapi: [3.0.1\n",
			overlays: []string{retitle},
			wantErr:  "document.yml is neither JSON nor YAML: yaml: line 1: did not find expected ',' or ']'; give the published document as it was downloaded",
		},
		{
			name:     "web page",
			document: "<!DOCTYPE html>\n<title>Not found</title>\n",
			overlays: []string{retitle},
			wantErr:  "document.yml is not an OpenAPI document: it has no member openapi; give the published document",
		},
		{
			name:     "older kind of document",
			document: `{"swagger": "2.0", "info": {"title": "Old", "version": "1"}, "paths": {}}`,
			overlays: []string{retitle},
			wantErr:  "document.yml is Swagger 2.0, and the generator takes nothing older than OpenAPI 3.0; make update converts it",
		},
		{
			name:     "empty overlay",
			document: source,
			overlays: []string{""},
			wantErr:  "overlay1.yaml: overlay version is invalid; overlay info version must be defined; overlay info title must be defined; overlay must define at least one action",
		},
		{
			name:     "overlay that is not YAML",
			document: source,
			overlays: []string{retitle, "actions: [\n"},
			wantErr:  "overlay2.yaml: yaml: line 1: did not find expected node content",
		},
		{
			name:     "action that hits nothing",
			document: source,
			overlays: []string{actions(`{target: $.info, update: {title: Renamed}}`, `{target: $.externalDocs, update: {url: https://one.example/}}`)},
			wantErr:  "overlay1.yaml: action 2 of 2, $.externalDocs: hits nothing; " + mended,
		},
		{
			name:     "removal that hits nothing",
			document: source,
			overlays: []string{actions(`{target: $.info.contact, remove: true}`)},
			wantErr:  "overlay1.yaml: action 1 of 1, $.info.contact: hits nothing; " + mended,
		},
		{
			name:     "action that changes nothing",
			document: source,
			overlays: []string{actions(`{target: $.info, update: {title: Streams}}`)},
			wantErr:  "overlay1.yaml: action 1 of 1, $.info: changes nothing; " + mended,
		},
		{
			name:     "action that changes the style alone",
			document: source,
			overlays: []string{actions(`{target: $.info, update: {title: "Streams", license: {url: ''}}}`)},
			wantErr:  "overlay1.yaml: action 1 of 1, $.info: changes nothing; " + mended,
		},
		{
			name:     "action that an earlier one has made needless",
			document: source,
			overlays: []string{retitle, retitle},
			wantErr:  "overlay2.yaml: action 1 of 1, $.info: changes nothing; " + mended,
		},
		{
			name:     "action that repeats an item of a list",
			document: source,
			overlays: []string{actions(`{target: $.servers, update: [{"url": "https://one.example/"}]}`)},
			wantErr:  "overlay1.yaml: action 1 of 1, $.servers: adds to a list what stands there already; " + mended,
		},
		{
			name:     "action that the library warns of",
			document: source,
			overlays: []string{strings.Replace(actions(`{target: "$.servers[?(@.url)]", remove: true}`), "1.1.0", "1.0.0", 1)},
			wantErr: "overlay1.yaml: action 1 of 1, $.servers[?(@.url)]: overlay has a filter expression but lacks `x-speakeasy-jsonpath: rfc9535` extension. " +
				"Deprecated jsonpath behaviour in use. See overlay.speakeasy.com for the implementation playground.",
		},
		{
			name:     "action that does not fit its target",
			document: source,
			overlays: []string{actions(`{target: $.info, update: [1]}`)},
			wantErr:  "overlay1.yaml: action 1 of 1, $.info: target is object but update is array",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			args := []string{"-o", "out.yaml", write(t, "document.yml", test.document)}
			for i, text := range test.overlays {
				args = append(args, write(t, fmt.Sprintf("overlay%d.yaml", i+1), text))
			}

			err := run(args, nil)
			if diff := cmp.Diff(test.wantErr, line(err)); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}

			got, err := os.ReadFile("out.yaml")
			if test.want == "" && !errors.Is(err, os.ErrNotExist) {
				t.Errorf("a failed preparation wrote %q", got)
			}
			if diff := cmp.Diff(test.want, string(got)); diff != "" {
				t.Errorf("result (-want +got):\n%s", diff)
			}
		})
	}
}

func TestValidate(t *testing.T) {
	tests := []struct {
		name     string
		document string
		wantErr  string
	}{
		{
			name:     "valid document",
			document: source,
		},
		{
			name:     "empty document",
			document: "",
			wantErr:  "document.yml is not a valid OpenAPI document: value of openapi must be a non-empty string; mend it, or the overlays that it comes from",
		},
		{
			name:     "undefined reference",
			document: strings.Replace(source, "paths: {}", `paths: {/a: {$ref: "#/components/pathItems/a"}}`, 1),
			wantErr:  `document.yml is not a valid OpenAPI document: failed to resolve "components" in fragment in URI: "#/components/pathItems/a"; mend it, or the overlays that it comes from`,
		},
		{
			name:     "flaw that loads",
			document: source + `externalDocs: {url: ""}` + "\n",
			wantErr:  "document.yml is not a valid OpenAPI document: invalid external docs: url is required; mend it, or the overlays that it comes from",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Chdir(t.TempDir())

			err := run([]string{"-validate", write(t, "document.yml", test.document)}, nil)
			if diff := cmp.Diff(test.wantErr, line(err)); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

// What the overlays leave invalid is written, so that it can be looked at, and refused by the second form.
func TestInvalidAfterOverlays(t *testing.T) {
	t.Chdir(t.TempDir())
	published := write(t, "document.yml", source)
	bad := write(t, "overlay.yaml", actions(`{target: $.info.version, remove: true}`))

	if err := run([]string{"-o", "out.yaml", published, bad}, nil); err != nil {
		t.Fatal(err)
	}
	const want = "out.yaml is not a valid OpenAPI document: invalid info: value of version must be a non-empty string; mend it, or the overlays that it comes from"
	if diff := cmp.Diff(want, line(run([]string{"-validate", published, "out.yaml"}, nil))); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
}

func TestArguments(t *testing.T) {
	t.Chdir(t.TempDir())
	published := write(t, "document.yml", source)

	tests := []struct {
		name    string
		args    []string
		wantErr string
	}{
		{"none", nil, "no document given; prepare -h shows the usage"},
		{"no overlay", []string{published}, "no overlay given; prepare -h shows the usage"},
		{"nothing to validate", []string{"-validate"}, "no document given; prepare -h shows the usage"},
		{"output of a validation", []string{"-validate", "-o", "out.yaml", published}, "-validate writes nothing, so it takes no -o; prepare -h shows the usage"},
		{"unknown flag", []string{"-strict", published}, "flag provided but not defined: -strict; prepare -h shows the usage"},
		{"no such document", []string{"missing.yml", published}, "open missing.yml: " + os.ErrNotExist.Error()},
		{"no such overlay", []string{published, "missing.yaml"}, "open missing.yaml: " + os.ErrNotExist.Error()},
		{"no such document to validate", []string{"-validate", "missing.yml"}, "open missing.yml: " + os.ErrNotExist.Error()},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var stdout bytes.Buffer
			err := run(test.args, &stdout)

			var pathErr *os.PathError // its text differs between systems
			if errors.As(err, &pathErr) && errors.Is(err, os.ErrNotExist) {
				pathErr.Err = os.ErrNotExist
			}
			if diff := cmp.Diff(test.wantErr, line(err)); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if stdout.Len() > 0 {
				t.Errorf("standard output: %q", &stdout)
			}
		})
	}
}

func TestHelp(t *testing.T) {
	var stdout bytes.Buffer
	if err := run([]string{"-h"}, &stdout); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(usage, stdout.String()); diff != "" {
		t.Errorf("standard output (-want +got):\n%s", diff)
	}
}

func TestStandardOutput(t *testing.T) {
	t.Chdir(t.TempDir())
	published := write(t, "document.yml", source)
	retitle := write(t, "overlay.yaml", actions(`{target: $.info, update: {title: Renamed}}`))

	var stdout bytes.Buffer
	if err := run([]string{"-o", "out.yaml", published, retitle}, &stdout); err != nil {
		t.Fatal(err)
	}
	if stdout.Len() > 0 {
		t.Errorf("with -o, standard output: %q", &stdout)
	}
	if err := run([]string{published, retitle}, &stdout); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile("out.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(file), stdout.String()); diff != "" {
		t.Errorf("-o and standard output differ (-file +stdout):\n%s", diff)
	}
}

// line returns what main prints of an error, and nothing for none.
func line(err error) string {
	if err == nil {
		return ""
	}
	return oneLine(err)
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}
