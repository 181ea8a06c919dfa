package api

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// Retry bounds how long failures are survived. A field that is zero, or less, has its default.
//
// Retried are: no answer (the network, a reset connection or HTTP/2 stream, silence), an answer that ends early, 429, 5xx,
// and a 400 with the error code of a limit. The wait before the next attempt is what the server asks for: Retry-After,
// or else, when a limit was met, the end of the burst window or X-RateLimit-Reset. Otherwise it is a random part of 1 s,
// 2 s, 4 s and so on to 1 min. A 401 gets one new token, at once. Nothing else is retried: the rest needs a person.
type Retry struct {
	// Connect is how long a host may fail to be reached at all (connection refused or timed out, unknown name,
	// certificate not trusted) until its first good answer: most likely its address is wrong. Default 10 s.
	Connect time.Duration

	// Outage is how long failures in a row may last, the waits asked for by the server not counted. Default 5 min.
	// [Client.Follow] outlasts any outage.
	Outage time.Duration

	// Limit is how long the waits in a row that the server asks for may be. Default 1 h. [Client.Follow] asks again
	// after that time.
	Limit time.Duration

	// Stall is how long a server may stay silent, before an answer or within one. Default 60 s. There is no bound on
	// a whole answer: a slow one is a good one.
	Stall time.Duration

	// Wait waits before another attempt, between empty pages and between the polls of Follow, and returns early with
	// the context's error. It is the only way a client waits, so a test that replaces it records the waits instead of
	// making them. Default: a timer.
	Wait func(ctx context.Context, d time.Duration) error
}

func (r Retry) withDefaults() Retry {
	r.Connect = cmp.Or(max(r.Connect, 0), 10*time.Second)
	r.Outage = cmp.Or(max(r.Outage, 0), 5*time.Minute)
	r.Limit = cmp.Or(max(r.Limit, 0), time.Hour)
	r.Stall = cmp.Or(max(r.Stall, 0), time.Minute)
	if r.Wait == nil {
		r.Wait = wait
	}
	return r
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// maxBackoff is the ceiling of the waits that nobody announced.
const maxBackoff = time.Minute

// backoff doubles from one second for each attempt, from 0.
func backoff(attempt int) time.Duration {
	return min(maxBackoff, time.Second<<min(attempt, 10))
}

type enduringKey struct{}

// enduring marks the context of a follower, whose attempts no outage ends.
func enduring(ctx context.Context) context.Context {
	return context.WithValue(ctx, enduringKey{}, true)
}

// retry makes attempts until one succeeds or its failure is final, and returns the last error. The bounds count the
// waits that were asked for beside the time that passes, so that they hold however Wait waits.
func (c *conn) retry(ctx context.Context, host string, attempt func() error) error {
	follow := ctx.Value(enduringKey{}) != nil
	var failing, limited time.Duration
	for n := 1; ; n++ {
		begun := time.Now()
		err := attempt()
		e, failed := err.(*Error)
		if !failed || e.Attempts > 0 { // such an error is that of the token, which has been retried where it arose
			return err
		}
		if e.Attempts = n; !e.transient {
			return err
		}
		if ctx.Err() != nil {
			return fmt.Errorf("docusign: %s: %w", e.Op, ctx.Err())
		}

		pause := time.Until(e.RetryAt)
		announced := pause > 0 // a moment that has passed is no news of when to ask again
		if !announced {
			pause = rand.N(backoff(n - 1))
		}
		_, reached := c.answered.Load(host)
		if n > 1 || e.permanent { // an outage begins when the first attempt has failed, however long that took
			failing += time.Since(begun)
		}
		switch {
		case announced && follow:
			pause = min(pause, c.policy.Limit)
		case announced:
			if limited += pause; limited > c.policy.Limit {
				return err
			}
		default:
			failing += pause
			if e.permanent && !reached && failing > c.policy.Connect || !follow && failing > c.policy.Outage {
				return err
			}
		}

		c.log.WarnContext(ctx, "docusign: request failed, trying again", "error", e, "attempt", n, "wait", pause)
		if err := c.policy.Wait(ctx, pause); err != nil {
			return err
		}
	}
}
