package api

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadPage(t *testing.T) {
	tests := map[string]struct {
		body   string
		next   Cursor
		events []string
	}{
		"documented":            {`{"endCursor":"c","data":[{"a":1},{"b":2}]}`, "c", []string{`{"a":1}`, `{"b":2}`}},
		"the array first":       {`{"data":[{"a":1}],"endCursor":"c"}`, "c", []string{`{"a":1}`}},
		"empty":                 {`{"endCursor":"c","data":[]}`, "c", nil},
		"null array":            {`{"endCursor":"c","data":null}`, "c", nil},
		"members around":        {`{"x":{"endCursor":"no","data":[1]},"endCursor":"c","y":[[]],"data":[],"z":null}`, "c", nil},
		"white space":           {" {\n\t\"endCursor\" : \"c\" , \"data\" : [ {\"a\" : 1.50 } ,\r\n{} ] } \n", "c", []string{`{"a" : 1.50 }`, `{}`}},
		"escapes in the names":  {`{"end\u0043ursor":"c","d\u0061ta":[{}]}`, "c", []string{`{}`}},
		"escapes in the cursor": {`{"endCursor":"\u0061\/\"é","data":[]}`, `a/"é`, nil},
		"numbers kept":          {`{"endCursor":"c","data":[{"n":[12345678901234567890,2.50,1e400,-0]}]}`, "c", []string{`{"n":[12345678901234567890,2.50,1e400,-0]}`}},
		"text kept":             {`{"endCursor":"c","data":[{"s":"\u00e9\ud800 é\/"}]}`, "c", []string{`{"s":"\u00e9\ud800 é\/"}`}},
		"names twice in events": {`{"endCursor":"c","data":[{"a":1,"a":2}]}`, "c", []string{`{"a":1,"a":2}`}},
		"other names twice":     {`{"x":1,"x":2,"endCursor":"c","data":[]}`, "c", nil},
		"odd events":            {`{"endCursor":"c","data":[null,7,"s",[]]}`, "c", []string{`null`, `7`, `"s"`, `[]`}},
		"no byte order":         {`{"endCursor":"c","data":[{"s":"\"]}"}]}`, "c", []string{`{"s":"\"]}"}`}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			next, events, err := readPage([]byte(test.body), "data")
			if err != nil {
				t.Fatal(err)
			}
			if next != test.next {
				t.Errorf("cursor %q, want %q", next, test.next)
			}
			if diff := cmp.Diff(test.events, raws(&Page{Events: events})); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReadPageRefuses(t *testing.T) {
	tests := map[string]struct{ body, want string }{
		"array":                {`[]`, "it is of another type"},
		"null":                 {`null`, "no data"},
		"HTML":                 {`<html></html>`, "not JSON at byte 0"},
		"text":                 {`{oops}`, "not JSON at byte 1"},
		"no cursor":            {`{"data":[]}`, "no endCursor"},
		"empty cursor":         {`{"endCursor":"","data":[]}`, "no endCursor"},
		"null cursor":          {`{"endCursor":null,"data":[]}`, "no endCursor"},
		"numeric cursor":       {`{"endCursor":7,"data":[]}`, "/endCursor is of another type"},
		"object as cursor":     {`{"endCursor":{},"data":[]}`, "/endCursor is of another type"},
		"no array":             {`{"endCursor":"c"}`, "no data"},
		"the other array":      {`{"endCursor":"c","resultData":[]}`, "no data"},
		"other letters":        {`{"EndCursor":"c","Data":[]}`, "no data"},
		"object as array":      {`{"endCursor":"c","data":{}}`, "/data is of another type"},
		"string as array":      {`{"endCursor":"c","data":""}`, "/data is of another type"},
		"two cursors":          {`{"endCursor":"c","data":[],"endCursor":"c"}`, "/endCursor is of another type, or stands in it twice"},
		"two cursors, escaped": {`{"endCursor":"c","data":[],"endCurso\u0072":"d"}`, "/endCursor is of another type, or stands in it twice"},
		"two arrays":           {`{"data":[],"endCursor":"c","data":[]}`, "/data is of another type, or stands in it twice"},
		"null, then an array":  {`{"data":null,"endCursor":"c","data":[]}`, "/data is of another type, or stands in it twice"},
		"a second value":       {`{"endCursor":"c","data":[]} {}`, "not JSON at byte"},
		"a stray byte":         {`{"endCursor":"c","data":[]}x`, "not JSON at byte"},
		"a NUL":                {"{\"endCursor\":\"c\",\"data\":[]}\x00", "not JSON at byte"},
		"not UTF-8":            {"{\"endCursor\":\"c\",\"data\":[{\"s\":\"\xff\"}]}", "not UTF-8"},
		"not UTF-8 at the end": {"{\"endCursor\":\"c\",\"data\":[]}\xff", "not JSON at byte"},
		"bad event":            {`{"endCursor":"c","data":[{"a":01}]}`, "not JSON at byte"},
		"bare control":         {"{\"endCursor\":\"c\",\"data\":[{\"s\":\"\t\"}]}", "not JSON at byte"},
		"trailing comma":       {`{"endCursor":"c","data":[{},]}`, "not JSON at byte"},
		"too deep":             {`{"endCursor":"c","data":[` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `]}`, "not JSON at byte"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			next, events, err := readPage([]byte(test.body), "data")
			if !errors.Is(err, ErrMalformedPage) || errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("error %v is not a malformed page for good", err)
			}
			if err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %q does not say %q", err, test.want)
			}
			if next != "" || events != nil {
				t.Errorf("a page that is refused gives %q, %v", next, events)
			}
		})
	}
}

