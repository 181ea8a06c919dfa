package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"time"
	"unicode/utf8"
)

// Source is the log of events that a sandbox begins with. [Generate], [Lines] and [Raw] make one; it may be used for any
// number of sandboxes.
type Source interface {
	// open places the events in time.
	open(origin) (history, error)
}

// origin is when and where the events of a log come from.
type origin struct {
	start                 time.Time // of the sandbox
	organization, account string    // GUIDs
	assume                Assumptions
}

// history is a log that does not grow. It is read by many goroutines at once.
type history interface {
	len() int
	appendEvent(dst []byte, i int) []byte // the bytes of event i, as they are served
	ingested(i int) time.Time             // rises with i, or stays
	happened(i int) time.Time             // the timestamp of event i, or the time of its ingestion if none can be read

	// happenedSince is the position of the first event whose timestamp is t or later.
	happenedSince(t time.Time) int
}

// Raw is a log of the given events, byte for byte. [New] fails if one of them is not a JSON object that a page can carry.
// They are ingested in this order, whatever their timestamps: the last one when the sandbox starts, the others a
// millisecond apart before it.
func Raw(events ...[]byte) Source {
	kept := make(recorded, len(events))
	for i, e := range events {
		kept[i] = bytes.Clone(e)
	}
	return kept
}

// recorded is a source that holds its events.
type recorded [][]byte

func (r recorded) open(o origin) (history, error) {
	for i, e := range r {
		if err := checkEvent(e); err != nil {
			return nil, fmt.Errorf("event %d of %d: %w", i+1, len(r), err)
		}
	}
	p := placed{events: r, last: o.start}
	if o.assume.DatesByEventTime {
		p.newest = make([]time.Time, len(r))
		for i := range r {
			p.newest[i] = p.happened(i)
			if i > 0 && p.newest[i].Before(p.newest[i-1]) {
				p.newest[i] = p.newest[i-1]
			}
		}
	}
	return p, nil
}

// placed is a recorded log that ends at last.
type placed struct {
	events recorded
	last   time.Time
	newest []time.Time // the latest timestamp up to each event, if it is going to be sought by
}

func (p placed) len() int { return len(p.events) }

func (p placed) appendEvent(dst []byte, i int) []byte { return append(dst, p.events[i]...) }

func (p placed) ingested(i int) time.Time {
	return p.last.Add(-time.Duration(len(p.events)-1-i) * time.Millisecond)
}

func (p placed) happened(i int) time.Time {
	if t, ok := timestampOf(p.events[i]); ok {
		return t
	}
	return p.ingested(i)
}

func (p placed) happenedSince(t time.Time) int {
	return sort.Search(len(p.newest), func(i int) bool { return !p.newest[i].Before(t) })
}

// timestampOf reads the timestamp of an event, if it has one.
func timestampOf(event []byte) (t time.Time, ok bool) {
	var e struct {
		Timestamp time.Time `json:"timestamp"`
	}
	err := json.Unmarshal(event, &e)
	return e.Timestamp, err == nil && ticks(e.Timestamp) > 0
}

// maxDepth is how deep an event may nest. JSON decoders of Go stop at 10,000 levels, and a page adds two around an event.
const maxDepth = 10_000 - 2

var (
	errNotUTF8   = errors.New("not UTF-8")
	errTooDeep   = fmt.Errorf("nested more than %d levels deep, so no page can carry it", maxDepth)
	errNotObject = errors.New("not a JSON object")
)

// checkEvent says why event cannot be in the array of a page: anything but one JSON object. What JSON allows is allowed:
// names that occur twice, lone surrogates in escapes, numbers of any size.
func checkEvent(event []byte) error {
	switch {
	case !utf8.Valid(event):
		return errNotUTF8
	case depth(event) > maxDepth:
		return errTooDeep
	case !json.Valid(event) || bytes.TrimLeft(event, " \t\r\n")[0] != '{':
		return errNotObject
	}
	return nil
}

// depth counts how deep the brackets outside of strings nest.
func depth(text []byte) int {
	deepest, now, inString := 0, 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			now++
			deepest = max(deepest, now)
		case c == '}' || c == ']':
			now--
		}
	}
	return deepest
}
