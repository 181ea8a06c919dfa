package organization_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"example.com/docusign-monitor/gen/dataset"
	"example.com/docusign-monitor/gen/organization"
	"example.com/docusign-monitor/spec"
)

// One Go type holds the events of both streams: dataset.Event has every field of the organization stream's row, by the same
// JSON name and of a type that takes its values. A field that the other stream's document does not know is kept among
// Event.AdditionalProperties.
func TestEventHoldsEveryRow(t *testing.T) {
	document, err := openapi3.NewLoader().LoadFromData([]byte(spec.Organization))
	if err != nil {
		t.Fatal(err)
	}
	row := document.Components.Schemas["StreamingEventRow"].Value
	other, err := openapi3.NewLoader().LoadFromData([]byte(spec.Dataset))
	if err != nil {
		t.Fatal(err)
	}
	for name := range row.Properties {
		if other.Components.Schemas["Event"].Value.Properties[name] == nil {
			delete(row.Properties, name)
		}
	}
	if len(row.Properties) < 34 {
		t.Errorf("%d of the fields are known to both streams, want 34", len(row.Properties))
	}
	for _, misfit := range misfits("row", row, reflect.TypeFor[dataset.Event]()) {
		t.Error(misfit)
	}
}

// What the test above would notice.
func TestMisfits(t *testing.T) {
	type nested struct {
		Version *string `json:"version,omitempty"`
	}
	type event struct {
		ID       *string                    `json:"id,omitempty"`
		Flag     *bool                      `json:"flag,omitempty"`
		Degrees  *float64                   `json:"degrees,omitempty"`
		Data     map[string]json.RawMessage `json:"data,omitempty"`
		Nested   *nested                    `json:"nested,omitempty"`
		Required string                     `json:"required"`
	}
	object := func(properties openapi3.Schemas) *openapi3.Schema {
		schema := openapi3.NewObjectSchema()
		schema.Properties = properties
		return schema
	}
	text, number, truth := openapi3.NewStringSchema(), openapi3.NewFloat64Schema(), openapi3.NewBoolSchema()

	tests := []struct {
		name   string
		schema *openapi3.Schema
		want   []string
	}{
		{"id", text, nil},
		{"flag", truth, nil},
		{"degrees", number, nil},
		{"data", object(nil), nil},
		{"nested", object(openapi3.Schemas{"version": text.NewRef()}), nil},
		{"ID", text, []string{"row.ID: no such field"}},
		{"id", number, []string{"row.id: *string does not take a number"}},
		{"flag", text, []string{"row.flag: *bool does not take a string"}},
		{"degrees", truth, []string{"row.degrees: *float64 does not take a boolean"}},
		{"data", text, []string{"row.data: map[string]json.RawMessage does not take a string"}},
		{"nested", object(openapi3.Schemas{"other": text.NewRef()}), []string{"row.nested.other: no such field"}},
		{"required", text, []string{"row.required: string does not take a string"}}, // absent would become ""
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			row := object(openapi3.Schemas{test.name: test.schema.NewRef()})
			if diff := cmp.Diff(test.want, misfits("row", row, reflect.TypeFor[event]())); diff != "" {
				t.Errorf("misfits (-want +got):\n%s", diff)
			}
		})
	}
}

// misfits says which properties of an object the struct does not hold. A field has to be able to be absent.
func misfits(path string, object *openapi3.Schema, structure reflect.Type) []string {
	fields := map[string]reflect.Type{}
	for i := range structure.NumField() {
		name, _, _ := strings.Cut(structure.Field(i).Tag.Get("json"), ",")
		fields[name] = structure.Field(i).Type
	}

	var all []string
	for name, property := range object.Properties {
		field, kind := fields[name], property.Value.Type.Slice()[0]
		path := path + "." + name
		switch {
		case field == nil:
			all = append(all, path+": no such field")
		case kind == "string" && field == reflect.TypeFor[*string](),
			kind == "boolean" && field == reflect.TypeFor[*bool](),
			kind == "number" && field == reflect.TypeFor[*float64](),
			kind == "object" && field == reflect.TypeFor[map[string]json.RawMessage]():
		case kind == "object" && field.Kind() == reflect.Pointer && field.Elem().Kind() == reflect.Struct:
			all = append(all, misfits(path, property.Value, field.Elem())...)
		default:
			all = append(all, path+": "+field.String()+" does not take a "+kind)
		}
	}
	return all
}

// A row as the document has it, with what the document does not know.
func TestRowRoundTrip(t *testing.T) {
	const text = `{"endCursor":"c","resultData":[{"timestamp":"2026-02-03T07:19:47Z","eventId":"777a5bbb-df21-4833-997b-001b3581437a",` +
		`"isUserMemberOfDomain":true,"latitude":35.68,"data":{"Count":"3"},"riskContext":{"sequence":98765432109876543210,"score":2.50}}]}`

	var page organization.StreamResponse
	if err := json.Unmarshal([]byte(text), &page); err != nil {
		t.Fatal(err)
	}
	want := organization.StreamResponse{
		EndCursor: new("c"),
		ResultData: []dataset.Event{{
			Timestamp:            new("2026-02-03T07:19:47Z"),
			EventID:              new("777a5bbb-df21-4833-997b-001b3581437a"),
			IsUserMemberOfDomain: new(true),
			Latitude:             new(35.68),
			Data:                 map[string]json.RawMessage{"Count": json.RawMessage(`"3"`)},
			AdditionalProperties: map[string]json.RawMessage{"riskContext": json.RawMessage(`{"sequence":98765432109876543210,"score":2.50}`)},
		}},
	}
	if diff := cmp.Diff(want, page); diff != "" {
		t.Errorf("page (-want +got):\n%s", diff)
	}
}
