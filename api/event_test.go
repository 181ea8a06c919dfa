package api

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestEventID(t *testing.T) {
	tests := map[string]struct{ raw, want string }{
		"first":           {`{"eventId":"a","x":1}`, "a"},
		"last":            {`{"x":[{"eventId":"no"}],"data":{"eventId":"no"},"eventId":"a"}`, "a"},
		"escaped":         {`{"event\u0049d":"\u0061"}`, "a"},
		"absent":          {`{"x":1}`, ""},
		"null":            {`{"eventId":null,"x":1}`, ""},
		"number":          {`{"eventId":7}`, ""},
		"empty":           {`{"eventId":""}`, ""},
		"twice":           {`{"eventId":"a","eventId":"b"}`, "b"},
		"then null":       {`{"eventId":"a","eventId":null}`, ""},
		"other letters":   {`{"eventid":"a"}`, ""},
		"not an object":   {`["eventId","a"]`, ""},
		"nothing":         {``, ""},
		"cut":             {`{"eventId":"a"`, "a"},
		"cut in the name": {`{"eventI`, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := (Event{Raw: json.RawMessage(test.raw)}).ID(); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestEventTimestamp(t *testing.T) {
	utc := func(nsec int) time.Time { return time.Date(2026, 2, 3, 7, 8, 9, nsec, time.UTC) }
	tests := map[string]struct {
		raw  string
		want time.Time
		err  string
	}{
		"seven digits": {`"2026-02-03T07:08:09.1234567Z"`, utc(123_456_700), ""},
		"six digits":   {`"2026-02-03T07:08:09.250117Z"`, utc(250_117_000), ""},
		"no fraction":  {`"2026-02-03T07:08:09Z"`, utc(0), ""},
		"a zone":       {`"2026-02-03T09:08:09+02:00"`, utc(0), ""},
		"no zone":      {`"2026-02-03T07:08:09"`, time.Time{}, "no timestamp"},
		"not a date":   {`"yesterday"`, time.Time{}, `"yesterday"`},
		"empty":        {`""`, time.Time{}, "no timestamp"},
		"null":         {`null`, time.Time{}, "no timestamp"},
		"number":       {`1770102489`, time.Time{}, "no timestamp"},
		"long":         {`"` + strings.Repeat("x", 1000) + `"`, time.Time{}, "no timestamp"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Event{Raw: json.RawMessage(`{"timestamp":` + test.raw + `}`)}.Timestamp()
			if !got.Equal(test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
			if (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Errorf("error %v does not say %q", err, test.err)
			}
			if err != nil && len(err.Error()) > 200 {
				t.Errorf("the error is %d bytes long", len(err.Error()))
			}
		})
	}
}

func TestEventDecode(t *testing.T) {
	event, err := Event{Raw: json.RawMessage(`{"eventId":"e","timestamp":"yesterday","latitude":1.5,"city":null,"state":"",
		"userAgentClientInfo":{"os":{"version":{"major":"11"}}},"data":{"Count":"3","n":12345678901234567890},"new":{"n":2.50}}`)}.Decode()
	if err != nil {
		t.Fatal(err)
	}
	text := func(s *string) string {
		if s == nil {
			return "nil"
		}
		return *s
	}
	got := []string{text(event.EventID), text(event.Timestamp), text(event.City), text(event.State), text(event.Country),
		text(event.UserAgentClientInfo.OS.Version.Major), string(event.Data["n"]), string(event.AdditionalProperties["new"])}
	want := []string{"e", "yesterday", "nil", "", "nil", "11", "12345678901234567890", `{"n":2.50}`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
}

func TestEventDecodeRefuses(t *testing.T) {
	tests := map[string]struct{ raw, want string }{
		"wrong type":        {`{"eventId":"e","latitude":"north"}`, "latitude"},
		"wrong type inside": {`{"ipAddressLocation":{"city":7}}`, "city"},
		"null":              {`null`, "not a JSON object"},
		"array":             {`[]`, "not a JSON object"},
		"nothing":           {``, "not a JSON object"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			event, err := Event{Raw: json.RawMessage(test.raw)}.Decode()
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v does not say %q", err, test.want)
			}
			if event != nil {
				t.Error("an event came out")
			}
		})
	}
}
