package main

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/docusign-monitor/contract/sandbox"
)

// follow runs the program until it waits for the n-th time, and calls between at each wait. Standard error goes to that of
// sys too, if it has one.
func follow(t *testing.T, sys system, n int, between func(wait int, d time.Duration), args ...string) result {
	t.Helper()
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	var (
		stdout, stderr bytes.Buffer
		waits          int
	)
	sys.stdout = &stdout
	if sys.stderr == nil {
		sys.stderr = io.Discard
	}
	sys.stderr = io.MultiWriter(&stderr, sys.stderr)
	if sys.now == nil {
		sys.now = time.Now
	}
	sys.wait = func(ctx context.Context, d time.Duration) error {
		waits++
		between(waits, d)
		if waits == n {
			interrupt()
		}
		return ctx.Err()
	}
	status := run(ctx, sys, args)
	return result{status: status, stdout: stdout.String(), stderr: stderr.String()}
}

// A follower asks again after the interval and gets what has come since.
func TestFollow(t *testing.T) {
	server := sandbox.Start(t, sandbox.Config{Events: sandbox.Generate(3, 1)})
	r := follow(t, system{lookup: pointAt(server).lookup}, 3, func(wait int, d time.Duration) {
		if d < 10*time.Second || d > 11*time.Second {
			t.Errorf("wait %d is %v, want 10 s and a little", wait, d)
		}
		if wait == 2 {
			if err := server.Append([]byte(`{"eventId":"new"}`)); err != nil {
				t.Error(err)
			}
		}
	}, "stream", "--follow", "--interval", "10s")

	if r.status != success {
		t.Errorf("exit status %d", r.status)
	}
	if diff := cmp.Diff(lines(server), r.stdout); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if n := strings.Count(r.stderr, "a restart begins seven days back"); n != 1 {
		t.Errorf("said %d times what a restart does:\n%s", n, r.stderr)
	}
}

func TestFollowInterval(t *testing.T) {
	environment := env{
		"DOCUSIGN_INTEGRATION_KEY": "11111111-2222-3333-4444-555555555555",
		"DOCUSIGN_USER_ID":         "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
		"DOCUSIGN_PRIVATE_KEY":     newKey(),
	}
	for _, args := range [][]string{
		{"--interval", "2m"}, {"--follow", "--interval", "0s"}, {"--follow", "--interval", "59s"},
		{"--follow", "--interval", "59s", "--monitor-url", "https://[::2]"},
	} {
		r := try(t, system{lookup: environment.lookup}, append([]string{"stream"}, args...)...)
		checkComplaint(t, r, misuse, 1, "--interval")
	}
}

// What cannot be mended by waiting ends a follower, with the position named.
func TestFollowEnds(t *testing.T) {
	server := sandbox.Start(t, sandbox.Config{Events: sandbox.Generate(3, 1), Faults: sandbox.Faults{3: sandbox.Forbidden}})
	r := follow(t, system{lookup: pointAt(server).lookup}, 9, func(int, time.Duration) {}, "stream", "--follow")
	if r.status != failure || r.stdout != lines(server) || !strings.Contains(r.stderr, "403 Forbidden") ||
		!strings.Contains(r.stderr, "3 events before that; go on with --cursor ") {
		t.Errorf("exit status %d, standard error:\n%s", r.status, r.stderr)
	}
}

func TestStreamDuplicates(t *testing.T) {
	for _, test := range []struct {
		flag, said string
		want       []string
	}{
		{"keep", "", []string{"1", "2", "2", "3"}},
		{"drop", "1 duplicate left out", []string{"1", "2", "3"}},
	} {
		server := sandbox.Start(t, sandbox.Config{
			Events: sandbox.Raw(at(1, time.Now()), at(2, time.Now()), at(3, time.Now())), Faults: sandbox.Faults{2: sandbox.DuplicateEvent},
		})
		r := try(t, system{lookup: pointAt(server).lookup}, "stream", "--limit", "2", "--duplicates", test.flag)
		var got []string
		for line := range strings.Lines(r.stdout) {
			_, id, _ := strings.Cut(line, `"eventId":"`)
			got = append(got, strings.TrimRight(id, "\"}\n"))
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.flag, diff)
		}
		if r.status != success || !strings.Contains(r.stderr, test.said) {
			t.Errorf("%s: exit status %d, standard error %q", test.flag, r.status, r.stderr)
		}
	}
}

// A follower that began at a date and has come to an end more than a day ago says so, once, as a drain does.
func TestFollowStale(t *testing.T) {
	for _, test := range []struct {
		ago  time.Duration
		args []string
		want int
	}{
		{20 * 24 * time.Hour, []string{"--since", "720h"}, 1},
		{20 * 24 * time.Hour, nil, 0}, // not from a date: the stream's own end
		{23 * time.Hour, []string{"--since", "720h"}, 0},
	} {
		server := sandbox.Start(t, sandbox.Config{Events: sandbox.Raw(at(1, time.Now().Add(-test.ago)))})
		r := follow(t, system{lookup: pointAt(server).lookup}, 3, func(int, time.Duration) {}, append([]string{"stream", "--follow"}, test.args...)...)
		if n := strings.Count(r.stderr, "may reach seven days ahead only"); n != test.want || r.status != success {
			t.Errorf("%v, %v: said %d times, exit status %d:\n%s", test.ago, test.args, n, r.status, r.stderr)
		}
	}
}

// A follower says once a day when the last event and the last good answer came, also while no answer comes.
func TestFollowSaysDaily(t *testing.T) {
	begun := time.Now().UTC().Truncate(time.Second)
	server := sandbox.Start(t, sandbox.Config{Events: sandbox.Raw(at(1, begun.Add(-time.Hour)))})
	for _, args := range [][]string{nil, {"--log-level", "error"}} {
		now := begun
		sys := system{lookup: pointAt(server).lookup, now: func() time.Time { return now }}
		r := follow(t, sys, 12, func(int, time.Duration) { now = now.Add(6 * time.Hour) }, append([]string{"stream", "--follow"}, args...)...)
		var said []string
		for line := range strings.Lines(r.stderr) {
			if strings.Contains(line, "still following") {
				said = append(said, line[strings.Index(line, "last_event"):])
			}
		}
		var want []string
		if args == nil {
			last := "last_event=" + begun.Add(-time.Hour).Format(time.RFC3339) + " last_good_answer="
			want = []string{last + begun.Add(24*time.Hour).Format(time.RFC3339) + "\n", last + begun.Add(48*time.Hour).Format(time.RFC3339) + "\n"}
		}
		if diff := cmp.Diff(want, said); diff != "" || r.status != success {
			t.Errorf("%v: exit status %d, said (-want +got):\n%s", args, r.status, diff)
		}
	}
}

func TestIsLoopback(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "localhost:8080": true, "localhost/path": true, "localhost:8080/path": true,
		"127.0.0.1": true, "127.0.0.2:1": true, "127.0.0.1/a/b": true, "[::1]": true, "[::1]:8080": true, "[::1]/path": true,
		"": false, "example.com": false, "example.com/localhost": false, "127.0.0.1.example.com:1": false, "[::2]/path": false,
	} {
		if got := isLoopback(host); got != want {
			t.Errorf("%q: %v", host, got)
		}
	}
}
