package api

import (
	"context"
	"iter"
)

// A stream is drained at full speed but for empty pages: from the third in a row each is waited for, from one second
// doubling to one minute, and the tenth is the last.
const (
	emptyAtOnce = 2
	emptyMost   = 10
)

// Pages walks from where the query begins until the stream is caught up, which is when a cursor comes back unchanged;
// that page is delivered too. Short and empty pages are no end.
//
// The first error is yielded once, with a nil page, and ends the loop; the position to go on from is the Next of the last
// page before it. Apart from those of the context it is an [*Error], [ErrNotCaughtUp] or [ErrLoop]. Leaving the loop
// sends nothing more, and ranging again begins again.
func (c *Client) Pages(ctx context.Context, q Query) iter.Seq2[*Page, error] {
	return func(yield func(*Page, error) bool) {
		cursor, err := q.cursor()
		if err != nil {
			yield(nil, err)
			return
		}
		c.walk(ctx, cursor, q.Limit, yield)
	}
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

// walk drains the stream from a cursor and returns the one it has come to. It is done when the stream is caught up;
// otherwise the loop is over, or err has been yielded.
func (c *Client) walk(ctx context.Context, cursor Cursor, limit int, yield func(*Page, error) bool) (at Cursor, done bool) {
	met := newTrail()
	met.visit(cursor)
	for empty := 0; ; {
		page, err := c.page(ctx, cursor, limit)
		if err != nil {
			yield(nil, err)
			return cursor, false
		}
		if !page.CaughtUp && met.visit(page.Next) {
			yield(nil, ErrLoop)
			return cursor, false
		}
		cursor = page.Next
		if !yield(page, nil) {
			return cursor, false
		}
		if page.CaughtUp {
			return cursor, true
		}

		if empty++; len(page.Events) > 0 {
			empty = 0
		}
		if empty == emptyMost {
			yield(nil, ErrNotCaughtUp)
			return cursor, false
		}
		if empty > emptyAtOnce {
			if err := c.conn.policy.Wait(ctx, backoff(empty-emptyAtOnce-1)); err != nil {
				yield(nil, err)
				return cursor, false
			}
		}
	}
}
