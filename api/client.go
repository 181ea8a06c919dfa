package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"

	"example.com/docusign-monitor/gen/oauth"
)

// MaxLimit is the largest number of events that a page can be asked for.
const MaxLimit = 2000

// Client reads one stream of one organization. It keeps the access token, renews it in time, and is safe for concurrent
// use. It holds no position: that is the caller's, in the form of a [Cursor].
type Client struct {
	env      Environment
	stream   stream
	http     *http.Client
	policy   Retry
	log      *slog.Logger
	answered *sync.Map // hosts that have answered
	source   oauth2.TokenSource
	tokens   *tokens
	err      error // of an option, for New
}

// Option changes what [New] makes, while it makes it.
type Option func(*unfinished)

// unfinished is a client under the hands of [New].
type unfinished Client

// WithOrganization reads the organization stream of the organization with this GUID, instead of the dataset stream.
// [Client.Organizations] lists those of the user.
func WithOrganization(id string) Option {
	return func(c *unfinished) { c.stream, c.err = organizationStream(c.env, id) }
}

// WithHTTPClient sends requests through a copy of client. Its transport decides on proxies and certificate authorities,
// its Timeout, if any, bounds a whole page. No redirect is followed, whatever its CheckRedirect says.
// Default: the transport of net/http with shorter bounds on connecting.
func WithHTTPClient(client *http.Client) Option { return func(c *unfinished) { c.http = client } }

// WithLogger logs each answer at debug level and each attempt that failed and is repeated at warn level. No token, key,
// assertion, cursor or event is logged. Default: silence.
func WithLogger(log *slog.Logger) Option { return func(c *unfinished) { c.log = log } }

// WithRetry sets the bounds within which failures are survived. Default: those of [Retry].
func WithRetry(r Retry) Option { return func(c *unfinished) { c.policy = r } }

// New returns a client for the dataset stream of an environment, or the organization stream with [WithOrganization].
// Nothing is sent yet; the error says what is wrong with the stream's URL or the organization's id.
//
// The source is usually that of a [JWTGrant]. Any other works too: it is asked when there is no token, shortly before
// the one there is expires, and once when a token is answered with 401.
func New(env Environment, source oauth2.TokenSource, opts ...Option) (*Client, error) {
	if source == nil {
		return nil, errors.New("docusign: a client needs a token source")
	}
	c := &Client{env: env, source: source}
	c.stream, c.err = datasetStream(env)
	for _, opt := range opts {
		opt((*unfinished)(c))
	}
	if c.err != nil {
		return nil, c.err
	}
	c.tokens = newTokens(c.fetch)
	return c.withDefaults(), nil
}

// String names the stream; a client in full would show its token.
func (c Client) String() string { return "docusign.Client(" + c.stream.base.Host + ")" }

// GoString is String.
func (c Client) GoString() string { return c.String() }

// Cursor is a position in a stream, as the server gave it. It is opaque: it is kept, compared and sent back, never
// parsed, ordered or shortened. A cursor belongs to one stream of one host and, on the organization stream, to one
// organization.
type Cursor string

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
func (c *Client) Page(ctx context.Context, q Query) (*Page, error) {
	q, err := q.begin()
	if err != nil {
		return nil, err
	}

	// The request goes through the layers of the client. Their order matters; from the outside in:
	//
	//   - do repeats everything below it while a failure may pass, with a new token when one is refused;
	//   - send makes the request, turns any answer but 200 into an error, and reads the body;
	//   - readPage takes the body apart, so that a page cut off is repeated like any other failure of the network.
	var page *Page
	err = c.do(ctx, exchange{
		op:     "stream",
		base:   c.stream.base,
		bearer: true,
		secret: c.tokens.get,
		request: func(server, _ string) (*http.Request, error) {
			limit, cursor := int32(q.Limit), (*string)(&q.Cursor)
			if q.Cursor == "" {
				cursor = nil
			}
			return c.stream.request(server, cursor, &limit)
		},
		decode: func(body []byte, token string) error {
			next, events, err := readPage(body, c.stream.array)
			if err == nil && len(token) >= 16 && strings.Contains(string(next), token) {
				err = fmt.Errorf("%w: endCursor holds the access token", ErrMalformedPage) // a cursor is saved and shown
			}
			if err == nil {
				page = &Page{Events: events, Next: next, CaughtUp: next == q.Cursor}
			}
			return err
		},
	})
	if e, ok := err.(*Error); ok && e.Op == "stream" && e.StatusCode == http.StatusBadRequest && e.Err == nil && q.Cursor != "" {
		e.Err = ErrBadCursor
		e.Advice = "the position is not accepted; begin anew at a time five minutes before the newest event that was delivered"
	}
	return page, err
}

// Organization is one that the user of a client belongs to by an account.
type Organization struct {
	ID       string    `json:"organization_id"` // GUID, for WithOrganization
	Accounts []Account `json:"accounts"`        // of the user in this organization
}

// Account is an account of the user.
type Account struct {
	ID      string `json:"account_id"`
	Name    string `json:"account_name"`
	Default bool   `json:"is_default"`
}

// Organizations lists the organizations of the user on whose behalf the client asks, in the order in which the account
// server names them. Accounts that belong to none are left out. That the user administers an organization is not said.
//
// The endpoint has hourly limits of its own: keep the answer. Of several organizations a program lets a person choose.
func (c *Client) Organizations(ctx context.Context) ([]Organization, error) {
	auth, err := baseURL("the auth URL", c.env.AuthURL)
	if err != nil {
		return nil, err
	}
	var organizations []Organization
	err = c.do(ctx, exchange{
		op:      "userinfo",
		base:    auth,
		bearer:  true,
		secret:  c.tokens.get,
		request: func(server, _ string) (*http.Request, error) { return oauth.NewGetUserInfoRequest(server) },
		decode: func(body []byte, _ string) error {
			var user struct {
				Accounts []struct {
					Account
					Organization Organization `json:"organization"`
				} `json:"accounts"`
			}
			if err := unmarshal(body, &user); err != nil {
				return err
			}
			for _, of := range user.Accounts {
				at := slices.IndexFunc(organizations, func(o Organization) bool { return o.ID == of.Organization.ID })
				switch {
				case of.Organization.ID == "":
				case at < 0:
					of.Organization.Accounts = []Account{of.Account}
					organizations = append(organizations, of.Organization)
				default:
					organizations[at].Accounts = append(organizations[at].Accounts, of.Account)
				}
			}
			return nil
		},
	})
	return organizations, err
}
