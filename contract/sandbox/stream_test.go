package sandbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/docusign-monitor/contract/sandbox"
)

// numbered are n small events.
func numbered(n int) sandbox.Source {
	events := make([][]byte, n)
	for i := range events {
		events[i] = fmt.Appendf(nil, `{"eventId":"%d"}`, i)
	}
	return sandbox.Raw(events...)
}

// startWith starts a sandbox whose clock can be moved, and gets a token that outlives the test.
func startWith(t *testing.T, cfg sandbox.Config) (*sandbox.Server, *clock, string) {
	t.Helper()
	c := newClock()
	cfg.Clock, cfg.TokenLifetime = c.Now, 1000*time.Hour
	s := sandbox.Start(t, cfg)
	return s, c, login(t, s, c.Now())
}

func TestPagesHoldWhatTheLogHolds(t *testing.T) {
	s, _, token := startWith(t, sandbox.Config{Events: sandbox.Generate(2100, 7)})
	want := held(s)
	if len(want) != 2100 || s.Len() != 2100 {
		t.Fatalf("the log holds %d events and says %d", len(want), s.Len())
	}
	for _, limit := range []string{"97", "1000", "1999", "2000"} {
		t.Run("limit "+limit, func(t *testing.T) {
			if diff := cmp.Diff(want, drain(t, s, token, "", limit)); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBytesSurvive(t *testing.T) {
	events := []string{
		`{}`,
		`{ "eventId" : "1" }`,
		"{\"a\":\t1,\r\n\"b\":2}",
		`{"n":12345678901234567890,"m":2.50,"e":1E400,"z":-0.0}`,
		`{"a":1,"a":2}`,
		`{"timestamp":"2026-02-30T00:00:00Z"}`,
		`{"timestamp":"0000-01-01T00:00:00Z"}`,
		`{"timestamp":17}`,
		`{"s":"\ud800 \u00e9 é \/ \u0000 <&> ` + "\u2028" + `"}`,
		`{"endCursor":"x","data":[{"endCursor":"]}"}]}`,
		`{"eventId":"1"}`,
		`{"eventId":"1"}`,
		`{"deep":` + strings.Repeat("[", 9997) + strings.Repeat("]", 9997) + `}`,
		`{"x":"` + strings.Repeat("y", 1<<20) + `"}`,
	}
	raw := make([][]byte, len(events))
	for i, e := range events {
		raw[i] = []byte(e)
	}
	s, _, token := startWith(t, sandbox.Config{Events: sandbox.Raw(raw...)})
	raw[0][0] = 'x' // the sandbox has its own copy

	whole := get(t, s, token, streamPath)

	cursor := stream(t, s, token, "").EndCursor
	if want := `{"endCursor":"` + cursor + `","data":[` + strings.Join(events, ",") + `]}`; whole.Body != want {
		t.Error("the page does not hold the events as they were given")
	}
	if diff := cmp.Diff(events, drain(t, s, token, "", "1")); diff != "" {
		t.Errorf("events one by one (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(events, held(s)); diff != "" {
		t.Errorf("Events (-want +got):\n%s", diff)
	}
}

func TestHead(t *testing.T) {
	for name, n := range map[string]int{"of a log": 3, "of an empty log": 0} {
		t.Run(name, func(t *testing.T) {
			s, c, token := startWith(t, sandbox.Config{Events: numbered(n)})
			cursor := stream(t, s, token, "").EndCursor
			query := streamPath + "?cursor=" + cursor

			a := get(t, s, token, query)
			c.Move(30 * 24 * time.Hour)
			later := get(t, s, token, query)
			if err := s.Append([]byte(`{"a":1}`), []byte(`{"a":2}`)); err != nil {
				t.Fatal(err)
			}
			after := stream(t, s, token, "cursor="+cursor)

			want := `{"endCursor":"` + cursor + `","data":[]}`
			if a.Body != want || later.Body != want {
				t.Errorf("at the head:\n%s\n%s\nwant twice\n%s", a.Body, later.Body, want)
			}
			if diff := cmp.Diff([]string{`{"a":1}`, `{"a":2}`}, texts(after.Data)); diff != "" {
				t.Errorf("appended (-want +got):\n%s", diff)
			}
			if after.EndCursor == cursor {
				t.Error("the cursor did not move")
			}
			if s.Len() != n+2 {
				t.Errorf("Len is %d, want %d", s.Len(), n+2)
			}
		})
	}
}

func TestAppendIsAllOrNothing(t *testing.T) {
	s := sandbox.Start(t, sandbox.Config{Events: numbered(1)})

	err := s.Append([]byte(`{"a":1}`), []byte(`[]`))

	if err == nil || s.Len() != 1 {
		t.Errorf("error %v, %d events; want an error and 1", err, s.Len())
	}
}

func TestClockGoesBack(t *testing.T) {
	s, c, token := startWith(t, sandbox.Config{Events: numbered(1)})
	late := c.Now().Format(time.RFC3339Nano)
	c.Move(-time.Hour)
	if err := s.Append([]byte(`{"a":1}`)); err != nil {
		t.Fatal(err)
	}

	if got := texts(stream(t, s, token, "cursor="+late).Data); len(got) != 2 {
		t.Errorf("got %v; an event that comes later is ingested no earlier", got)
	}
}

func TestCursorForm(t *testing.T) {
	s, _, token := startWith(t, sandbox.Config{Events: sandbox.Raw(
		[]byte(`{"timestamp":"2026-02-03T04:00:00.0000001Z"}`), []byte(`{"timestamp":"yesterday"}`))})
	tests := map[string]struct{ limit, want string }{
		"times of ingestion and of the event": {"1", "aa_639056883067880123_639056880000000001_1"},
		"time of ingestion alone":             {"2", "aa_639056883067890123_639056883067890123_2"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := stream(t, s, token, "limit="+test.limit).EndCursor; got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
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
		c.Move(step.move)
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

func TestLimit(t *testing.T) {
	s, _, token := startWith(t, sandbox.Config{Events: numbered(2500)})
	clamping, _, clampingToken := startWith(t, sandbox.Config{
		Events: numbered(2500), Assumptions: sandbox.Assumptions{ClampLimit: true},
	})
	const refused = -1
	tests := []struct {
		query         string
		want, clamped int // events
	}{
		{"", 1000, 1000},
		{"limit=1", 1, 1},
		{"limit=2000", 2000, 2000},
		{"limit=2001", refused, 2000},
		{"limit=2147483647", refused, 2000},
		{"limit=2147483648", refused, refused},
		{"limit=0", refused, 1},
		{"limit=-1", refused, 1},
		{"limit=-2147483648", refused, 1},
		{"limit=abc", refused, refused},
		{"limit=1.5", refused, refused},
		{"limit=1e3", refused, refused},
		{"limit=0x10", refused, refused},
		{"limit=", refused, refused},
		{"limit", refused, refused},
		{"limit=1&limit=1", refused, refused},
		{"limit=1&limit=2", refused, refused},
		{"limit=1,2", refused, refused},
		{"limit=%31", 1, 1},
		{"Limit=1", 1000, 1000},
	}
	events := func(t *testing.T, s *sandbox.Server, token, query string) int {
		a := get(t, s, token, streamPath+"?"+query)
		if a.Status == http.StatusBadRequest {
			return refused
		}
		var p page
		if err := json.Unmarshal([]byte(a.Body), &p); err != nil || a.Status != http.StatusOK {
			t.Fatalf("status %d, %s", a.Status, a.Body)
		}
		return len(p.Data)
	}
	for _, test := range tests {
		t.Run(test.query, func(t *testing.T) {
			if got := events(t, s, token, test.query); got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
			if got := events(t, clamping, clampingToken, test.query); got != test.clamped {
				t.Errorf("with ClampLimit: got %d, want %d", got, test.clamped)
			}
		})
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

func TestAssumptions(t *testing.T) {
	t.Run("ExclusiveDates", func(t *testing.T) {
		s, c, token := startWith(t, sandbox.Config{
			Events: numbered(2), Assumptions: sandbox.Assumptions{ExclusiveDates: true},
		})
		at := c.Now()
		for date, want := range map[time.Time]int{at: 0, at.Add(-time.Millisecond): 1, at.Add(-time.Millisecond - 100): 2} {
			if got := len(stream(t, s, token, "cursor="+url.QueryEscape(date.Format(time.RFC3339Nano))).Data); got != want {
				t.Errorf("from %v: got %d events, want %d", date, got, want)
			}
		}
	})
	t.Run("RefuseVersion2", func(t *testing.T) {
		s, _, token := startWith(t, sandbox.Config{Assumptions: sandbox.Assumptions{RefuseVersion2: true}})
		for path, want := range map[string]int{
			"/api/v2/datasets/monitor/stream": http.StatusNotFound, streamPath: http.StatusOK,
		} {
			if got := get(t, s, token, path).Status; got != want {
				t.Errorf("%s: status %d, want %d", path, got, want)
			}
		}
	})
}

func TestUnauthorized(t *testing.T) {
	s, _, token := startWith(t, sandbox.Config{Events: numbered(1)})
	other, _, foreign := startWith(t, sandbox.Config{Events: numbered(1)})
	_ = other
	tests := map[string]struct {
		authorization []string
		want          int
	}{
		"as documented":       {[]string{"Bearer " + token}, 200},
		"scheme in lower":     {[]string{"bearer " + token}, 200},
		"scheme in upper":     {[]string{"BEARER " + token}, 200},
		"several spaces":      {[]string{"Bearer   " + token}, 200},
		"none":                {nil, 401},
		"empty":               {[]string{""}, 401},
		"scheme alone":        {[]string{"Bearer"}, 401},
		"token alone":         {[]string{token}, 401},
		"another scheme":      {[]string{"Basic " + token}, 401},
		"no space":            {[]string{"Bearer" + token}, 401},
		"unknown token":       {[]string{"Bearer " + strings.Repeat("A", len(token))}, 401},
		"of another sandbox":  {[]string{"Bearer " + foreign}, 401},
		"in lower case":       {[]string{"Bearer " + strings.ToLower(token)}, 401},
		"cut":                 {[]string{"Bearer " + token[:len(token)-1]}, 401},
		"with something more": {[]string{"Bearer " + token + " x"}, 401},
		"twice":               {[]string{"Bearer " + token, "Bearer " + token}, 401},
		"two, one of them":    {[]string{"Bearer x", "Bearer " + token}, 401},
	}
	targets := []string{streamPath, streamPath + "?limit=abc", streamPath + "?cursor=%zz", "/api/v9/datasets/monitor/stream", "/oauth/userinfo"}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			for _, target := range targets {
				r, err := http.NewRequest(http.MethodGet, s.URL()+target, nil)
				if err != nil {
					t.Fatal(err)
				}
				r.Header["Authorization"] = test.authorization

				a := send(t, r)

				if refused := a.Status == http.StatusUnauthorized; refused != (test.want == http.StatusUnauthorized) {
					t.Errorf("%s: status %d", target, a.Status)
				}
				if a.Status != http.StatusUnauthorized {
					continue
				}
				if got := a.Header.Get("WWW-Authenticate"); got != "Bearer" {
					t.Errorf("%s: WWW-Authenticate %q", target, got)
				}
				if strings.Contains(a.Body, token[:20]) {
					t.Errorf("%s: the answer quotes the token", target)
				}
			}
		})
	}
}
