// Package metrics shows a run to Prometheus, and tells a supervisor whether it goes well.
//
// A [Metrics] is told what happens as a [feed.Observer] and, for what only answers say, as a layer of the client's
// transport. [Metrics.Handler] serves three paths:
//
//   - /metrics is for Prometheus;
//   - /healthz is 200 while the process serves;
//   - /readyz is 200 if the stream has answered within the last three intervals, else 503. A page that the destination does
//     not take, a limit that is waited for and an outage all look like that: nothing is brought.
//
// A quiet day is told from a broken feed by two times: that of the newest event may lie far back, that of the last good
// answer may not. No label and no value holds an id, a cursor or a part of an event.
//
// # Counters of a destination
//
// A destination counts what is its own by [Metrics.Counter], before the run begins:
//
//	repeated := m.Counter("dsmonitor_splunk_repeated_events_total", "Events that were sent again.")
//	…
//	repeated(len(batch))
//
// A nil *Metrics counts nothing, so nobody has to ask whether metrics are wanted.
package metrics

import (
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"example.com/docusign-monitor/api"
	"example.com/docusign-monitor/internal/feed"
)

// Metrics are those of one run.
type Metrics struct {
	registry         *prometheus.Registry
	now              func() time.Time
	interval         time.Duration
	answered, newest atomic.Pointer[time.Time] // nil before the first one

	events, pages, bytes, duplicates, leftOut, renewals prometheus.Counter
	lastEvent, lastAnswer, lastSave, caughtUp           prometheus.Gauge
	retries                                             *prometheus.CounterVec
	limit                                               *prometheus.GaugeVec
}

// New returns metrics of a run that asks anew after every interval once it is caught up.
func New(now func() time.Time, interval time.Duration) *Metrics {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collectors.NewBuildInfoCollector())
	make := promauto.With(r)
	counter := func(name, help string) prometheus.Counter {
		return make.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	gauge := func(name, help string) prometheus.Gauge {
		return make.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	}
	m := &Metrics{
		registry: r, now: now, interval: interval,
		events:     counter("dsmonitor_events_total", "Events delivered."),
		pages:      counter("dsmonitor_pages_total", "Pages delivered, those without events included."),
		bytes:      counter("dsmonitor_bytes_total", "Bytes of the events delivered, as they were received."),
		duplicates: counter("dsmonitor_duplicates_total", "Events left out since they had been delivered before."),
		leftOut:    counter("dsmonitor_left_out_total", "Events left out since they happened at --until or later."),
		renewals:   counter("dsmonitor_token_renewals_total", "Access tokens received, the first one included."),
		retries: make.NewCounterVec(prometheus.CounterOpts{
			Name: "dsmonitor_retries_total", Help: "Requests that failed and were made again, by reason: limit, server, truncated or network.",
		}, []string{"reason"}),
		limit: make.NewGaugeVec(prometheus.GaugeOpts{
			Name: "dsmonitor_limit_remaining", Help: "Requests left by the last answer that said so, in the window: hour or burst.",
		}, []string{"window"}),
		lastEvent:  gauge("dsmonitor_last_event_timestamp_seconds", "When the newest event happened; 0 before the first one."),
		lastAnswer: gauge("dsmonitor_last_answer_timestamp_seconds", "When the stream last gave a good answer, with events or without; 0 before the first one."),
		lastSave:   gauge("dsmonitor_last_save_timestamp_seconds", "When the position was last saved after a page; 0 before that, and without a checkpoint."),
		caughtUp:   gauge("dsmonitor_caught_up", "1 if the last page delivered was the end of the stream for the moment, else 0."),
	}
	for _, reason := range reasons { // so that they are there, and 0, before the first failure
		m.retries.WithLabelValues(reason)
	}
	make.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "dsmonitor_lag_seconds", Help: "How long ago the newest event happened; NaN before the first one. At the end of a quiet stream it grows.",
	}, m.lag)
	return m
}

// Counter makes a counter, named in full, for one who is not told of as a feed.Observer. What it returns adds to it.
// It panics if the name is taken.
func (m *Metrics) Counter(name, help string) func(n int) {
	if m == nil {
		return func(int) {}
	}
	c := promauto.With(m.registry).NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	return func(n int) { c.Add(float64(n)) }
}

// Answered implements [feed.Observer].
func (m *Metrics) Answered(at time.Time) {
	m.answered.Store(&at)
	m.lastAnswer.Set(seconds(at))
}

// Delivered implements [feed.Observer].
func (m *Metrics) Delivered(d feed.Delivery) {
	m.pages.Inc()
	m.events.Add(float64(d.Events))
	m.bytes.Add(float64(d.Bytes))
	m.duplicates.Add(float64(d.Duplicates))
	m.leftOut.Add(float64(d.LeftOut))
	if !d.Newest.IsZero() {
		m.newest.Store(&d.Newest)
		m.lastEvent.Set(seconds(d.Newest))
	}
	if d.Saved {
		m.lastSave.Set(seconds(d.At))
	}
	m.caughtUp.Set(0)
	if d.CaughtUp {
		m.caughtUp.Set(1)
	}
}

// Retrying implements [feed.Observer].
func (m *Metrics) Retrying(err *api.Error, _ time.Duration) {
	m.retries.WithLabelValues(reason(err)).Inc()
}

var reasons = []string{"limit", "server", "truncated", "network"}

// reason is why a request is made again.
func reason(err *api.Error) string {
	switch {
	case errors.Is(err, api.ErrRateLimited):
		return "limit"
	case err.StatusCode >= http.StatusInternalServerError:
		return "server"
	case err.StatusCode == http.StatusOK:
		return "truncated"
	default:
		return "network"
	}
}

// Transport takes from answers what nobody else tells of: new tokens, and what is left of a quota. Answers pass unchanged.
func (m *Metrics) Transport(next http.RoundTripper) http.RoundTripper { return transport{m, next} }

type transport struct {
	*Metrics
	next http.RoundTripper
}

func (t transport) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := t.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if strings.HasSuffix(req.URL.Path, "/oauth/token") && res.StatusCode == http.StatusOK {
		t.renewals.Inc()
	}
	for window, header := range map[string]string{"hour": "X-RateLimit-Remaining", "burst": "X-BurstLimit-Remaining"} {
		if left, err := strconv.ParseUint(res.Header.Get(header), 10, 32); err == nil {
			t.limit.WithLabelValues(window).Set(float64(left))
		}
	}
	return res, nil
}

// Handler serves /metrics, /healthz and /readyz.
func (m *Metrics) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok\n") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if problem := m.unready(); problem != "" {
			http.Error(w, problem, http.StatusServiceUnavailable)
			return
		}
		io.WriteString(w, "ok\n")
	})
	return mux
}

// unready says what is wrong, if three polls in a row had no good answer. A follower waits up to a tenth longer than the
// interval, at random.
func (m *Metrics) unready() string {
	at := m.answered.Load()
	if at == nil {
		return "the stream has not answered yet"
	}
	if ago := m.now().Sub(*at); ago > 3*(m.interval+m.interval/10) {
		return fmt.Sprintf("the last good answer of the stream came %v ago, at %s; three polls of %v are missed",
			ago.Round(time.Second), at.UTC().Format(time.RFC3339), m.interval)
	}
	return ""
}

func (m *Metrics) lag() float64 {
	newest := m.newest.Load()
	if newest == nil {
		return math.NaN()
	}
	return m.now().Sub(*newest).Seconds()
}

func seconds(t time.Time) float64 { return float64(t.UnixNano()) / 1e9 }
