package contract_test

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/oauth2"

	"example.com/docusign-monitor/api"
)

// hostile is a server that answers what the clause has written down, and the client under test before it.
type hostile struct {
	*judge
	server *httptest.Server
	http   *http.Client

	// What the client is made of. A clause may change it until the client is first used.
	grant   api.JWTGrant
	retry   api.Retry
	source  oauth2.TokenSource // in place of the grant
	given   *http.Client
	logger  *slog.Logger // nil for none
	options []api.Option
	made    consumer

	// twist, if set, makes another answer of the one that was written down and of the request.
	twist func(got received, answer reply) reply

	mu     sync.Mutex
	stream []reply         // the answers of the stream, in order
	tokens []reply         // those of the token endpoint; after them come good ones
	user   reply           // that of userinfo
	asked  []received      // of the stream
	grants []received      // of the token endpoint
	excess int             // requests to the stream after its last answer
	begun  int             // answers that have been begun
	waits  []time.Duration // what the client would have waited
}

// consumer is what a clause uses of a client.
type consumer interface {
	Page(context.Context, api.Query) (*api.Page, error)
	Pages(context.Context, api.Query) iter.Seq2[*api.Page, error]
	Follow(context.Context, api.Query, time.Duration) iter.Seq2[*api.Page, error]
	Events(context.Context, api.Query) iter.Seq2[api.Event, error]
	Organizations(context.Context) ([]api.Organization, error)
}

// reply is one answer.
type reply struct {
	status int
	header map[string]string
	body   string
	cutAt  int  // how many bytes of the body come before the connection breaks; 0 is all of them, and no break
	framed bool // announce the length of the whole

	hold   <-chan struct{} // comes before the answer
	broken bool            // the connection ends in place of an answer
	reset  bool            // the connection is reset within the first line of the answer
	silent bool            // nothing follows the first cutAt bytes, until the client leaves
	pace   time.Duration   // between two bytes out of twenty of the body
}

// received is what the server has read of a request.
type received struct {
	cursors []string
	rawPath string
	query   string
	header  http.Header
	form    url.Values // nil if it is no POST
}

const (
	hostileKey  = "11111111-2222-4333-8444-555555555555"
	hostileUser = "66666666-7777-4888-9999-aaaaaaaaaaaa"
)

// hostileOrganization is whose events the organization stream of a hostile server holds.
const hostileOrganization = "bbbbbbbb-cccc-4ddd-8eee-ffffffffffff"

// against puts the client of a stream before a server that answers so. A request beyond the last answer is refused for
// good and fails the clause.
func against(on stream, answers ...reply) *hostile {
	GinkgoHelper()
	expectReach("client")
	h := &hostile{stream: answers, judge: &judge{ofClient: true}}
	h.server = httptest.NewServer(h)
	DeferCleanup(h.server.Close)
	h.http = h.judge.client()
	h.judge.hear(func() int { return h.begun })
	DeferCleanup(func() {
		if !h.void {
			Expect(h.excess).To(BeZero(), "The client sends more requests than it may")
		}
	})

	h.grant = api.JWTGrant{
		IntegrationKey: hostileKey, UserID: hostileUser, PrivateKey: registeredKey(),
		Environment: api.Environment{AuthURL: h.server.URL, DatasetURL: h.server.URL, OrganizationURL: h.server.URL},
	}
	h.retry.Wait = h.wait
	h.given = &http.Client{Transport: seeded.transport(h.http.Transport)}
	h.options = on.choose(hostileOrganization)
	return h
}

// inTime tries what rests on time, Retry.Stall, with more and more of it: on a machine that has much to do any server falls
// silent for a while. A client that is wrong is wrong each time, and the last is what counts.
func inTime(on stream, answers []reply, try func(h *hostile)) {
	GinkgoHelper()
	for stall := 25 * time.Millisecond; ; stall *= 4 {
		h := against(on, slices.Clone(answers)...)
		h.retry.Stall = stall
		if stall > time.Second {
			try(h)
			return
		}
		if InterceptGomegaFailure(func() { try(h) }) == nil {
			return
		}
		h.void = true
	}
}

// wait notes what the client would have waited, and goes on at once.
func (h *hostile) wait(ctx context.Context, d time.Duration) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.waits = append(h.waits, d)
	return ctx.Err()
}

// client is the client under test.
func (h *hostile) client() consumer {
	GinkgoHelper()
	if h.made == nil {
		made, err := h.make()
		Expect(err).NotTo(HaveOccurred())
		h.made = made
	}
	return h.made
}

// make makes the client, or what the defect of the run makes of it.
func (h *hostile) make() (consumer, error) {
	seeded.prepare(h)
	made, err := h.api()
	if err != nil {
		return nil, err
	}
	return seeded.wrap(h, made), nil
}

func (h *hostile) api() (*api.Client, error) {
	source := h.source
	if source == nil {
		source = h.grant.TokenSource()
	}
	options := append(slices.Clone(h.options), api.WithHTTPClient(h.given), api.WithRetry(h.retry))
	if h.logger != nil {
		options = append(options, api.WithLogger(h.logger))
	}
	return api.New(h.grant.Environment, source, options...)
}

