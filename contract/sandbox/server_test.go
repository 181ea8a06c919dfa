package sandbox_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/docusign-monitor/contract/sandbox"
)

var guid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// TestRouting walks what the two documents route and what they do not. Every answer has a trace token, every error is JSON
// in the shape of its host, and every request is in the log.
func TestRouting(t *testing.T) {
	s, _, token := startWith(t, sandbox.Config{Events: numbered(1)})
	const v2 = "/api/v2/datasets/monitor/stream"
	tests := []struct {
		method, path, operation string
		status                  int
		allow                   string
	}{
		{"GET", streamPath, "getStream", 200, ""},
		{"GET", v2, "getStream", 200, ""},
		{"HEAD", streamPath, "getStream", 200, ""},
		{"GET", "/api/v2%2E0/datasets/monitor/stream", "getStream", 200, ""},
		{"POST", streamPath, "", 405, "GET, HEAD"},
		{"PUT", streamPath, "", 405, "GET, HEAD"},
		{"DELETE", streamPath, "", 405, "GET, HEAD"},
		{"OPTIONS", streamPath, "", 405, "GET, HEAD"},
		{"TRACE", streamPath, "", 405, "GET, HEAD"},
		{"BREW", streamPath, "", 405, "GET, HEAD"},
		{"GET", "/api/v9/datasets/monitor/stream", "getStream", 404, ""},
		{"GET", "/api/v2.00/datasets/monitor/stream", "getStream", 404, ""},
		{"GET", "/api/vv2.0/datasets/monitor/stream", "getStream", 404, ""},
		{"GET", "/api/V2.0/datasets/monitor/stream", "", 404, ""},
		{"GET", "/api/2.0/datasets/monitor/stream", "", 404, ""},
		{"GET", "/api/x2.0/datasets/monitor/stream", "", 404, ""},
		{"GET", "/api/v/datasets/monitor/stream", "", 404, ""},
		{"GET", "/api//datasets/monitor/stream", "", 404, ""},
		{"GET", "/api/v2.0/datasets/other/stream", "getStream", 404, ""},
		{"GET", "/api/v2.0/datasets/Monitor/stream", "getStream", 404, ""},
		{"GET", "/api/v2.0/datasets/monitor%2Fx/stream", "getStream", 404, ""},
		{"GET", "/api/v2.0/datasets/%00/stream", "getStream", 404, ""},
		{"GET", "/api/v2.0/datasets//stream", "", 404, ""},
		{"GET", streamPath + "/", "", 404, ""},
		{"GET", streamPath + "s", "", 404, ""},
		{"GET", "//api/v2.0/datasets/monitor/stream", "", 404, ""},
		{"GET", "/api/v2.0//datasets/monitor/stream", "", 404, ""},
		{"GET", "/api/v2.0/datasets/x/../monitor/stream", "", 404, ""},
		{"GET", "/api/v2.0/datasets/monitor/web_query", "", 404, ""},
		{"GET", "/", "", 404, ""},
		{"GET", "/oauth/userinfo", "getUserInfo", 200, ""},
		{"HEAD", "/oauth/userinfo", "getUserInfo", 200, ""},
		{"POST", "/oauth/userinfo", "", 405, "GET, HEAD"},
		{"POST", "/oauth/token", "createToken", 400, ""},
		{"GET", "/oauth/token", "", 405, "POST"},
		{"GET", "/oauth/auth", "", 404, ""},
		{"OPTIONS", "*", "", 400, ""},
	}
	var want []sandbox.Request
	before := len(s.Requests())
	for _, test := range tests {
		t.Run(test.method+" "+test.path, func(t *testing.T) {
			r, err := http.NewRequest(test.method, s.URL(), nil)
			if err != nil {
				t.Fatal(err)
			}
			r.URL.Opaque = test.path // as it is, not cleaned
			if strings.HasPrefix(test.path, "//") {
				r.URL.Opaque = "" // two slashes would begin a host
				r.URL.Path = test.path
			}
			r.Header.Set("Authorization", "Bearer "+token)
			path, err := url.PathUnescape(test.path)
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, sandbox.Request{Method: test.method, Path: path, Operation: test.operation, Status: test.status})

			a := send(t, r)

			if a.Status != test.status {
				t.Errorf("status %d, want %d", a.Status, test.status)
			}
			if got := a.Header.Get("Allow"); got != test.allow {
				t.Errorf("Allow %q, want %q", got, test.allow)
			}
			if got := a.Header.Values("X-DocuSign-TraceToken"); len(got) != 1 || !guid.MatchString(got[0]) {
				t.Errorf("trace token %q", got)
			}
			if got := a.Header.Get("Location"); got != "" {
				t.Errorf("Location %q", got)
			}
			if got := a.Header.Get("Content-Type"); !strings.HasPrefix(got, "application/json") {
				t.Errorf("Content-Type %q", got)
			}
			if test.method == http.MethodHead {
				if a.Body != "" {
					t.Errorf("body %q", a.Body)
				}
				return
			}
			var body map[string]any
			if err := json.Unmarshal([]byte(a.Body), &body); err != nil {
				t.Fatalf("%q: %v", a.Body, err)
			}
			if test.status >= 400 {
				name := "errorCode"
				if strings.HasPrefix(test.path, "/oauth/") {
					name = "error"
				}
				if code, _ := body[name].(string); code == "" {
					t.Errorf("no %s in %s", name, a.Body)
				}
			}
		})
	}
	if diff := cmp.Diff(want, s.Requests()[before:]); diff != "" {
		t.Errorf("Requests (-want +got):\n%s", diff)
	}
}

