// Client, walks: what a loop over pages sends, when it waits, and what it leaves behind.
package contract_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"go.uber.org/goleak"

	"example.com/docusign-monitor/api"
)

var _ = Describe("Client walks", Label("client"), func() {
	Must("CLI-WALK-1", "The client sends the same requests when a walk is ranged over again",
		"api, Client.Pages", func(ctx SpecContext, on stream) {
			h := against(on, on.page("c1", `{"n":1}`), on.page("c1"), on.page("c1", `{"n":1}`), on.page("c1"))
			pages := h.client().Pages(ctx, api.Query{})

			for range 2 {
				for _, err := range pages {
					Expect(err).NotTo(HaveOccurred())
				}
			}

			Expect(h.sentCursors()).To(Equal([]string{"absent", "c1", "absent", "c1"}))
		})

	Must("CLI-WALK-2", "The client sends nothing more once the loop has been left",
		"api, Client.Pages", func(ctx SpecContext, on stream) {
			h := against(on, on.page("c1", `{"n":1}`), on.page("c2", `{"n":2}`))

			for page, err := range h.client().Pages(ctx, api.Query{}) {
				Expect(err).NotTo(HaveOccurred())
				if page.Next == "c2" {
					break
				}
			}

			Expect(h.sentCursors()).To(Equal([]string{"absent", "c1"}))
		})

	Must("CLI-WALK-3", "The client asks again at once after two empty pages in a row, then after 1 s doubling to 1 min",
		"api, Client.Pages", func(ctx SpecContext, on stream) {
			var pages []reply
			for n := range 10 {
				pages = append(pages, on.page(fmt.Sprint("c", n)))
			}
			h := against(on, pages...)

			h.walk(ctx, api.Query{})

			Expect(h.waits).To(Equal([]time.Duration{
				time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 32 * time.Second, time.Minute,
			}))
		})

	Must("CLI-WALK-4", "The client gives one page for one request",
		"api, Client.Page", func(ctx SpecContext, on stream) {
			h := against(on, on.page("c8", `{"n":1}`))

			page, err := h.client().Page(ctx, api.Query{Cursor: "c7", Limit: 3})

			Expect(err).NotTo(HaveOccurred())
			Expect(page.Events).To(Equal([]api.Event{{Raw: []byte(`{"n":1}`)}}))
			Expect(page.Next).To(BeEquivalentTo("c8"))
			Expect(page.CaughtUp).To(BeFalse())
			Expect(h.sentCursors()).To(Equal([]string{"c7"}))
		})

	Must("CLI-WALK-5", "The client gives the events of all pages one by one",
		"api, Client.Events", func(ctx SpecContext, on stream) {
			h := against(on, on.page("c1", `{"n":1}`, `{"n":2}`), on.page("c2"), on.page("c2", `{"n":3}`))

			var got []string
			for event, err := range h.client().Events(ctx, api.Query{}) {
				Expect(err).NotTo(HaveOccurred())
				got = append(got, string(event.Raw))
			}

			Expect(got).To(HoldEvents([]string{`{"n":1}`, `{"n":2}`, `{"n":3}`}))
		})

	Must("CLI-WALK-6", "The client delivers an event as often as it is served, at the border of two pages too",
		"api, package documentation: what is a duplicate is the consumer's to say", func(ctx SpecContext, on stream) {
			h := against(on, on.page("c1", `{"n":1}`, `{"n":2}`), on.page("c2", `{"n":2}`, `{"n":3}`), on.page("c3", `{"n":3}`), on.page("c3"))

			Expect(h.walk(ctx, api.Query{}).Events).To(HoldEvents([]string{`{"n":1}`, `{"n":2}`, `{"n":2}`, `{"n":3}`, `{"n":3}`}))
		})

	Must("CLI-WALK-7", "The client sends no request that its query forbids",
		"api, Query; spec/dataset, getStream, limit", func(ctx SpecContext, on stream) {
			h := against(on)
			h.mute = true

			for _, q := range []api.Query{{Limit: -1}, {Limit: 2001}, {Cursor: "c1", Since: time.Unix(0, 0)}} {
				Expect(h.walk(ctx, q).Err).To(HaveOccurred(), "for %+v", q)
			}

			Expect(h.asked).To(BeEmpty())
			Expect(h.grants).To(BeEmpty())
		})

	MustEach("CLI-WALK-8", "The client ends a walk with the error of its context, and leaves no goroutine behind",
		"api, Client.Pages; context, package documentation",
		func(ctx SpecContext, on stream, arrange func(h *hostile, cancel func())) {
			before := goleak.IgnoreCurrent()
			cancelled, cancel := context.WithCancel(ctx)
			defer cancel()
			h := against(on, on.page("c1", `{"n":1}`), on.page("c1"))
			arrange(h, cancel)

			d := take(h.client().Follow(cancelled, api.Query{}, 0))

			Expect(d.Err).To(MatchError(context.Canceled))
			closed := make(chan struct{})
			go func() {
				defer close(closed)
				h.server.Close() // comes to its end with the last request
			}()
			select {
			case <-closed:
			case <-time.After(10 * time.Second):
				h.server.CloseClientConnections()
				Fail("A request goes on that nobody waits for")
			}
			h.http.CloseIdleConnections()
			Expect(goleak.Find(before)).To(Succeed())
		},
		Entry("before the answer", func(h *hostile, cancel func()) {
			h.stream[1].hold = make(chan struct{})
			h.twist = func(_ received, r reply) reply {
				if r.hold != nil {
					cancel()
				}
				return r
			}
		}),
		Entry("within the answer", func(h *hostile, cancel func()) {
			h.stream[1] = reply{status: http.StatusOK, header: jsonType, body: `{"endCursor":"c2"`, cutAt: 10, silent: true}
			h.given = &http.Client{Transport: begun(h, func(answers int) {
				if answers == 3 { // the token's and two of the stream
					cancel()
				}
			})}
		}),
		Entry("before the token", func(h *hostile, cancel func()) {
			h.mute = true
			h.tokens = []reply{{hold: make(chan struct{})}}
			h.twist = func(_ received, r reply) reply {
				cancel()
				return r
			}
		}),
		Entry("between two attempts", func(h *hostile, cancel func()) {
			h.stream[1] = refusal(http.StatusServiceUnavailable, "")
			h.retry.Wait = untilCancelled(cancel)
		}),
		Entry("after silence", func(h *hostile, cancel func()) {
			h.stream[1] = reply{silent: true}
			h.retry.Stall = 100 * time.Millisecond
			h.retry.Wait = untilCancelled(cancel)
		}),
		Entry("between two polls", func(h *hostile, cancel func()) { h.retry.Wait = untilCancelled(cancel) }))
})

