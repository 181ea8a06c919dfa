package api

import "hash/maphash"

// Cursor is a position in a stream, as the server gave it. It is opaque: it is kept, compared and sent back, never
// parsed, ordered or shortened. A cursor belongs to one stream of one host and, on the organization stream, to one
// organization.
type Cursor string

// trailLength is how many cursors a trail remembers at least, and half of the most. At 2,000 events a page it reaches
// back twenty million events.
const trailLength = 10_000

// trail remembers the cursors of a run, to notice a server that leads in a circle. It keeps hashes, so that its size is
// bounded whatever the length of a cursor, in two generations: when the young one is full, the old one is forgotten.
type trail struct {
	seed       maphash.Seed
	young, old map[uint64]bool
}

func newTrail(start Cursor) *trail {
	t := &trail{seed: maphash.MakeSeed(), young: map[uint64]bool{}}
	t.visit(start)
	return t
}

// visit notes a cursor and tells whether it had been noted before.
func (t *trail) visit(c Cursor) bool {
	hash := maphash.String(t.seed, string(c))
	if t.young[hash] || t.old[hash] {
		return true
	}
	if len(t.young) == trailLength {
		t.young, t.old = map[uint64]bool{}, t.young
	}
	t.young[hash] = true
	return false
}
