// Laws of paging that hold for any events and any server: they read what is there, and control nothing.
package contract_test

import (
	"context"
	"encoding/json"
	"flag"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"pgregory.net/rapid"
)

var _ = Describe("Laws", Label("laws"), func() {
	Must("SRV-PAGE-9", "The service gives each event in a page of its own as it gives it among others, and no other between",
		"spec/dataset, getStream, cursor and limit", func(ctx SpecContext, on stream) {
			s := provider(on)

			for _, w := range s.windows(ctx, s.anchor(ctx)) {
				single := s.read(ctx, w.from, 1, len(w.events)+1).Events() // one more, lest the last one is missed
				again := s.read(ctx, w.from, 2000, len(single)).Events()   // the log may have grown meanwhile

				Expect(single).To(BeginWithEvents(w.events))
				Expect(again).To(BeginWithEvents(single))
			}
		})

	Must("SRV-PAGE-10", "The service goes on from any endCursor, as often as it is asked, at whatever limits in turn, with the events that follow",
		"spec/dataset, getStream, cursor and limit", func(ctx SpecContext, on stream) {
			s := provider(on)
			from := s.anchor(ctx)
			whole := s.drain(ctx, from, 2000).Events()
			marks := s.marks(ctx, from, len(whole))

			goOn := func(t interface{ Fatalf(string, ...any) }, at mark, limit int) (mark, page) {
				p := s.page(ctx, at.cursor, limit)
				left := whole[min(at.n, len(whole)):] // the log may have grown meanwhile
				switch {
				case len(p.Events) > limit:
					t.Fatalf("%d events after event %d, at the limit %d", len(p.Events), at.n, limit)
				case !slices.Equal(p.Events[:min(len(p.Events), len(left))], left[:min(len(p.Events), len(left))]):
					t.Fatalf("after event %d, at the limit %d, come other events than in one walk to the end", at.n, limit)
				case p.EndCursor == *at.cursor && len(left) > len(p.Events):
					t.Fatalf("the stream ends after event %d, at the limit %d, and %d more follow", at.n, limit, len(left))
				}
				return mark{after(p.EndCursor), at.n + len(p.Events)}, p
			}
			const small = 12

			var readers sync.WaitGroup // a service has many at a time
			nexts := make([]mark, 2*len(marks))
			for i, at := range marks {
				for j, limit := range []int{1 + i%small, small + 1 + i} {
					readers.Go(func() {
						defer GinkgoRecover()
						nexts[2*i+j], _ = goOn(GinkgoT(), at, limit)
					})
					if under.tape != nil || under.replay != nil { // which are in one order
						readers.Wait()
					}
				}
			}
			readers.Wait()
			for _, next := range nexts {
				goOn(GinkgoT(), next, 1) // what is lost at the border shows behind it
			}
			for i := 1; i < len(marks); i += 4 { // who has lost an answer asks again, and goes on from there
				next, _ := goOn(GinkgoT(), marks[i], 1+i%small)
				goOn(GinkgoT(), next, small)
			}
			forAll(func(t *rapid.T) {
				at := rapid.SampledFrom(marks).Draw(t, "at")
				limits := rapid.SliceOfN(rapid.OneOf(rapid.IntRange(1, small), rapid.IntRange(1, 2000), rapid.SampledFrom([]int{50, 999, 1000, 2000})), 1, 4).Draw(t, "limits")
				for _, limit := range limits {
					next, p := goOn(t, at, limit)
					if rapid.Bool().Draw(t, "again") {
						again := s.page(ctx, at.cursor, limit)
						if one, two := shared(p.Events, again.Events); !slices.Equal(one, two) {
							t.Fatalf("after event %d, at the limit %d, come other events the second time", at.n, limit)
						}
						next = mark{after(again.EndCursor), at.n + len(again.Events)}
					}
					at = next
				}
			})
		})

	Must("SRV-PAGE-11", "The service rests at the end, however often and at whatever limit it is asked",
		"spec/dataset, getStream, cursor; the publisher's samples end there", func(ctx SpecContext, on stream) {
			s := provider(on)
			from := s.anchor(ctx)
			whole := s.drain(ctx, from, 2000).Events()
			marks := s.marks(ctx, from, len(whole))
			near := marks[max(len(marks)-2, 0)]
			end := s.drain(ctx, near.cursor, min(max(len(whole)-near.n, 1), 2000)).End() // by a page that is full

			for _, limit := range []int{1, 2000, 3, 0, 50, 100, 500, 1000, 1} { // 0 is no limit
				// What comes now has arrived meanwhile. Then the end is somewhere else, and rests there.
				w := s.drain(ctx, after(end), limit)
				for _, event := range w.Events() {
					Expect(whole).NotTo(ContainElement(event), "An event comes again at the end, at the limit %d", limit)
				}
				whole, end = append(whole, w.Events()...), w.End()
			}
		})

	Should("SRV-PAGE-12", "The service gives the same events, in the same order and with the same values, on both streams",
		"spec/README.md, from the dataset stream to the organization stream; undocumented whether the logs are one", assumed, both,
		func(ctx SpecContext) {
			s := provider(datasetStream)
			now := s.now()
			one := s.drain(ctx, atTime(now.Add(-6*24*time.Hour)), 2000).Events()
			s.turn()
			two := s.drain(ctx, atTime(now.Add(-6*24*time.Hour)), 2000).Events()

			n := min(len(one), len(two)) // what arrives meanwhile stands in one of them
			Expect(n).To(BeNumerically(">", 0), "A stream is empty, so nothing is proved")
			for _, event := range append(one[n:], two[n:]...) {
				if t, ok := happened(event); ok {
					Expect(t).To(BeTemporally(">=", now.Add(-lag-edge)), "One stream has what has long been missing on the other: %s", shorten(event, 120))
				}
			}
			for i := range n {
				Expect(disagreement(one[i], two[i])).To(BeEmpty(), "event %d of %d", i+1, n)
			}
		})

	Should("SRV-CURSOR-12", "The service refuses an endCursor that is altered in part, or goes on where the endCursor would",
		"undocumented; it must never lead elsewhere", assumed, func(ctx SpecContext, on stream) {
			s := provider(on)
			pages := s.read(ctx, s.anchor(ctx), 7, 40)
			earlier, given := pages[1].EndCursor, pages.End()
			right := s.page(ctx, after(given), 3).Events

			var altered []string
			for i := range len(given) {
				altered = append(altered, alterations(given, i)...)
			}
			// The beginning of another cursor, and the end of this one: what vouches for one does not vouch for the other.
			for i := range min(len(given), len(earlier)) {
				if splice := earlier[:i] + given[i:]; splice != given && splice != earlier {
					altered = append(altered, splice)
				}
			}
			altered = append(altered, given[:len(given)-1], given[:len(given)/2], given+" ", " "+given, given+given)
			for _, cursor := range slices.Compact(altered) {
				if a := s.get(ctx, after(cursor), 3); a.Status != http.StatusBadRequest {
					Expect(s.readPage(a).Events).To(HoldEvents(right), "after %s, which is %s altered", cursor, given)
				}
			}
		})

	Should("SRV-CURSOR-13", "The service refuses an endCursor of the other stream, or goes on after the same event",
		"undocumented whether the streams share them", assumed, both, func(ctx SpecContext) {
			s := provider(datasetStream)
			since := atTime(s.now().Add(-6 * 24 * time.Hour))
			whole := s.read(ctx, since, 2000, 10).Events()
			s.turn()
			cursor := s.page(ctx, since, 5).EndCursor
			s.turn()

			a := s.get(ctx, after(cursor), 3)

			if a.Status != http.StatusBadRequest {
				Expect(s.readPage(a).Events).To(HoldEvents(whole[5:8]))
			}
		})

	Must("SRV-CURSOR-14", "The service gives, from a date on, every event that has happened since, after those that it leaves out",
		"spec/dataset, getStream, cursor; an event is ingested after it happens", func(ctx SpecContext, on stream) {
			s := provider(on)
			now := s.now()
			whole := s.drain(ctx, atTime(now.Add(-6*24*time.Hour-12*time.Hour)), 2000).Events()
			Expect(whole).NotTo(BeEmpty(), "Nothing happened in six days, so nothing is proved")
			limits := []int{2000, min(len(whole)/3+1, 2000)} // a page from a date has a border, too

			for i, date := range dates(now, whole) {
				got := s.drain(ctx, after(date.text), limits[i%2]).Events()
				var missing []string
				for _, event := range whole { // whether one of the very time of the date is given is undocumented
					if t, ok := happened(event); ok && t.After(date.time) && !slices.Contains(got, event) {
						missing = append(missing, event)
					}
				}
				Expect(missing).To(BeEmpty(), "from %s on", date.text)
				rest, news := whole, false
				for _, event := range got { // an order, from which what happened before the date may be missing
					if at := slices.Index(rest, event); at >= 0 {
						Expect(news).To(BeFalse(), "from %s on, an event that was not there before stands before %s", date.text, shorten(event, 120))
						rest = rest[at+1:]
						continue
					}
					news = true // it has arrived meanwhile
					Expect(whole).NotTo(ContainElement(event), "from %s on, in another order, or again", date.text)
				}
				if i%3 == 0 { // a small page has its border elsewhere
					first := s.page(ctx, after(date.text), 5)
					next := s.page(ctx, after(first.EndCursor), 1)
					Expect(got).To(BeginWithEvents(append(first.Events, next.Events...)), "from %s on", date.text)
				}
			}
			s.page(ctx, after("2022-01-01T00:00:00Z"), 3) // the documentation's own example is taken, however far the seek reaches
			// A query may hold a colon as it is: RFC 3986, section 3.4.
			date := atTime(now.Add(-6 * 24 * time.Hour))
			bare := s.do(ctx, http.MethodGet, s.stream("limit=3&cursor="+*date), s.bearer(ctx))
			Expect(bare).To(HaveStatus(http.StatusOK))
			one, other := shared(s.readPage(bare).Events, s.page(ctx, date, 3).Events)
			Expect(one).To(HoldEvents(other))
		})

	Should("SRV-CURSOR-15", "The service gives, from a date on, no event that happened more than five minutes before it",
		"spec/dataset, getStream, description: an event is ingested up to five minutes late", assumed, func(ctx SpecContext, on stream) {
			s := provider(on)
			now := s.now()
			whole := s.drain(ctx, atTime(now.Add(-6*24*time.Hour-12*time.Hour)), 2000).Events()
			Expect(whole).NotTo(BeEmpty(), "Nothing happened in six days, so nothing is proved")

			for _, date := range dates(now, whole) {
				for _, event := range s.page(ctx, after(date.text), 3).Events {
					if t, ok := happened(event); ok {
						Expect(t).To(BeTemporally(">=", date.time.Add(-lag)), "from %s on", date.text)
					}
				}
			}
			if a := s.get(ctx, atTime(now.Add(time.Hour)), 3); a.Status != http.StatusBadRequest { // or it takes no date to come
				Expect(s.readPage(a).Events).To(BeEmpty(), "from an hour ahead on")
			}
		})

	Must("SRV-CURSOR-16", "The service begins without a cursor where it begins at the date of seven days ago",
		"spec/dataset, getStream, cursor", func(ctx SpecContext, on stream) {
			s := provider(on)
			week := s.now().Add(-7 * 24 * time.Hour)

			shorter := s.drain(ctx, atTime(week.Add(edge)), 2000).Events()
			Expect(shorter).NotTo(BeEmpty(), "Nothing happened in seven days, so nothing is proved")

			for _, first := range []struct {
				cursor *string
				limit  int
			}{{start, 2000}, {start, parts(len(shorter))}, {start, 0}, {after(""), 0}} { // it has a border, too; 0 is no limit
				whole := s.drain(ctx, first.cursor, first.limit).Events() // the log may have grown meanwhile
				Expect(whole[max(within(whole, shorter), 0):]).To(BeginWithEvents(shorter), "at the limit %d", first.limit)
				for _, event := range whole {
					if t, ok := happened(event); ok {
						Expect(t).To(BeTemporally(">=", week.Add(-lag-edge)))
					}
				}
			}
		})
})