func TestTraceTokensDiffer(t *testing.T) {
	s, _, token := startWith(t, sandbox.Config{Events: numbered(1)})
	const name = "X-DocuSign-TraceToken"
	if a, b := get(t, s, token, "/").Header.Get(name), get(t, s, token, "/").Header.Get(name); a == b {
		t.Errorf("twice %s", a)
	}
}

func TestHeadTellsTheLengthOfGet(t *testing.T) {
	s, _, token := startWith(t, sandbox.Config{Events: numbered(50)})
	r, err := http.NewRequest(http.MethodHead, s.URL()+streamPath, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)

	head, whole := send(t, r), get(t, s, token, streamPath)

	for _, name := range []string{"Content-Length", "Content-Type"} {
		if got, want := head.Header.Get(name), whole.Header.Get(name); got != want || got == "" {
			t.Errorf("%s: %q with HEAD, %q with GET", name, got, want)
		}
	}
	if got := whole.Header.Get("Content-Type"); got != "application/json; charset=utf-8" {
		t.Errorf("Content-Type %q", got)
	}
}

func TestNewRefuses(t *testing.T) {
	taken := sandbox.Start(t, sandbox.Config{})
	tests := map[string]struct {
		config sandbox.Config
		want   string // in the error
	}{
		"all interfaces":          {sandbox.Config{Addr: ":0"}, "loopback"},
		"all interfaces by IP":    {sandbox.Config{Addr: "0.0.0.0:0"}, "loopback"},
		"another machine":         {sandbox.Config{Addr: "192.0.2.1:0"}, "loopback"},
		"a name":                  {sandbox.Config{Addr: "example.com:0"}, "loopback"},
		"no port":                 {sandbox.Config{Addr: "127.0.0.1"}, "port"},
		"port taken":              {sandbox.Config{Addr: strings.TrimPrefix(taken.URL(), "http://")}, "bind"},
		"tokens of half a second": {sandbox.Config{TokenLifetime: time.Second / 2}, "500ms"},
		"tokens of the past":      {sandbox.Config{TokenLifetime: -time.Hour}, "-1h"},
		"user without a GUID":     {sandbox.Config{Users: []sandbox.User{{ID: "ada@example.com"}}}, "not a GUID"},
		"user twice":              {sandbox.Config{Users: []sandbox.User{{ID: consenting}, {ID: strings.ToUpper(consenting)}}}, "user 1"},
		"events that are none":    {sandbox.Config{Events: sandbox.Raw([]byte(`{}`), []byte(`null`))}, "event 2 of 2: not a JSON object"},
		"events fewer than 0":     {sandbox.Config{Events: sandbox.Generate(-1, 1)}, "-1 events"},
		"events beyond measure":   {sandbox.Config{Events: sandbox.Generate(1<<62, 1)}, "do not fit"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s, err := sandbox.New(test.config)
			if err == nil {
				s.Close()
				t.Fatal("no error")
			}
			if !strings.HasPrefix(err.Error(), "sandbox: ") || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %q does not tell %q", err, test.want)
			}
		})
	}
}

