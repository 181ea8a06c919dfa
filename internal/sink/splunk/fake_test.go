// A fake HTTP Event Collector, which keeps what it takes and misbehaves by the ordinal of a request.

package splunk

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/docusign-monitor/api"
)

const token = "canary-5ad0f0c6-hec-token"

var noon = time.Date(2026, 5, 20, 12, 0, 0, 0, time.UTC)

// hec is the fake. What it has indexed is in taken, each event as it came.
type hec struct {
	*httptest.Server
	t *testing.T

	mutex     sync.Mutex
	ack       bool
	envelopes []map[string]json.RawMessage
	batches   []int
	posts     int
	polls     int
	channel   string
	post      func(n int, w http.ResponseWriter, take func()) bool // the fault of the nth post; false if there is none
	acked     func(poll int) bool
	bad       string // an event that holds it is refused with code 6, and its number
	number    bool
}

var guids = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func newHEC(t *testing.T) *hec {
	h := &hec{t: t, ack: true, number: true, acked: func(int) bool { return true }}
	h.Server = httptest.NewServer(h)
	t.Cleanup(h.Close)
	return h
}

func (h *hec) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	if r.Header.Get("Authorization") != "Splunk "+token {
		// The worst of servers: it says what it was sent.
		say(w, 403, `{"text":"Invalid token %s","code":4}`, r.Header.Get("Authorization"))
		return
	}
	channel := r.Header.Get("X-Splunk-Request-Channel")
	if h.ack != (channel != "") || h.ack && !guids.MatchString(channel) {
		say(w, 400, `{"text":"Data channel is missing","code":10}`)
		return
	}
	switch r.URL.Path {
	case "/services/collector/event":
		h.event(w, r, channel)
	case "/services/collector/ack":
		var ask struct{ Acks []int }
		json.NewDecoder(r.Body).Decode(&ask)
		if h.polls++; r.URL.Query().Get("channel") != h.channel || !slices.Equal(ask.Acks, []int{h.posts}) {
			h.t.Errorf("asked for %v in channel %q", ask.Acks, r.URL.Query().Get("channel"))
		}
		say(w, 200, `{"acks":{"%d":%v}}`, h.posts, h.acked(h.polls))
	default:
		h.t.Errorf("asked for %s", r.URL)
	}
}

func (h *hec) event(w http.ResponseWriter, r *http.Request, channel string) {
	h.posts++
	h.channel = channel
	if r.Header.Get("Content-Encoding") != "gzip" {
		h.t.Error("not compressed")
	}
	zip, err := gzip.NewReader(r.Body)
	if err != nil {
		h.t.Error(err)
		return
	}
	text, err := io.ReadAll(zip)
	if err != nil || len(text) > maxBatch && strings.Count(string(text), "\n") > 1 {
		h.t.Errorf("a batch of %d bytes: %v", len(text), err)
	}
	var batch []map[string]json.RawMessage
	for d := json.NewDecoder(strings.NewReader(string(text))); ; {
		var one map[string]json.RawMessage
		if err := d.Decode(&one); err == io.EOF {
			break
		} else if err != nil {
			h.t.Error(err)
			break
		}
		batch = append(batch, one)
	}
	take := func() {
		h.envelopes = append(h.envelopes, batch...)
		h.batches = append(h.batches, len(batch))
	}
	if h.post != nil && h.post(h.posts, w, take) {
		return
	}
	for i, one := range batch {
		if h.bad == "" || !strings.Contains(string(one["event"]), h.bad) {
			continue
		}
		if h.number {
			say(w, 400, `{"text":"Invalid data format","code":6,"invalid-event-number":%d}`, i)
		} else {
			say(w, 400, `{"text":"Invalid data format","code":6}`)
		}
		return
	}
	take()
	if h.ack {
		say(w, 200, `{"text":"Success","code":0,"ackId":%d}`, h.posts)
	} else {
		say(w, 200, `{"text":"Success","code":0}`)
	}
}

func say(w http.ResponseWriter, status int, format string, args ...any) {
	w.WriteHeader(status)
	fmt.Fprintf(w, format, args...)
}

// hangUp ends a connection without an answer.
func hangUp(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		conn.Close()
	}
}

// events are what arrived, in order.
func (h *hec) events() []string {
	var all []string
	for _, one := range h.envelopes {
		all = append(all, string(one["event"]))
	}
	return all
}

// run is a sink on a fake, with the waits that it would have made and what it said.
type run struct {
	repeated, aside int // as they were counted

	*Sink
	waits []time.Duration
	said  []string
}

func open(t *testing.T, h *hec, change func(*Config)) *run {
	t.Helper()
	r := &run{}
	c := Config{
		URL: h.URL, Token: token, Host: "monitor.example.com", Source: "docusign:dataset", Ack: h.ack,
		Now: func() time.Time { return noon },
		Wait: func(ctx context.Context, d time.Duration) error {
			r.waits = append(r.waits, d)
			return ctx.Err()
		},
		Notice:   func(s string) { r.said = append(r.said, s) },
		Repeated: func(n int) { r.repeated += n },
		SetAside: func(n int) { r.aside += n },
	}
	if change != nil {
		change(&c)
	}
	var err error
	if r.Sink, err = Open(c); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// deliver delivers a page as a run does, and returns how much of it is safe.
func (r *run) deliver(ctx context.Context, events []api.Event) (int, error) {
	done := 0
	for done < len(events) {
		n, err := r.Deliver(ctx, events[done:])
		done += n
		if err != nil {
			return done, err
		}
	}
	return done, nil
}

// page is one of n events.
func page(n int) (events []api.Event, raw []string) {
	for i := range n {
		raw = append(raw, fmt.Sprintf(`{"eventId":"e%d", "big":12345678901234567890,"timestamp":"2026-05-20T12:00:00.%07dZ"}`, i, i))
		events = append(events, api.Event{Raw: []byte(raw[i])})
	}
	return events, raw
}
