// Chronicle: what all the answers of a run say of one log is held together, and must agree.
package contract_test

import (
	"bytes"
	"cmp"
	"fmt"
	"hash/maphash"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"pgregory.net/rapid"
)

// oneLog is the clause that a page is charged to which contradicts another, whichever clause has asked for it.
const oneLog = "SRV-PAGE-15"

var _ = Describe("Chronicle", Label("chronicle"), func() {
	Must(oneLog, "The service answers each request for a page from one log, whatever it is asked and has been asked before",
		"spec/dataset, getStream, cursor and limit", func(ctx SpecContext, on stream) {
			var s *service
			if under.remote() {
				s = provider(on)
			} else { // many small pages take the time of few large ones
				s, _ = numbered(on, 150)
			}
			from := s.anchor(ctx)
			whole := s.drain(ctx, from, 2000).Events() // all else is held against this
			Expect(whole).NotTo(BeEmpty(), "The stream holds one event at most, so nothing is proved")
			marks := s.marks(ctx, from, len(whole))

			begin := []*string{start, after("")}
			for _, date := range dates(s.now(), whole) {
				begin = append(begin, after(date.text))
			}
			limits := []int{0, 1, 2, 3, 5, 10, 20, 25, 50, 64, 100, 128, 200, 250, 400, 500, 1000, 1500, 2000} // 0 is no limit; by consumers
			ask := func(cursor *string, limit int, plain bool) {
				p := s.page(ctx, cursor, limit, func(r *http.Request) {
					if plain { // rather than compressed, as the transport asks by itself
						r.Header.Set("Accept-Encoding", "identity")
					}
				})
				s.page(ctx, after(p.EndCursor), 1) // what is lost at the border shows behind it
			}
			for i, limit := range limits {
				ask(start, limit, i%2 == 0)
				ask(begin[1+i%(len(begin)-1)], limit, i%2 == 1)
				ask(marks[i%len(marks)].cursor, limit, i%2 == 0)
			}
			if near := marks[max(len(marks)-2, 0)]; len(whole)-near.n > 2 { // two before the end
				p := s.page(ctx, near.cursor, min(len(whole)-near.n-2, 2000))
				marks = append(marks, mark{after(p.EndCursor), near.n + len(p.Events)})
			}
			for i, at := range marks {
				if left := len(whole) - at.n; i%4 == 0 || left <= 2 {
					for limit := max(left-1, 1); limit <= min(left+1, 2000); limit++ { // a page that ends where the log does, or beside it
						ask(at.cursor, limit, limit == left)
					}
				}
			}
			forAll(func(t *rapid.T) {
				cursor := rapid.OneOf(rapid.SampledFrom(begin), rapid.Map(rapid.SampledFrom(marks), func(m mark) *string { return m.cursor })).Draw(t, "cursor")
				limit := rapid.OneOf(rapid.SampledFrom(limits), rapid.IntRange(1, 40), rapid.IntRange(1, 2000)).Draw(t, "limit")
				ask(cursor, limit, rapid.Bool().Draw(t, "plain"))
			})

			Expect(s.Breaches(oneLog)).To(BeEmpty())
		})
})

// chronicle is what is known of the logs of a service.
type chronicle struct {
	mu   sync.Mutex
	logs map[string]*chain
}

func newChronicle() *chronicle { return &chronicle{logs: map[string]*chain{}} }

// chain is what answers have told of one log. It only grows: events follow each other in one order, and a cursor has one place.
type chain struct {
	seed   maphash.Seed
	events map[uint64]*logged // by their bytes
	places map[string]place   // of the cursors that it has given
}

// logged is an event that has an id. The ones beside it are nil while nobody has seen them.
type logged struct {
	id       string
	happened time.Time // zero if it does not say
	prev     *logged
	next     *logged
	told     time.Time // when the next one became known
	twice    bool      // it stands in the log again, which nothing forbids: what is beside it tells nothing
}

// place is where a cursor stands: after an event, or before all that has happened since. The zero place is anywhere.
type place struct {
	after *logged
	since time.Time
	far   bool // that time is longer ago than a date is known to reach
}

// enter holds a page against all that is known of its log, and learns from it. The request was sent at a time of this machine;
// now is the time of the service. It returns the first thing that contradicts; nothing if the answer is no page.
func (l *chronicle) enter(r *http.Request, status int, body []byte, sent, now time.Time) (wrong string) {
	path, on := strings.Replace(r.URL.Path, "/v2/", "/v2.0/", 1), datasetStream
	switch {
	case r.Method != http.MethodGet || status != http.StatusOK || !strings.HasSuffix(path, "/stream"):
		return ""
	case strings.Contains(path, "/organizations/"):
		on = organizationStream
	}
	query := r.URL.Query()
	limit := 1000
	if given := query["limit"]; len(given) > 0 {
		var err error
		if limit, err = strconv.Atoi(given[0]); err != nil || len(given) > 1 || limit < 1 || limit > 2000 {
			return ""
		}
	}
	end, events := parted(body, on.array)
	if end == "" || len(query["cursor"]) > 1 {
		return "" // it is for other clauses
	}

	l.mu.Lock()
	defer l.mu.Unlock()
	if l.logs[path] == nil {
		l.logs[path] = &chain{maphash.MakeSeed(), map[uint64]*logged{}, map[string]place{}}
	}
	asked := query.Get("cursor")
	wrong = l.logs[path].enter(asked, end, events, sent, now)
	if wrong == "" && len(events) > limit {
		wrong = fmt.Sprintf("%d events at the limit %d", len(events), limit)
	}
	return wrong
}

