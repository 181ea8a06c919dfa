// Client, failures: no answer, half of one, and how long the client goes on asking.
package contract_test

import (
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/net/http2"
	"golang.org/x/oauth2"

	"example.com/docusign-monitor/api"
)

var _ = Describe("Client failures", Label("client"), func() {
	MustEach("CLI-RETRY-4", "The client asks again when it gets no answer, or a silent one",
		"api, Retry and Retry.Stall",
		func(ctx SpecContext, on stream, failure reply) {
			inTime(on, []reply{on.page("c1"), failure, on.page("c2", `{"n":1}`), on.page("c2")}, func(h *hostile) {
				h.server.Config.SetKeepAlivesEnabled(false) // else the transport repeats a request by itself

				d := h.walk(ctx, api.Query{})

				Expect(d.Err).NotTo(HaveOccurred())
				Expect(d.Events).To(HoldEvents([]string{`{"n":1}`}))
				Expect(h.sentCursors()).To(Equal([]string{"absent", "c1", "c1", "c2"}))
				Expect(h.waits).To(HaveLen(1))
			})
		},
		Entry("a connection that ends", reply{broken: true}), Entry("a connection that is reset", reply{reset: true}),
		Entry("silence", reply{silent: true}),
		Entry("silence in the middle", reply{status: http.StatusOK, header: jsonType, body: `{"endCursor":"c2",`, cutAt: 10, silent: true}))

	Must("CLI-RETRY-5", "The client takes an answer however slow it is, as long as it goes on",
		"api, Retry.Stall", func(ctx SpecContext, on stream) {
			inTime(on, []reply{on.page("c1", `{"n":1}`, `{"n":2}`), on.page("c1")}, func(h *hostile) {
				h.stream[0].pace = h.retry.Stall / 8 // in all the answer takes longer

				d := h.walk(ctx, api.Query{})

				Expect(d.Err).NotTo(HaveOccurred())
				Expect(d.Events).To(HoldEvents([]string{`{"n":1}`, `{"n":2}`}))
				Expect(h.waits).To(BeEmpty())
			})
		})

	Must("CLI-RETRY-6", "The client asks again when an HTTP/2 server goes away",
		"RFC 9113, section 6.8", func(ctx SpecContext, on stream) {
			h := against(on, on.page("c1", `{"n":1}`), on.page("c1"))
			departing := h.overHTTP2(1)

			d := h.walk(ctx, api.Query{})

			Expect(d.Err).NotTo(HaveOccurred())
			Expect(d.Events).To(HoldEvents([]string{`{"n":1}`}))
			Expect(departing.turned.Load()).To(BeEquivalentTo(1), "No request was turned away, so nothing is proved")
		})

	Must("CLI-RETRY-11", "The client asks again when a stream of HTTP/2 is reset within the answer",
		"RFC 9113, section 6.4", func(ctx SpecContext, on stream) {
			cut := on.page("c1", `{"n":1}`)
			cut.cutAt = len(cut.body) - 4
			h := against(on, cut, on.page("c1", `{"n":1}`), on.page("c1"))
			h.overHTTP2(0)

			d := h.walk(ctx, api.Query{})

			Expect(d.Err).NotTo(HaveOccurred())
			Expect(d.Events).To(HoldEvents([]string{`{"n":1}`}))
			Expect(h.sentCursors()).To(Equal([]string{"absent", "absent", "c1"}))
		})

	Must("CLI-RETRY-12", "The client makes the waits that the server asks for up to an hour in all, and counts them as no outage",
		"api, Retry.Limit and Retry.Outage", func(ctx SpecContext, on stream) {
			failure := refusal(http.StatusTooManyRequests, "")
			failure.header = map[string]string{"Retry-After": "1000"}
			h := against(on, slicesOf(4, failure)...)

			err := h.walk(ctx, api.Query{}).Err

			Expect(err).To(MatchError(api.ErrRateLimited))
			Expect(h.waits).To(And(HaveLen(3), HaveEach(BeNumerically("~", 1000*time.Second, 3*time.Second))))
		})

	Must("CLI-RETRY-7", "The client gives up a host that it has never reached after ten seconds",
		"api, Retry.Connect", func(ctx SpecContext, on stream) {
			h := against(on)
			h.mute = true
			h.wire.RoundTripper = tripper(func(*http.Request) (*http.Response, error) { // a port that is closed is soon another's
				return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
			})

			err := h.walk(ctx, api.Query{}).Err

			var waited time.Duration
			for _, d := range h.waits {
				waited += d
			}
			Expect(err).To(HaveOccurred())
			Expect(waited).To(And(BeNumerically(">", 0), BeNumerically("<=", 10*time.Second)))
		})

	Must("CLI-RETRY-8", "The client makes no wait of more than an hour, and says when the server wants to be asked again",
		"api, Retry.Limit", func(ctx SpecContext, on stream) {
			failure := refusal(http.StatusTooManyRequests, "")
			failure.header = map[string]string{"Retry-After": "7200"}
			h := against(on, failure)

			err := h.walk(ctx, api.Query{}).Err

			var e *api.Error
			Expect(errors.As(err, &e)).To(BeTrue(), "The error is no *api.Error: %v", err)
			Expect(err).To(MatchError(api.ErrRateLimited))
			Expect(e.RetryAt).To(BeTemporally("~", time.Now().Add(2*time.Hour), time.Minute))
			Expect(h.waits).To(BeEmpty())
		})

	Must("CLI-RETRY-9", "The client returns the last of several errors, with the number of its attempts",
		"api, Error.Attempts", func(ctx SpecContext, on stream) {
			h := against(on, refusal(http.StatusServiceUnavailable, ""), refusal(http.StatusInternalServerError, ""),
				refusal(http.StatusForbidden, `{"errorCode":"LAST","message":"m"}`))

			err := h.walk(ctx, api.Query{}).Err

			var e *api.Error
			Expect(errors.As(err, &e)).To(BeTrue(), "The error is no *api.Error: %v", err)
			Expect(e.Code).To(Equal("LAST"))
			Expect(e.Attempts).To(Equal(3))
		})

	MustEach("CLI-RETRY-10", "The client asks again for a token after a failure that may pass",
		"api, Retry",
		func(ctx SpecContext, on stream, failure reply) {
			h := against(on, on.page("c1"), on.page("c1"))
			h.tokens = []reply{failure, failure}

			Expect(h.walk(ctx, api.Query{}).Err).NotTo(HaveOccurred())

			Expect(h.grants).To(HaveLen(3))
			Expect(h.waits).To(HaveLen(2))
		},
		Entry("429", refusal(http.StatusTooManyRequests, "")),
		Entry("503 in HTML", reply{status: http.StatusServiceUnavailable, body: "<html></html>"}),
		Entry("a connection that is reset", reply{reset: true}),
		Entry("cut off", ok(`{"access_token":"abc`)))

	Must("CLI-PAGE-7", "The client reads a page that comes compressed",
		"RFC 9110, section 8.4", func(ctx SpecContext, on stream) {
			h := against(on, compressed(on.page("c1", `{"n":1}`)), compressed(on.page("c1")))

			d := h.walk(ctx, api.Query{})

			Expect(d.Err).NotTo(HaveOccurred())
			Expect(d.Events).To(HoldEvents([]string{`{"n":1}`}))
		})

	Must("CLI-PAGE-8", "The client takes no page of more than 64 MiB, and asks no second time",
		"api, package documentation, limits", func(ctx SpecContext, on stream) {
			vast := compressed(on.page("c1", `{"n":1}`))
			vast.body = blanks() + vast.body // a gzip body may have any number of members
			h := against(on, vast)

			Expect(h.walk(ctx, api.Query{}).Err).To(MatchError(api.ErrMalformedPage))
		})

	Must("CLI-PAGE-9", "The client takes null in place of the events for none",
		"spec/organization, StreamResponse, resultData; a client must bear what a document allows", func(ctx SpecContext, on stream) {
			h := against(on, ok(on.named(`{"endCursor":"c1","$events":null}`)), on.page("c2", `{"n":1}`), on.page("c2"))

			d := h.walk(ctx, api.Query{})

			Expect(d.Err).NotTo(HaveOccurred())
			Expect(d.Events).To(HoldEvents([]string{`{"n":1}`}))
		})
})

