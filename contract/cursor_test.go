// Cursor: the promise that lets a consumer stop and go on.
package contract_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"example.com/docusign-monitor/contract/sandbox"
)

var _ = Describe("Cursor", Label("cursor"), func() {
	Must("SRV-CURSOR-1", "The service resumes after endCursor with no gap and no repeat",
		"spec/dataset, getStream, cursor", func(ctx SpecContext, on stream) {
			s := provider(on)
			from := s.anchor(ctx)
			whole := s.some(ctx, from)

			first := s.page(ctx, from, 3)
			rest := s.read(ctx, after(first.EndCursor), 1000, len(whole)).Events()

			Expect(append(first.Events, rest...)).To(BeginWithEvents(whole))
		})

	Must("SRV-CURSOR-2", "The service resumes at any endCursor that it has given, however old",
		"spec/dataset, getStream, cursor", func(ctx SpecContext, on stream) {
			s := provider(on)
			pages := s.read(ctx, s.anchor(ctx), 7, sample)
			whole := pages.Events()

			// A cursor outlives the token and the connection that it came by: a consumer goes on with it the next day.
			s.forget()
			for i, p := range pages { // one law on one walk, at each of its cursors
				left := pages[i+1:].Events()
				Expect(s.read(ctx, after(p.EndCursor), 2000, len(left)).Events()).To(BeginWithEvents(left),
					"after page %d of %d, of %d events", i+1, len(pages), len(whole))
			}
		})

	Must("SRV-CURSOR-3", "The service ends the stream by giving back the cursor that it was sent",
		"spec/dataset, getStream, cursor; the publisher's samples end there", func(ctx SpecContext, on stream) {
			s := provider(on)

			s.drain(ctx, s.anchor(ctx), 2000) // fails if no page gives back the cursor that it was asked for with
		})

	Should("SRV-CURSOR-4", "The service leaves the cursor where it is while there is nothing new",
		"undocumented; without it a walk has no end", assumed, controlled, func(ctx SpecContext, on stream) {
			clock := sandbox.NewClock(time.Now())
			s, _ := controlledProvider(on, sandbox.Config{Events: sandbox.Generate(20, 1), Clock: clock.Now})
			end := s.drain(ctx, start, 2000).End()

			clock.Advance(10 * time.Minute)

			Expect(s.page(ctx, after(end), 2000)).To(BeCaughtUp(end))
			Expect(s.page(ctx, after(end), 1)).To(BeCaughtUp(end))
		})

	Must("SRV-CURSOR-5", "The service gives what is ingested later after the endCursor of the end, once and in order",
		"spec/dataset, getStream, description and cursor", controlled, func(ctx SpecContext, on stream) {
			clock := sandbox.NewClock(time.Now())
			s, box := controlledProvider(on, sandbox.Config{Events: sandbox.Generate(20, 1), Clock: clock.Now})
			before := s.drain(ctx, s.anchor(ctx), 2)
			clock.Advance(2 * 24 * time.Hour) // a weekend
			s.forget()

			var news []string
			at := before.End()
			for lot := range 3 {
				var fresh []string
				for i, seconds := range []int{180, 1, 240, 0, 120} { // an event may be ingested after others that happened later
					fresh = append(fresh, event(clock.Now().Add(-time.Duration(seconds)*time.Second), 100-5*lot-i))
					Expect(box.Append([]byte(fresh[i]))).To(Succeed())
				}
				var w walk
				for _, limit := range []int{2, 10} { // who has lost what it was given asks again
					w = s.drain(ctx, after(at), limit)
					Expect(w.Events()).To(HoldEvents(fresh))
				}
				news, at = append(news, fresh...), w.End()
				clock.Advance(10 * time.Second)
			}
			middle := len(before) / 2
			Expect(s.drain(ctx, after(before[middle].EndCursor), 2).Events()).To(HoldEvents(append(before[middle+1:].Events(), news...)))
		})

	Must("SRV-CURSOR-18", "The service gives a page of an empty stream, too, and what is ingested later after its endCursor",
		"spec/dataset, getStream, cursor", controlled, func(ctx SpecContext, on stream) {
			s, box := controlledProvider(on, sandbox.Config{Events: sandbox.Raw()})

			begin := []*string{start, after(""), atTime(time.Now().Add(-time.Hour))}
			var ends []*string
			for _, cursor := range begin {
				w := s.drain(ctx, cursor, 10)
				Expect(w.Events()).To(BeEmpty())
				ends = append(ends, after(w.End()))
			}
			first := event(time.Now(), 1)
			Expect(box.Append([]byte(first))).To(Succeed())

			for _, cursor := range append(begin, ends...) {
				Expect(s.drain(ctx, cursor, 10).Events()).To(HoldEvents([]string{first}))
			}
		})

	Must("SRV-CURSOR-6", "The service begins seven days ago without a cursor",
		"spec/dataset, getStream, cursor", controlled, func(ctx SpecContext, on stream) {
			clock := sandbox.NewClock(time.Now())
			old, next, young := event(clock.Now(), 1), event(clock.Now(), 2), event(clock.Now(), 3)
			s, box := controlledProvider(on, sandbox.Config{Events: sandbox.Raw([]byte(old), []byte(next)), Clock: clock.Now})
			clock.Advance(2 * 24 * time.Hour)
			Expect(box.Append([]byte(young))).To(Succeed())

			clock.Advance(4 * 24 * time.Hour)
			Expect(s.drain(ctx, start, 10).Events()).To(HoldEvents([]string{old, next, young}), "when the events are six and four days old")
			clock.Advance(24*time.Hour - 10*time.Minute)
			s.forget()
			Expect(s.drain(ctx, start, 10).Events()).To(HoldEvents([]string{old, next, young}), "when ten minutes are missing from seven days")
			clock.Advance(20 * time.Minute)
			Expect(s.drain(ctx, start, 10).Events()).To(HoldEvents([]string{young}), "when seven days are over by ten minutes")

			clock.Advance(24*time.Hour - 10*time.Minute)
			s.forget()
			Expect(s.drain(ctx, start, 10).Events()).To(HoldEvents([]string{young}), "when the events are eight and six days old")
		})

	Must("SRV-CURSOR-7", "The service begins at the same place with an empty cursor as without one",
		"spec/dataset, getStream, cursor; the publisher's older samples send it empty", func(ctx SpecContext, on stream) {
			s := provider(on)

			absent := s.read(ctx, start, 2000, 1).Events() // as the older samples ask; a first page may be empty
			empty := s.read(ctx, after(""), 2000, len(absent)).Events()

			Expect(absent).NotTo(BeEmpty(), "The stream is empty, so nothing is proved")
			week := s.now().Add(-7*24*time.Hour + edge) // the start has moved on meanwhile, and the log may have grown
			Expect(since(empty, week)).To(BeginWithEvents(since(absent, week)))
		})

	MustEach("SRV-CURSOR-8", "The service begins at a date that is given as the cursor",
		"spec/dataset, getStream, cursor; the publisher's samples", controlled,
		func(ctx SpecContext, on stream, layout string, offset int, ago time.Duration) {
			midnight := time.Now().UTC().Truncate(24 * time.Hour)
			clock := sandbox.NewClock(midnight.Add(-45*time.Minute + time.Second/2)) // no event at a full second
			s, box := controlledProvider(on, sandbox.Config{Events: sandbox.Raw(), Clock: clock.Now})
			var log []string
			const near = 50 * time.Microsecond
			// So near midnight that it is seen from another zone on the wrong side of one; and two that hardly differ in time.
			for i, next := range []time.Duration{30 * time.Minute, 30*time.Minute - near, near, 30 * time.Minute, 30 * time.Minute} {
				log = append(log, event(clock.Now(), i))
				Expect(box.Append([]byte(log[i]))).To(Succeed())
				clock.Advance(next)
			}
			clock.Advance(ago)

			date := midnight.In(time.FixedZone("", offset)).Format(layout) // between the second and the third
			fourth := clock.Now().Add(-ago - time.Hour)
			just := fourth.Add(-100 * time.Nanosecond).Format("2006-01-02T15:04:05.0000000Z")

			Expect(s.drain(ctx, after(date), 1).Events()).To(HoldEvents(log[2:]))
			Expect(s.page(ctx, after(just), 2).Events).To(HoldEvents(log[3:]), "from right before the fourth event, %s", just)
		},
		Entry("seconds", "2006-01-02T15:04:05Z", 0, time.Hour),
		Entry("seven digits of fraction", "2006-01-02T15:04:05.0000000Z", 0, time.Hour),
		Entry("an offset of nothing", "2006-01-02T15:04:05-07:00", 0, time.Hour),
		Entry("an offset", "2006-01-02T15:04:05-07:00", 5*60*60+30*60, time.Hour),
		Entry("a negative offset", "2006-01-02T15:04:05-07:00", -8*60*60, time.Hour),
		Entry("the date alone", "2006-01-02", 0, time.Hour),
		Entry("seconds, a year ago", "2006-01-02T15:04:05Z", 0, 365*24*time.Hour))

	Must("SRV-CURSOR-17", "The service gives nothing from before 2021, whatever the date that it is asked from",
		"spec/dataset, getStream, cursor; the documentation's floor", controlled, func(ctx SpecContext, on stream) {
			clock := sandbox.NewClock(time.Date(2020, 12, 31, 23, 0, 0, 0, time.UTC))
			old, young := event(clock.Now(), 1), event(clock.Now().Add(2*time.Hour), 2)
			s, box := controlledProvider(on, sandbox.Config{Events: sandbox.Raw([]byte(old)), Clock: clock.Now})
			clock.Advance(2 * time.Hour)
			Expect(box.Append([]byte(young))).To(Succeed())

			Expect(s.drain(ctx, after("2020-12-31"), 10).Events()).To(HoldEvents([]string{young}))
			Expect(s.drain(ctx, start, 10).Events()).To(HoldEvents([]string{young}))
			clock.Advance(365 * 24 * time.Hour)
			s.forget()
			Expect(s.drain(ctx, after("2020-12-31"), 10).Events()).To(HoldEvents([]string{young}))
		})

	Should("SRV-CURSOR-9", "The service gives from a later date the tail of what it gives from an earlier one",
		"spec/dataset, getStream, cursor: a seek that clips nothing; undocumented how far it reaches", assumed,
		func(ctx SpecContext, on stream) {
			s := provider(on)
			now := s.now()

			early := s.drain(ctx, atTime(now.Add(-5*24*time.Hour)), 2000).Events()
			late := s.drain(ctx, atTime(now.Add(-2*24*time.Hour)), 2000).Events()
			again := s.drain(ctx, atTime(now.Add(-5*24*time.Hour)), 2000).Events()

			Expect(late).NotTo(BeEmpty(), "Nothing follows the later date, so nothing is proved")
			from := within(again, late)
			Expect(from).To(BeNumerically(">", 0), "The later date does not begin within what the earlier one gives")
			Expect(again[from:]).To(BeginWithEvents(late))
			Expect(again).To(BeginWithEvents(early))
			Expect(from+len(late)).To(BeNumerically(">=", len(early)), "The later date ends before the earlier one")
		})

	ShouldEach("SRV-CURSOR-10", "The service refuses a cursor that it cannot have given with 400, and never begins elsewhere",
		"undocumented", assumed,
		func(ctx SpecContext, on stream, is declaration, query string) {
			s := provider(on)

			a := s.do(declared(ctx, is), http.MethodGet, s.stream("limit=5&"+query), s.bearer(ctx))

			Expect(a).To(HaveStatus(http.StatusBadRequest))
		},
		Entry("a blank", valid, "cursor=+"),
		Entry("a word", valid, "cursor=yesterday"),
		Entry("a date that is none", valid, "cursor=2026-02-30T00:00:00Z"),
		Entry("a date without a zone", valid, "cursor=2026-01-02T03:04:05"),
		Entry("a number", valid, "cursor=0"),
		Entry("a time in seconds since 1970", valid, "cursor=1767225600"),
		Entry("a date as people write it", valid, "cursor=01%2F02%2F2026"),
		Entry("null", valid, "cursor=null"),
		Entry("another form", valid, "cursor=b64:AAAA"),
		Entry("a text longer than any", valid, "cursor="+oversized),
		Entry("two dates", invalid, "cursor=2026-01-02&cursor=2026-01-03"))

	Should("SRV-CURSOR-11", "The service refuses an endCursor that has been altered",
		"undocumented", assumed, func(ctx SpecContext, on stream) {
			s := provider(on)
			given := s.page(ctx, start, 5).EndCursor

			a := s.get(ctx, after(given+"0"), 5)

			Expect(a).To(HaveStatus(http.StatusBadRequest))
		})
})

// since leaves out what stands before the first event that happened since, if there is one.
func since(events []string, then time.Time) []string {
	return events[max(slices.IndexFunc(events, func(event string) bool {
		t, ok := happened(event)
		return !ok || !t.Before(then)
	}), 0):]
}

// event is a small one. The time is that of its timestamp.
func event(t time.Time, n int) string {
	stamp, _ := json.Marshal(t.UTC().Format("2006-01-02T15:04:05.0000000Z"))
	return fmt.Sprintf(`{"timestamp":%s,"eventId":"00000000-0000-4000-8000-%012d","object":"Envelope","action":"Created"}`, stamp, n)
}
