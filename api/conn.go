package api

import (
	"context"
	"crypto/tls"
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
		err := followable(req, via, client.CheckRedirect)
		if err != nil && err != http.ErrUseLastResponse {
			return &redirectError{err}
		}
		return err
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &conn{http: &guarded, policy: policy.withDefaults(), log: log}
}

// redirectError is a redirect that is not followed, today or tomorrow.
type redirectError struct{ error }

// followable keeps a token from leaving for another origin, and else has the rule of the caller or that of net/http.
func followable(req *http.Request, via []*http.Request, rule func(*http.Request, []*http.Request) error) error {
	switch {
	case origin(req.URL) != origin(via[0].URL):
		// The path is left out: it may hold anything.
		return errors.New("a redirect to another origin, " + req.URL.Scheme + "://" + req.URL.Host + ", is not followed")
	case rule != nil:
		return rule(req, via)
	case len(via) >= 10:
		return errors.New("ten redirects lead nowhere")
	default:
		return nil
	}
}

// exchange is one request and what becomes of its answer.
type exchange struct {
	op      string
	request func() (*http.Request, error)
	secret  string                                 // what the request carries and no error may show
	refused func(e *Error)                         // what an answer other than 200 means to this operation
	decode  func(body []byte, secret string) error // reads a 200
	limit   int64                                  // of a 200, in bytes
}

// send makes one attempt: request, status, body, in this order. Whatever fails is an [Error].
func (c *conn) send(ctx context.Context, x exchange) error {
	req, err := x.request()
	if err != nil {
		return fmt.Errorf("docusign: %s: %w", x.op, err)
	}
	req.Header.Set("User-Agent", userAgent)
	req.Header.Set("Accept", "application/json")

	// Silence ends the request, not duration: each byte that comes puts the end off.
	watched, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	alarm := time.AfterFunc(c.policy.Stall, func() { cancel(errStalled) })
	defer alarm.Stop()

	secrets := scrub(x.secret)
	begun := time.Now()
	res, err := c.http.Do(req.WithContext(watched))
	if err != nil {
		return c.unanswered(ctx, watched, x, err)
	}
	defer res.Body.Close()
	awake := &waking{res.Body, func() { alarm.Reset(c.policy.Stall) }}
	c.log.LogAttrs(ctx, slog.LevelDebug, "docusign: answered", slog.String("op", x.op),
		slog.Int("status", res.StatusCode), slog.Duration("after", time.Since(begun)))

	if res.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(io.LimitReader(awake, maxErrorRead)) // what has come of it is enough
		e := answerError(x.op, res, body, secrets, time.Now())
		x.refused(e)
		return e
	}

	body, err := readBody(awake, res.ContentLength, x.limit)
	if err == nil {
		err = x.decode(body, x.secret)
	}
	if err == nil {
		return nil
	}
	e := &Error{Op: x.op, StatusCode: res.StatusCode, Err: err, TraceToken: secrets.line(res.Header.Get("X-DocuSign-TraceToken"))}
	var reading *readError
	switch {
	case errors.As(err, &reading):
		err := c.unanswered(ctx, watched, x, reading.cause)
		var cut *Error
		if !errors.As(err, &cut) {
			return err
		}
		e.Err, e.transient = fmt.Errorf("the answer was cut off: %w", cut.Err), true
	case errors.Is(err, io.ErrUnexpectedEOF):
		e.transient = true
	}
	return e
}

// unanswered is the error of a request that got no answer, or not the whole of one.
func (c *conn) unanswered(ctx, watched context.Context, x exchange, err error) error {
	// The URL of a url.Error may be that of a redirect, and hold anything.
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	if ctx.Err() != nil {
		return fmt.Errorf("docusign: %s: %w", x.op, ctx.Err())
	}
	if errors.Is(context.Cause(watched), errStalled) {
		err = fmt.Errorf("%w for %v", errStalled, c.policy.Stall)
	}

	e := &Error{Op: x.op, Err: &cause{err, scrub(x.secret).line(err.Error())}, transient: true}
	var (
		redirect    *redirectError
		op          *net.OpError
		certificate *tls.CertificateVerificationError
	)
	switch {
	case errors.As(err, &redirect):
		e.transient = false
		e.Advice = "check the URLs of the environment, and any proxy on the way"
	case errors.As(err, &certificate):
		e.permanent = true
		e.Advice = "check the host's certificate and the system's certificate authorities"
	case errors.Is(err, http.ErrSchemeMismatch), errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect"):
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

var errStalled = errors.New("the server is silent")

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

// readError tells a body that could not be read from one that could not be understood.
type readError struct{ cause error }

func (e *readError) Error() string { return e.cause.Error() }

// readBody reads a body into one buffer: of the announced length, if any, else growing.
func readBody(r io.Reader, length, limit int64) ([]byte, error) {
	if length > limit {
		return nil, tooLarge(limit)
	}
	if length < 0 {
		length = 512 << 10
	}
	body := make([]byte, 0, length+1) // one more, so that the end is seen without growing
	for {
		n, err := r.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case int64(len(body)) > limit:
			return nil, tooLarge(limit)
		case err == io.EOF:
			return body, nil
		case err != nil:
			return nil, &readError{err}
		case len(body) == cap(body):
			body = append(make([]byte, 0, 2*cap(body)), body...)
		}
	}
}

func tooLarge(limit int64) error {
	return malformed(fmt.Sprintf("it is larger than %d MiB", limit>>20))
}
