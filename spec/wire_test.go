package spec_test

import (
	"bytes"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oasdiff/oasdiff/diff"
	"github.com/speakeasy-api/openapi/overlay"
	"gopkg.in/yaml.v3"

	"example.com/docusign-monitor/spec"
)

// The go overlay is for names and types of the generated code. With it and without it the document says the same about
// the wire.
func TestGoOverlayChangesNothingOnTheWire(t *testing.T) {
	without := prepare(t, func(overlay string) bool { return overlay != "go.yaml" })
	if without == spec.Dataset {
		t.Fatal("the overlay changes nothing at all")
	}
	if changes := wireChanges(t, without, spec.Dataset); changes != "" {
		t.Errorf("the overlay changes the wire:\n%s", changes)
	}
}

// What the test above would notice.
func TestWireChangesAreNoticed(t *testing.T) {
	tests := []struct{ name, action string }{
		{"type of a field", `{target: $.components.schemas.Event.properties.site, update: {type: integer}}`},
		{"format of a field", `{target: $.components.schemas.Event.properties.timestamp, update: {format: date}}`},
		{"null refused", `{target: $.components.schemas.Event.properties.eventId, update: {nullable: false}}`},
		{"field removed", `{target: $.components.schemas.Event.properties.eventId, remove: true}`},
		{"field required", `{target: $.components.schemas.Event, update: {required: [eventId]}}`},
		{"other fields refused", `{target: $.components.schemas.Event.additionalProperties, remove: true}` + "\n  - " + `{target: $.components.schemas.Event, update: {additionalProperties: false}}`},
		{"array renamed", `{target: $.components.schemas.CursoredResult.properties, update: {resultData: {type: array, items: {}}}}`},
		{"default of a parameter", `{target: "` + operation + `.parameters[?(@.name=='limit')].schema", update: {default: 100}}`},
		{"bound of a parameter", `{target: "` + operation + `.parameters[?(@.name=='limit')].schema", update: {maximum: 1000}}`},
		{"value of a parameter", `{target: "` + operation + `.parameters[?(@.name=='dataSetName')].schema", update: {enum: [other]}}`},
		{"parameter required", `{target: "` + operation + `.parameters[?(@.name=='cursor')]", update: {required: true}}`},
		{"answer added", `{target: "` + operation + `.responses", update: {"204": {description: Nothing.}}}`},
		{"header removed", `{target: "` + operation + `.responses['200'].headers['X-DocuSign-TraceToken']", remove: true}`},
		{"scope changed", `{target: "` + operation + `.security[0].accessCode", update: [signature]}`},
		{"server changed", `{target: "$.servers[0]", update: {url: "https://other.example/"}}`},
		{"path removed", `{target: "$.paths[*]", remove: true}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			o, err := overlay.ParseReader(bytes.NewBufferString("overlay: 1.1.0\ninfo: {title: Test, version: 1.0.0}\nactions:\n  - " + test.action))
			if err != nil {
				t.Fatal(err)
			}
			document := parse(t, spec.Dataset)
			if _, err := o.ApplyToStrict(document); err != nil {
				t.Fatal(err)
			}
			changed, err := yaml.Marshal(document)
			if err != nil {
				t.Fatal(err)
			}
			if wireChanges(t, spec.Dataset, string(changed)) == "" {
				t.Error("not noticed")
			}
		})
	}
}

// wireChanges returns what oasdiff finds between two documents, but for what does not go over the wire: extensions, and
// the names of the operations. It is empty if there is nothing.
func wireChanges(t *testing.T, base, revision string) string {
	t.Helper()
	from, to := load(t, base), load(t, revision)
	for _, document := range []*openapi3.T{from, to} {
		for _, path := range document.Paths.Map() {
			for _, operation := range path.Operations() {
				operation.OperationID = ""
			}
		}
	}
	config := diff.NewConfig(diff.WithExcludeElements([]string{diff.ExcludeExtensionsOption, diff.ExcludeEndpointsOption}))
	changes, err := diff.Get(config, from, to)
	if err != nil {
		t.Fatal(err)
	}
	if changes.Empty() {
		return ""
	}
	text, err := yaml.Marshal(changes)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
