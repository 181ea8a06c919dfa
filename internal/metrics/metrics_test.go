package metrics

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/docusign-monitor/api"
	"example.com/docusign-monitor/internal/feed"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// get asks for a path.
func get(m *Metrics, path string) (status int, body string) {
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w.Code, w.Body.String()
}

// own are the metrics of this package and its users, as they are shown, in that order, without those of Go and the process.
func own(m *Metrics) (lines []string) {
	_, body := get(m, "/metrics")
	for line := range strings.Lines(body) {
		if strings.HasPrefix(line, "dsmonitor_") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

func TestMetrics(t *testing.T) {
	now := noon
	m := New(func() time.Time { return now }, time.Minute)
	want := []string{
		"dsmonitor_bytes_total 0", "dsmonitor_caught_up 0", "dsmonitor_duplicates_total 0", "dsmonitor_events_total 0", "dsmonitor_lag_seconds NaN",
		"dsmonitor_last_answer_timestamp_seconds 0", "dsmonitor_last_event_timestamp_seconds 0", "dsmonitor_last_save_timestamp_seconds 0",
		"dsmonitor_left_out_total 0", "dsmonitor_pages_total 0", `dsmonitor_retries_total{reason="limit"} 0`, `dsmonitor_retries_total{reason="network"} 0`,
		`dsmonitor_retries_total{reason="server"} 0`, `dsmonitor_retries_total{reason="truncated"} 0`, "dsmonitor_token_renewals_total 0",
	}
	if diff := cmp.Diff(want, own(m)); diff != "" {
		t.Errorf("at first (-want +got):\n%s", diff)
	}

	m.Answered(noon)
	m.Delivered(feed.Delivery{At: noon.Add(time.Second), Events: 3, Bytes: 100, Duplicates: 2, LeftOut: 1, Newest: noon.Add(-time.Hour), Saved: true})
	m.Answered(noon.Add(time.Minute))
	m.Delivered(feed.Delivery{At: noon.Add(time.Minute), Events: 1, Bytes: 10, Newest: noon.Add(-time.Minute), CaughtUp: true})
	for _, err := range []*api.Error{
		{StatusCode: 429, Err: api.ErrRateLimited}, {StatusCode: 400, Err: api.ErrRateLimited}, {StatusCode: 503}, {StatusCode: 503}, {StatusCode: 500},
		{StatusCode: 200, Err: fmt.Errorf("%w: %w", api.ErrMalformedPage, io.ErrUnexpectedEOF)},
		{Err: errors.New("reset")}, {Err: errors.New("reset")}, {Err: errors.New("reset")}, {Err: errors.New("reset")},
	} {
		m.Retrying(err, time.Second)
	}
	m.Counter("dsmonitor_of_a_destination_total", "What a destination counts.")(7)
	now = noon.Add(time.Minute)
	want = []string{
		"dsmonitor_bytes_total 110", "dsmonitor_caught_up 1", "dsmonitor_duplicates_total 2", "dsmonitor_events_total 4", "dsmonitor_lag_seconds 120",
		"dsmonitor_last_answer_timestamp_seconds 1.76735526e+09", "dsmonitor_last_event_timestamp_seconds 1.76735514e+09",
		"dsmonitor_last_save_timestamp_seconds 1.767355201e+09", "dsmonitor_left_out_total 1", "dsmonitor_of_a_destination_total 7",
		"dsmonitor_pages_total 2", `dsmonitor_retries_total{reason="limit"} 2`, `dsmonitor_retries_total{reason="network"} 4`,
		`dsmonitor_retries_total{reason="server"} 3`, `dsmonitor_retries_total{reason="truncated"} 1`, "dsmonitor_token_renewals_total 0",
	}
	if diff := cmp.Diff(want, own(m)); diff != "" {
		t.Errorf("after a while (-want +got):\n%s", diff)
	}

	m.Delivered(feed.Delivery{})
	if got := own(m); got[1] != "dsmonitor_caught_up 0" || got[6] != want[6] {
		t.Errorf("after a page that is not the end, of no time: %q", got)
	}
}

// Who wants no metrics counts all the same.
func TestCounterOfNone(t *testing.T) {
	var none *Metrics
	none.Counter("dsmonitor_of_a_destination_total", "What a destination counts.")(1)
}

func TestTransport(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-RateLimit-Remaining", r.URL.Query().Get("hour"))
		w.Header().Set("X-BurstLimit-Remaining", r.URL.Query().Get("burst"))
		if r.URL.Query().Has("fail") {
			w.WriteHeader(http.StatusBadRequest)
		}
		io.WriteString(w, "body of "+r.URL.Path)
	}))
	defer server.Close()
	m := New(time.Now, time.Minute)
	client := &http.Client{Transport: m.Transport(http.DefaultTransport)}
	for _, path := range []string{"/oauth/token?hour=99", "/base/oauth/token?burst=20", "/oauth/token?fail", "/oauth/userinfo?hour=", "/stream?hour=12&burst=x"} {
		res, err := client.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if plain, _, _ := strings.Cut(path, "?"); err != nil || string(body) != "body of "+plain {
			t.Errorf("%s: %q, %v", path, body, err)
		}
	}
	shown := strings.Join(own(m), "\n")
	for _, want := range []string{
		`dsmonitor_limit_remaining{window="burst"} 20`, `dsmonitor_limit_remaining{window="hour"} 12`, "dsmonitor_token_renewals_total 2",
	} {
		if !strings.Contains(shown, want) {
			t.Errorf("no %s in\n%s", want, shown)
		}
	}
	server.Close()
	if _, err := client.Get(server.URL); err == nil {
		t.Error("no error of a server that is gone")
	}
}

// A run is ready once it has had an answer, until three polls are missed.
func TestReady(t *testing.T) {
	now := noon
	m := New(func() time.Time { return now }, time.Minute)
	for _, test := range []struct {
		after  time.Duration // since the answer; less than 0: there was none
		status int
		body   string
	}{
		{-1, 503, "the stream has not answered yet\n"},
		{0, 200, "ok\n"},
		{198 * time.Second, 200, "ok\n"},
		{200 * time.Second, 503, "the last good answer of the stream came 3m20s ago, at 2026-01-02T12:00:00Z; three polls of 1m0s are missed\n"},
	} {
		if test.after == 0 {
			m.Answered(noon)
		}
		now = noon.Add(max(test.after, 0))
		if status, body := get(m, "/readyz"); status != test.status || body != test.body {
			t.Errorf("after %v: %d %q", test.after, status, body)
		}
		if status, _ := get(m, "/healthz"); status != 200 {
			t.Errorf("after %v: health %d", test.after, status)
		}
	}
	if status, _ := get(m, "/"); status != 404 {
		t.Errorf("/ is answered with %d", status)
	}
}
