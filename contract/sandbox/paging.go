package sandbox

import (
	"bytes"
	"cmp"
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

const (
	defaultLimit = 1000
	maxLimit     = 2000
	defaultReach = 7 * 24 * time.Hour // how far back the stream begins without a cursor
)

// floor is before what there are no events.
var floor = time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC)

// stream is one of the two of an organization.
type stream struct {
	*tenant
	array string // the name of the events in a page
	kind  int    // 0 or 1
}

// firstSequence is the last part of a stream's first cursor. It keeps a cursor of one stream from being one of another.
func (of stream) firstSequence() int64 { return int64(2*of.place+of.kind) << 40 }

// other is the same of the organization's other stream.
func (of stream) otherSequence() int64 { return stream{of.tenant, "", 1 - of.kind}.firstSequence() }

// stand is where a walk stands.
type stand struct {
	n     int       // the position
	until time.Time // when the events end, if the walk began at a date that reaches so far only; zero is never
}

// page is the answer to a request of someone who may read the stream.
func (s *Server) page(ctx context.Context, of stream, cursor *string, asked *int32) streamAnswer {
	limit, ok := s.limit(of, asked)
	if !ok {
		return s.refusal(ctx, http.StatusBadRequest, "INVALID_REQUEST_PARAMETER",
			"The limit is not between 1 and "+strconv.Itoa(s.maxLimit(of))+".")
	}
	v := of.log.view()
	v.first, v.arbitrary = of.firstSequence(), s.config.Assumptions.ArbitraryCursors
	sent := ""
	if cursor != nil {
		sent = *cursor
	}
	at, ok := s.seek(of, v, sent)
	if !ok {
		return s.refusal(ctx, http.StatusBadRequest, "INVALID_REQUEST_PARAMETER", "The cursor is neither one of this stream nor a date.")
	}
	at.n = max(at.n, s.oldest(v))
	end := v.len()
	if !at.until.IsZero() {
		end = max(v.since(at.until), at.n)
	}
	p := page{view: v, array: of.array, from: at.n, to: min(at.n+limit, end)}
	if answer := s.assume(&p, at, sent, end); answer != nil {
		return answer
	}
	if spoil := exchangeOf(ctx).spoil; spoil != nil {
		spoil(&p)
	}
	s.spoil(asking{of, sent, limit}, &p)
	s.remember(p)
	return p
}

func (s *Server) maxLimit(of stream) int {
	if of.kind == 1 {
		return cmp.Or(s.config.Assumptions.OrganizationLimit, maxLimit)
	}
	return maxLimit
}

// limit is how many events a page may hold.
func (s *Server) limit(of stream, asked *int32) (n int, ok bool) {
	if asked == nil {
		n = defaultLimit
		if of.kind == 1 {
			n = cmp.Or(s.config.Assumptions.OrganizationDefault, n)
		}
		return min(n, s.maxLimit(of)), true
	}
	n = int(*asked)
	nearest := min(max(n, 1), s.maxLimit(of))
	return nearest, n == nearest || s.config.Assumptions.ClampLimit
}

// seek is the place that a cursor asks for.
func (s *Server) seek(of stream, v view, cursor string) (at stand, ok bool) {
	assume := s.config.Assumptions
	if cursor == "" {
		return stand{n: s.weekAgo(v)}, true
	}
	if t, ok := parseDate(cursor); ok {
		switch {
		case assume.DatesByEventTime:
			at.n = v.happenedSince(t)
		case assume.ExclusiveDates:
			at.n = v.after(t)
		default:
			at.n = v.since(t)
		}
		if assume.DateReach > 0 {
			at.until = t.Add(assume.DateReach)
		}
		return at, true
	}
	at, ok = s.find(v, cursor)
	if !ok && s.skips(cursorForm) {
		at, ok = stand{n: v.lastNumber(cursor)}, true
	}
	if !ok && assume.SharedCursors {
		v.first = of.otherSequence()
		at, ok = s.find(v, cursor)
	}
	if ok && s.expired(cursor) {
		return at, false
	}
	if !ok && assume.BadCursorRestarts {
		return stand{n: s.weekAgo(v)}, true
	}
	return at, ok
}