// A law is tried on so many draws, unless -rapid.checks says otherwise. The report has what failed; a file would be read by
// the next run.
func init() {
	flag.Set("rapid.checks", "8")
	flag.Set("rapid.nofailfile", "true")
}

// forAll tries a law on what it draws. The draws follow from the suite's seed, unless -rapid.seed gives another.
func forAll(law func(t *rapid.T)) {
	GinkgoHelper()
	if seed := flag.Lookup("rapid.seed"); seed.Value.String() == "0" {
		flag.Set("rapid.seed", strconv.FormatInt(max(GinkgoRandomSeed(), 1), 10))
	}
	rapid.Check(GinkgoT(), law)
}

// both marks a clause that compares the streams: without an organization there is one alone.
var both = Label(datasetStream.name, organizationStream.name)

// The edges of time. Clocks differ by less than edge; an event is ingested at most so much later than it happens.
const (
	edge = 2 * time.Minute
	lag  = 5 * time.Minute
)

// window is a stretch of the log that is read event by event.
type window struct {
	from   *string
	events []string
}

// windows are the whole log after a cursor, or its beginning, middle and end if it is long.
func (s *service) windows(ctx context.Context, from *string) []window {
	GinkgoHelper()
	const long, stretch = 400, 200 // less than a walk has pages
	whole := s.drain(ctx, from, 2000).Events()
	if len(whole) <= long {
		return []window{{from, whole}}
	}
	marks := s.marks(ctx, from, len(whole))
	var all []window
	for _, m := range []mark{marks[0], marks[len(marks)/2], marks[len(marks)-2]} {
		all = append(all, window{m.cursor, whole[m.n:min(m.n+stretch, len(whole))]})
	}
	return all
}

