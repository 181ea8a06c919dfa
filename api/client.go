package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// MaxLimit is the largest number of events that a page can be asked for.
const MaxLimit = 2000

// Client reads one stream of one organization. It keeps the access token, renews it in time, and is safe for concurrent
// use. It holds no position: that is the caller's, in the form of a [Cursor].
type Client struct {
	env    Environment
	stream stream
	base   *url.URL // of the stream's host
	conn   *conn
	tokens *tokens
	err    error // of an option, for New
}

// Option changes what [New] makes.
type Option func(*Client)

// WithOrganization reads the organization stream of the organization with this GUID, instead of the dataset stream.
// [Client.Organizations] lists those of the user.
func WithOrganization(id string) Option {
	return func(c *Client) { c.stream, c.err = organizationStream(c.env, id) }
}

// WithHTTPClient sends requests through a copy of client. Its transport decides on proxies and certificate authorities,
// its Timeout, if any, bounds a whole page. A redirect to another origin is refused before its CheckRedirect is asked.
// Default: the transport of net/http with shorter bounds on connecting.
func WithHTTPClient(client *http.Client) Option {
	return func(c *Client) { c.conn.http = client }
}

// WithLogger logs each answer at debug level and each attempt that failed and is repeated at warn level. No token, key,
// assertion, cursor or event is logged. Default: silence.
func WithLogger(log *slog.Logger) Option {
	return func(c *Client) { c.conn.log = log }
}

// WithRetry sets the bounds within which failures are survived. Default: those of [Retry].
func WithRetry(r Retry) Option {
	return func(c *Client) { c.conn.policy = r }
}

// New returns a client for the dataset stream of an environment, or the organization stream with [WithOrganization].
// Nothing is sent yet; the error says what is wrong with the stream's URL or the organization's id.
//
// The source is usually that of a [JWTGrant]. Any other works too: it is asked when there is no token, shortly before
// the one there is expires, and once when a token is answered with 401.
func New(env Environment, source oauth2.TokenSource, opts ...Option) (*Client, error) {
	if source == nil {
		return nil, errors.New("docusign: a client needs a token source")
	}
	c := &Client{env: env, stream: datasetStream(env), conn: &conn{}}
	for _, opt := range opts {
		opt(c)
	}
	if c.err != nil {
		return nil, c.err
	}
	base, err := baseURL(c.stream.name, c.stream.url)
	if err != nil {
		return nil, err
	}
	c.base, c.conn = base, c.conn.withDefaults()
	c.tokens = newTokens(func(ctx context.Context) (*oauth2.Token, error) {
		if grant, ok := source.(grantSource); ok {
			return grant.token(ctx, c.conn)
		}
		return ask(ctx, source)
	})
	return c, nil
}

// String names the stream; a client in full would show its token.
func (c Client) String() string { return "docusign.Client(" + c.base.Host + ")" }

// GoString is String.
func (c Client) GoString() string { return c.String() }

// Query says where to begin and how much to ask for at a time. The zero Query begins seven days ago.
type Query struct {
	// Cursor goes on after the page that gave it.
	Cursor Cursor

	// Since begins at a time, to the second, instead of at a cursor. It seeks and filters nothing: whether the server
	// looks at the time of the event or that of its ingestion is not documented, nor whether it reaches further than
	// seven days, so the first events may be a little older, and a walk may end before the present (see the package
	// documentation).
	Since time.Time

	// Limit is the most events in a page, 1 to [MaxLimit]. 0 is MaxLimit.
	Limit int
}

// begin is the query with its defaults, and with the cursor that stands for Since.
func (q Query) begin() (Query, error) {
	switch {
	case q.Limit < 0 || q.Limit > MaxLimit:
		return q, fmt.Errorf("docusign: a limit of %d is outside of 1 to %d", q.Limit, MaxLimit)
	case q.Cursor != "" && !q.Since.IsZero():
		return q, errors.New("docusign: a query begins at a cursor or at a time, not at both")
	case !q.Since.IsZero():
		q.Cursor, q.Since = Cursor(q.Since.UTC().Format("2006-01-02T15:04:05Z")), time.Time{}
	}
	q.Limit = cmp.Or(q.Limit, MaxLimit)
	return q, nil
}

// Page is one answer of a stream.
type Page struct {
	// Events are in the order of ingestion. There may be none, which does not mean that there are no more.
	Events []Event

	// Next is where the next page begins: what to save, once the events are where they have to be. It is never empty.
	Next Cursor

	// CaughtUp is true if Next is the cursor that this page was asked for with: there is nothing more for the moment.
	CaughtUp bool
}

// Page asks for one page. It is delivered whole or not at all; the errors are those of [Client.Pages].
//
// The request goes through the layers of the client. Their order matters; from the outside in:
//
//   - retry repeats everything below it while a failure may pass;
//   - the token is added, and replaced once if it is refused;
//   - send makes the request, turns any answer but 200 into an error, and reads the body;
//   - readPage takes the body apart, so that a page cut off is repeated like any other failure of the network.
func (c *Client) Page(ctx context.Context, q Query) (*Page, error) {
	q, err := q.begin()
	if err != nil {
		return nil, err
	}
	var page *Page
	err = c.authorized(ctx, exchange{
		op:   "stream",
		base: c.base,
		request: func(server string) (*http.Request, error) {
			limit, cursor := int32(q.Limit), (*string)(&q.Cursor)
			if q.Cursor == "" {
				cursor = nil
			}
			return c.stream.request(server, cursor, &limit)
		},
		decode: func(body []byte, token string) error {
			next, events, err := readPage(body, c.stream.array, q.Limit)
			if err == nil && len(token) >= 16 && strings.Contains(string(next), token) {
				err = malformed("endCursor holds the access token") // a cursor is saved and shown
			}
			page = &Page{Events: events, Next: next, CaughtUp: next == q.Cursor}
			return err
		},
	})
	if err == nil {
		return page, nil
	}
	if e, ok := err.(*Error); ok && e.Op == "stream" {
		switch {
		case e.StatusCode == http.StatusForbidden:
			e.Err = ErrNotEntitled
			e.Advice = "check that the organization has Docusign Monitor, and that the user administers it and no other"
		case e.StatusCode == http.StatusBadRequest && e.Err == nil && q.Cursor != "":
			e.Err = ErrBadCursor
			e.Advice = "the position is not accepted; begin anew at a time five minutes before the newest event that was delivered"
		}
	}
	return nil, err
}

// authorized makes attempts with a token. A token that is refused is replaced once, within the attempt.
func (c *Client) authorized(ctx context.Context, x exchange) error {
	x.bearer = true
	return c.conn.retry(ctx, x.base.Host, func() (err error) {
		refused := ""
		for range 2 {
			if x.secret, err = c.tokens.get(ctx, refused); err != nil {
				return err
			}
			err = c.conn.send(ctx, x)
			e, ok := err.(*Error)
			if !ok || e.StatusCode != http.StatusUnauthorized {
				return err
			}
			e.Err, refused = ErrUnauthorized, x.secret
			e.Advice = "a new token was refused too: check that auth and stream belong to the same environment"
		}
		return err
	})
}