// find is the place of a cursor that this sandbox gave.
func (s *Server) find(v view, cursor string) (at stand, ok bool) {
	if n, ok := v.position(cursor); ok {
		return stand{n: n}, true
	}
	s.countsMu.Lock()
	defer s.countsMu.Unlock()
	a, ok := s.aliases.get(cursor)
	return a.at, ok && a.first == v.first
}

// weekAgo is where the stream begins without a cursor.
func (s *Server) weekAgo(v view) int {
	reach := defaultReach
	if s.skips(seventhDay) {
		reach -= time.Hour
	}
	return v.since(s.config.Clock().Add(-reach))
}

// oldest is the first event that is still given.
func (s *Server) oldest(v view) int {
	from := floor
	if keep := s.config.Assumptions.Retention; keep > 0 {
		from = s.config.Clock().Add(-keep)
	}
	return v.since(from)
}

// assume changes a page by what is assumed, or answers otherwise. end is where the walk ends.
func (s *Server) assume(p *page, at stand, sent string, end int) streamAnswer {
	assume, now := s.config.Assumptions, s.config.Clock()
	number := s.pageNumber(p.first)
	if n := len(assume.ShortPages); n > 0 {
		p.to = min(p.to, p.from+assume.ShortPages[(number-1)%n])
	}
	if k := assume.EmptyPageEvery; k > 0 && number%k == 0 && p.from < end {
		p.to = p.from
		p.end = quoted(s.moved(p.view, at))
		return nil
	}
	if assume.RepeatAtBorders && sent != "" {
		p.repeat = min(1, p.from)
	}
	if !at.until.IsZero() { // the walk goes on to know where it ends
		p.end = quoted(s.bounded(p.view, stand{p.to, at.until}))
	}
	if assume.EqualCursorOnce && p.from < p.to && p.to == end && sent != "" && s.first(sent) {
		p.end = quoted(sent)
	}
	if p.from < p.to {
		return nil
	}

	// The head, or the end of the walk. A cursor comes back unchanged, also one that an empty page has given in place of that
	// which the client had before: else it would be led back to that, in a circle.
	_, given := s.find(p.view, sent)
	if given {
		p.end = quoted(sent)
	}
	p.null = assume.NullArray
	if wait := assume.HeadInterval; wait > 0 {
		if again := s.headAgain(p.first, now, wait); now.Before(again) {
			return s.limited(hourlyCode, "The stream may be asked at its head once in "+wait.String()+".", again)
		}
	}
	switch assume.HeadCursor {
	case CursorMoves:
		p.end = quoted(s.moved(p.view, at))
	case CursorMovesOnce:
		if !given || sent == p.cursor(p.to) {
			p.end = quoted(s.moved(p.view, at))
		}
	}
	switch assume.HeadEndCursor {
	case MissingEndCursor:
		p.end = omitted
	case EmptyEndCursor:
		p.end = `""`
	case NullEndCursor:
		p.end = "null"
	}
	if assume.NoContentAtHead {
		return noContent{}
	}
	return nil
}

// pageNumber counts the pages of a stream that are asked for.
func (s *Server) pageNumber(stream int64) int {
	s.countsMu.Lock()
	defer s.countsMu.Unlock()
	s.pages[stream]++
	return s.pages[stream]
}

// headAgain is when the head of a stream may be asked for. If that is now, or was before, it is so much later from here on.
func (s *Server) headAgain(stream int64, now time.Time, wait time.Duration) time.Time {
	s.countsMu.Lock()
	defer s.countsMu.Unlock()
	again := s.heads[stream]
	if !now.Before(again) {
		s.heads[stream] = now.Add(wait)
	}
	return again
}

// noContent is an answer without a body, which is no error.
type noContent struct{}

