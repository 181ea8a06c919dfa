package api

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"time"
)

// A stream is drained at full speed but for empty pages: from the third in a row on, the next request waits one second,
// doubling to one minute, and the tenth is the last.
const (
	emptyAtOnce = 2
	emptyMost   = 10
)

// PollInterval is the shortest interval between the polls of [Client.Follow]: Docusign asks for at most one a minute.
const PollInterval = time.Minute

// Pages walks from where the query begins until the stream is caught up, which is when a cursor comes back unchanged;
// that page is delivered too. Short and empty pages are no end.
//
// The first error is yielded once, with a nil page, and ends the loop; the position to go on from is the Next of the last
// page before it. It is an [*Error], [ErrNotCaughtUp], [ErrLoop], or wraps that of the context or of the token source.
// Leaving the loop sends nothing more, and ranging again begins again.
func (c *Client) Pages(ctx context.Context, q Query) iter.Seq2[*Page, error] {
	return func(yield func(*Page, error) bool) {
		cursor, err := q.cursor()
		if err == nil {
			_, err = c.walk(ctx, cursor, q.Limit, yield)
		}
		if err != nil && err != errLeft {
			yield(nil, err)
		}
	}
}

// Follow walks as Pages does and, once caught up, goes on from the same position after the interval and a little more at
// random, until the context ends or a final error comes. While it is behind it does not wait. It outlasts any outage of
// a host that has answered before; consent withdrawn, an entitlement gone or a cursor refused end it. The context's
// error is yielded like any other.
//
// An interval of 0 is [PollInterval]. A shorter one is an error, but for a host on a loopback address.
func (c *Client) Follow(ctx context.Context, q Query, interval time.Duration) iter.Seq2[*Page, error] {
	return func(yield func(*Page, error) bool) {
		cursor, err := q.cursor()
		if interval == 0 {
			interval = PollInterval
		}
		if interval < 0 || interval < PollInterval && !isLoopback(c.base) {
			err = fmt.Errorf("docusign: an interval of %v is shorter than the %v that Docusign asks for", interval, PollInterval)
		}
		for ctx := enduring(ctx); err == nil; {
			cursor, err = c.walk(ctx, cursor, q.Limit, yield)
			if err == nil || err == ErrNotCaughtUp {
				err = c.conn.policy.Wait(ctx, interval+rand.N(interval/10+1))
			}
		}
		if err != errLeft {
			yield(nil, err)
		}
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

// errLeft means that the caller has left the loop, so that nothing may be yielded any more.
var errLeft = errors.New("the loop has been left")

// walk drains the stream from a cursor and returns the one it has come to: that of the last page that was delivered.
// Without an error it is the end of the stream.
func (c *Client) walk(ctx context.Context, cursor Cursor, limit int, yield func(*Page, error) bool) (Cursor, error) {
	met := newTrail()
	met.visit(cursor)
	for empty := 0; ; {
		page, err := c.page(ctx, cursor, limit)
		if err != nil {
			return cursor, err
		}
		// A page that leads in a circle is not delivered: its Next, saved, would bring events a second time.
		if !page.CaughtUp && met.visit(page.Next) {
			return cursor, ErrLoop
		}
		cursor = page.Next
		if !yield(page, nil) {
			return cursor, errLeft
		}
		if page.CaughtUp {
			return cursor, nil
		}

		if empty++; len(page.Events) > 0 {
			empty = 0
		}
		if empty == emptyMost {
			return cursor, ErrNotCaughtUp
		}
		if empty > emptyAtOnce {
			if err := c.conn.policy.Wait(ctx, backoff(empty-emptyAtOnce-1)); err != nil {
				return cursor, err
			}
		}
	}
}
