package feed

import (
	"crypto/sha256"
	"slices"

	"example.com/docusign-monitor/api"
)

// maxRecent is how many delivered events are remembered. A stream repeats an event at the border of two pages, if at all.
const maxRecent = 1000

// mark stands for the bytes of an event, its id included. It is short, so that a checkpoint stays small.
type mark [8]byte

// recent are the marks of the events that were delivered last, of pages before the one at hand. The salt keeps anybody from
// making two events with one mark.
type recent struct {
	salt  []byte
	marks []mark // oldest first
	set   map[mark]bool
}

// newRecent goes on from what bytes returned in an earlier run.
func newRecent(salt, saved []byte) *recent {
	r := &recent{salt: salt, set: map[mark]bool{}}
	var marks []mark
	for m := range slices.Chunk(saved, len(mark{})) {
		if len(m) == len(mark{}) {
			marks = append(marks, mark(m))
		}
	}
	r.add(marks)
	return r
}

// bytes are the marks in one piece, to be saved.
func (r *recent) bytes() []byte {
	all := make([]byte, 0, len(r.marks)*len(mark{}))
	for _, m := range r.marks {
		all = append(all, m[:]...)
	}
	return all
}

// of is the mark of an event. An event without an id has none: two such events may be alike and yet be two.
func (r *recent) of(event api.Event) (m mark, ok bool) {
	if event.ID() == "" {
		return m, false
	}
	h := sha256.New()
	h.Write(r.salt)
	h.Write(event.Raw)
	copy(m[:], h.Sum(nil))
	return m, true
}

// split divides a page into what is new, with its marks, and the number of events that were delivered before.
func (r *recent) split(events []api.Event) (fresh []api.Event, marks []mark, repeated int) {
	fresh = make([]api.Event, 0, len(events))
	for _, event := range events {
		m, ok := r.of(event)
		if ok && r.set[m] {
			repeated++
			continue
		}
		fresh = append(fresh, event)
		if ok {
			marks = append(marks, m)
		}
	}
	return fresh, marks, repeated
}

// add remembers the marks of a page, and forgets as many of the oldest as are too many.
func (r *recent) add(marks []mark) {
	r.marks = append(r.marks, marks...)
	if n := len(r.marks) - maxRecent; n > 0 {
		r.marks = append(r.marks[:0], r.marks[n:]...)
	}
	clear(r.set)
	for _, m := range r.marks {
		r.set[m] = true
	}
}
