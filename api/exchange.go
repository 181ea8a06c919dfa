package api

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"sync"
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
	// certificate not trusted) until its first answer: most likely its address is wrong. Default 10 s.
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

// withDefaults fills in what has not been given, and works on a copy of the caller's client. The default client has
// bounds where net/http's has none that helps: a host that drops packets is given up in time for [Retry].Connect.
func (c *Client) withDefaults() *Client {
	if c.http == nil {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.DialContext = (&net.Dialer{Timeout: 4 * time.Second, KeepAlive: 30 * time.Second}).DialContext
		transport.TLSHandshakeTimeout = 4 * time.Second
		c.http = &http.Client{Transport: transport}
	}
	direct := *c.http
	// Nobody but the configured hosts is asked: a redirect is an answer like any other that is not 200.
	direct.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.http, c.log, c.answered = &direct, cmp.Or(c.log, slog.New(slog.DiscardHandler)), &sync.Map{}

	c.policy.Connect = cmp.Or(max(c.policy.Connect, 0), 10*time.Second)
	c.policy.Outage = cmp.Or(max(c.policy.Outage, 0), 5*time.Minute)
	c.policy.Limit = cmp.Or(max(c.policy.Limit, 0), time.Hour)
	c.policy.Stall = cmp.Or(max(c.policy.Stall, 0), time.Minute)
	if c.policy.Wait == nil {
		c.policy.Wait = wait
	}
	return c
}

func wait(ctx context.Context, d time.Duration) error {
	over, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	<-over.Done()
	return ctx.Err()
}

// maxBackoff is the ceiling of the waits that nobody announced.
const maxBackoff = time.Minute

// backoff doubles from one second for each attempt, from 0.
func backoff(attempt int) time.Duration { return min(maxBackoff, time.Second<<min(attempt, 10)) }

// enduring is a key of contexts: that of a follower, whose attempts no outage ends.
type enduring struct{}

// exchange is a request, with what becomes of its answer.
type exchange struct {
	op      string
	base    *url.URL                                                  // of the host
	bearer  bool                                                      // the secret is the access token
	secret  func(ctx context.Context, refused string) (string, error) // what the request carries and no error may show
	request func(server, secret string) (*http.Request, error)        // by the generated client
	decode  func(body []byte, secret string) error                    // reads a 200
}

// do makes attempts at an exchange until one succeeds or its failure is final, and returns the last error. The bounds
// count the waits that were asked for beside the time that passes, so that they hold however Wait waits.
func (c *Client) do(ctx context.Context, x exchange) error {
	follow := ctx.Value(enduring{}) != nil
	var failing, limited time.Duration
	for n, refused := 1, ""; ; n++ {
		secret, err := x.secret(ctx, refused)
		if err != nil {
			return err
		}
		begun := time.Now()
		e := c.send(ctx, x, secret)
		if e == nil {
			return nil
		}
		e.Attempts = n
		switch {
		case ctx.Err() != nil:
			return fmt.Errorf("docusign: %s: %w", x.op, ctx.Err())
		case e.Err == ErrUnauthorized && refused == "":
			refused = secret // is replaced at once
			continue
		case !e.transient:
			return e
		}
		refused = ""

		pause := time.Until(e.RetryAt)
		announced := pause > 0 // a moment that has passed is no news of when to ask again
		if !announced {
			pause = rand.N(backoff(n - 1))
		}
		_, reached := c.answered.Load(x.base.Host)
		if n > 1 || e.permanent { // an outage begins when the first attempt has failed, however long that took
			failing += time.Since(begun)
		}
		switch {
		case announced && follow:
			pause = min(pause, c.policy.Limit)
		case announced:
			if limited += pause; limited > c.policy.Limit {
				return e
			}
		default:
			failing += pause
			if e.permanent && !reached && failing > c.policy.Connect || !follow && failing > c.policy.Outage {
				return e
			}
		}

		c.log.WarnContext(ctx, "docusign: request failed, trying again", "error", e, "attempt", n, "wait", pause)
		if err := c.policy.Wait(ctx, pause); err != nil {
			return err
		}
	}
}

// maxErrorRead is how much of a failed answer is read to learn what it says.
const maxErrorRead = 64 << 10

// maxAnswer is the largest answer that is read, in bytes after decompression. A page of 2,000 events is some 3 MB.
const maxAnswer = 64 << 20

// send makes one attempt: request, status, body, in this order. It returns nil if that succeeds.
func (c *Client) send(ctx context.Context, x exchange, secret string) *Error {
	req, err := x.request(x.base.String(), secret)
	if err != nil {
		return &Error{Op: x.op, Err: err}
	}
	req.Header.Set("User-Agent", userAgent)
	req.Header.Set("Accept", "application/json")
	if x.bearer {
		req.Header.Set("Authorization", "Bearer "+secret)
	}

	// Silence ends the request, not duration: each byte that comes puts the end off.
	watched, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	alarm := time.AfterFunc(c.policy.Stall, func() { cancel(fmt.Errorf("the server is silent for %v", c.policy.Stall)) })
	defer alarm.Stop()

	e, begun := &Error{Op: x.op}, time.Now()
	res, err := c.http.Do(req.WithContext(watched))
	if err != nil {
		e.lost(cmp.Or(context.Cause(watched), errors.Unwrap(err))) // without the URL, which holds the cursor
		return e.finish(secret)
	}
	defer res.Body.Close()
	awake := io.TeeReader(res.Body, eachRead(func() { alarm.Reset(c.policy.Stall) }))
	c.answered.Store(x.base.Host, true)
	c.log.DebugContext(ctx, "docusign: answered", "op", x.op, "status", res.StatusCode, "after", time.Since(begun))

	e.StatusCode, e.TraceToken = res.StatusCode, res.Header.Get("X-DocuSign-TraceToken")
	if res.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(io.LimitReader(awake, maxErrorRead)) // what has come of it is enough
		e.read(res.Header, body, time.Now())
		return e.finish(secret)
	}
	body, err := readBody(awake, res.ContentLength)
	switch {
	case err != nil:
		e.lost(cmp.Or(context.Cause(watched), err))
	case len(body) > maxAnswer:
		e.Err = fmt.Errorf("%w: it is larger than %d MiB", ErrMalformedPage, maxAnswer>>20)
	default:
		if e.Err = x.decode(body, secret); e.Err == nil {
			return nil
		}
		e.transient = errors.Is(e.Err, io.ErrUnexpectedEOF)
	}
	return e.finish(secret)
}

// eachRead is called for each read that brought something.
type eachRead func()

func (f eachRead) Write(p []byte) (int, error) {
	f()
	return len(p), nil
}

// readBody reads a body into one buffer, of the announced length, if any, else growing. Of one that is too large, it reads
// a byte more than is allowed.
func readBody(r io.Reader, length int64) ([]byte, error) {
	if length < 0 {
		length = 512 << 10
	}
	var body bytes.Buffer
	body.Grow(int(min(length, maxAnswer)) + bytes.MinRead) // the end is then seen without growing
	_, err := body.ReadFrom(io.LimitReader(r, maxAnswer+1))
	return body.Bytes(), err
}
