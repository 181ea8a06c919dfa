package progress

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/docusign-monitor/api"
	"example.com/docusign-monitor/internal/feed"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// clock is one that is set.
type clock struct{ time.Time }

func (c *clock) now() time.Time { return c.Time }

func (c *clock) pass(d time.Duration) { c.Time = c.Add(d) }

func limited() *api.Error { return &api.Error{StatusCode: 429, Err: api.ErrRateLimited} }

// What is said, at each moment of a run over four days.
func TestLog(t *testing.T) {
	c := &clock{noon}
	p := New(c.now, time.Time{})
	p.Begin(noon.Add(-96 * time.Hour))
	for _, step := range []struct {
		name string
		do   func()
		want string
	}{
		{"at the beginning", func() {}, "events=0 pages=0 rate=0/s"},
		{"a quarter of the way", func() {
			c.pass(10 * time.Second)
			p.Answered(c.Time)
			p.Delivered(feed.Delivery{Events: 1000, Newest: noon.Add(-72 * time.Hour)})
		}, "events=1000 pages=1 rate=100/s event_time=2026-03-01T12:00:00Z lag=72h0m10s left=30s"},
		{"a limit", func() { p.Retrying(limited(), 90*time.Second) },
			`events=1000 pages=1 rate=100/s event_time=2026-03-01T12:00:00Z lag=72h0m10s wait=1m30s wait_reason="for the limit"`},
		{"still", func() { c.pass(30 * time.Second) },
			`events=1000 pages=1 rate=25/s event_time=2026-03-01T12:00:00Z lag=72h0m40s wait=1m0s wait_reason="for the limit"`},
		{"the limit is over", func() { c.pass(60 * time.Second); p.Answered(c.Time) },
			"events=1000 pages=1 rate=10/s event_time=2026-03-01T12:00:00Z lag=72h1m40s left=5m0s"},
		{"another failure", func() { p.Retrying(&api.Error{StatusCode: 503}, 2*time.Second) },
			`events=1000 pages=1 rate=10/s event_time=2026-03-01T12:00:00Z lag=72h1m40s wait=2s wait_reason="to try again"`},
		{"caught up", func() {
			p.Answered(c.Time)
			p.Delivered(feed.Delivery{Events: 500, Newest: noon.Add(-time.Hour), CaughtUp: true})
		}, "events=1500 pages=2 rate=15/s event_time=2026-03-04T11:00:00Z lag=1h1m40s caught_up=true"},
	} {
		step.do()
		var line bytes.Buffer
		p.Log(slog.New(slog.NewTextHandler(&line, nil)))
		_, got, _ := strings.Cut(strings.TrimSpace(line.String()), "msg=progress ")
		if diff := cmp.Diff(step.want, got); diff != "" {
			t.Fatalf("%s (-want +got):\n%s", step.name, diff)
		}
	}
}

// The way begins with the first events if nobody knows where it does, and ends where it is to end.
func TestPart(t *testing.T) {
	for _, test := range []struct {
		name        string
		from, until time.Time
		newest      []time.Duration // before noon
		want        float64
	}{
		{"nothing yet", noon.Add(-time.Hour), time.Time{}, nil, 0},
		{"half of the way", noon.Add(-4 * time.Hour), time.Time{}, []time.Duration{2 * time.Hour}, 0.5},
		{"from the first events", time.Time{}, time.Time{}, []time.Duration{4 * time.Hour, time.Hour}, 0.75},
		{"to an end in the past", noon.Add(-4 * time.Hour), noon.Add(-2 * time.Hour), []time.Duration{3 * time.Hour}, 0.5},
		{"past the end", noon.Add(-4 * time.Hour), noon.Add(-2 * time.Hour), []time.Duration{time.Hour}, 1},
		{"older than the beginning", noon.Add(-4 * time.Hour), time.Time{}, []time.Duration{5 * time.Hour}, 0},
		{"from a clock that is ahead", noon.Add(time.Hour), time.Time{}, []time.Duration{-2 * time.Hour}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := New((&clock{noon}).now, test.until)
			p.Begin(test.from)
			for _, before := range test.newest {
				p.Delivered(feed.Delivery{Newest: noon.Add(-before)})
			}
			if got := p.state().part; got != test.want {
				t.Errorf("part %v, want %v", got, test.want)
			}
		})
	}
}

func TestAhead(t *testing.T) {
	for want, s := range map[string]state{
		"time left unknown":           {left: -1},
		"59s left":                    {left: 59 * time.Second},
		"2m left":                     {left: 110 * time.Second},
		"1h05m left":                  {left: 65 * time.Minute},
		"caught up":                   {caughtUp: true},
		"waiting 00:42 for the limit": {wait: 42 * time.Second, why: "for the limit", caughtUp: true},
		"waiting 61:01 to try again":  {wait: 61*time.Minute + time.Second, why: "to try again"},
	} {
		if got := s.ahead(); got != want {
			t.Errorf("%+v: %q, want %q", s, got, want)
		}
	}
}
