package api

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// testKey is made once, since making it is slow; it is never changed.
var testKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// under is a stream under test: all that the tests know of what the two differ in.
type under struct {
	name    string // of its package in gen
	path    string
	array   string
	options []Option
}

// streams are the streams that every test of an answer is made for.
var streams = []under{
	{"dataset", "/api/v2.0/datasets/monitor/stream", "data", nil},
	{"organization", "/v1/organizations/3ceaaf30-8142-48ea-b1d9-3080f9b439fc/stream", "resultData",
		[]Option{WithOrganization("3ceaaf30-8142-48ea-b1d9-3080f9b439fc")}},
}

func eachStream(t *testing.T, test func(t *testing.T, s under)) {
	for _, s := range streams {
		t.Run(s.name, func(t *testing.T) { test(t, s) })
	}
}

// others is a stream that is not s.
func others(s under) under {
	for _, other := range streams {
		if other.name != s.name {
			return other
		}
	}
	panic("there is no other stream")
}

// body is a page with these events.
func (s under) body(next string, events ...string) string {
	return fmt.Sprintf(`{"endCursor":%q,%q:[%s]}`, next, s.array, strings.Join(events, ","))
}

// page is a good answer.
func (s under) page(next string, events ...string) http.HandlerFunc {
	return answer(200, s.body(next, events...), "Content-Type: application/json; charset=utf-8")
}

// fake is a platform of which each answer is scripted. It knows nothing of package sandbox and shares no code with it.
type fake struct {
	*httptest.Server
	under  under
	token  http.HandlerFunc   // nil: token-1, token-2 and so on
	stream []http.HandlerFunc // by ordinal; the last one again and again

	mu       sync.Mutex
	tokens   int
	requests []*http.Request // to the stream, in order
	forms    []url.Values    // to the token endpoint
}

func (s under) fake(t *testing.T, stream ...http.HandlerFunc) *fake {
	t.Helper()
	f := &fake{under: s, stream: stream}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /oauth/token", f.serveToken)
	mux.HandleFunc("GET /", f.serveStream)
	f.Server = httptest.NewServer(mux)
	t.Cleanup(f.Close)
	return f
}

func (f *fake) serveToken(w http.ResponseWriter, r *http.Request) {
	r.ParseForm()
	f.mu.Lock()
	f.tokens++
	n := f.tokens
	f.forms = append(f.forms, r.PostForm)
	f.mu.Unlock()
	if f.token != nil {
		f.token(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"access_token":"token-%d","token_type":"Bearer","expires_in":3600}`, n)
}

func (f *fake) serveStream(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.requests = append(f.requests, r)
	handler := f.stream[min(len(f.requests), len(f.stream))-1]
	f.mu.Unlock()
	handler(w, r)
}

// cursors are the cursor parameters of the requests so far; "-" where there was none.
func (f *fake) cursors() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []string
	for _, r := range f.requests {
		if !r.URL.Query().Has("cursor") {
			all = append(all, "-")
			continue
		}
		all = append(all, r.URL.Query().Get("cursor"))
	}
	return all
}

func (f *fake) environment() Environment {
	return allAt(f.URL)
}

// allAt is an environment whose hosts are all at one URL.
func allAt(url string) Environment {
	return Environment{AuthURL: url, DatasetURL: url, OrganizationURL: url}
}

func (f *fake) grant() JWTGrant {
	return JWTGrant{IntegrationKey: "integration-key", UserID: "user", PrivateKey: testKey(), Environment: f.environment()}
}

// client is one whose waits are recorded instead of made.
func (f *fake) client(t *testing.T, opts ...Option) (*Client, *waits) {
	t.Helper()
	recorded := &waits{}
	return f.clientOf(t, f.environment(), append([]Option{WithRetry(Retry{Wait: recorded.wait})}, opts...)...), recorded
}

// clientOf is a client of the stream under test.
func (f *fake) clientOf(t *testing.T, env Environment, opts ...Option) *Client {
	t.Helper()
	c, err := New(env, f.grant().TokenSource(), append(slices.Clone(f.under.options), opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

type waits struct {
	mu  sync.Mutex
	all []time.Duration
}

func (w *waits) wait(ctx context.Context, d time.Duration) error {
	w.mu.Lock()
	w.all = append(w.all, d)
	w.mu.Unlock()
	return ctx.Err()
}

func (w *waits) list() []time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.all)
}

// answer is a handler that sends a status, headers given as "Name: value", and a body.
func answer(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for _, h := range headers {
			name, value, _ := strings.Cut(h, ": ")
			w.Header().Set(name, value)
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// hangUp breaks the connection after having announced length bytes and sent some.
func hangUp(length int, some string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if length > 0 {
			w.Header().Set("Content-Length", fmt.Sprint(length))
		}
		io.WriteString(w, some)
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
}

// raws are the events of pages.
func raws(pages ...*Page) []string {
	var all []string
	for _, p := range pages {
		for _, e := range p.Events {
			all = append(all, string(e.Raw))
		}
	}
	return all
}

// drain ranges over the pages until the end or an error.
func drain(ctx context.Context, c *Client, q Query) (pages []*Page, err error) {
	for p, err := range c.Pages(ctx, q) {
		if err != nil {
			return pages, err
		}
		pages = append(pages, p)
	}
	return pages, nil
}