// compressed is an answer in gzip.
func compressed(r reply) reply {
	var body bytes.Buffer
	w := gzip.NewWriter(&body)
	io.WriteString(w, r.body)
	w.Close()
	r.body = body.String()
	r.header = map[string]string{"Content-Type": "application/json", "Content-Encoding": "gzip"}
	return r
}

// blanks are 64 MiB of them, compressed.
var blanks = sync.OnceValue(func() string {
	var body bytes.Buffer
	w, _ := gzip.NewWriterLevel(&body, gzip.BestSpeed)
	for range 64 {
		w.Write(bytes.Repeat([]byte(" "), 1<<20))
	}
	w.Close()
	return body.String()
})

// overHTTP2 puts the hostile server behind TLS and HTTP/2. It turns the nth connection away by GOAWAY; none, if n is 0.
func (h *hostile) overHTTP2(nth int) *departing {
	GinkgoHelper()
	h.server.Close()
	h.server = httptest.NewUnstartedServer(h)
	h.server.EnableHTTP2 = true
	h.server.TLS = &tls.Config{}
	d := &departing{Listener: h.server.Listener, config: &h.server.TLS, nth: nth}
	h.server.Listener = d
	h.server.StartTLS()
	DeferCleanup(h.server.Close)
	h.grant.Environment = api.Environment{AuthURL: h.server.URL, DatasetURL: h.server.URL, OrganizationURL: h.server.URL}
	h.source = oauth2.StaticTokenSource(&oauth2.Token{AccessToken: h.bearer(1), TokenType: "Bearer"}) // so that pages alone are asked for

	transport := h.server.Client().Transport.(*http.Transport)
	DeferCleanup(transport.CloseIdleConnections)
	h.wire.RoundTripper = transport
	return d
}

// departing turns one connection away.
type departing struct {
	net.Listener
	config   **tls.Config
	nth      int
	accepted int
	turned   atomic.Int32
}

func (d *departing) Accept() (net.Conn, error) {
	conn, err := d.Listener.Accept()
	if d.accepted++; err != nil || d.accepted != d.nth {
		return conn, err
	}
	go d.turnAway(conn)
	return d.Accept()
}

// turnAway says GOAWAY to the first request of a connection.
func (d *departing) turnAway(raw net.Conn) {
	conn := tls.Server(raw, (*d.config).Clone())
	defer conn.Close()
	io.ReadFull(conn, make([]byte, len(http2.ClientPreface)))
	framer := http2.NewFramer(conn, conn)
	framer.WriteSettings()
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			return
		}
		if _, asks := frame.(*http2.HeadersFrame); asks {
			d.turned.Add(1)
			framer.WriteGoAway(frame.Header().StreamID, http2.ErrCodeInternal, nil)
			return
		}
	}
}
