package api

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"iter"
	"math/rand/v2"
	"time"
)

// A stream is drained at full speed but for empty pages: from the third in a row on, the next request waits one second,
// doubling to one minute, and the tenth is the last.
const emptyAtOnce, emptyMost = 2, 10

// PollInterval is the shortest interval between the polls of [Client.Follow]: Docusign asks for at most one a minute.
const PollInterval = time.Minute

// Pages walks from where the query begins until the stream is caught up, which is when a cursor comes back unchanged;
// that page is delivered too. Short and empty pages are no end.
//
// The first error is yielded once, with a nil page, and ends the loop; the position to go on from is the Next of the last
// page before it. It is an [*Error], [ErrNotCaughtUp], [ErrLoop], says what is wrong with the query, or wraps that of the
// context or of the token source.
// Leaving the loop sends nothing more, and ranging again begins again.
func (c *Client) Pages(ctx context.Context, q Query) iter.Seq2[*Page, error] {
	return c.pages(ctx, q, 0)
}

// Follow walks as Pages does and, once caught up, goes on from the same position after the interval and a little more at
// random, until the context ends or a final error comes. While it is behind it does not wait. It outlasts any outage of
// a host that has answered before; consent withdrawn, an entitlement gone or a cursor refused end it. The context's
// error is yielded like any other.
//
// An interval of 0 is [PollInterval]. A shorter one is an error, but for a host on a loopback address.
func (c *Client) Follow(ctx context.Context, q Query, interval time.Duration) iter.Seq2[*Page, error] {
	interval = cmp.Or(interval, PollInterval)
	if interval < 0 || interval < PollInterval && !isLoopback(c.stream.base) {
		err := fmt.Errorf("docusign: an interval of %v is shorter than the %v that Docusign asks for", interval, PollInterval)
		return func(yield func(*Page, error) bool) { yield(nil, err) }
	}
	return c.pages(context.WithValue(ctx, enduring{}, true), q, interval)
}

// Events walks as Pages does, event by event. Who has to go on from where a run ended takes Pages, whose cursors tell.
func (c *Client) Events(ctx context.Context, q Query) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		for page, err := range c.Pages(ctx, q) {
			if err != nil {
				yield(Event{}, err)
				return
			}
			for _, event := range page.Events {
				if !yield(event, nil) {
					return
				}
			}
		}
	}
}

func (c *Client) pages(ctx context.Context, q Query, interval time.Duration) iter.Seq2[*Page, error] {
	return func(yield func(*Page, error) bool) {
		if err := c.walk(ctx, q, interval, yield); err != nil {
			yield(nil, err)
		}
	}
}

// walk drains the stream and, if there is an interval, does so again each time it has passed. It returns nil when it is
// caught up without an interval, and when the caller has left the loop.
func (c *Client) walk(ctx context.Context, q Query, interval time.Duration, yield func(*Page, error) bool) error {
	q, err := q.begin()
	if err != nil {
		return err
	}
	met, empty := newTrail(q.Cursor), 0
	for {
		page, err := c.Page(ctx, q)
		if err != nil {
			return err
		}
		// A page that leads in a circle is not delivered: its Next, saved, would bring events a second time.
		if !page.CaughtUp && met.visit(page.Next) {
			return ErrLoop
		}
		q.Cursor = page.Next
		if !yield(page, nil) {
			return nil
		}

		if empty++; len(page.Events) > 0 {
			empty = 0
		}
		var pause time.Duration
		switch rest := page.CaughtUp || empty == emptyMost; {
		case rest && interval > 0:
			pause = interval + rand.N(interval/10+1)
			met, empty = newTrail(q.Cursor), 0
		case page.CaughtUp:
			return nil
		case rest:
			return ErrNotCaughtUp
		case empty > emptyAtOnce:
			pause = backoff(empty - emptyAtOnce - 1)
		default:
			continue
		}
		if err := c.policy.Wait(ctx, pause); err != nil {
			return err
		}
	}
}

// trailLength is how many cursors a trail remembers at least, and half of the most. At 2,000 events a page it reaches
// back twenty million events.
const trailLength = 10_000

// trail remembers the cursors of a run, to notice a server that leads in a circle. It keeps hashes, so that its size is
// bounded whatever the length of a cursor, in two generations: when the young one is full, the old one is forgotten.
type trail struct{ young, old map[[sha256.Size]byte]bool }

func newTrail(start Cursor) *trail {
	t := &trail{young: map[[sha256.Size]byte]bool{}}
	t.visit(start)
	return t
}

// visit notes a cursor and tells whether it had been noted before.
func (t *trail) visit(c Cursor) bool {
	hash := sha256.Sum256([]byte(c))
	if t.young[hash] || t.old[hash] {
		return true
	}
	if len(t.young) == trailLength {
		t.young, t.old = map[[sha256.Size]byte]bool{}, t.young
	}
	t.young[hash] = true
	return false
}
