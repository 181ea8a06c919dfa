package contract_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// get is the request for a page, by the generated client.
func (s *service) get(ctx context.Context, cursor *string, limit int, edit ...func(*http.Request)) *answer {
	GinkgoHelper()
	var most *int32
	if limit != 0 {
		most = ptr(int32(limit))
	}
	r, err := s.on.request(s.monitor+"/", s.organization, cursor, most)
	Expect(err).NotTo(HaveOccurred())
	for _, change := range append(edit, s.bearer(ctx)) {
		change(r)
	}
	return s.answer(s.http.Do(r.WithContext(ctx)))
}

// page is a page of the stream; the events are the bytes that were received.
type page struct {
	EndCursor string
	Events    []string
}

// start asks for no cursor.
var start *string

// after asks for a cursor.
func after(cursor string) *string { return &cursor }

// atTime asks for a time.
func atTime(t time.Time) *string { return after(t.UTC().Format("2006-01-02T15:04:05Z")) }

// page asks for a page; 0 asks for no limit.
func (s *service) page(ctx context.Context, cursor *string, limit int, edit ...func(*http.Request)) page {
	GinkgoHelper()
	return s.readPage(s.get(ctx, cursor, limit, edit...))
}

// readPage takes a page apart.
func (s *service) readPage(a *answer) page {
	GinkgoHelper()
	var body map[string]json.RawMessage
	var end string
	var events []json.RawMessage
	err := errors.Join(
		json.NewDecoder(strings.NewReader(a.Body)).Decode(&body), // what follows the value is for the schema clauses
		json.Unmarshal(body["endCursor"], &end), json.Unmarshal(body[s.on.array], &events))
	nothing := s.on.nullable && string(body[s.on.array]) == "null" // in the place of an empty array
	if a.Status != http.StatusOK || err != nil || end == "" || events == nil && !nothing {
		Fail("The service does not answer with a page, which the clause needs: " + a.String())
	}
	p := page{EndCursor: end}
	for _, event := range events {
		p.Events = append(p.Events, string(event))
	}
	return p
}

// walk is pages that follow each other.
type walk []page

// Events are those of all pages.
func (w walk) Events() (all []string) {
	for _, p := range w {
		all = append(all, p.Events...)
	}
	return all
}

// End is the last cursor.
func (w walk) End() string { return w[len(w)-1].EndCursor }

// A walk is given up after so many pages, or after so many empty ones in a row, which is as far as a client goes.
const (
	mostPages = 500
	mostEmpty = 10
)

// read walks from a cursor until it has n events, or to the end if that comes first.
func (s *service) read(ctx context.Context, cursor *string, limit, n int, edit ...func(*http.Request)) (w walk) {
	GinkgoHelper()
	for got, empty := 0, 0; len(w) < mostPages && empty < mostEmpty; {
		p := s.page(ctx, cursor, limit, edit...)
		w = append(w, p)
		got += len(p.Events)
		if got >= n || cursor != nil && p.EndCursor == *cursor {
			return w
		}
		cursor = &p.EndCursor
		if empty++; len(p.Events) > 0 {
			empty = 0
		}
	}
	Fail(fmt.Sprintf("The walk has come to no end: %d pages, the last with the endCursor %s", len(w), w.End()))
	return nil
}

// drain walks from a cursor to the end: the page whose endCursor is the cursor that it was asked for with.
func (s *service) drain(ctx context.Context, cursor *string, limit int) walk {
	GinkgoHelper()
	const all = 1 << 62
	return s.read(ctx, cursor, limit, all)
}

// parts is the limit for a walk through so many events in some twenty pages.
func parts(events int) int { return max(10, events/20) }

// sample is how many events a law is tried on that holds for any number of them.
const sample = 60

// anchor is a cursor that many events follow, and stays where it is while time goes by: the one after the first event.
func (s *service) anchor(ctx context.Context) *string {
	GinkgoHelper()
	return after(s.page(ctx, start, 1).EndCursor)
}

// some are the first events after a cursor, as one walk in large pages gives them.
func (s *service) some(ctx context.Context, cursor *string) []string {
	GinkgoHelper()
	events := enough(s.read(ctx, cursor, 2000, sample).Events())
	return events[:min(len(events), sample)]
}

// few are those of a large page, for a clause that looks at each by itself.
func (s *service) few(ctx context.Context) []string {
	GinkgoHelper()
	return enough(s.read(ctx, s.anchor(ctx), 2000, sample).Events())
}

// shared cuts two readings of one stretch to what both have of it: how long a page is, no one promises.
func shared(one, other []string) (a, b []string) {
	n := min(len(one), len(other))
	return one[:n], other[:n]
}

// within is where a part of the log begins in more of it, or where its first event is if it does not; -1 for nowhere. Events
// may have the same bytes.
func within(whole, part []string) int {
	for i := range whole {
		if one, other := shared(whole[i:], part); slices.Equal(one, other) {
			return i
		}
	}
	return slices.Index(whole, part[0])
}

func enough(events []string) []string {
	GinkgoHelper()
	const enough = 3
	if len(events) < enough {
		Fail(fmt.Sprintf("The stream holds %d events from there on; the clause proves nothing with less than %d", len(events), enough))
	}
	return events
}
