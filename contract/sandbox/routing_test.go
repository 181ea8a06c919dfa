package sandbox_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

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

	head, whole := send(t, r), accepting(t, s, token, streamPath)

	for _, name := range []string{"Content-Length", "Content-Type"} {
		if got, want := head.Header.Get(name), whole.Header.Get(name); got != want || got == "" {
			t.Errorf("%s: %q with HEAD, %q with GET", name, got, want)
		}
	}
	if got := whole.Header.Get("Content-Type"); got != "application/json; charset=utf-8" {
		t.Errorf("Content-Type %q", got)
	}
}
