package api

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"golang.org/x/oauth2"
)

// A server that gives any cursors and pages of any length: the walk ends, sends each cursor that it was given and no
// other, and tells the end of the stream from a circle and from pages that stay empty.
func FuzzWalk(f *testing.F) {
	f.Add([]byte{0x11, 0x21, 0x21})
	f.Add([]byte{0x10, 0x20, 0x30, 0x40, 0x40})
	f.Add([]byte{0x11, 0x21, 0x11})
	f.Add([]byte{0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0x80, 0x90, 0xa0, 0xb0})
	f.Add([]byte{0x11, 0x0f})
	// Each byte is a page: its high half the endCursor, 0 for none, its low half the number of events. The last one is
	// served again and again.
	f.Fuzz(func(t *testing.T, script []byte) {
		if len(script) == 0 {
			return
		}
		var sent []string
		served := 0
		transport := roundTrip(func(r *http.Request) (*http.Response, error) {
			sent = append(sent, r.URL.Query().Get("cursor"))
			step := script[min(served, len(script)-1)]
			served++
			next, events := "", make([]string, step&0xf)
			if step>>4 > 0 {
				next = fmt.Sprint(step >> 4)
			}
			for i := range events {
				events[i] = fmt.Sprintf(`{"page":%d,"event":%d}`, served, i)
			}
			body := fmt.Sprintf(`{"endCursor":%q,"data":[%s]}`, next, strings.Join(events, ","))
			return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: r}, nil
		})
		source := oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "token"})
		c, err := New(Environment{DatasetURL: "https://host"}, source,
			WithHTTPClient(&http.Client{Transport: transport}), WithRetry(Retry{Wait: (&waits{}).wait}))
		if err != nil {
			t.Fatal(err)
		}
		pages, err := drain(t.Context(), c, Query{Cursor: "start"})

		// What the rules say of this script, told anew.
		want, at, empty := []string{"start"}, "start", 0
		var wantErr error
		for i := 0; ; i++ {
			step := script[min(i, len(script)-1)]
			if step>>4 == 0 {
				wantErr = ErrMalformedPage
				break
			}
			next := fmt.Sprint(step >> 4)
			if next == at {
				break
			}
			if slices.Contains(want, next) {
				wantErr = ErrLoop
				break
			}
			if empty++; step&0xf > 0 {
				empty = 0
			}
			if at = next; empty == 10 {
				wantErr = ErrNotCaughtUp
				break
			}
			want = append(want, next)
		}
		if !errors.Is(err, wantErr) || err != nil && wantErr == nil {
			t.Errorf("%x: ended by %v, want %v", script, err, wantErr)
		}
		if !slices.Equal(sent, want) {
			t.Errorf("%x: sent %v, want %v", script, sent, want)
		}
		for i, p := range pages {
			if len(p.Events) != int(script[min(i, len(script)-1)]&0xf) {
				t.Errorf("%x: page %d has %d events", script, i, len(p.Events))
			}
		}
	})
}
