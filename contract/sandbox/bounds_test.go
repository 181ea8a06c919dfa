package sandbox

import (
	"strconv"
	"testing"
	"time"
)

// What a sandbox remembers of its clients is bounded, however many they are and however long it runs.

func TestRequestsAreBounded(t *testing.T) {
	told := 0
	s := &Server{config: Config{OnRequest: func(Request) { told++ }}}
	const n = 5*keptRequests + 7
	for i := range n {
		s.note(Request{Status: i})
		if kept := len(s.requests); kept > 2*keptRequests || kept < min(i+1, keptRequests) {
			t.Fatalf("after %d requests %d are kept", i+1, kept)
		}
	}
	if told != n {
		t.Errorf("OnRequest was told of %d of %d", told, n)
	}
	for i, r := range s.Requests() {
		if want := n - len(s.requests) + i; r.Status != want {
			t.Fatalf("at %d stands request %d, want %d", i, r.Status, want)
		}
	}
}

func TestExpiredTokensAreForgotten(t *testing.T) {
	var issued tokens
	now := time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)
	user := new(User)
	long := issued.issue(grant{user: user, expires: now.Add(time.Hour)}, now)
	for range 100_000 {
		now = now.Add(time.Millisecond)
		token := issued.issue(grant{user: user, expires: now.Add(time.Second)}, now)
		if issued.user(token, now, false, false) == nil {
			t.Fatal("a token is forgotten before it expires")
		}
	}
	if got := len(issued.issued); got > 3000 {
		t.Errorf("%d tokens are kept, of which 1001 are good", got)
	}
	if issued.user(long, now, false, false) == nil {
		t.Error("the token that lives longest is forgotten")
	}
}

func TestRecent(t *testing.T) {
	var r recent[int]
	if _, ok := r.get("0"); ok {
		t.Error("it remembers what it was never told")
	}
	const n = 5*remembered + 7
	for i := range n {
		r.put(strconv.Itoa(i), i)
		r.put("refreshed", i)
		if held := len(r.young) + len(r.old); held > 2*remembered {
			t.Fatalf("it holds %d", held)
		}
	}
	for i := n - remembered/2; i < n; i++ {
		if got, ok := r.get(strconv.Itoa(i)); !ok || got != i {
			t.Fatalf("of %d it remembers %d, %v", i, got, ok)
		}
	}
	if _, ok := r.get("0"); ok {
		t.Error("it remembers the first")
	}
	if got, _ := r.get("refreshed"); got != n-1 {
		t.Errorf("the newest value is %d, want %d", got, n-1)
	}
}
