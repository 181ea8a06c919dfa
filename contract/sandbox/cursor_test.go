package sandbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/docusign-monitor/contract/sandbox"
)

func TestCursorForm(t *testing.T) {
	s, _, token := startWith(t, sandbox.Config{Events: sandbox.Raw(
		[]byte(`{"timestamp":"2026-02-03T04:00:00.0000001Z"}`),
		[]byte(`{"timestamp":"2026-02-03T06:00:00+02:00"}`),
		[]byte(`{"timestamp":"yesterday"}`),
		[]byte(`{"timestamp":"0000-01-01T00:00:00Z"}`),
		[]byte(`{"timestamp":null}`),
		[]byte(`{}`),
	)})
	for i, want := range []string{
		"aa_639056883067840123_639056880000000001_1",
		"aa_639056883067850123_639056880000000000_2",
		"aa_639056883067860123_639056883067860123_3", // no time that can be read: that of the ingestion
		"aa_639056883067870123_639056883067870123_4",
		"aa_639056883067880123_639056883067880123_5",
		"aa_639056883067890123_639056883067890123_6",
	} {
		if got := stream(t, s, token, fmt.Sprint("limit=", i+1)).EndCursor; got != want {
			t.Errorf("after %d events: %s, want %s", i+1, got, want)
		}
	}
}

func TestDateCursor(t *testing.T) {
	// Ingested at 04:05:06.7870123, .7880123 and .7890123 on 2026-02-03.
	s, _, token := startWith(t, sandbox.Config{Events: numbered(3)})
	tests := map[string]int{ // how many events come
		"2022-01-01":                          3,
		"2026-02-03":                          3,
		"2026-02-04":                          0,
		"2021-01-01T00:00:00Z":                3,
		"2026-02-03T04:05:06Z":                3,
		"2026-02-03T04:05:07Z":                0,
		"2026-02-03T04:05:06.7870123Z":        3,
		"2026-02-03T04:05:06.7870124Z":        2,
		"2026-02-03T04:05:06.7880123Z":        2,
		"2026-02-03T04:05:06.789012300Z":      1,
		"2026-02-03T04:05:06.789012301Z":      0,
		"2026-02-03T06:05:06.7890123+02:00":   1,
		"2026-02-03T06:05:06.7890124%2B02:00": 0,
		"9999-12-31T23:59:59Z":                0,
	}
	for cursor, want := range tests {
		t.Run(cursor, func(t *testing.T) {
			p := stream(t, s, token, "cursor="+strings.ReplaceAll(cursor, "+", "%2B"))
			if len(p.Data) != want {
				t.Errorf("got %d events, want %d", len(p.Data), want)
			}
			if next := stream(t, s, token, "cursor="+p.EndCursor); len(next.Data) != 0 || next.EndCursor != p.EndCursor {
				t.Errorf("after the page: %v", next)
			}
		})
	}
}

func TestDefaultStart(t *testing.T) {
	s, c, token := startWith(t, sandbox.Config{Events: numbered(2)})
	const week = 7 * 24 * time.Hour
	for _, step := range []struct {
		name string
		move time.Duration
		want int
	}{
		{"at the start", 0, 2},
		{"the first is a week old", week - time.Millisecond, 2},
		{"the first is older", 100 * time.Nanosecond, 1},
		{"the last is a week old", time.Millisecond - 100*time.Nanosecond, 1},
		{"all are older", 100 * time.Nanosecond, 0},
	} {
		c.Advance(step.move)
		for _, query := range []string{"", "cursor=", "cursor=&limit=2000"} {
			if got := len(stream(t, s, token, query).Data); got != step.want {
				t.Errorf("%s, %q: got %d events, want %d", step.name, query, got, step.want)
			}
		}
		if got := len(stream(t, s, token, "cursor=2021-01-01").Data); got != 2 {
			t.Errorf("%s, from 2021: got %d events, want 2", step.name, got)
		}
	}
}

