// Paging: laws that hold whatever the limits, in whatever lengths the pages come. They read what is there.
package contract_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"example.com/docusign-monitor/contract/sandbox"
)

// numbered is a service with a log of so many small events: it is their number that counts. A decoder leaves a trace in each.
func numbered(on stream, n int) (s *service, log []string) {
	GinkgoHelper()
	var raw [][]byte
	then := time.Now().UTC().AddDate(0, 0, -6) // an event at each time of the day
	for i := range n {
		stamp := then.Add(time.Duration(i) * 75 * time.Second).Format("2006-01-02T15:04:05Z")
		log = append(log, fmt.Sprintf(`{"timestamp":"%s","eventId":"%d","userAgent":"Agent/1.0 (X11; x86_64)","city":"Zürich","n":2.50}`, stamp, i))
		raw = append(raw, []byte(log[i]))
	}
	s, _ = controlledProvider(on, sandbox.Config{Events: sandbox.Raw(raw...)})
	return s, log
}

var _ = Describe("Paging", Label("paging"), func() {
	MustEach("SRV-PAGE-1", "The service gives no page of more events than the limit",
		"spec/dataset, getStream, limit",
		func(ctx SpecContext, on stream, limit int) {
			s := provider(on)

			pages := s.read(ctx, start, limit, min(sample, 10*limit))
			pages = append(pages, s.page(ctx, atTime(s.now().Add(-5*24*time.Hour)), limit))

			for _, p := range pages {
				Expect(len(p.Events)).To(BeNumerically("<=", limit))
			}
		},
		Entry("1", 1), Entry("2", 2), Entry("7", 7), Entry("50", 50), Entry("the most, 2000", 2000))

	MustEach("SRV-PAGE-2", "The service gives the same events in the same order whatever the limit",
		"spec/dataset, getStream, limit",
		func(ctx SpecContext, on stream, limit int) {
			s := provider(on)
			from := s.anchor(ctx)
			whole := s.some(ctx, from)
			whole = whole[:min(len(whole), 20*limit)]

			Expect(s.read(ctx, from, limit, len(whole)).Events()).To(BeginWithEvents(whole))
		},
		Entry("1", 1), Entry("2", 2), Entry("3", 3), Entry("7", 7), Entry("50", 50), Entry("1000", 1000))

	Must("SRV-PAGE-3", "The service gives at most 1000 events when no limit is given, and the same ones",
		"spec/dataset, getStream, limit, default", controlled, func(ctx SpecContext, on stream) {
			s, log := numbered(on, 2100)

			for _, cursor := range []*string{start, atTime(s.now().Add(-7*24*time.Hour + edge))} {
				w := s.drain(ctx, cursor, 0)
				for _, p := range w {
					Expect(len(p.Events)).To(BeNumerically("<=", 1000))
				}
				Expect(w.Events()).To(HoldEvents(log))
			}
		})

	Must("SRV-PAGE-14", "The service keeps to any limit, from the least to the most, and loses nothing at the border of its page",
		"spec/dataset, getStream, limit", controlled, func(ctx SpecContext, on stream) {
			var limits []int // each from the least, and what people choose
			for limit := range 40 {
				limits = append(limits, limit+1)
			}
			limits = append(limits, 50, 100, 128, 200, 250, 500, 512, 1500, 2000, 750, 2000)
			s, log := numbered(on, 6900) // the last page has some, too

			var got []string
			cursor := start
			for _, limit := range limits {
				p := s.page(ctx, cursor, limit)
				Expect(len(p.Events)).To(BeNumerically("<=", limit))
				got, cursor = append(got, p.Events...), after(p.EndCursor)
			}

			Expect(got).To(HoldEvents(log))
			most := s.page(ctx, atTime(s.now().Add(-7*24*time.Hour+edge)), 2000)
			Expect(append(most.Events, s.page(ctx, after(most.EndCursor), 1).Events...)).To(HoldEvents(log[:len(most.Events)+1]))
		})

	Must("SRV-PAGE-16", "The service gives what stands ten thousand events deep in the log, and pages of more than a mebibyte",
		"spec/dataset, getStream, description and limit", controlled, func(ctx SpecContext, on stream) {
			clock := sandbox.NewClock(time.Now())
			s, box := controlledProvider(on, sandbox.Config{Events: sandbox.Generate(10_000, 1), Clock: clock.Now})
			clock.Advance(time.Hour)
			var log []string
			for i := range 100 { // few and long, which take less time to judge
				log = append(log, fmt.Sprintf(`{"eventId":"%d","data":{"text":"%s"}}`, i, strings.Repeat("x", 12_000)))
				Expect(box.Append([]byte(log[i]))).To(Succeed())
			}

			w := s.read(ctx, atTime(clock.Now().Add(-edge)), 2000, len(log)) // none of those before

			Expect(w.Events()).To(HoldEvents(log))
		})

	Must("SRV-PAGE-4", "The service gives every event once from the start to the end, in the order of ingestion",
		"spec/dataset, getStream, description", controlled, func(ctx SpecContext, on stream) {
			now := time.Now()
			var log []string
			var raw [][]byte
			for i, seconds := range []float64{300, 180, 240, 60, 120, 0, 540, 540, 540, 360, 30, 30.3, 30.3001, 30.2} { // in no order, nor each once
				log = append(log, event(now.Add(-time.Duration(seconds*float64(time.Second))), i))
			}
			log = append(log, `{"eventId":null,"action":"Created"}`, `{"eventId":null,"action":"Sent"}`, // what has no id is no repeat
				`{"eventId":"","action":"Created"}`, `{"eventId":"","action":"Sent"}`, `{"eventId":"1"}`, `{"eventId":"1","action":"Sent"}`, log[0], log[0])
			for _, event := range log {
				raw = append(raw, []byte(event))
			}
			s, _ := controlledProvider(on, sandbox.Config{Events: sandbox.Raw(raw...)})

			for _, limit := range []int{3, 1000} {
				Expect(s.drain(ctx, start, limit).Events()).To(HoldEvents(log), "at the limit %d", limit)
			}
		})

	Should("SRV-PAGE-5", "The service gives no cursor twice in a walk, but for the one at the end",
		"undocumented; a walk would lead in a circle", assumed, func(ctx SpecContext, on stream) {
			s := provider(on)
			from := s.anchor(ctx)
			whole := s.drain(ctx, from, 2000).Events()

			pages := s.drain(ctx, from, parts(len(whole)))

			var cursors []string
			for _, p := range pages[:len(pages)-1] {
				cursors = append(cursors, p.EndCursor)
			}
			Expect(cursors).NotTo(BeEmpty(), "The walk has one page, so nothing is proved")
			slices.Sort(cursors)
			Expect(slices.Compact(slices.Clone(cursors))).To(Equal(cursors))
		})

	Must("SRV-PAGE-6", "The service repeats no page and leaves none out between the start and the end",
		"spec/dataset, getStream, cursor and limit", func(ctx SpecContext, on stream) {
			s := provider(on)
			from := s.anchor(ctx)

			earlier := s.drain(ctx, from, 2000).Events()
			small := s.drain(ctx, from, parts(len(earlier))).Events()
			later := s.drain(ctx, from, 2000).Events() // the log may have grown meanwhile

			Expect(earlier).NotTo(BeEmpty(), "The stream holds one event at most, so nothing is proved")
			Expect(small).To(BeginWithEvents(earlier))
			Expect(later).To(BeginWithEvents(small))
		})

	Must("SRV-PAGE-13", "The service gives the same page to who takes no compression, and does not compress it",
		"RFC 9110, section 12.5.3", func(ctx SpecContext, on stream) {
			s := provider(on)
			from := s.anchor(ctx)
			packed := s.read(ctx, from, 2000, sample).Events() // the transport asks for gzip by itself

			for _, coding := range []string{"identity", "identity, gzip;q=0", "identity, *;q=0"} {
				plain := s.read(ctx, from, 2000, len(packed), func(r *http.Request) {
					r.Header.Set("Accept-Encoding", coding)
					r.Header.Set("Accept", "application/json") // as a client asks, which the generated one does not
				}).Events()

				Expect(plain).To(BeginWithEvents(packed), "to who accepts %s", coding)
			}
		})

	ShouldEach("SRV-PAGE-7", "The service refuses a limit outside of 1 to 2000 with 400",
		"spec/dataset, getStream, limit; undocumented what happens", assumed,
		func(ctx SpecContext, on stream, limit string) {
			s := provider(on)

			a := s.do(declared(ctx, invalid), http.MethodGet, s.stream("limit="+limit), s.bearer(ctx))

			Expect(a).To(HaveStatus(http.StatusBadRequest))
		},
		Entry("zero", "0"), Entry("negative", "-1"), Entry("one too many", "2001"), Entry("the most of 32 bits", "2147483647"))

	ShouldEach("SRV-PAGE-8", "The service refuses a limit that is not one whole number with 400",
		"spec/dataset, getStream, limit; the status is inferred", assumed,
		func(ctx SpecContext, on stream, query string) {
			s := provider(on)

			a := s.do(declared(ctx, invalid), http.MethodGet, s.stream(query), s.bearer(ctx))

			Expect(a).To(HaveStatus(http.StatusBadRequest))
		},
		Entry("a word", "limit=abc"), Entry("a fraction", "limit=1.5"), Entry("a fraction of nothing", "limit=5.0"), Entry("empty", "limit="),
		Entry("with an exponent", "limit=1e2"), Entry("hexadecimal", "limit=0x5"), Entry("a list", "limit=5,6"),
		Entry("33 bits", fmt.Sprintf("limit=%d", 1<<32+5)), Entry("twice", "limit=1&limit=2"))
})
