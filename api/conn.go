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

var (
	errStalled  = errors.New("the server is silent")
	errRedirect = errors.New("a redirect") // that is not followed, today or tomorrow
)

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
			return fmt.Errorf("%w to another origin, %s://%s, is not followed", errRedirect, req.URL.Scheme, req.URL.Host)
		case client.CheckRedirect != nil:
			err := client.CheckRedirect(req, via)
			if err != nil && err != http.ErrUseLastResponse {
				err = fmt.Errorf("%w is refused: %w", errRedirect, err)
			}
			return err
		case len(via) >= 10:
			return fmt.Errorf("%w after nine others is not followed", errRedirect)
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
	refused func(e *Error)                             // what an answer other than 200 means to this operation
	decode  func(body []byte, secret string) error     // reads a 200
	limit   int64                                      // of a 200, in bytes
}

// send makes one attempt: request, status, body, in this order. Whatever fails is an [Error].
func (c *conn) send(ctx context.Context, x exchange) error {
	// The generated code takes the last element off a base URL without a final slash.
	req, err := x.request(strings.TrimSuffix(x.base.String(), "/") + "/")
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
		return c.broken(ctx, watched, e, secrets, err)
	}
	defer res.Body.Close()
	awake := &waking{res.Body, func() { alarm.Reset(c.policy.Stall) }}
	c.log.LogAttrs(ctx, slog.LevelDebug, "docusign: answered", slog.String("op", x.op),
		slog.Int("status", res.StatusCode), slog.Duration("after", time.Since(begun)))

	e.StatusCode, e.TraceToken = res.StatusCode, line(secrets, res.Header.Get("X-DocuSign-TraceToken"))
	if res.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(io.LimitReader(awake, maxErrorRead)) // what has come of it is enough
		e.read(res.Header, body, secrets, time.Now())
		x.refused(e)
		return e
	}
	body, err := readBody(awake, res.ContentLength, x.limit)
	if err != nil && !errors.Is(err, ErrMalformedPage) {
		return c.broken(ctx, watched, e, secrets, err)
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
func (c *conn) broken(ctx, watched context.Context, e *Error, secrets *strings.Replacer, err error) error {
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
	e.Err, e.transient = &cause{err, text}, true
	op, _ := errors.AsType[*net.OpError](err)
	_, certificate := errors.AsType[*tls.CertificateVerificationError](err)
	switch {
	case errors.Is(err, errRedirect):
		e.transient = false
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

// waking reports each read that brought something.
type waking struct {
	io.Reader
	wake func()
}

func (w *waking) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	if n > 0 {
		w.wake()
	}
	return n, err
}

// readBody reads a body into one buffer: of the announced length, if any, else growing.
func readBody(r io.Reader, length, limit int64) ([]byte, error) {
	if length < 0 {
		length = 512 << 10
	}
	var body bytes.Buffer
	var err error
	if length <= limit {
		body.Grow(int(length) + bytes.MinRead) // the end is then seen without growing
		_, err = body.ReadFrom(io.LimitReader(r, limit+1))
	}
	if length > limit || int64(body.Len()) > limit {
		err = malformed(fmt.Sprintf("it is larger than %d MiB", limit>>20))
	}
	return body.Bytes(), err
}