// untilCancelled cancels the walk when it waits, and waits for its end.
func untilCancelled(cancel func()) func(context.Context, time.Duration) error {
	return func(ctx context.Context, _ time.Duration) error {
		cancel()
		<-ctx.Done()
		return ctx.Err()
	}
}

// begun is a transport that tells when the client has the beginning of an answer.
func begun(h *hostile, tell func(answers int)) http.RoundTripper {
	answers := 0
	return tripper(func(r *http.Request) (*http.Response, error) {
		res, err := h.http.Transport.RoundTrip(r)
		if err == nil {
			answers++
			tell(answers)
		}
		return res, err
	})
}

var _ = Describe("Client follows", Label("client"), func() {
	Must("CLI-FOLLOW-1", "The client polls once an interval when it has caught up, and without a pause while it is behind",
		"api, Client.Follow; the publisher asks for at most one poll a minute", func(ctx SpecContext, on stream) {
			h := against(on, on.page("c1", `{"n":1}`), on.page("c2", `{"n":2}`), on.page("c2"), on.page("c3", `{"n":3}`), on.page("c3"))

			d := h.follow(ctx, 2)

			Expect(d.Events).To(HoldEvents([]string{`{"n":1}`, `{"n":2}`, `{"n":3}`}))
			Expect(h.sentCursors()).To(Equal([]string{"absent", "c1", "c2", "c2", "c3"}))
			Expect(h.waits).To(HaveEach(And(BeNumerically(">=", time.Minute), BeNumerically("<=", 66*time.Second))))
			Expect(h.waits).To(HaveLen(2))
		})

	Must("CLI-FOLLOW-2", "The client outlasts any outage while it follows",
		"api, Client.Follow", func(ctx SpecContext, on stream) {
			const failures = 60
			h := against(on, slices.Concat([]reply{on.page("c1")}, slicesOf(failures, refusal(http.StatusServiceUnavailable, "")),
				[]reply{on.page("c2", `{"n":1}`), on.page("c2")})...)

			d := h.follow(ctx, failures+1)

			var waited time.Duration
			for _, w := range h.waits {
				waited += w
			}
			Expect(d.Events).To(HoldEvents([]string{`{"n":1}`}))
			Expect(waited).To(BeNumerically(">", 5*time.Minute), "The outage is none")
		})

	MustEach("CLI-FOLLOW-3", "The client ends following at a refusal that is final",
		"api, Client.Follow",
		func(ctx SpecContext, on stream, status int, want error) {
			h := against(on, on.page("c1"), on.page("c1"), refusal(status, ""))

			Expect(h.follow(ctx, 2).Err).To(MatchError(want))

			Expect(h.asked).To(HaveLen(3))
		},
		Entry("an entitlement gone", http.StatusForbidden, api.ErrNotEntitled),
		Entry("a cursor refused", http.StatusBadRequest, api.ErrBadCursor))

	Must("CLI-FOLLOW-4", "The client goes on from its place at the next poll after ten empty pages in a row",
		"api, Client.Follow", func(ctx SpecContext, on stream) {
			var pages []reply
			for n := range 10 {
				pages = append(pages, on.page(fmt.Sprint("c", n)))
			}
			h := against(on, append(pages, on.page("c9", `{"n":1}`))...)

			d := h.follow(ctx, 9) // 7 between the empty pages, 2 between polls

			Expect(d.Events).To(HoldEvents([]string{`{"n":1}`}))
			Expect(h.sentCursors()[10]).To(Equal("c9"))
		})

	Must("CLI-FOLLOW-5", "The client polls no host but a loopback one more often than once a minute",
		"api, PollInterval; the publisher asks for at most one poll a minute", func(ctx SpecContext, on stream) {
			h := against(on)
			h.mute = true
			h.grant.Environment.DatasetURL, h.grant.Environment.OrganizationURL = "https://monitor.example.com", "https://monitor.example.com"

			var found error
			for _, err := range h.client().Follow(ctx, api.Query{}, 59*time.Second) {
				found = err
			}

			Expect(found).To(MatchError(ContainSubstring("59s")))
		})
})

// follow follows until the client has waited so often, with an interval of a minute.
func (h *hostile) follow(ctx context.Context, waits int) (d drained) {
	GinkgoHelper()
	until, end := context.WithCancel(ctx)
	defer end()
	h.retry.Wait = func(ctx context.Context, pause time.Duration) error {
		if h.wait(ctx, pause); len(h.waits) >= waits {
			end()
		}
		return ctx.Err()
	}
	return take(h.client().Follow(until, api.Query{}, 0))
}
