//go:build !windows

package main

import (
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"example.com/docusign-monitor/contract/sandbox"
)

// The process is killed each time that a collector has taken a batch and not yet said so. In the end every event is there,
// in order, and each crash has repeated one batch at most.
func TestKilledBeforeSplunk(t *testing.T) {
	server := sandbox.Start(t, sandbox.Config{Events: sandbox.Generate(6000, 3)})
	c := newCollector(t)
	taken, killed := make(chan struct{}), make(chan struct{})
	c.post = func(n int, _ http.ResponseWriter, index func()) bool {
		if n%3 != 0 {
			return false
		}
		index()
		taken <- struct{}{}
		<-killed
		return true
	}
	environment := pointAt(server).with(env{splunkToken: hecToken})
	args := toSplunk(c, "--checkpoint", filepath.Join(t.TempDir(), "position"))

	const kills = 4
	for range kills {
		cmd := program(t, environment, args...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		<-taken
		cmd.Process.Kill()
		cmd.Wait()
		killed <- struct{}{}
	}
	c.mutex.Lock()
	c.post = nil
	c.mutex.Unlock()
	cmd := program(t, environment, args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("the last run: %v\n%s", err, out)
	}

	var once []string
	seen := map[string]bool{}
	for _, event := range c.events {
		if !seen[event] {
			seen[event] = true
			once = append(once, event)
		}
	}
	var want []string
	for line := range strings.Lines(lines(server)) {
		want = append(want, strings.TrimSuffix(line, "\n"))
	}
	if !slices.Equal(once, want) {
		t.Errorf("Splunk has %d different events, not the %d served in their order", len(once), len(want))
	}
	repeated := len(c.events) - len(once)
	if repeated == 0 || repeated > kills*c.batch {
		t.Errorf("%d events are there twice after %d crashes, want some, and at most %d each", repeated, kills, c.batch)
	}
	t.Logf("%d events, %d crashes, %d repeated, at most %d in a batch", len(want), kills, repeated, c.batch)
}
