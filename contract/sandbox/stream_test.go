package sandbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
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
func startWith(t *testing.T, cfg sandbox.Config) (*sandbox.Server, *sandbox.Clock, string) {
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
			c.Advance(30 * 24 * time.Hour)
			later := get(t, s, token, query)
			given := []byte(`{"a":1}`)
			if err := s.Append(given, []byte(`{"a":2}`)); err != nil {
				t.Fatal(err)
			}
			given[0] = 'x' // the sandbox has its own copy
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
	c.Advance(-time.Hour)
	if err := s.Append([]byte(`{"a":1}`)); err != nil {
		t.Fatal(err)
	}

	if got := texts(stream(t, s, token, "cursor="+late).Data); len(got) != 2 {
		t.Errorf("got %v; an event that comes later is ingested no earlier", got)
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
