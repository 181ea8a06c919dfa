package api

import (
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
	conn    *conn
	tokens  *tokens
	stream  stream
	base    *url.URL // of the stream's host
	authURL string
}

// Option changes what [New] makes.
type Option func(*options)

type options struct {
	http         *http.Client
	log          *slog.Logger
	policy       Retry
	organization *string
}

// WithOrganization reads the organization stream of the organization with this GUID, instead of the dataset stream.
// [Client.Organizations] lists those of the user.
func WithOrganization(id string) Option {
	return func(o *options) { o.organization = &id }
}

// WithHTTPClient sends requests through a copy of client. Its transport decides on proxies and certificate authorities,
// its Timeout, if any, bounds a whole page. A redirect to another origin is refused before its CheckRedirect is asked.
// Default: the transport of net/http with shorter bounds on connecting.
func WithHTTPClient(client *http.Client) Option {
	return func(o *options) { o.http = client }
}

// WithLogger logs each answer at debug level and each attempt that failed and is repeated at warn level. No token, key,
// assertion, cursor or event is logged. Default: silence.
func WithLogger(log *slog.Logger) Option {
	return func(o *options) { o.log = log }
}

// WithRetry sets the bounds within which failures are survived. Default: those of [Retry].
func WithRetry(r Retry) Option {
	return func(o *options) { o.policy = r }
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
	var o options
	for _, opt := range opts {
		opt(&o)
	}
	stream, err := datasetStream(env), error(nil)
	if o.organization != nil {
		if stream, err = organizationStream(env, *o.organization); err != nil {
			return nil, err
		}
	}
	base, err := baseURL(stream.name, stream.url)
	if err != nil {
		return nil, err
	}
	c := &Client{
		conn:    newConn(o.http, o.policy, o.log),
		stream:  stream,
		base:    base,
		authURL: env.AuthURL,
	}
	c.tokens = &tokens{fetch: func(ctx context.Context) (*oauth2.Token, error) {
		if grant, ok := source.(grantSource); ok {
			return grant.token(ctx, c.conn)
		}
		return source.Token()
	}}
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

// cursor is the parameter that a query begins with; empty for none.
func (q Query) cursor() (Cursor, error) {
	switch {
	case q.Limit < 0 || q.Limit > MaxLimit:
		return "", fmt.Errorf("docusign: a limit of %d is outside of 1 to %d", q.Limit, MaxLimit)
	case q.Since.IsZero():
		return q.Cursor, nil
	case q.Cursor != "":
		return "", errors.New("docusign: a query begins at a cursor or at a time, not at both")
	default:
		return Cursor(q.Since.UTC().Format("2006-01-02T15:04:05Z")), nil
	}
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
func (c *Client) Page(ctx context.Context, q Query) (*Page, error) {
	cursor, err := q.cursor()
	if err != nil {
		return nil, err
	}
	return c.page(ctx, cursor, q.Limit)
}

// page sends one request through the layers of the client. Their order matters; from the outside in:
//
//   - retry repeats everything below it while a failure may pass;
//   - the token is added, and replaced once if it is refused;
//   - send makes the request, turns any answer but 200 into an error, and reads the body;
//   - readPage takes the body apart, so that a page cut off is repeated like any other failure of the network.
func (c *Client) page(ctx context.Context, cursor Cursor, limit int) (*Page, error) {
	if limit == 0 {
		limit = MaxLimit
	}
	var page *Page
	err := c.authorized(ctx, exchange{
		op:   "stream",
		base: c.base,
		request: func(server string) (*http.Request, error) {
			most, from := int32(limit), (*string)(&cursor)
			if cursor == "" {
				from = nil
			}
			return c.stream.request(server, from, &most)
		},
		refused: func(e *Error) { streamRefused(e, cursor) },
		decode: func(body []byte, token string) error {
			next, events, err := readPage(body, c.stream.array, limit)
			if err == nil && len(token) >= 16 && strings.Contains(string(next), token) {
				err = malformed("endCursor holds the access token") // a cursor is saved and shown
			}
			page = &Page{Events: events, Next: next, CaughtUp: next == cursor}
			return err
		},
	})
	if err != nil {
		return nil, err
	}
	return page, nil
}

// authorized makes attempts with a token. A token that is refused is replaced once, within the attempt.
func (c *Client) authorized(ctx context.Context, x exchange) error {
	x.bearer = true
	return c.conn.retry(ctx, x.base.Host, func() (err error) {
		refused := ""
		for range 2 {
			if x.secret, err = c.tokens.get(ctx, refused); err != nil {
				if !strings.HasPrefix(err.Error(), "docusign: ") {
					err = fmt.Errorf("docusign: token: %w", err)
				}
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

// streamRefused says what an error of a stream means and what to do about it.
func streamRefused(e *Error, cursor Cursor) {
	switch {
	case e.StatusCode == http.StatusForbidden:
		e.Err = ErrNotEntitled
		e.Advice = "check that the organization has Docusign Monitor, and that the user administers it and no other"
	case e.StatusCode == http.StatusBadRequest && cursor != "":
		e.Err = ErrBadCursor
		e.Advice = "the position is not accepted; begin anew at a time five minutes before the newest event that was delivered"
	}
}