func (h *hostile) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	got := received{cursors: r.URL.Query()["cursor"], rawPath: r.URL.EscapedPath(), query: r.URL.RawQuery, header: r.Header}
	if r.Method == http.MethodPost {
		r.ParseForm()
		got.form = r.PostForm
	}
	io.Copy(io.Discard, r.Body) // only then it shows that a client leaves
	answer := h.next(r.URL.Path, got)
	if h.twist != nil {
		answer = h.twist(got, answer)
	}
	if answer.hold != nil {
		select {
		case <-answer.hold:
		case <-r.Context().Done():
			return
		}
	}
	if answer.broken {
		panic(http.ErrAbortHandler)
	}
	if answer.reset {
		reset(w)
		return
	}
	if answer.silent && answer.cutAt == 0 {
		<-r.Context().Done()
		return
	}
	h.mu.Lock()
	h.begun++
	h.mu.Unlock()
	answer.write(w, r)
}

// next notes a request and finds its answer.
func (h *hostile) next(path string, got received) reply {
	h.mu.Lock()
	defer h.mu.Unlock()
	if path == "/oauth/token" {
		h.grants = append(h.grants, got)
		if n := len(h.grants); n <= len(h.tokens) {
			return h.tokens[n-1]
		}
		return token(h.bearer(len(h.grants)))
	}
	if path == "/oauth/userinfo" {
		return h.user
	}
	h.asked = append(h.asked, got)
	if n := len(h.asked); n <= len(h.stream) {
		return h.stream[n-1]
	}
	h.excess++
	return reply{status: http.StatusTeapot}
}

// bearer is the token that the nth request for one gets.
func (*hostile) bearer(n int) string {
	return fmt.Sprintf("canary-token-%d.with~every+kind/of=sign", n)
}

func (r reply) write(w http.ResponseWriter, asked *http.Request) {
	for name, value := range r.header {
		w.Header().Set(name, value)
	}
	if r.framed {
		w.Header().Set("Content-Length", fmt.Sprint(len(r.body)))
	}
	w.WriteHeader(r.status)
	flush := http.NewResponseController(w).Flush
	switch {
	case r.pace > 0:
		for part := range slices.Chunk([]byte(r.body), len(r.body)/20+1) {
			w.Write(part)
			flush()
			select {
			case <-time.After(r.pace):
			case <-asked.Context().Done():
				return
			}
		}
	case r.cutAt == 0:
		io.WriteString(w, r.body)
	case r.silent:
		io.WriteString(w, r.body[:r.cutAt])
		flush()
		<-asked.Context().Done()
	default:
		io.WriteString(w, r.body[:r.cutAt])
		flush()
		panic(http.ErrAbortHandler)
	}
}

// reset begins an answer, so that net/http does not repeat the request by itself, and resets the connection.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	io.WriteString(conn, "HTTP/1.1 200")
	conn.(*net.TCPConn).SetLinger(0)
	conn.Close()
}

var jsonType = map[string]string{"Content-Type": "application/json; charset=utf-8"}

// ok is a 200 in JSON.
func ok(body string) reply { return reply{status: http.StatusOK, header: jsonType, body: body} }

func token(value string) reply {
	return ok(fmt.Sprintf(`{"access_token":%q,"token_type":"Bearer","expires_in":3600,"scope":"signature impersonation"}`, value))
}

// refusal is an answer that is none.
func refusal(status int, body string) reply {
	return reply{status: status, header: jsonType, body: body}
}

// drained is what a walk of the client has given.
type drained struct {
	Events  []string
	Cursors []string // of the pages
	Err     error
}

// walk drains the stream with the client.
func (h *hostile) walk(ctx context.Context, q api.Query) drained {
	GinkgoHelper()
	return take(h.client().Pages(ctx, q))
}

// take ranges over pages to their end.
func take(pages iter.Seq2[*api.Page, error]) (d drained) {
	GinkgoHelper()
	for page, err := range pages {
		Expect(d.Err).NotTo(HaveOccurred(), "The walk goes on after its error")
		if d.Err = err; err != nil {
			continue
		}
		d.Cursors = append(d.Cursors, string(page.Next))
		for _, event := range page.Events {
			d.Events = append(d.Events, string(event.Raw))
		}
	}
	return d
}

// sentCursors are the cursors of the requests, "absent" where there was none, or an empty one, which means the same.
func (h *hostile) sentCursors() (sent []string) {
	for _, got := range h.asked {
		switch len(got.cursors) {
		case 0:
			sent = append(sent, "absent")
		case 1:
			sent = append(sent, cmp.Or(got.cursors[0], "absent"))
		default:
			sent = append(sent, fmt.Sprintf("%q", got.cursors))
		}
	}
	return sent
}

// assertion is the one of the nth grant, verified.
func (h *hostile) assertion(n int) (jwt.MapClaims, *jwt.Token) {
	GinkgoHelper()
	claims := jwt.MapClaims{}
	Expect(h.grants[n].form["assertion"]).To(HaveLen(1))
	verified, err := jwt.ParseWithClaims(h.grants[n].form["assertion"][0], claims,
		func(*jwt.Token) (any, error) { return &registeredKey().PublicKey, nil },
		jwt.WithValidMethods([]string{"RS256"}), jwt.WithStrictDecoding())
	Expect(err).NotTo(HaveOccurred(), "The assertion cannot be verified")
	return claims, verified
}
