package main

import (
	"fmt"
	"time"

	"example.com/docusign-monitor/api"
)

// maxLag is how much later than it happened an event may be ingested, by the documentation of the stream.
const maxLag = 5 * time.Minute

// progress is what has become of a walk.
type progress struct {
	begun time.Time
	until time.Time // zero: no end but the head of the stream
	dated bool      // the walk began at a date
	final bool      // the server ends with the run, so that its cursors are worth nothing

	events, pages int
	next          api.Cursor // where to go on
	caughtUp      bool
	newest        time.Time // of all timestamps that could be read
	passed        bool      // all that is older than until has been seen
}

// clip leaves out the events of until and later. An event whose time cannot be read stays.
//
// The timestamps of a stream are not in order, so the first one past until is no end. An event maxLag past it is: what is
// older than until was ingested before that event, and stands in the same page at the latest.
func (p *progress) clip(events []api.Event) []api.Event {
	if p.until.IsZero() && !p.dated {
		return events
	}
	kept := make([]api.Event, 0, len(events))
	for _, event := range events {
		at, err := event.Timestamp()
		if err == nil && at.After(p.newest) {
			p.newest = at
		}
		if err != nil || p.until.IsZero() || at.Before(p.until) {
			kept = append(kept, event)
		}
	}
	p.passed = !p.until.IsZero() && !p.newest.Before(p.until.Add(maxLag))
	return kept
}

// page notes that a page has been written, with so many of its events.
func (p *progress) page(page *api.Page, events int) {
	p.pages++
	p.events += events
	p.next, p.caughtUp = page.Next, page.CaughtUp
}

// failed adds to an error where to go on, if the walk has come anywhere.
func (p *progress) failed(err error) error {
	if p.pages == 0 {
		return err
	}
	return fmt.Errorf("%w\n%s before that%s", err, count(p.events, "event"), p.goOn())
}

// goOn names the cursor to go on from, in a form for a shell.
func (p *progress) goOn() string {
	cursor := string(p.next)
	if p.final || cursor == "" || printable(cursor) != cursor {
		return ""
	}
	return "; go on with --cursor " + shellQuote(cursor)
}

// stale warns of a walk from a date that may have ended before the present. Some document that a date reaches seven days
// ahead only; where it ends, the stream looks caught up. The warning names a date from which nothing is missed: that of
// the newest event, or, if the walk came no further than where it began, one within the reach of that.
func (p *progress) stale(since, now time.Time) string {
	if since.IsZero() || !p.caughtUp || now.Sub(p.newest) <= 24*time.Hour {
		return ""
	}
	const reach = 6 * 24 * time.Hour
	beyond := since.Add(reach)
	what, next := "the newest event is of "+p.newest.UTC().Format(time.RFC3339), p.newest.Add(-maxLag)
	if p.newest.IsZero() {
		if beyond.After(now) {
			return ""
		}
		what = "no event has come"
	}
	if !next.After(since) && beyond.Before(now) {
		next = beyond
	}
	return fmt.Sprintf("%s, and a date may reach seven days ahead only; if there should be more, go on with --since %s",
		what, next.UTC().Format(time.RFC3339))
}