func TestCursorRefused(t *testing.T) {
	s, c, token := startWith(t, sandbox.Config{Events: numbered(5)})
	cursor := stream(t, s, token, "limit=3").EndCursor
	part := strings.Split(cursor, "_")
	foreign := sandbox.Start(t, sandbox.Config{Clock: func() time.Time { return c.Now().Add(time.Second) }, Events: numbered(5)})
	foreignToken := login(t, foreign, c.Now())
	lenient, _, lenientToken := startWith(t, sandbox.Config{
		Events: numbered(5), Assumptions: sandbox.Assumptions{BadCursorRestarts: true},
	})
	join := func(parts ...string) string { return strings.Join(parts, "_") }
	ahead := func(digits string) string {
		n, err := strconv.ParseInt(digits, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return strconv.FormatInt(n+1, 10)
	}
	tests := map[string]string{
		"blank":                       "%20",
		"a word":                      "yesterday",
		"zero":                        "0",
		"a number":                    "3",
		"another form":                "b64:AAAA",
		"position changed":            join(part[0], part[1], part[2], "2"),
		"position beyond the end":     join(part[0], part[1], part[2], "6"),
		"position negative":           join(part[0], part[1], part[2], "-1"),
		"position with a zero":        join(part[0], part[1], part[2], "03"),
		"position with a plus":        join(part[0], part[1], part[2], "%2B3"),
		"position beyond all measure": join(part[0], part[1], part[2], "99999999999999999999"),
		"position missing":            join(part[0], part[1], part[2]),
		"time of ingestion changed":   join(part[0], ahead(part[1]), part[2], part[3]),
		"time of the event changed":   join(part[0], part[1], ahead(part[2]), part[3]),
		"start changed":               join("ab", part[1], part[2], part[3]),
		"upper case":                  strings.ToUpper(cursor),
		"something before":            "a" + cursor,
		"something after":             cursor + "0",
		"white space after":           cursor + "%20",
		"of another sandbox":          stream(t, foreign, foreignToken, "limit=3").EndCursor,
		"of another empty position":   stream(t, foreign, foreignToken, "cursor=2100-01-01").EndCursor,
		"no such day":                 "2026-02-30",
		"no such hour":                "2026-02-03T24:00:00Z",
		"no zone":                     "2026-02-03T04:05:06",
		"comma as the point":          "2026-02-03T04:05:06,5Z",
		"hour of one digit":           "2026-02-03T4:05:06Z",
		"plus that became a space":    "2026-02-03T04:05:06+02:00",
		"zone out of range":           "2026-02-03T04:05:06%2B99:00",
		"space for the T":             "2026-02-03%2004:05:06Z",
		"month without day":           "2026-02",
		"NUL":                         "%00",
		"not UTF-8":                   "%ff",
	}
	for name, bad := range tests {
		t.Run(name, func(t *testing.T) {
			a := get(t, s, token, streamPath+"?cursor="+bad)
			var problem map[string]string
			if err := json.Unmarshal([]byte(a.Body), &problem); err != nil {
				t.Fatalf("%s: %v", a.Body, err)
			}
			if a.Status != http.StatusBadRequest || problem["errorCode"] == "" || problem["message"] == "" || len(problem) != 2 {
				t.Errorf("got %d %v, want 400 with errorCode and message", a.Status, problem)
			}
			if got := len(stream(t, lenient, lenientToken, "cursor="+bad).Data); got != 5 {
				t.Errorf("with BadCursorRestarts: %d events, want all 5", got)
			}
		})
	}
}

func TestQueryRefused(t *testing.T) {
	s, _, token := startWith(t, sandbox.Config{
		Events: numbered(5), Assumptions: sandbox.Assumptions{BadCursorRestarts: true, ClampLimit: true},
	})
	cursor := stream(t, s, token, "limit=3").EndCursor
	tests := map[string]string{
		"cursor twice":                  "cursor=" + cursor + "&cursor=" + cursor,
		"cursor twice, once empty":      "cursor=&cursor=" + cursor,
		"cursor twice empty":            "cursor=&cursor=",
		"cursor twice, once escaped":    "cursor=" + cursor + "&%63ursor=" + cursor,
		"cursor not to be unescaped":    "cursor=%zz",
		"semicolon":                     "cursor=" + cursor + ";limit=1",
		"another not to be unescaped":   "cursor=" + cursor + "&x=%",
		"limit that cannot be read":     "cursor=" + cursor + "&limit=%3",
		"name that cannot be unescaped": "%=1",
	}
	for name, query := range tests {
		t.Run(name, func(t *testing.T) {
			if a := get(t, s, token, streamPath+"?"+query); a.Status != http.StatusBadRequest {
				t.Errorf("status %d, want 400", a.Status)
			}
		})
	}
}
