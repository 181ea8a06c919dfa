package api

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// maxErrorRead is how much of a failed answer is read to learn what it says.
const maxErrorRead = 64 << 10

// maxAnswer is the largest answer that is read, in bytes after decompression. A page of 2,000 events is some 3 MB.
const maxAnswer = 64 << 20

// conn sends requests for a client and for its grant.
type conn struct {
	http     *http.Client
	policy   Retry
	log      *slog.Logger
	answered sync.Map // hosts that have answered
}

// withDefaults fills in what has not been given, and works on a copy of the caller's client. The default client has
// bounds where net/http's has none that helps: a host that drops packets is given up in time for [Retry].Connect.
func (c *conn) withDefaults() *conn {
	if c.http == nil {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.DialContext = (&net.Dialer{Timeout: 4 * time.Second, KeepAlive: 30 * time.Second}).DialContext
		transport.TLSHandshakeTimeout = 4 * time.Second
		c.http = &http.Client{Transport: transport}
	}
	guarded, rule := *c.http, c.http.CheckRedirect
	guarded.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		switch {
		case origin(req.URL) != origin(via[0].URL):
			// Else the token would go along. The path is left out: it may hold anything.
			return fmt.Errorf("a redirect to another origin, %s://%s, is not followed", req.URL.Scheme, req.URL.Host)
		case rule != nil:
			return rule(req, via)
		case len(via) >= 10:
			return errors.New("a redirect after nine others is not followed")
		}
		return nil
	}
	c.http, c.policy, c.log = &guarded, c.policy.withDefaults(), cmp.Or(c.log, slog.New(slog.DiscardHandler))
	return c
}

// exchange is one request and what becomes of its answer.
type exchange struct {
	op      string
	base    *url.URL                                   // of the host
	request func(server string) (*http.Request, error) // by the generated client
	bearer  bool                                       // the secret is the access token
	secret  string                                     // what the request carries and no error may show
	decode  func(body []byte, secret string) error     // reads a 200
}

// send makes one attempt: request, status, body, in this order. Whatever fails is an [Error].
func (c *conn) send(ctx context.Context, x exchange) error {
	req, err := x.request(x.base.String())
	if err != nil {
		return fmt.Errorf("docusign: %s: %w", x.op, err)
	}
	req.Header.Set("User-Agent", userAgent)
	req.Header.Set("Accept", "application/json")
	if x.bearer {
		req.Header.Set("Authorization", "Bearer "+x.secret)
	}

	// Silence ends the request, not duration: each byte that comes puts the end off.
	watched, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	alarm := time.AfterFunc(c.policy.Stall, func() { cancel(fmt.Errorf("the server is silent for %v", c.policy.Stall)) })
	defer alarm.Stop()

	e, begun := &Error{Op: x.op}, time.Now()
	res, err := c.http.Do(req.WithContext(watched))
	if err != nil {
		e.lost(cmp.Or(context.Cause(watched), err), res != nil)
		return e.redact(x.secret)
	}
	defer res.Body.Close()
	awake := io.TeeReader(res.Body, eachRead(func() { alarm.Reset(c.policy.Stall) }))
	c.answered.Store(x.base.Host, true)
	c.log.DebugContext(ctx, "docusign: answered", "op", x.op, "status", res.StatusCode, "after", time.Since(begun))

	e.StatusCode, e.TraceToken = res.StatusCode, res.Header.Get("X-DocuSign-TraceToken")
	if res.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(io.LimitReader(awake, maxErrorRead)) // what has come of it is enough
		e.read(res.Header, body, time.Now())
		return e.redact(x.secret)
	}
	body, err := readBody(awake, res.ContentLength)
	switch {
	case err != nil:
		e.lost(cmp.Or(context.Cause(watched), err), false)
	case len(body) > maxAnswer:
		e.Err = malformed(fmt.Sprintf("it is larger than %d MiB", maxAnswer>>20))
	default:
		if e.Err = x.decode(body, x.secret); e.Err == nil {
			return nil
		}
		e.transient = errors.Is(e.Err, io.ErrUnexpectedEOF)
	}
	return e.redact(x.secret)
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
