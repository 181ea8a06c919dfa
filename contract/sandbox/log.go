package sandbox

import (
	"bytes"
	"fmt"
	"sort"
	"sync"
	"time"
)

// eventLog is what the stream is read from: the history that the sandbox began with and what was appended since, in the
// order of ingestion.
type eventLog struct {
	mu   sync.Mutex
	past history
	made *generated // makes up what is appended without being given
	tail []arrival
	born time.Time // what a cursor before the first event tells
}

// arrival is an appended event.
type arrival struct {
	event    []byte // nil: it is made up when it is read
	ingested time.Time
}

// view is the log at one moment. It does not change when the log grows.
type view struct {
	past history
	made *generated
	tail []arrival
	born time.Time

	first     int64 // the last part of the cursor before the first event
	arbitrary bool  // cursors are disguised
}

func (l *eventLog) view() view {
	l.mu.Lock()
	defer l.mu.Unlock()
	return view{past: l.past, made: l.made, tail: l.tail, born: l.born}
}

// ingest appends all events, or none if one of them cannot be served.
func (l *eventLog) ingest(now time.Time, events [][]byte) error {
	arrivals := make([]arrival, len(events))
	for i, e := range events {
		if err := checkEvent(e); err != nil {
			return fmt.Errorf("event %d of %d: %w", i+1, len(events), err)
		}
		arrivals[i].event = bytes.Clone(e)
	}
	l.append(now, arrivals)
	return nil
}

// append adds arrivals that come now. The time of ingestion never falls, even if the clock does.
func (l *eventLog) append(now time.Time, arrivals []arrival) {
	l.mu.Lock()
	defer l.mu.Unlock()
	v := view{past: l.past, tail: l.tail}
	if n := v.len(); n > 0 && now.Before(v.ingested(n-1)) {
		now = v.ingested(n - 1)
	}
	for i := range arrivals {
		arrivals[i].ingested = now
	}
	l.tail = append(l.tail, arrivals...)
}

func (v view) len() int { return v.past.len() + len(v.tail) }

// appendEvent appends the bytes of event i to dst.
func (v view) appendEvent(dst []byte, i int) []byte {
	n := v.past.len()
	switch {
	case i < n:
		return v.past.appendEvent(dst, i)
	case v.tail[i-n].event == nil:
		return v.made.appendArrival(dst, i, v.tail[i-n].ingested)
	default:
		return append(dst, v.tail[i-n].event...)
	}
}

// ingested is when event i was ingested.
func (v view) ingested(i int) time.Time {
	if n := v.past.len(); i >= n {
		return v.tail[i-n].ingested
	}
	return v.past.ingested(i)
}

// happened is the timestamp of event i, or the time of its ingestion if it has none that can be read.
func (v view) happened(i int) time.Time {
	n := v.past.len()
	if i < n {
		return v.past.happened(i)
	}
	a := v.tail[i-n]
	if a.event == nil {
		return timeOf(ticks(a.ingested) - v.made.lag(v.made.part(i)))
	}
	if t, ok := timestampOf(a.event); ok {
		return t
	}
	return a.ingested
}

// happenedSince is the position of the first event whose timestamp is t or later.
func (v view) happenedSince(t time.Time) int {
	i := v.past.happenedSince(t)
	if i < v.past.len() {
		return i
	}
	for i < v.len() && v.happened(i).Before(t) {
		i++
	}
	return i
}

// since is the position of the first event that was ingested at t or later.
func (v view) since(t time.Time) int {
	return sort.Search(v.len(), func(i int) bool { return !v.ingested(i).Before(t) })
}

// after is the position of the first event that was ingested later than t.
func (v view) after(t time.Time) int {
	return sort.Search(v.len(), func(i int) bool { return v.ingested(i).After(t) })
}
