// Package progress shows how far a run has come: by a bar on a terminal, by a log line a minute elsewhere.
//
// A [Progress] is told what happens as a [feed.Observer]. How far a run has come is told by the time of its events, since
// nobody knows their number in advance: the part of the way from where it begins to the present, or to where it ends.
package progress

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"example.com/docusign-monitor/api"
	"example.com/docusign-monitor/internal/feed"
)

// Progress is that of one run. It may be asked while it is told.
type Progress struct {
	now   func() time.Time
	until time.Time // zero: the present
	begun time.Time

	mu            sync.Mutex
	from, newest  time.Time // of the events; zero if not known
	events, pages int
	caughtUp      bool
	waits         time.Time // until then the run waits, for what follows
	why           string
}

// New returns the progress of a run that begins now, and ends with the events of a time, zero for the present.
func New(now func() time.Time, until time.Time) *Progress {
	return &Progress{now: now, until: until, begun: now()}
}

// Begin says of what time the first events are. Without it, that of the newest one of the first page is taken.
func (p *Progress) Begin(from time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.from = from
}

// Answered implements [feed.Observer].
func (p *Progress) Answered(time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waits, p.why = time.Time{}, ""
}

// Delivered implements [feed.Observer].
func (p *Progress) Delivered(d feed.Delivery) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.events += d.Events
	p.pages++
	p.newest, p.caughtUp = d.Newest, d.CaughtUp
	if p.from.IsZero() {
		p.from = d.Newest
	}
}

// Retrying implements [feed.Observer].
func (p *Progress) Retrying(err *api.Error, wait time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waits, p.why = p.now().Add(wait), "to try again"
	if errors.Is(err, api.ErrRateLimited) {
		p.why = "for the limit"
	}
}

// state is what there is to show at a moment.
type state struct {
	events, pages int
	rate          float64       // events a second, since the beginning
	newest        time.Time     // of the events so far; zero if there was none
	lag           time.Duration // of that behind the present
	part          float64       // of the way, 0 to 1
	left          time.Duration // at the speed so far; negative if not known
	wait          time.Duration // still; 0 if the run does not wait
	why           string        // it waits
	caughtUp      bool
}

func (p *Progress) state() state {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	s := state{events: p.events, pages: p.pages, newest: p.newest, caughtUp: p.caughtUp, left: -1}
	took := now.Sub(p.begun)
	if took > 0 {
		s.rate = float64(p.events) / took.Seconds()
	}
	if !p.newest.IsZero() {
		s.lag = now.Sub(p.newest)
	}
	end := now
	if !p.until.IsZero() && p.until.Before(now) {
		end = p.until
	}
	if way := end.Sub(p.from); !p.from.IsZero() && !p.newest.IsZero() && way > 0 {
		s.part = min(max(float64(p.newest.Sub(p.from))/float64(way), 0), 1)
	}
	switch {
	case p.caughtUp:
		s.part, s.left = 1, 0
	case s.part > 0:
		s.left = time.Duration(float64(took) * (1 - s.part) / s.part)
	}
	if wait := p.waits.Sub(now); wait > 0 {
		s.wait, s.why = wait, p.why
	}
	return s
}

// Log writes the line of a minute.
func (p *Progress) Log(log *slog.Logger) {
	s := p.state()
	attrs := []any{slog.Int("events", s.events), slog.Int("pages", s.pages), slog.String("rate", fmt.Sprintf("%.0f/s", s.rate))}
	if !s.newest.IsZero() {
		attrs = append(attrs, slog.String("event_time", s.newest.UTC().Format(time.RFC3339)), slog.Duration("lag", s.lag.Round(time.Second)))
	}
	switch {
	case s.wait > 0:
		attrs = append(attrs, slog.Duration("wait", s.wait.Round(time.Second)), slog.String("wait_reason", s.why))
	case s.caughtUp:
		attrs = append(attrs, slog.Bool("caught_up", true))
	case s.left >= 0:
		attrs = append(attrs, slog.Duration("left", s.left.Round(time.Second)))
	}
	log.Info("progress", attrs...)
}

// ahead says what is still to come.
func (s state) ahead() string {
	switch {
	case s.wait > 0:
		wait := s.wait.Round(time.Second)
		return fmt.Sprintf("waiting %02d:%02d %s", int(wait.Minutes()), int(wait.Seconds())%60, s.why)
	case s.caughtUp:
		return "caught up"
	case s.left < 0:
		return "time left unknown"
	case s.left < time.Minute:
		return s.left.Round(time.Second).String() + " left"
	case s.left < time.Hour:
		return fmt.Sprintf("%dm left", int(s.left.Round(time.Minute).Minutes()))
	}
	return fmt.Sprintf("%dh%02dm left", int(s.left.Hours()), int(s.left.Minutes())%60)
}
