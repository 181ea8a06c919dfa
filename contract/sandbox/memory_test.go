package sandbox_test

import (
	"bytes"
	"runtime"
	"strings"
	"testing"
	"time"

	"example.com/docusign-monitor/contract/sandbox"
)

// A made-up log takes no memory for its events: ten times as many, all of them served and dates sought among them, leave
// the heap as large as it was. The same events given as lines are what it would look like otherwise.
func TestMemoryIsFlat(t *testing.T) {
	const few, many = 20_000, 200_000
	var lines bytes.Buffer
	held := func(source func(n int) sandbox.Source) (bytesPerEvent float64) {
		return (heapAfterDrain(t, source(many), many) - heapAfterDrain(t, source(few), few)) / (many - few)
	}

	if got := held(func(n int) sandbox.Source { return sandbox.Generate(n, 1) }); got > 1 {
		t.Errorf("a made-up event takes %.1f bytes, want none", got)
	}
	got := held(func(n int) sandbox.Source {
		lines.Reset()
		lines.WriteString(strings.Repeat(`{"eventId":"2330fcf1-562a-44b8-b866-8d77e827062c"}`+"\n", n))
		source, err := sandbox.Lines(&lines)
		if err != nil {
			t.Fatal(err)
		}
		return source
	})
	if got < 50 {
		t.Errorf("an event that is held takes %.1f bytes, so this measures nothing", got)
	}
}

// heapAfterDrain is what is reachable while a sandbox runs that has served all of its events.
func heapAfterDrain(t *testing.T, events sandbox.Source, n int) float64 {
	t.Helper()
	s, err := sandbox.New(sandbox.Config{Events: events})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	p := newPuller(s.AuthorizationCodeToken(0))

	if got := p.walk(t, s.URL(), 2000); got != n {
		t.Fatalf("%d events served, want %d", got, n)
	}
	for day := range 7 {
		date := time.Now().Add(-time.Duration(day) * 24 * time.Hour).UTC().Format(time.DateOnly)
		if err := p.pull(s.URL() + pageAfter(date, 1)); err != nil {
			t.Fatal(err)
		}
	}

	p.client.CloseIdleConnections()
	var m runtime.MemStats
	for range 2 { // the second frees what sync.Pool kept of the first
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}