func (noContent) VisitGetStreamResponse(w http.ResponseWriter) error {
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// alias is a cursor that the sandbox has to remember, since it cannot be told from the log.
type alias struct {
	first int64 // of its stream
	at    stand
}

// moved is another cursor of a place.
func (s *Server) moved(v view, at stand) string {
	s.countsMu.Lock()
	defer s.countsMu.Unlock()
	s.moves++
	cursor := v.cursorOf(s.moves, at.n)
	s.aliases.put(cursor, alias{v.first, at})
	return cursor
}

// bounded is the cursor of a place in a walk that ends before the head: the same for the same place.
func (s *Server) bounded(v view, at stand) string {
	s.countsMu.Lock()
	defer s.countsMu.Unlock()
	cursor := v.cursorOf(ticks(at.until), at.n)
	s.aliases.put(cursor, alias{v.first, at})
	return cursor
}

// first tells whether it is asked for the first time about a text.
func (s *Server) first(text string) bool {
	s.countsMu.Lock()
	defer s.countsMu.Unlock()
	_, again := s.met.get(text)
	s.met.put(text, struct{}{})
	return !again
}

// remember notes when a cursor was given, if cursors expire.
func (s *Server) remember(p page) {
	if s.config.Assumptions.CursorLifetime == 0 {
		return
	}
	cursor := p.cursor(p.to)
	if p.end != "" {
		if text, err := jsontext.AppendUnquote(nil, p.end); err == nil {
			cursor = string(text)
		}
	}
	s.countsMu.Lock()
	defer s.countsMu.Unlock()
	s.given.put(cursor, s.config.Clock())
}

func (s *Server) expired(cursor string) bool {
	life := s.config.Assumptions.CursorLifetime
	if life == 0 {
		return false
	}
	s.countsMu.Lock()
	defer s.countsMu.Unlock()
	given, known := s.given.get(cursor)
	return !known || s.config.Clock().After(given.Add(life))
}

// page answers with the events of a view from one position to another. It writes the bytes that the log holds: the
// generated type would round numbers and order names anew.
type page struct {
	view
	array    string // its name
	from, to int
	repeat   int    // how many events before the first are repeated
	null     bool   // the array is null
	end      string // the endCursor in JSON, or omitted; empty: that of to
	pick     []int  // which events it has; nil: those from the first to the last

	rewrite func(event []byte) []byte // what an event is served as, by a defect; nil: as it is
}

// indexes are the events of the page.
func (p page) indexes() []int {
	if p.pick != nil {
		return p.pick
	}
	all := make([]int, 0, p.repeat+p.to-p.from)
	for i := p.from - p.repeat; i < p.to; i++ {
		all = append(all, i)
	}
	return all
}

// omitted in place of an endCursor leaves it out.
const omitted = "omitted"

// quoted is a text in JSON.
func quoted(text string) string {
	b, _ := jsontext.AppendQuote(nil, text) // no error: it is UTF-8
	return string(b)
}

// bodies are the bodies of pages that were sent, to be written anew: a page is large.
var bodies = sync.Pool{New: func() any { return new([]byte) }}

// maxPooled is the largest body that is kept, in bytes. Only events that were given can make a larger one.
const maxPooled = 8 << 20

func (p page) VisitGetStreamResponse(w http.ResponseWriter) error {
	kept := bodies.Get().(*[]byte)
	body := append((*kept)[:0], '{')
	defer func() {
		if cap(body) <= maxPooled {
			*kept = body
			bodies.Put(kept)
		}
	}()
	if p.end != omitted {
		body = append(body, `"endCursor":`+cmp.Or(p.end, quoted(p.cursor(p.to)))+","...)
	}
	body = append(body, quoted(p.array)+":"...)
	if p.null {
		body = append(body, "null}"...)
	} else {
		body = append(body, '[')
		for n, i := range p.indexes() {
			if n > 0 {
				body = append(body, ',')
			}
			at := len(body)
			body = p.appendEvent(body, i)
			if p.rewrite != nil {
				body = append(body[:at], p.rewrite(bytes.Clone(body[at:]))...)
			}
		}
		body = append(body, "]}"...)
	}

	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusOK)
	_, err := w.Write(body)
	return err
}