func TestRawRefuses(t *testing.T) {
	tests := map[string]string{
		"nothing":     "",
		"blank":       " ",
		"a list":      "[]",
		"a text":      `"{}"`,
		"two objects": "{}{}",
		"cut":         `{"a":1`,
		"not UTF-8":   "{\"a\":\"\xff\"}",
		"a tab in it": "{\"a\":\"\t\"}",
		"too deep":    `{"a":` + strings.Repeat("[", 9998) + strings.Repeat("]", 9998) + "}",
	}
	s := sandbox.Start(t, sandbox.Config{Events: sandbox.Raw()})
	for name, event := range tests {
		t.Run(name, func(t *testing.T) {
			if s, err := sandbox.New(sandbox.Config{Events: sandbox.Raw([]byte(event))}); err == nil {
				s.Close()
				t.Error("New took it")
			}
			if err := s.Append([]byte(event)); err == nil {
				t.Error("Append took it")
			}
		})
	}
}

func TestUsersGetIDs(t *testing.T) {
	start := func() *sandbox.Server { return sandbox.Start(t, sandbox.Config{Users: make([]sandbox.User, 3)}) }
	a, b := start(), start()
	if a.Credentials().UserID != b.Credentials().UserID || !guid.MatchString(a.Credentials().UserID) {
		t.Errorf("IDs %q and %q; want one GUID", a.Credentials().UserID, b.Credentials().UserID)
	}
}

func TestConfigIsNotChanged(t *testing.T) {
	users := []sandbox.User{{}}
	sandbox.Start(t, sandbox.Config{Users: users})
	if diff := cmp.Diff([]sandbox.User{{}}, users); diff != "" {
		t.Errorf("Users (-want +got):\n%s", diff)
	}
}

func TestManyAtOnce(t *testing.T) {
	var wg sync.WaitGroup
	for i := range 3 {
		s, _, token := startWith(t, sandbox.Config{Events: sandbox.Generate(500, uint64(i))})
		want := held(s)
		for range 2 {
			wg.Go(func() {
				if diff := cmp.Diff(want, drain(t, s, token, "", "100")); diff != "" {
					t.Errorf("events of sandbox %d (-want +got):\n%s", i, diff)
				}
			})
		}
	}
	wg.Wait()
}

func TestAppendWhileRead(t *testing.T) {
	s, _, token := startWith(t, sandbox.Config{Events: numbered(1)})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 50 {
				if err := s.Append(fmt.Appendf(nil, `{"i":%d}`, i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	first := drain(t, s, token, "", "7")
	wg.Wait()

	want := held(s)
	if diff := cmp.Diff(want, drain(t, s, token, "", "7")); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if len(want) != 201 || cmp.Diff(want[:len(first)], first) != "" {
		t.Errorf("the first drain is no beginning of the log of %d events", len(want))
	}
}

func TestCloseLeavesNothing(t *testing.T) {
	s, err := sandbox.New(sandbox.Config{Events: numbered(1)})
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	idle, err := transport.RoundTrip(newRequest(t, s.URL()))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, idle.Body); err != nil { // the connection stays open
		t.Fatal(err)
	}

	s.Close()
	s.Close()

	if _, err := transport.RoundTrip(newRequest(t, s.URL())); err == nil {
		t.Error("it still answers")
	}
	for range 1_000_000 { // a goroutine that is past its last statement needs a moment to go
		if !strings.Contains(goroutines(), "net/http.(*Server)") && !strings.Contains(goroutines(), "net/http.(*conn)") {
			return
		}
		runtime.Gosched()
	}
	t.Errorf("goroutines of the server are left:\n%s", goroutines())
}

// goroutines are the stacks of all of them.
func goroutines() string {
	stacks := make([]byte, 1<<20)
	return string(stacks[:runtime.Stack(stacks, true)])
}

func newRequest(t *testing.T, url string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
