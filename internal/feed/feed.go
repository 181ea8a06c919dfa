// Package feed takes the events of a stream to a destination, page by page: source, destination, position.
//
// A page is delivered before the next one is asked for, so a slow destination slows the source, and memory holds one page.
// The position is taken after the destination has the page, never before.
package feed

import (
	"context"
	"errors"
	"iter"
	"time"

	"example.com/docusign-monitor/api"
)

// MaxLag is how much later than it happened an event may be ingested, by the documentation of the stream.
const MaxLag = 5 * time.Minute

// Config says what goes where.
type Config struct {
	// Walk gives the pages: [api.Client.Pages], or [api.Client.Follow] with an interval.
	Walk func(context.Context, api.Query) iter.Seq2[*api.Page, error]

	// Query says where to begin.
	Query api.Query

	// Until, if not zero, leaves out the events that happened then or later, and ends the run once all that is older must
	// have come. An event whose time cannot be read is delivered.
	Until time.Time

	// DropDuplicates leaves out an event whose id and bytes equal one of the last 1,000 that were delivered of earlier
	// pages. An event without an id is never left out.
	DropDuplicates bool

	// Sink is where events go. Who made it closes it.
	Sink Sink

	// Observer is told what happens.
	Observer Observer

	// Now is the clock.
	Now func() time.Time
}

// Result is what a run came to, also if it failed.
type Result struct {
	Events, Pages       int
	Duplicates, LeftOut int
	Next                api.Cursor // where to go on; empty if no page was delivered
	Newest              time.Time  // of all timestamps that could be read; zero if none could
	CaughtUp            bool       // the last page was the end of the stream for the moment
	Passed              bool       // all that is older than Until has come
}

// Run delivers until the stream is caught up, Until has passed or the context ends, none of which is an error. When the
// context ends, the page at hand is finished. After an error, [ErrEnough] of the sink included, the position is that of the
// last page that was delivered, and a run from there misses nothing.
func Run(ctx context.Context, c Config) (Result, error) {
	r := run{Config: c, recent: newRecent(nil, nil)}
	err := r.walk(ctx)
	if ctx.Err() != nil && !errors.Is(err, ErrEnough) {
		err = nil
	}
	return r.Result, err
}

// run is the state of a run.
type run struct {
	Config
	Result
	recent *recent
}

func (r *run) walk(ctx context.Context) error {
	for page, err := range r.Walk(ctx, r.Query) {
		if err != nil || ctx.Err() != nil {
			return err
		}
		r.Observer.Answered(r.Now())
		if err := r.page(ctx, page); err != nil || r.Passed || r.over() {
			return err
		}
	}
	return nil
}

// page delivers a page. It counts as delivered when all of it is.
func (r *run) page(ctx context.Context, page *api.Page) error {
	d := Delivery{CaughtUp: page.CaughtUp}
	events, newest := r.clip(page.Events)
	d.LeftOut = len(page.Events) - len(events)

	var marks []mark
	if r.DropDuplicates {
		events, marks, d.Duplicates = r.recent.split(events)
	}
	d.Events = len(events)
	for _, event := range events {
		d.Bytes += len(event.Raw)
	}
	for len(events) > 0 {
		n, err := r.Sink.Deliver(ctx, events)
		events = events[n:]
		if err != nil {
			return err
		}
	}
	r.recent.add(marks)

	r.Pages++
	r.Events += d.Events
	r.Duplicates += d.Duplicates
	r.LeftOut += d.LeftOut
	r.Next, r.CaughtUp, r.Newest = page.Next, page.CaughtUp, newest
	r.Passed = !r.Until.IsZero() && !newest.Before(r.Until.Add(MaxLag))
	d.At, d.Newest = r.Now(), newest
	r.Observer.Delivered(d)
	return nil
}

// clip leaves out the events of Until and later, and returns the newest timestamp so far.
//
// The timestamps of a stream are not in order, so the first one past Until is no end. An event MaxLag past it is: what is
// older than Until was ingested before that event, and stands in the same page at the latest.
func (r *run) clip(events []api.Event) (kept []api.Event, newest time.Time) {
	kept, newest = make([]api.Event, 0, len(events)), r.Newest
	for _, event := range events {
		at, err := event.Timestamp()
		if err == nil && at.After(newest) {
			newest = at
		}
		if err != nil || r.Until.IsZero() || at.Before(r.Until) {
			kept = append(kept, event)
		}
	}
	return kept, newest
}

// over tells whether a follower has all that is older than Until although nothing newer came to prove it: it is at the
// head, and the time in which the rest might have been ingested is over.
func (r *run) over() bool {
	return r.CaughtUp && !r.Until.IsZero() && r.Now().After(r.Until.Add(MaxLag))
}
