package api

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestPages(t *testing.T) { eachStream(t, testPages) }

func testPages(t *testing.T, s under) {
	f := s.fake(t, s.page("a", `{"n":1}`, `{"n":2}`), s.page("b", `{"n":3}`), s.page("c"), s.page("d"), s.page("e", `{"n":4}`), s.page("e"))
	c, waits := f.client(t)

	pages, err := drain(t.Context(), c, Query{Limit: 2})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{`{"n":1}`, `{"n":2}`, `{"n":3}`, `{"n":4}`}, raws(pages...)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"-", "a", "b", "c", "d", "e"}, f.cursors()); diff != "" {
		t.Errorf("cursors sent (-want +got):\n%s", diff)
	}
	for i, p := range pages {
		if want := i == len(pages)-1; p.CaughtUp != want {
			t.Errorf("page %d: caught up is %v", i, p.CaughtUp)
		}
	}
	if got := waits.list(); len(got) > 0 {
		t.Errorf("waited %v", got)
	}
}

// The page of the fixed point may carry events.
func TestPagesDeliversTheLast(t *testing.T) { eachStream(t, testPagesDeliversTheLast) }

func testPagesDeliversTheLast(t *testing.T, s under) {
	f := s.fake(t, s.page("a", `{"n":1}`), s.page("a", `{"n":2}`))
	c, _ := f.client(t)

	pages, err := drain(t.Context(), c, Query{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{`{"n":1}`, `{"n":2}`}, raws(pages...)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestQueryOnTheWire(t *testing.T) { eachStream(t, testQueryOnTheWire) }

func testQueryOnTheWire(t *testing.T, s under) {
	tests := map[string]struct {
		query Query
		want  string
	}{
		"nothing":         {Query{}, "limit=2000"},
		"limit":           {Query{Limit: 1}, "limit=1"},
		"cursor":          {Query{Cursor: "aa_1_2_3"}, "cursor=aa_1_2_3&limit=2000"},
		"odd cursor":      {Query{Cursor: "x==&y +/%é#?"}, "cursor=x%3D%3D%26y+%2B%2F%25%C3%A9%23%3F&limit=2000"},
		"since":           {Query{Since: time.Date(2026, 1, 2, 3, 4, 5, 999, time.FixedZone("", 3600))}, "cursor=2026-01-02T02%3A04%3A05Z&limit=2000"},
		"since and limit": {Query{Since: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC), Limit: 7}, "cursor=2026-01-02T00%3A00%3A00Z&limit=7"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := s.fake(t, s.page("c"))
			c, _ := f.client(t)
			got, err := c.Page(t.Context(), test.query)
			if err != nil {
				t.Fatal(err)
			}
			if got.Next != "c" || got.CaughtUp {
				t.Errorf("page %+v", got)
			}
			r := f.requests[0]
			if r.URL.RawQuery != test.want {
				t.Errorf("query %s, want %s", r.URL.RawQuery, test.want)
			}
			if r.URL.Path != s.path {
				t.Errorf("path %s, want %s", r.URL.Path, s.path)
			}
			if got := r.Header.Get("Authorization"); got != "Bearer token-1" {
				t.Errorf("Authorization %q", got)
			}
			if got := r.Header.Get("User-Agent"); got != "docusign-monitor/devel" {
				t.Errorf("User-Agent %q", got)
			}
		})
	}
}

func TestQueryRefused(t *testing.T) { eachStream(t, testQueryRefused) }

func testQueryRefused(t *testing.T, s under) {
	for name, q := range map[string]Query{
		"negative limit":   {Limit: -1},
		"large limit":      {Limit: MaxLimit + 1},
		"cursor and since": {Cursor: "c", Since: time.Now()},
	} {
		t.Run(name, func(t *testing.T) {
			f := s.fake(t, s.page("c"))
			c, _ := f.client(t)
			if _, err := c.Page(t.Context(), q); err == nil {
				t.Error("Page takes it")
			}
			if pages, err := drain(t.Context(), c, q); err == nil || pages != nil {
				t.Error("Pages takes it")
			}
			for p, err := range c.Follow(t.Context(), q, 0) {
				if p != nil || err == nil {
					t.Fatal("Follow takes it")
				}
			}
			if f.tokens+len(f.requests) > 0 {
				t.Error("something was sent")
			}
		})
	}
}

func TestPagesTwice(t *testing.T) { eachStream(t, testPagesTwice) }

func testPagesTwice(t *testing.T, s under) {
	f := s.fake(t, s.page("a", `{}`), s.page("a"), s.page("a", `{}`), s.page("a"))
	c, _ := f.client(t)
	q := Query{Cursor: "start"}
	seq := c.Pages(t.Context(), q)

	for range 2 {
		for _, err := range seq {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	if diff := cmp.Diff([]string{"start", "a", "start", "a"}, f.cursors()); diff != "" {
		t.Errorf("cursors sent (-want +got):\n%s", diff)
	}
	if q != (Query{Cursor: "start"}) {
		t.Errorf("the query was changed to %+v", q)
	}
}

func TestPagesBreak(t *testing.T) { eachStream(t, testPagesBreak) }

func testPagesBreak(t *testing.T, s under) {
	f := s.fake(t, s.page("a", `{"n":1}`, `{"n":2}`))
	c, _ := f.client(t)
	for range c.Pages(t.Context(), Query{}) {
		break
	}
	for range c.Events(t.Context(), Query{}) {
		break
	}
	for range c.Follow(t.Context(), Query{}, 0) {
		break
	}
	if diff := cmp.Diff([]string{"-", "-", "-"}, f.cursors()); diff != "" {
		t.Errorf("cursors sent (-want +got):\n%s", diff)
	}
}

func TestPagesLoop(t *testing.T) { eachStream(t, testPagesLoop) }

func testPagesLoop(t *testing.T, s under) {
	tests := map[string]struct {
		next []string // of the pages, each with one event
		sent []string
	}{
		"back to the first":  {[]string{"a", "b", "a"}, []string{"s", "a", "b"}},
		"back to the start":  {[]string{"a", "s"}, []string{"s", "a"}},
		"over a longer loop": {[]string{"a", "b", "c", "d", "b"}, []string{"s", "a", "b", "c", "d"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := s.fake(t)
			for _, next := range test.next {
				f.stream = append(f.stream, s.page(next, fmt.Sprintf(`{"to":%q}`, next)))
			}
			c, _ := f.client(t)
			pages, err := drain(t.Context(), c, Query{Cursor: "s"})
			if !errors.Is(err, ErrLoop) {
				t.Errorf("error %v", err)
			}
			if len(pages) != len(test.next)-1 {
				t.Errorf("%d pages were delivered, want all but the last of %d", len(pages), len(test.next))
			}
			if diff := cmp.Diff(test.sent, f.cursors()); diff != "" {
				t.Errorf("cursors sent (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPagesEmpty(t *testing.T) { eachStream(t, testPagesEmpty) }

func testPagesEmpty(t *testing.T, s under) {
	seconds := func(all ...int) (d []time.Duration) {
		for _, s := range all {
			d = append(d, time.Duration(s)*time.Second)
		}
		return d
	}
	tests := map[string]struct {
		empty int // pages before one with an event
		waits []time.Duration
		err   error
	}{
		"one":   {1, nil, nil},
		"two":   {2, nil, nil},
		"three": {3, seconds(1), nil},
		"nine":  {9, seconds(1, 2, 4, 8, 16, 32, 60), nil},
		"ten":   {10, seconds(1, 2, 4, 8, 16, 32, 60), ErrNotCaughtUp},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := s.fake(t)
			for i := range test.empty {
				f.stream = append(f.stream, s.page(fmt.Sprint("empty-", i)))
			}
			f.stream = append(f.stream, s.page("full", `{}`), s.page("full"))
			c, waits := f.client(t)

			pages, err := drain(t.Context(), c, Query{})
			if !errors.Is(err, test.err) {
				t.Errorf("error %v, want %v", err, test.err)
			}
			if diff := cmp.Diff(test.waits, waits.list()); diff != "" {
				t.Errorf("waits (-want +got):\n%s", diff)
			}
			if test.err != nil && (len(pages) != 10 || pages[9].Next != "empty-9") {
				t.Errorf("the position is lost: %d pages", len(pages))
			}
		})
	}
}

// Empty pages that do not follow each other are counted anew.
func TestPagesEmptyApart(t *testing.T) { eachStream(t, testPagesEmptyApart) }

func testPagesEmptyApart(t *testing.T, s under) {
	f := s.fake(t)
	for i := range 12 {
		f.stream = append(f.stream, s.page(fmt.Sprint("a", i)), s.page(fmt.Sprint("b", i)), s.page(fmt.Sprint("c", i), `{}`))
	}
	f.stream = append(f.stream, s.page("c11"))
	c, waits := f.client(t)
	if _, err := drain(t.Context(), c, Query{}); err != nil {
		t.Error(err)
	}
	if got := waits.list(); len(got) > 0 {
		t.Errorf("waited %v", got)
	}
}

func TestPagesError(t *testing.T) { eachStream(t, testPagesError) }

func testPagesError(t *testing.T, s under) {
	f := s.fake(t, s.page("a", `{"n":1}`), answer(403, ""))
	c, _ := f.client(t)
	var errs []error
	var pages []*Page
	for p, err := range c.Pages(t.Context(), Query{}) {
		pages, errs = append(pages, p), append(errs, err)
	}
	if len(pages) != 2 || pages[0].Next != "a" || pages[1] != nil {
		t.Errorf("pages %v", pages)
	}
	if len(errs) != 2 || errs[0] != nil || !errors.Is(errs[1], ErrNotEntitled) {
		t.Errorf("errors %v", errs)
	}
}

func TestEvents(t *testing.T) { eachStream(t, testEvents) }

func testEvents(t *testing.T, s under) {
	f := s.fake(t, s.page("a", `{"n":1}`, `{"n":2}`), s.page("b", `{"n":3}`), answer(403, ""))
	c, _ := f.client(t)
	var got []string
	for e, err := range c.Events(t.Context(), Query{}) {
		if err != nil {
			got = append(got, "error")
			continue
		}
		got = append(got, string(e.Raw))
	}
	if diff := cmp.Diff([]string{`{"n":1}`, `{"n":2}`, `{"n":3}`, "error"}, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestFollow(t *testing.T) { eachStream(t, testFollow) }

func testFollow(t *testing.T, s under) {
	f := s.fake(t, s.page("a", `{"n":1}`), s.page("b", `{"n":2}`), s.page("b"), s.page("b"), s.page("c", `{"n":3}`), s.page("c"))
	c, waits := f.client(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()

	var got []string
	for p, err := range c.Follow(ctx, Query{}, 0) {
		if err != nil {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("error %v", err)
			}
			continue
		}
		got = append(got, raws(p)...)
		if p.Next == "c" && p.CaughtUp {
			cancel()
		}
	}
	if diff := cmp.Diff([]string{`{"n":1}`, `{"n":2}`, `{"n":3}`}, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"-", "a", "b", "b", "b", "c"}, f.cursors()); diff != "" {
		t.Errorf("cursors sent (-want +got):\n%s", diff)
	}
	polls := waits.list()
	if len(polls) != 3 { // caught up at b, at b again, and at c
		t.Errorf("waited %v", polls)
	}
	for _, d := range polls {
		if d < time.Minute || d > 66*time.Second {
			t.Errorf("a poll after %v", d)
		}
	}
}

func TestFollowInterval(t *testing.T) {
	tests := map[string]struct {
		base     string
		interval time.Duration
		ok       bool
	}{
		"a minute":              {"https://lens.example", time.Minute, true},
		"longer":                {"https://lens.example", time.Hour, true},
		"shorter":               {"https://lens.example", 59 * time.Second, false},
		"shorter, on loopback":  {"http://127.0.0.1:1", time.Second, true},
		"negative, on loopback": {"http://127.0.0.1:1", -1, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c, err := New(Environment{DatasetURL: test.base}, failingSource{})
			if err != nil {
				t.Fatal(err)
			}
			for _, err := range c.Follow(t.Context(), Query{}, test.interval) {
				if got := errors.Is(err, errNoToken); got != test.ok {
					t.Errorf("error %v", err)
				}
			}
		})
	}
}

// Ten empty pages end a drain but not a follower, which goes on at its next poll.
func TestFollowNotCaughtUp(t *testing.T) { eachStream(t, testFollowNotCaughtUp) }

func testFollowNotCaughtUp(t *testing.T, s under) {
	f := s.fake(t)
	for i := range 10 {
		f.stream = append(f.stream, s.page(fmt.Sprint("empty-", i)))
	}
	f.stream = append(f.stream, s.page("full", `{}`), answer(403, ""))
	c, waits := f.client(t)
	var last error
	for _, err := range c.Follow(t.Context(), Query{}, time.Minute) {
		last = err
	}
	if !errors.Is(last, ErrNotEntitled) {
		t.Errorf("ended by %v", last)
	}
	if got := f.cursors(); !slices.Contains(got, "full") || slices.Index(got, "empty-9") != 10 {
		t.Errorf("cursors sent: %v", got)
	}
	if got := waits.list(); len(got) != 8 || got[7] < time.Minute {
		t.Errorf("waited %v", got)
	}
}
