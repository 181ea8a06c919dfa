// Package feed takes the events of a stream to a destination, page by page: source, destination, position.
//
// A page is delivered before the next one is asked for, so a slow destination slows the source, and memory holds one page.
// Nothing is read ahead: beside the round trip to a server that is far away, a disk takes no time worth hiding.
// The position is taken, and saved if there is a checkpoint, after the destination has the page, never before.
package feed

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"iter"
	"time"

	"example.com/docusign-monitor/api"
	"example.com/docusign-monitor/internal/checkpoint"
)

// MaxLag is how much later than it happened an event may be ingested, by the documentation of the stream.
const MaxLag = 5 * time.Minute

// Config says what goes where.
type Config struct {
	// Walk gives the pages: [api.Client.Pages], or [api.Client.Follow] with an interval.
	Walk func(context.Context, api.Query) iter.Seq2[*api.Page, error]

	// Query says where to begin, but for a run with a checkpoint, which takes the limit of it alone.
	Query api.Query

	// Checkpoint, if not nil, keeps the position, and State is where it stands: as it was loaded or, without a time of
	// saving, a new one, which is saved before the first request.
	Checkpoint Saver
	State      checkpoint.State

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

// Saver keeps the position of a run. When Save returns, it is safe from any crash.
type Saver interface {
	Save(checkpoint.State) error
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
	r := run{Config: c, recent: newRecent(c.State.Salt, c.State.Recent)}
	r.Newest = c.State.Newest
	err := r.start()
	if r.Passed = r.passed(); err == nil && !r.Passed {
		err = r.walk(ctx)
	}
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
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

// start saves a new checkpoint, with what the destination is like before anything is delivered to it.
func (r *run) start() error {
	if r.Checkpoint == nil {
		return nil
	}
	r.Query.Cursor, r.Query.Since = api.Cursor(r.State.Cursor), r.State.Since
	if r.State.Saved.IsZero() || r.sinkChanged() {
		return r.save()
	}
	return nil
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
	events, err := r.rest(ctx, events)
	if err != nil {
		return err
	}
	d.Events = len(events)
	for _, event := range events {
		d.Bytes += len(event.Raw)
	}
	r.recent.add(marks)
	r.Newest = newest
	if d.Saved, err = r.moveOn(page.Next, len(marks) > 0); err != nil {
		return err
	}

	r.Pages++
	r.Events += d.Events
	r.Duplicates += d.Duplicates
	r.LeftOut += d.LeftOut
	r.Next, r.CaughtUp, r.Passed = page.Next, page.CaughtUp, r.passed()
	d.At, d.Newest = r.Now(), newest
	r.Observer.Delivered(d)
	return nil
}

// rest delivers what of a page no earlier run has delivered, and returns it. After each part the position is saved, with
// how far into the page it is.
func (r *run) rest(ctx context.Context, events []api.Event) ([]api.Event, error) {
	hash := sha256.New()
	first := r.State.Part.Events // to be delivered
	if first > len(events) {
		first = 0
	}
	for _, event := range events[:first] {
		hash.Write(event.Raw)
	}
	if first > 0 && !bytes.Equal(hash.Sum(nil), r.State.Part.Hash) {
		// Another limit, another --until: what was delivered cannot be told any more, and comes again.
		first = 0
		hash.Reset()
	}

	if sink, ok := r.Sink.(Stateful); ok && first < len(events) {
		if err := sink.Ready(); err != nil {
			return nil, err
		}
		if r.Checkpoint != nil && r.sinkChanged() {
			if err := r.save(); err != nil {
				return nil, err
			}
		}
	}
	for done := first; done < len(events); {
		n, err := r.Sink.Deliver(ctx, events[done:])
		for _, event := range events[done : done+n] {
			hash.Write(event.Raw)
		}
		done += n
		if n > 0 && r.Checkpoint != nil && (done < len(events) || err != nil) {
			r.State.Part = checkpoint.Part{Events: done, Hash: hash.Sum(nil)}
			err = errors.Join(err, r.save())
		}
		if err != nil {
			return nil, err
		}
	}
	return events[first:], nil
}

// moveOn saves the position after a page, unless it is the one that is saved.
func (r *run) moveOn(next api.Cursor, remembered bool) (saved bool, err error) {
	if r.Checkpoint == nil {
		return false, nil
	}
	if r.State.Cursor == string(next) && r.State.Part.Events == 0 && !remembered && !r.sinkChanged() {
		return false, nil
	}
	r.State.Cursor, r.State.Since, r.State.Part = string(next), time.Time{}, checkpoint.Part{}
	r.State.Newest, r.State.Recent = r.Newest, r.recent.bytes()
	return true, r.save()
}

// save saves the position with the present state of the destination.
func (r *run) save() error {
	if sink, ok := r.Sink.(Stateful); ok {
		r.State.Sink = sink.State()
	}
	r.State.Saved = r.Now().UTC()
	return r.Checkpoint.Save(r.State)
}

// sinkChanged tells whether the state of the destination is not the one that is saved.
func (r *run) sinkChanged() bool {
	sink, ok := r.Sink.(Stateful)
	return ok && !bytes.Equal(sink.State(), r.State.Sink)
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

// passed tells whether all that is older than Until has come.
func (r *run) passed() bool { return !r.Until.IsZero() && !r.Newest.Before(r.Until.Add(MaxLag)) }

// over tells whether a follower has all that is older than Until although nothing newer came to prove it: it is at the
// head, and the time in which the rest might have been ingested is over.
func (r *run) over() bool {
	return r.CaughtUp && !r.Until.IsZero() && r.Now().After(r.Until.Add(MaxLag))
}