// mark is a cursor and how many events of the log come before it.
type mark struct {
	cursor *string
	n      int
}

// marks are cursors in a log of n events: where it begins, and after each of some twenty pages.
func (s *service) marks(ctx context.Context, from *string, n int) []mark {
	GinkgoHelper()
	marks := []mark{{from, 0}}
	for _, p := range s.read(ctx, from, parts(n), n) {
		last := marks[len(marks)-1]
		marks = append(marks, mark{after(p.EndCursor), last.n + len(p.Events)})
	}
	return marks
}

// alterations are a text with another letter or digit, or another case, in place of one.
func alterations(text string, i int) (all []string) {
	c := text[i]
	var others []byte
	switch {
	case c >= '0' && c <= '9':
		others = []byte{'0' + (c-'0'+1)%10}
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
		others = []byte{c ^ 1, c ^ ' '}
	default:
		others = []byte{'0'}
	}
	for _, other := range others {
		all = append(all, text[:i]+string(other)+text[i+1:])
	}
	return all
}

// date is a time as it can be given as a cursor.
type date struct {
	time time.Time
	text string
}

// dates are midnights, and times right before and right after that of an event: no later one than an hour ago, lest there is
// nothing after.
func dates(now time.Time, events []string) (all []date) {
	for day := range 3 {
		t := now.UTC().Truncate(24*time.Hour).AddDate(0, 0, -1-2*day)
		all = append(all, date{t, t.Format("2006-01-02")}, date{t, t.Format("2006-01-02T15:04:05.0000000Z")})
	}
	for i := range 3 {
		if t, ok := happened(events[i*len(events)/3]); ok && t.Before(now.Add(-time.Hour)) {
			at := t.UTC().Truncate(time.Second).Add(lag + 2*time.Second)
			all = append(all, date{at, at.Format("2006-01-02T15:04:05Z")})
			at = t.Truncate(100 * time.Nanosecond).Add(-100 * time.Nanosecond) // a date has seven digits of fraction, or an offset
			all = append(all, date{at, at.In(time.FixedZone("", (5*60+30)*60*(i%2))).Format("2006-01-02T15:04:05.0000000Z07:00")})
		}
	}
	return all
}

