package api

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// maxErrorRead is how much of a failed answer is read to learn what it says.
const maxErrorRead = 64 << 10

// maxAnswer is the largest answer that is read, in bytes after decompression. A page of 2,000 events is some 3 MB.
const maxAnswer = 64 << 20

var errStalled = errors.New("the server is silent")

// conn sends requests for a client and for its grant.
type conn struct {
	http     *http.Client
	policy   Retry
	log      *slog.Logger
	answered sync.Map // hosts that have answered
}

// newConn works on a copy of the caller's client. The default has bounds where net/http's has none that helps: a host
// that drops packets is given up in time for [Retry].Connect.
func newConn(client *http.Client, policy Retry, log *slog.Logger) *conn {
	if client == nil {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.DialContext = (&net.Dialer{Timeout: 4 * time.Second, KeepAlive: 30 * time.Second}).DialContext
		transport.TLSHandshakeTimeout = 4 * time.Second
		client = &http.Client{Transport: transport}
	}
	guarded := *client
	guarded.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		switch {
		case origin(req.URL) != origin(via[0].URL):
			// Else the token would go along. The path is left out: it may hold anything.
			return fmt.Errorf("a redirect to another origin, %s://%s, is not followed", req.URL.Scheme, req.URL.Host)
		case client.CheckRedirect != nil:
			return client.CheckRedirect(req, via)
		case len(via) >= 10:
			return errors.New("a redirect after nine others is not followed")
		}
		return nil
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &conn{http: &guarded, policy: policy.withDefaults(), log: log}
}

// exchange is one request and what becomes of its answer.
type exchange struct {
	op      string
	base    *url.URL                                   // of the host
	request func(server string) (*http.Request, error) // by the generated client
	bearer  bool                                       // the secret is the access token
	secret  string                                     // what the request carries and no error may show
	refused func(e *Error)                             // what an answer other than 200 means to this operation, if more
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
	alarm := time.AfterFunc(c.policy.Stall, func() { cancel(errStalled) })
	defer alarm.Stop()

	e := &Error{Op: x.op}
	secrets := scrub(x.secret)
	begun := time.Now()
	res, err := c.http.Do(req.WithContext(watched))
	if err != nil {
		// With an answer, it is a redirect that is not followed, today or tomorrow.
		return c.broken(ctx, watched, e, secrets, err, res != nil)
	}
	defer res.Body.Close()
	awake := io.TeeReader(res.Body, eachRead(func() { alarm.Reset(c.policy.Stall) }))
	c.log.DebugContext(ctx, "docusign: answered", "op", x.op, "status", res.StatusCode, "after", time.Since(begun))

	e.StatusCode, e.TraceToken = res.StatusCode, line(secrets, res.Header.Get("X-DocuSign-TraceToken"))
	if res.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(io.LimitReader(awake, maxErrorRead)) // what has come of it is enough
		e.read(res.Header, body, secrets, time.Now())
		if e.Err == nil && x.refused != nil {
			x.refused(e)
		}
		return e
	}
	body, err := readBody(awake, res.ContentLength)
	if err != nil && !errors.Is(err, ErrMalformedPage) {
		return c.broken(ctx, watched, e, secrets, err, false)
	}
	if err == nil {
		err = x.decode(body, x.secret)
	}
	if err == nil {
		return nil
	}
	e.Err, e.transient = err, errors.Is(err, io.ErrUnexpectedEOF)
	return e
}

// broken completes the error of a request that got no answer, or not the whole of one.
func (c *conn) broken(ctx, watched context.Context, e *Error, secrets *strings.Replacer, err error, redirected bool) error {
	if ctx.Err() != nil {
		return fmt.Errorf("docusign: %s: %w", e.Op, ctx.Err())
	}
	// The URL of a url.Error may be that of a redirect, and hold anything.
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err
	}
	if errors.Is(context.Cause(watched), errStalled) {
		err = fmt.Errorf("%w for %v", errStalled, c.policy.Stall)
	}
	text := line(secrets, err.Error())
	if e.StatusCode != 0 {
		text = "the answer was cut off: " + text
	}
	e.Err, e.transient = &cause{err, text}, !redirected
	op, _ := errors.AsType[*net.OpError](err)
	_, certificate := errors.AsType[*tls.CertificateVerificationError](err)
	switch {
	case redirected:
		e.Advice = "check the URLs of the environment, and any proxy on the way"
	case certificate:
		e.permanent = true
		e.Advice = "check the host's certificate and the system's certificate authorities"
	case errors.Is(err, http.ErrSchemeMismatch), op != nil && (op.Op == "dial" || op.Op == "proxyconnect"):
		e.permanent = true
		e.Advice = "check the host, the network and HTTPS_PROXY"
	}
	return e
}

// cause is why there is no answer. net/http quotes in its errors what a server sent instead of HTTP, so the text is
// scrubbed, and the error itself can be asked for with errors.Is and errors.As but not be printed.
type cause struct {
	err  error
	text string
}

func (c *cause) Error() string        { return c.text }
func (c *cause) GoString() string     { return c.text }
func (c *cause) Is(target error) bool { return errors.Is(c.err, target) }
func (c *cause) As(target any) bool   { return errors.As(c.err, target) }

// eachRead is called for each read that brought something.
type eachRead func()

func (f eachRead) Write(p []byte) (int, error) {
	f()
	return len(p), nil
}

// readBody reads a body into one buffer: of the announced length, if any, else growing.
func readBody(r io.Reader, length int64) ([]byte, error) {
	if length < 0 {
		length = 512 << 10
	}
	var body bytes.Buffer
	body.Grow(int(min(length, maxAnswer)) + bytes.MinRead) // the end is then seen without growing
	_, err := body.ReadFrom(io.LimitReader(r, maxAnswer+1))
	if body.Len() > maxAnswer {
		err = malformed(fmt.Sprintf("it is larger than %d MiB", maxAnswer>>20))
	}
	return body.Bytes(), err
}
