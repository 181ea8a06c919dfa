package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"example.com/docusign-monitor/contract/sandbox"
	"example.com/docusign-monitor/internal/settings"
)

// What the command sandbox does while it runs: events that are given or made up, tokens that end, a log of requests.

// waking is a machine on which each wait is over at once, until the command has waited so many times.
func waking(times int) (sys system, asleep <-chan struct{}) {
	clock, waits, done := sandbox.NewClock(time.Now()), 0, make(chan struct{})
	return system{now: clock.Now, wait: func(ctx context.Context, d time.Duration) error {
		if waits++; waits > times {
			close(done)
			<-ctx.Done()
			return ctx.Err()
		}
		clock.Advance(d)
		return nil
	}}, done
}

func TestSandboxFollowRate(t *testing.T) {
	for rate, test := range map[string]struct {
		wakes, want int
		each        time.Duration // from one event to the next
	}{
		"0.5":    {3, 3, 2 * time.Second},
		"1000":   {3, 30, 0},
		"2.5":    {4, 4, 400 * time.Millisecond},
		"100000": {1, 1000, 0},
	} {
		t.Run(rate, func(t *testing.T) {
			sys, asleep := waking(test.wakes)
			r := runSandboxOn(t, sys, "--events", "2", "--follow-rate", rate)
			<-asleep

			got := try(t, system{lookup: r.env.lookup}, "stream", "--cursor", "2021-01-01")

			if n := strings.Count(got.stdout, "\n"); got.status != success || n != 2+test.want {
				t.Errorf("exit status %d, %d events, want 2 and %d more: %s", got.status, n, test.want, got.stderr)
			}
			ids := map[string]bool{}
			for line := range strings.Lines(got.stdout) {
				var e struct {
					EventID string `json:"eventId"`
				}
				if err := json.Unmarshal([]byte(line), &e); err != nil || ids[e.EventID] {
					t.Fatalf("%v, or an event is there twice: %s", err, line)
				}
				ids[e.EventID] = true
			}
			if end := r.stop(); end.status != success || end.stdout != "" {
				t.Errorf("exit status %d, more on standard output: %q", end.status, end.stdout)
			}
		})
	}
	for _, bad := range []string{"-1", "NaN", "1e9", "Inf", "many"} {
		checkComplaint(t, try(t, system{}, "sandbox", "--follow-rate", bad), misuse, 1, "--follow-rate")
	}
}

func TestSandboxEvents(t *testing.T) {
	ids := func(sys system, args ...string) (all []string) {
		r := runSandboxOn(t, sys, args...)
		got := try(t, system{lookup: r.env.lookup}, "stream")
		if got.status != success {
			t.Fatalf("exit status %d: %s", got.status, got.stderr)
		}
		for _, found := range regexp.MustCompile(`"eventId":"([^"]*)"`).FindAllStringSubmatch(got.stdout, -1) {
			all = append(all, found[1])
		}
		return all
	}
	one, again, other := ids(system{}, "--events", "20"), ids(system{}, "--events", "20", "--seed", "1"), ids(system{}, "--events", "20", "--seed", "2")
	if fmt.Sprint(one) != fmt.Sprint(again) || fmt.Sprint(one) == fmt.Sprint(other) || len(one) != 20 {
		t.Errorf("seed 1 gives %v and %v, seed 2 %v", one, again, other)
	}
	if got := ids(system{}, "--events", "0"); len(got) != 0 {
		t.Errorf("of no events %v are there", got)
	}
	given := strings.NewReader(`{"eventId":"a"}` + "\n" + `{"eventId":"b"}` + "\n")
	if got := ids(system{stdin: given}, "--events", "-"); fmt.Sprint(got) != "[a b]" {
		t.Errorf("from standard input: %v", got)
	}

	file := filepath.Join(t.TempDir(), "events.ndjson")
	if err := os.WriteFile(file, []byte("{}\nnone\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []struct {
		args  []string
		words []string
	}{
		{[]string{"--events", file}, []string{file, "line 2"}},
		{[]string{"--events", file + ".none"}, []string{"--events", file + ".none"}},
		{[]string{"--events", "99999999999"}, []string{"--events", "too large"}},
		{[]string{"--events", "2147483648"}, []string{"--events", "too large"}},
		{[]string{"--events", file, "--seed", "3"}, []string{"--seed", "--events"}},
		{[]string{"--seed", "x"}, []string{"--seed"}},
		{[]string{"--addr", "0.0.0.0:0"}, []string{"0.0.0.0:0", "loopback"}},
		{[]string{"--addr", "here"}, []string{"here", "port"}},
		{[]string{"--token-lifetime", "1ms"}, []string{"token lifetime", "1s"}},
		{[]string{"--hourly-limit", "-1"}, []string{"limit"}},
		{[]string{"--assume", "ClampLimit=perhaps"}, []string{"--assume", "ClampLimit", "true"}},
		{[]string{"--log", filepath.Join(file, "log")}, []string{"--log"}},
	} {
		checkComplaint(t, try(t, system{}, append([]string{"sandbox"}, bad.args...)...), misuse, 1, bad.words...)
	}
}

func TestSandboxTokenLifetime(t *testing.T) {
	r := runSandbox(t, "--token-lifetime", "1m30s", "--events", "1")
	found, err := settings.Read(r.env.lookup)
	if err != nil {
		t.Fatal(err)
	}
	asked := time.Now()
	token, err := found.Grant.TokenSource().Token()
	if err != nil {
		t.Fatal(err)
	}
	if got := token.Expiry.Sub(asked); got < 89*time.Second || got > 90*time.Second+time.Since(asked) {
		t.Errorf("the token is good for %v, want 90s", got)
	}
}

// The log has a line for each request, and nothing that is secret.
func TestSandboxLog(t *testing.T) {
	file := filepath.Join(t.TempDir(), "requests.log")
	if err := os.WriteFile(file, []byte("earlier\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const form = `\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ 200 POST /oauth/token
\S+Z 200 GET /api/v2.0/datasets/monitor/stream
\S+Z 404 GET /a%20b%0Ac
`
	for to, want := range map[string]string{file: "^earlier\n" + form + "$", "-": "interrupted .Ctrl-C.\n" + form + "$"} {
		r := runSandbox(t, "--log", to, "--events", "1")
		token := r.token(t)
		r.get(t, token, datasetStream+"?limit=1&secret=here")
		r.get(t, token, "/a%20b%0Ac?"+url.QueryEscape(token))
		end := r.stop()
		text := end.stderr
		if to == file {
			whole, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			text = string(whole)
		}
		if !regexp.MustCompile(want).MatchString(text) {
			t.Errorf("--log %s:\n%swant the form\n%s", to, text, want)
		}
		if strings.Contains(text, token) || strings.Contains(text, "secret") {
			t.Errorf("--log %s tells a secret:\n%s", to, text)
		}
	}
}

// A log that cannot be written does not end the sandbox.
func TestSandboxLogIsFull(t *testing.T) {
	if _, err := os.Stat("/dev/full"); runtime.GOOS != "linux" || err != nil {
		t.Skip("/dev/full is a file of Linux")
	}
	r := runSandbox(t, "--log", "/dev/full", "--events", "3")
	if got := try(t, system{lookup: r.env.lookup}, "stream"); got.status != success || strings.Count(got.stdout, "\n") != 3 {
		t.Errorf("exit status %d: %s", got.status, got.stderr)
	}
	if end := r.stop(); end.status != success || strings.Count(end.stderr, "the sandbox goes on without it") != 1 {
		t.Errorf("exit status %d, standard error %s", end.status, end.stderr)
	}
}