// happened is the timestamp of an event, if it can be read.
func happened(event string) (time.Time, bool) {
	var e struct {
		Timestamp time.Time `json:"timestamp"`
	}
	err := json.Unmarshal([]byte(event), &e)
	return e.Timestamp, err == nil && !e.Timestamp.IsZero()
}

// disagreement is the path of a member that two records of one event have with other values. Numbers are compared as they
// are written. Absent, null and empty are the same, as the streams differ in how they leave out.
func disagreement(one, other string) string {
	decode := func(text string) (value any) {
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		if err := d.Decode(&value); err != nil {
			return nil
		}
		return value
	}
	return differ("$", decode(one), decode(other))
}

func differ(path string, a, b any) string {
	switch x := a.(type) {
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok && b != nil {
			return path
		}
		names := maps.Clone(x)
		maps.Copy(names, y)
		for _, name := range slices.Sorted(maps.Keys(names)) {
			if found := differ(path+"."+name, x[name], y[name]); found != "" {
				return found
			}
		}
		return ""
	case []any:
		y, ok := b.([]any)
		if !ok || len(x) != len(y) {
			return path
		}
		for i := range x {
			if found := differ(path, x[i], y[i]); found != "" {
				return found
			}
		}
		return ""
	}
	switch y := b.(type) {
	case map[string]any:
		return differ(path, y, a)
	case []any:
		return path
	}
	if empty(a) && empty(b) || a == b {
		return ""
	}
	return path
}

func empty(value any) bool { return value == nil || value == "" }