func (c *chain) enter(asked, end string, events [][]byte, sent, now time.Time) (wrong string) {
	began := c.place(asked, now)
	at := began
	byDate := !began.since.IsZero() // whether the events before the date are then left out is undocumented
	for _, text := range events {
		e := c.event(text)
		if e == nil {
			at = place{}
			continue
		}
		if !byDate || !at.leadsPast(e, began.since) {
			wrong = cmp.Or(wrong, at.leads(e))
		}
		switch after := at.after; {
		case byDate || after == nil || after.next != nil && after.next != e:
		case e.prev != nil && e.prev != after:
			e.twice = true
			at = place{}
			continue
		case after.next == nil:
			at.after.next, at.after.told, e.prev = e, time.Now(), at.after
		}
		at = place{after: e}
	}
	known := c.places[end]
	switch {
	case at == place{}:
	case known.after == nil:
		c.places[end] = at
	case at.after != nil && known.after != at.after:
		wrong = cmp.Or(wrong, fmt.Sprintf("the endCursor after event %s is after event %s in another answer", at.after.id, known.after.id))
	case at.after == nil && !at.far && !known.after.twice && known.after.happened.After(at.since):
		wrong = cmp.Or(wrong, fmt.Sprintf("nothing is given since %s, up to an endCursor after event %s, which happened at %s",
			at.since.Format(time.RFC3339), known.after.id, known.after.happened.Format(time.RFC3339Nano)))
	}
	if len(events) == 0 && end == asked && c.more(began, sent) {
		wrong = cmp.Or(wrong, "the stream ends where another answer has more")
	}
	return wrong
}

// leads says what is wrong with an event that comes at a place; nothing if it can be the one.
func (at place) leads(e *logged) string {
	switch {
	case at.after == nil && !at.since.IsZero() && !at.far && e.prev != nil && e.prev.happened.After(at.since):
		return fmt.Sprintf("event %s is the first since %s, and event %s before it happened at %s", e.id,
			at.since.Format(time.RFC3339), e.prev.id, e.prev.happened.Format(time.RFC3339Nano))
	case at.after != nil && at.after.next != nil && at.after.next != e:
		return fmt.Sprintf("event %s comes after event %s, and event %s does in another answer", e.id, at.after.id, at.after.next.id)
	case at.after != nil && e.prev != nil && e.prev != at.after && e.prev.id == at.after.id:
		return fmt.Sprintf("event %s has other bytes in another answer", at.after.id)
	}
	return ""
}

// leadsPast tells whether all that is known to stand between a place and an event happened before a time.
func (at place) leadsPast(e *logged, since time.Time) bool {
	if at.after == nil {
		return false
	}
	next := at.after.next
	for range 2000 { // what a service has said may go in a circle
		if next == nil || next == e || !next.happened.Before(since) {
			break
		}
		next = next.next
	}
	return next == e
}

// place is where a page begins that is asked for by a cursor.
func (c *chain) place(cursor string, now time.Time) place {
	const sure = 6*24*time.Hour + 12*time.Hour // how far a date reaches is undocumented
	if at, given := c.places[cursor]; given && at.after != nil && at.after.twice {
		return place{}
	} else if given {
		return at
	}
	if cursor == "" {
		return place{since: now.Add(-7*24*time.Hour + edge)}
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if date, err := time.Parse(layout, cursor); err == nil {
			return place{since: date, far: date.Before(now.Add(-sure))}
		}
	}
	return place{}
}

// event is what is known of an event; nil if it may be any of several.
func (c *chain) event(text []byte) *logged {
	sum := maphash.Bytes(c.seed, text)
	e, known := c.events[sum]
	if !known {
		named := map[string]string{}
		members(text, func(name string, value []byte) bool {
			if name == "eventId" || name == "timestamp" {
				text, _ := jsontext.AppendUnquote(nil, value) // what is no text is nothing
				named[name] = string(text)
			}
			return len(named) < 2
		})
		if id := named["eventId"]; id != "" {
			e = &logged{id: id}
			e.happened, _ = time.Parse(time.RFC3339Nano, named["timestamp"])
		}
		c.events[sum] = e
	}
	if e != nil && e.twice {
		return nil
	}
	return e
}

// parted takes a page apart, in less time than a decoder that makes values of it.
func parted(body []byte, array string) (end string, events [][]byte) {
	members(body, func(name string, value []byte) bool {
		switch name {
		case "endCursor":
			text, _ := jsontext.AppendUnquote(nil, value)
			end = string(text)
		case array:
			dec := reader(value)
			for dec.ReadToken(); dec.PeekKind() == '{'; {
				event, err := dec.ReadValue()
				if err != nil {
					return false
				}
				at := dec.InputOffset()
				events = append(events, value[at-int64(len(event)):at])
			}
		}
		return true
	})
	return end, events
}

// members goes through those of an object, as long as it is told to.
func members(object []byte, more func(name string, value []byte) bool) {
	dec := reader(object)
	for dec.ReadToken(); dec.PeekKind() == '"'; {
		name, err := dec.ReadToken()
		if err != nil {
			return
		}
		text := name.String()
		value, err := dec.ReadValue()
		at := dec.InputOffset()
		if err != nil || !more(text, object[at-int64(len(value)):at]) {
			return
		}
	}
}

func reader(text []byte) *jsontext.Decoder {
	return jsontext.NewDecoder(bytes.NewBuffer(text), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}

// more tells whether something was known to follow a place before a request was sent.
func (c *chain) more(at place, sent time.Time) bool {
	if at.after != nil {
		return at.after.next != nil && at.after.told.Before(sent)
	}
	for _, e := range c.events {
		if e != nil && !at.since.IsZero() && !at.far && e.happened.After(at.since) && e.next != nil && e.told.Before(sent) {
			return true
		}
	}
	return false
}
