package api

import "hash/maphash"

// Cursor is a position in a stream, as the server gave it. It is opaque: it is kept, compared and sent back, never
// parsed, ordered or shortened. A cursor belongs to one stream of one host and, on the organization stream, to one
// organization.
type Cursor string

// trailLength is how many cursors a trail remembers. At 2,000 events a page it reaches back twenty million events.
const trailLength = 10_000

// trail remembers the cursors of a run, to notice a server that leads in a circle. It keeps hashes, so that its size is
// bounded whatever the length of a cursor.
type trail struct {
	seed maphash.Seed
	seen map[uint64]struct{}
	ring []uint64
	next int
}

func newTrail() *trail {
	return &trail{seed: maphash.MakeSeed(), seen: map[uint64]struct{}{}}
}

// visit notes a cursor and tells whether it had been noted before.
func (t *trail) visit(c Cursor) bool {
	hash := maphash.String(t.seed, string(c))
	if _, met := t.seen[hash]; met {
		return true
	}
	t.seen[hash] = struct{}{}
	if len(t.ring) < trailLength {
		t.ring = append(t.ring, hash)
		return false
	}
	delete(t.seen, t.ring[t.next])
	t.ring[t.next] = hash
	t.next = (t.next + 1) % trailLength
	return false
}
