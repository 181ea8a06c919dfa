package contract_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"example.com/docusign-monitor/gen/dataset"
)

// get is the request for a page, by the generated client.
func (s *service) get(ctx context.Context, cursor *string, limit int) *answer {
	GinkgoHelper()
	client, err := dataset.NewClient(s.monitor, dataset.WithHTTPClient(s.http))
	Expect(err).NotTo(HaveOccurred())
	params := &dataset.GetStreamParams{Cursor: cursor}
	if limit != 0 {
		most := int32(limit)
		params.Limit = &most
	}
	token := s.bearer(ctx)
	return s.answer(client.GetStream(ctx, dataset.Version20, dataset.Monitor, params,
		func(_ context.Context, r *http.Request) error { token(r); return nil }))
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

// on asks for a time.
func on(t time.Time) *string { return after(t.UTC().Format("2006-01-02T15:04:05Z")) }

// page asks for a page; 0 asks for no limit.
func (s *service) page(ctx context.Context, cursor *string, limit int) page {
	GinkgoHelper()
	return readPage(s.get(ctx, cursor, limit))
}

// readPage takes a page apart.
func readPage(a *answer) page {
	GinkgoHelper()
	var body struct {
		EndCursor *string            `json:"endCursor"`
		Data      *[]json.RawMessage `json:"data"`
	}
	err := json.NewDecoder(strings.NewReader(a.Body)).Decode(&body) // what follows the value is for the schema clauses
	if a.Status != http.StatusOK || err != nil || body.EndCursor == nil || *body.EndCursor == "" || body.Data == nil {
		Fail("The service does not answer with a page, which the clause needs: " + a.String())
	}
	p := page{EndCursor: *body.EndCursor}
	for _, event := range *body.Data {
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
func (s *service) read(ctx context.Context, cursor *string, limit, n int) (w walk) {
	GinkgoHelper()
	for got, empty := 0, 0; len(w) < mostPages && empty < mostEmpty; {
		p := s.page(ctx, cursor, limit)
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
	const enough = 3
	events := s.read(ctx, cursor, 2000, sample).Events()
	if len(events) < enough {
		Fail(fmt.Sprintf("The stream holds %d events from there on; the clause proves nothing with less than %d", len(events), enough))
	}
	return events[:min(len(events), sample)]
}
