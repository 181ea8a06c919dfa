package main

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"

	"example.com/docusign-monitor/contract/sandbox"
)

// shared is a writer that can be read while it is written to.
type shared struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *shared) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// served asks for a path of the metrics that a run said where they are.
func served(t *testing.T, stderr, path string) (status int, body string) {
	t.Helper()
	at := regexp.MustCompile(`metrics are at (http://\S+)/metrics`).FindStringSubmatch(stderr)
	if at == nil {
		t.Fatalf("nobody says where metrics are:\n%s", stderr)
	}
	res, err := http.Get(at[1] + path)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// A quiet day and a broken feed look different: while the stream answers the run is ready although no event comes, and
// while it does not the run is not, and says when it last was.
func TestMetrics(t *testing.T) {
	now := time.Now().UTC().Truncate(time.Second)
	happened := now.Add(-time.Hour)
	faults := sandbox.Faults{4: sandbox.Unavailable, 5: sandbox.Unavailable, 6: sandbox.BareThrottle}
	server := sandbox.Start(t, sandbox.Config{Events: sandbox.Raw(at(1, happened), at(2, happened)), Faults: faults})
	k := keep(t, server)
	stderr := &shared{}
	see := func(wantReady int, want ...string) {
		t.Helper()
		_, shown := served(t, stderr.String(), "/metrics")
		for _, line := range want {
			if !strings.Contains(shown, "\n"+line+"\n") {
				t.Errorf("no line %q in\n%s", line, regexp.MustCompile(`(?m)^(#|go_|process_).*\n`).ReplaceAllString(shown, ""))
			}
		}
		if status, body := served(t, stderr.String(), "/readyz"); status != wantReady {
			t.Errorf("/readyz: %d %s, want %d", status, body, wantReady)
		}
		if status, _ := served(t, stderr.String(), "/healthz"); status != http.StatusOK {
			t.Errorf("/healthz: %d", status)
		}
	}
	unix := func(at time.Time) string { return strconv.FormatFloat(float64(at.Unix()), 'g', -1, 64) }
	begun := now
	sys := system{lookup: k.environment.lookup, now: func() time.Time { return now }, stderr: stderr}
	r := follow(t, sys, 6, func(wait int, _ time.Duration) {
		switch wait {
		case 1: // caught up
			see(200, "dsmonitor_events_total 2", "dsmonitor_pages_total 2", "dsmonitor_caught_up 1", "dsmonitor_lag_seconds 3600",
				"dsmonitor_last_answer_timestamp_seconds "+unix(now), "dsmonitor_last_event_timestamp_seconds "+unix(happened),
				"dsmonitor_last_save_timestamp_seconds "+unix(now), "dsmonitor_token_renewals_total 1", `dsmonitor_retries_total{reason="server"} 0`)
			now = now.Add(48 * time.Hour)
		case 2: // a quiet day, and another
			see(200, "dsmonitor_pages_total 3", "dsmonitor_caught_up 1", "dsmonitor_lag_seconds 176400",
				"dsmonitor_last_answer_timestamp_seconds "+unix(now), "dsmonitor_last_save_timestamp_seconds "+unix(begun))
		case 3, 4: // no answer
			now = now.Add(2 * time.Minute)
		case 5:
			see(503, `dsmonitor_retries_total{reason="server"} 2`, `dsmonitor_retries_total{reason="limit"} 1`,
				"dsmonitor_last_answer_timestamp_seconds "+unix(now.Add(-4*time.Minute)))
		case 6: // again one
			see(200, "dsmonitor_last_answer_timestamp_seconds "+unix(now))
		}
	}, "stream", "--follow", "--to", "file:"+k.out, "--checkpoint", k.checkpoint, "--metrics", "127.0.0.1:0")
	if r.status != success {
		t.Errorf("exit status %d, standard error:\n%s", r.status, stderr)
	}
}

// Where nobody can listen nothing is asked for; what is no address is known without trying.
func TestMetricsAddress(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	server := sandbox.Start(t, sandbox.Config{})
	sys := system{lookup: pointAt(server).lookup}
	checkComplaint(t, try(t, sys, "stream", "--metrics", taken.Addr().String()), failure, 1, "--metrics", taken.Addr().String(), "address already in use")
	for _, addr := range []string{"", "9464", "localhost", "localhost:", ":none such", "127.0.0.1:65536", "::1:9464"} {
		checkComplaint(t, try(t, sys, "stream", "--metrics", addr), misuse, 1, "--metrics")
	}
	if streamed(server) > 0 {
		t.Error("the stream was asked")
	}
}

// The alert rules are taken by Prometheus itself, and ask for what is shown.
func TestAlertRules(t *testing.T) {
	text, err := os.ReadFile("examples/alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	groups, problems := rulefmt.Parse(text, false, model.UTF8Validation)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	stderr := &shared{}
	server := sandbox.Start(t, sandbox.Config{Events: sandbox.Generate(3, 1), Limits: sandbox.Limits{Hourly: 1000}})
	var shown string
	follow(t, system{lookup: pointAt(server).lookup, stderr: stderr}, 1, func(int, time.Duration) {
		_, shown = served(t, stderr.String(), "/metrics")
	}, "stream", "--follow", "--metrics", "127.0.0.1:0")

	alerts := 0
	for _, group := range groups.Groups {
		for _, rule := range group.Rules {
			alerts++
			expr, err := parser.ParseExpr(rule.Expr)
			if err != nil {
				t.Fatal(err)
			}
			for _, selectors := range parser.ExtractSelectors(expr) {
				name := ""
				for _, label := range selectors {
					if label.Name == model.MetricNameLabel {
						name = label.Value
					}
				}
				if name != "up" && !strings.Contains(shown, "\n"+name) {
					t.Errorf("%s asks for %s, which is not shown in\n%s", rule.Alert, name, shown)
				}
			}
			if rule.Annotations["summary"] == "" || rule.Labels["severity"] == "" {
				t.Errorf("%s says not what is wrong, or how bad that is", rule.Alert)
			}
		}
	}
	if alerts < 5 {
		t.Errorf("%d alerts", alerts)
	}
}
