package sandbox_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"example.com/docusign-monitor/contract/sandbox"
)

// What assumptions mean to a client that stays: it follows a stream, waits as it is told, or reads the other stream too.

// assuming is a sandbox of numbered events under assumptions.
func assuming(t *testing.T, events int, assume sandbox.Assumptions) scenario {
	s, c, token := startWith(t, sandbox.Config{Events: numbered(events), Assumptions: assume})
	return scenario{t, s, c, token}
}

// A walk that reaches so far from its date goes on at its end for as long as events of that time arrive, and no longer.
func TestDateReachOfAFollower(t *testing.T) {
	const reach = time.Hour
	s := assuming(t, 1, sandbox.Assumptions{DateReach: reach})
	cursor := stream(t, s.Server, s.token, "cursor="+s.clock.Now().Format(time.RFC3339)).EndCursor
	next := func(n int) (events int) {
		if err := s.Append(fmt.Appendf(nil, `{"n":%d}`, n)); err != nil {
			t.Fatal(err)
		}
		p := stream(t, s.Server, s.token, "cursor="+url.QueryEscape(cursor))
		cursor = p.EndCursor
		return len(p.Data)
	}

	s.clock.Advance(reach / 2)
	if got := next(2); got != 1 {
		t.Errorf("%d new events within the reach, want 1", got)
	}
	s.clock.Advance(reach)
	if got := next(3); got != 0 {
		t.Errorf("%d new events beyond the reach, want none", got)
	}
	if got := len(stream(t, s.Server, s.token, "cursor=2021-01-01").Data); got != 0 {
		t.Errorf("%d events from a date whose reach ends before all of them, want none", got)
	}
}

// Who waits as told is answered at the head, however often it was refused before, and each stream has a head of its own.
func TestHeadIntervalLetsThoseInWhoWait(t *testing.T) {
	s := assuming(t, 0, sandbox.Assumptions{HeadInterval: time.Minute, RetryAfter: true})
	ask := func(path string) string {
		a := get(t, s.Server, s.token, path)
		return strings.TrimSpace(fmt.Sprint(a.Status, " ", a.Header.Get("Retry-After")))
	}
	for _, step := range []struct {
		path, want string
		wait       time.Duration
	}{
		{streamPath, "200", 0},
		{s.organization(), "200", 20 * time.Second},
		{streamPath, "429 40", 10 * time.Second},
		{streamPath, "429 30", 30 * time.Second},
		{streamPath, "200", 0},
		{s.organization(), "200", 0},
		{streamPath, "429 60", 0},
	} {
		if got := ask(step.path); got != step.want {
			t.Errorf("%s: %s, want %s", step.path, got, step.want)
		}
		s.clock.Advance(step.wait)
	}
}

// A date at the head is answered with a cursor, from which nothing is missed.
func TestCursorMovesOnceFromADate(t *testing.T) {
	s := assuming(t, 1, sandbox.Assumptions{HeadCursor: sandbox.CursorMovesOnce})
	date := s.clock.Now().Add(time.Hour).Format(time.RFC3339)
	cursor := stream(t, s.Server, s.token, "cursor="+date).EndCursor
	if cursor == date {
		t.Errorf("the date comes back as the endCursor")
	}
	if again := stream(t, s.Server, s.token, "cursor="+url.QueryEscape(cursor)).EndCursor; again != cursor {
		t.Errorf("the cursor moves again, to %s", again)
	}
	if err := s.Append([]byte(`{"n":2}`)); err != nil {
		t.Fatal(err)
	}
	if got := len(stream(t, s.Server, s.token, "cursor="+url.QueryEscape(cursor)).Data); got != 1 {
		t.Errorf("%d new events, want 1", got)
	}
}

// Each stream has a sequence of pages of its own.
func TestPagesOfEachStream(t *testing.T) {
	s := assuming(t, 5, sandbox.Assumptions{ShortPages: []int{1, 2}, EmptyPageEvery: 3})
	count := func(path string) int { return strings.Count(s.ask(path), "eventId") }
	for n, want := range []int{1, 2, 0, 2} {
		for _, path := range []string{streamPath, s.organization()} {
			if got := count(path); got != want {
				t.Errorf("page %d of %s has %d events, want %d", n+1, path, got, want)
			}
		}
	}
}