// Every beginning of a page is one that ended early, wherever it was cut, so that it is asked for again.
func TestReadPageCut(t *testing.T) {
	whole := `{"endCursor":"aé","x":[1,true,"\u00e9"],"data":[{"s":"日本","n":-1.5e3,"z":null},[]]}`
	if _, _, err := readPage([]byte(whole), "data"); err != nil {
		t.Fatal(err)
	}
	for i := range len(whole) {
		_, events, err := readPage([]byte(whole[:i]), "data")
		if !errors.Is(err, io.ErrUnexpectedEOF) || !errors.Is(err, ErrMalformedPage) {
			t.Errorf("cut after %d bytes: %v", i, err)
		}
		if events != nil {
			t.Errorf("cut after %d bytes: %d events are given", i, len(events))
		}
	}
}

// Events share the memory of the page, and none can grow into the next.
func TestReadPageDoesNotCopy(t *testing.T) {
	body := []byte(`{"endCursor":"c","data":[{"a":1},{"b":2}]}`)
	_, events, err := readPage(body, "data")
	if err != nil {
		t.Fatal(err)
	}
	_ = append(events[0].Raw, "other"...) // as many bytes as the page has room for
	if got := string(events[1].Raw); got != `{"b":2}` {
		t.Errorf("appending to an event changed the next one to %s", got)
	}
	if allocations := testing.AllocsPerRun(100, func() { readPage(body, "data") }); allocations > 20 {
		t.Errorf("%v allocations for a page of two events", allocations)
	}
}

func FuzzReadPage(f *testing.F) {
	for _, seed := range []string{
		`{"endCursor":"c","data":[{"a":1},{"b":[2.50,"\u00e9"]}]}`, `{"data":null,"endCursor":"c"}`, `{"endCursor":"c","data":[]} {}`,
		`{"endCursor":"c","data":[{"a":1`, "\xff", `{"endCursor":"c","endCursor":"d","data":[]}`, `{"endCursor":"c","data":[null,"\ud800"]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		next, events, err := readPage(body, "data")
		if err != nil {
			if !errors.Is(err, ErrMalformedPage) || next != "" || events != nil {
				t.Fatalf("%v, with %q and %d events", err, next, len(events))
			}
			return
		}
		// encoding/json must find the same in it: another reader, as strict but for UTF-8 and for names that stand twice.
		var page map[string]json.RawMessage
		var want []json.RawMessage
		if err := json.Unmarshal(body, &page); err != nil {
			t.Fatalf("accepted, but %v", err)
		}
		if err := json.Unmarshal(page["data"], &want); err != nil {
			t.Fatalf("accepted, but %v", err)
		}
		if len(want) != len(events) {
			t.Fatalf("%d events, want %d", len(events), len(want))
		}
		for i, raw := range want {
			if string(raw) != string(events[i].Raw) {
				t.Fatalf("event %d is %s, want %s", i, events[i].Raw, raw)
			}
		}
	})
}
