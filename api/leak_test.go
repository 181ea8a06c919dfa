package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"

	"go.uber.org/goleak"
)

// However a walk ends, nothing of it stays behind.
func TestNothingStaysBehind(t *testing.T) { eachStream(t, testNothingStaysBehind) }

func testNothingStaysBehind(t *testing.T, s under) {
	silent := func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	halfway := func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `{"endCursor":`)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}
	tests := map[string]struct{ stream, token http.HandlerFunc }{
		"before the answer":      {stream: silent},
		"within the answer":      {stream: halfway},
		"before the token":       {stream: s.page("a"), token: silent},
		"within the token":       {stream: s.page("a"), token: halfway},
		"waiting for an attempt": {stream: answer(503, "")},
		"waiting for a poll":     {stream: s.page("a")},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			before := goleak.IgnoreCurrent()
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			stopping := func(h http.HandlerFunc) http.HandlerFunc {
				return func(w http.ResponseWriter, r *http.Request) {
					cancel()
					h(w, r)
				}
			}
			f := s.fake(t, test.stream)
			transport := &http.Transport{}
			if test.token != nil {
				f.token = stopping(test.token)
			} else {
				f.stream[0] = stopping(test.stream)
			}
			c := f.clientOf(t, f.environment(), WithHTTPClient(&http.Client{Transport: transport}))
			for _, err := range c.Follow(ctx, Query{}, 0) {
				if err != nil && !errors.Is(err, context.Canceled) {
					t.Errorf("error %v", err)
				}
			}
			transport.CloseIdleConnections()
			f.Close()
			goleak.VerifyNone(t, before)
		})
	}
}

// A token that is asked for without a client leaves no connection behind.
func TestTokenLeavesNothingBehind(t *testing.T) {
	f := streams[0].fake(t)
	source := f.grant().TokenSource()
	before := goleak.IgnoreCurrent()
	if _, err := source.Token(); err != nil {
		t.Fatal(err)
	}
	goleak.VerifyNone(t, before)
}
