package dataset_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/docusign-monitor/gen/dataset"
)

// What comes out of the Event that a text was decoded into.
func TestEventRoundTrip(t *testing.T) {
	tests := []struct {
		name string
		in   string
		want string // in, if empty
	}{
		{name: "nothing", in: `{}`},
		{name: "empty texts", in: `{"accountId":"","ipAddress":"","result":""}`},
		{name: "zero and false", in: `{"latitude":0,"isUserMemberOfDomain":false}`},
		{name: "empty objects", in: `{"data":{},"ipAddressLocation":{},"userAgentClientInfo":{"browser":{"version":{}}}}`},
		{name: "seven digits of fraction", in: `{"timestamp":"2026-02-03T07:08:09.1234567Z"}`},
		{name: "timestamp that is none", in: `{"timestamp":"2022-01-01T00:00:00"}`},

		{name: "known field that is null is absent", in: `{"eventId":null,"site":"DEMO"}`, want: `{"site":"DEMO"}`},
		{name: "nested null is absent", in: `{"userAgentClientInfo":null,"ipAddressLocation":{"city":null}}`, want: `{"ipAddressLocation":{}}`},
		{name: "null of data is absent", in: `{"data":null}`, want: `{}`},
		{name: "known number loses its digits", in: `{"latitude":2.50}`, want: `{"latitude":2.5}`},

		{name: "unknown field", in: `{"riskContext":{"sequence":98765432109876543210,"score":2.50}}`},
		{name: "unknown field that is null", in: `{"other":null}`},
		{name: "unknown field of every kind", in: `{"a":"b","c":[1,2.50,null,true],"d":{},"e":[],"f":1e400,"g":-0}`},
		{name: "unknown field beside a known one of other case", in: `{"eventid":"a","EventId":"b"}`},
		{name: "unknown field of a location", in: `{"ipAddressLocation":{"city":"zurich","accuracy":98765432109876543210}}`},
		{name: "unknown field of a user agent", in: `{"userAgentClientInfo":{"engine":2.50,"browser":{"x":2.50,"version":{"major":"133","build":2.50}},"device":{"x":2.50},"os":{"x":2.50}}}`},
		{name: "data", in: `{"data":{"EventIds":["a","b"],"Count":"3","Big":98765432109876543210,"Exact":2.50,"Null":null,"Deep":{"x":[2.50]}}}`},
		{name: "texts", in: `{"state":"東京都","other":"Näme \u0007 <&> \ud83d\udd12"}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var event dataset.Event
			if err := json.Unmarshal([]byte(test.in), &event); err != nil {
				t.Fatal(err)
			}
			out, err := json.Marshal(event)
			if err != nil {
				t.Fatal(err)
			}
			want := test.want
			if want == "" {
				want = test.in
			}
			if diff := cmp.Diff(value(t, want), value(t, string(out))); diff != "" {
				t.Errorf("after decoding and encoding (-want +got):\n%s", diff)
			}
		})
	}
}

// Absent, null and "" are three things on the wire, and two in the struct.
func TestEventNull(t *testing.T) {
	const text = `{"accountId":"","userId":null,"data":{"a":null},"other":null}`

	var event dataset.Event
	if err := json.Unmarshal([]byte(text), &event); err != nil {
		t.Fatal(err)
	}
	want := dataset.Event{
		AccountID:            new(""),
		Data:                 map[string]json.RawMessage{"a": json.RawMessage("null")},
		AdditionalProperties: map[string]json.RawMessage{"other": json.RawMessage("null")},
	}
	if diff := cmp.Diff(want, event); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
}

func TestEventThatDoesNotFit(t *testing.T) {
	tests := []struct{ name, in, field string }{
		{"number for a text", `{"eventId":7}`, "eventId"},
		{"text for a number", `{"latitude":"47.37"}`, "latitude"},
		{"text for a truth", `{"isUserMemberOfDomain":"true"}`, "isUserMemberOfDomain"},
		{"list for an object", `{"data":[]}`, "data"},
		{"number in a nested object", `{"userAgentClientInfo":{"browser":{"version":{"major":133}}}}`, "major"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var event dataset.Event
			err := json.Unmarshal([]byte(test.in), &event)
			if err == nil || !strings.Contains(err.Error(), "'"+test.field+"'") {
				t.Errorf("error %v, want one that names %s", err, test.field)
			}
		})
	}
}

// A value that the document does not know survives wherever it stands.
func FuzzUnknownValue(f *testing.F) {
	for _, seed := range []string{`null`, `""`, `98765432109876543210`, `2.50`, `-0`, `1e400`, `[1,[2.50]]`, `{"a":{"b":null}}`, `"\ud83d\udd12 <&> \u2028"`, ` "x" `} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, unknown string) {
		text := fmt.Sprintf(`{"x":%[1]s,"data":{"x":%[1]s},"ipAddressLocation":{"x":%[1]s}}`, unknown)
		if !json.Valid([]byte(unknown)) || !json.Valid([]byte(text)) { // the second has its own limit of depth
			t.Skip()
		}
		var event dataset.Event
		if err := json.Unmarshal([]byte(text), &event); err != nil {
			t.Fatal(err)
		}
		out, err := json.Marshal(event)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(value(t, text), value(t, string(out))); diff != "" {
			t.Errorf("after decoding and encoding (-want +got):\n%s", diff)
		}
	})
}

// value returns what a JSON text says, numbers as they are written.
func value(t *testing.T, text string) (v any) {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}
