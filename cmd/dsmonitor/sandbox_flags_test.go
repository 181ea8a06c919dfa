package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/docusign-monitor/contract/sandbox"
	"example.com/docusign-monitor/internal/settings"
)

// What -h shows works.
func TestSandboxHelpExamples(t *testing.T) {
	examples := regexp.MustCompile(`(?m)^  dsmonitor sandbox (--.*\S) +# `).FindAllStringSubmatch(sandboxHelp, -1)
	if len(examples) < 5 {
		t.Fatalf("examples: %q", examples)
	}
	for _, example := range examples {
		args := strings.Fields(example[1])
		if i := slices.Index(args, "--addr"); i > 0 { // which may be taken
			args[i+1] = "127.0.0.1:0"
		}
		runSandbox(t, args...)
	}
}

// A flag that cannot be is named in one line.
func TestSandboxRefuses(t *testing.T) {
	for _, test := range []struct {
		args string
		want []string
	}{
		{"--role owner", []string{"--role", "administrator", "two-organizations"}},
		{"--follow-rate -1", []string{"--follow-rate", "100000"}},
		{"--follow-rate NaN", []string{"--follow-rate", "100000"}},
		{"--follow-rate 100001", []string{"--follow-rate", "100000"}},
		{"--follow-rate often", []string{"--follow-rate"}},
		{"--token-lifetime 0s", []string{"--token-lifetime", "1s"}},
		{"--token-lifetime 999ms", []string{"--token-lifetime", "1s"}},
		{"--token-lifetime long", []string{"--token-lifetime"}},
		{"--hourly-limit -1", []string{"--hourly-limit", "less than 0"}},
		{"--burst-limit -5", []string{"--burst-limit", "less than 0"}},
		{"--burst-limit many", []string{"--burst-limit"}},
		{"--faults 0=reset", []string{"--faults", "0=reset", "from 1"}},
		{"--faults 1=thunder", []string{"--faults", "1=thunder", "throttle"}},
		{"--faults token:1=empty", []string{"--faults", "page"}},
		{"--assume Never", []string{"--assume", "Never", "ClampLimit"}},
		{"--assume DateReach=week", []string{"--assume", "DateReach=week", "168h"}},
		{"--log /dev/null/x", []string{"--log", "/dev/null/x"}},
		{"--seed -1", []string{"--seed"}},
		{"--addr example.com:0", []string{"loopback"}},
		{"now", []string{"now"}},
	} {
		t.Run(test.args, func(t *testing.T) {
			checkComplaint(t, try(t, system{}, append([]string{"sandbox"}, strings.Fields(test.args)...)...), misuse, 1, test.want...)
		})
	}
}

// What a client meets as each of the roles.
func TestSandboxRoles(t *testing.T) {
	for _, test := range []struct {
		role                 string
		dataset, oneOfItsOwn int // exit statuses
		says, saysOfItsOwn   string
	}{
		{"administrator", success, success, "", ""},
		{"security-reports", success, success, "", ""},
		{"none", failure, failure, "403", "403"},
		{"no-consent", failure, failure, "consent_required", "consent_required"},
		{"no-entitlement", failure, failure, "403", "entitlement"},
		{"two-organizations", failure, success, "403", ""},
	} {
		t.Run(test.role, func(t *testing.T) {
			r := runSandbox(t, "--events", "5", "--role", test.role, "--organization")
			dataset := r.env.with(nil)
			delete(dataset, settings.OrganizationID)
			for _, stream := range []struct {
				env    env
				status int
				says   string
			}{{dataset, test.dataset, test.says}, {r.env, test.oneOfItsOwn, test.saysOfItsOwn}} {
				got := try(t, system{lookup: stream.env.lookup}, "stream")
				if got.status != stream.status || !strings.Contains(got.stderr, stream.says) {
					t.Errorf("exit status %d, want %d; standard error, want %q in it:\n%s", got.status, stream.status, stream.says, got.stderr)
				}
				if events := strings.Count(got.stdout, "\n"); got.status == success && events != 5 {
					t.Errorf("%d events", events)
				}
			}
		})
	}
}

// A limit refuses what is too much, until its hour is over.
func TestSandboxLimits(t *testing.T) {
	for _, flags := range []string{"--hourly-limit 2", "--burst-limit 2 --assume RetryAfter", "--hourly-limit 2 --assume LimitAs400"} {
		t.Run(flags, func(t *testing.T) {
			clock := sandbox.NewClock(time.Now()) // that of the client is the real one
			r := runSandboxOn(t, system{now: clock.Now}, append(strings.Fields(flags), "--events", "3", "--token-lifetime", "24h")...)
			var stdout, stderr strings.Builder
			waits := 0

			status := run(t.Context(), system{
				stdout: &stdout, stderr: &stderr, lookup: r.env.lookup, now: clock.Now,
				wait: func(_ context.Context, d time.Duration) error {
					waits++
					clock.Advance(d)
					return nil
				},
			}, []string{"stream", "--limit", "1"})

			if events := strings.Count(stdout.String(), "\n"); status != success || events != 3 {
				t.Errorf("exit status %d, %d events, standard error:\n%s", status, events, &stderr)
			}
			if waits != 1 { // four requests, two at once
				t.Errorf("%d waits, standard error:\n%s", waits, &stderr)
			}
		})
	}
}

// New events come at their rate, by the clock.
func TestSandboxGrows(t *testing.T) {
	clock := sandbox.NewClock(time.Now())
	wake, waiting := make(chan struct{}), make(chan time.Duration)
	r := runSandboxOn(t, system{now: clock.Now, wait: func(ctx context.Context, d time.Duration) error {
		select {
		case waiting <- d:
		case <-ctx.Done():
			return ctx.Err()
		}
		<-wake
		return nil
	}}, "--events", "5", "--follow-rate", "2.5")

	for _, step := range []struct {
		pass time.Duration
		want int
	}{{0, 5}, {100 * time.Millisecond, 5}, {time.Second, 7}, {10 * time.Second, 32}} {
		if d := <-waiting; d != 400*time.Millisecond {
			t.Errorf("it waits %v", d)
		}
		clock.Advance(step.pass)
		wake <- struct{}{}
		if d := <-waiting; d != 400*time.Millisecond { // it has woken and is done
			t.Errorf("it waits %v", d)
		}
		got := try(t, system{lookup: r.env.lookup, now: clock.Now}, "stream")
		if events := strings.Count(got.stdout, "\n"); got.status != success || events != step.want {
			t.Errorf("exit status %d, %d events, want %d; standard error:\n%s", got.status, events, step.want, got.stderr)
		}
		wake <- struct{}{}
	}
	if end := r.stop(); end.status != success {
		t.Errorf("exit status %d", end.status)
	}
}

// Each request is a line, in a file that goes on where it was, without a secret.
func TestSandboxLog(t *testing.T) {
	file := filepath.Join(t.TempDir(), "requests.log")
	for range 2 {
		r := runSandbox(t, "--events", "5", "--log", file)
		try(t, system{lookup: r.env.lookup}, "stream")
		if end := r.stop(); end.status != success {
			t.Errorf("exit status %d, %s", end.status, end.stderr)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	const of = `\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ 200 `
	run := of + "POST /oauth/token\n" + of + "GET /api/v2\\.0/datasets/monitor/stream\n" + of + "GET /api/v2\\.0/datasets/monitor/stream\n"
	if !regexp.MustCompile("^" + run + run + "$").Match(got) {
		t.Errorf("log:\n%s", got)
	}
	if info, err := os.Stat(file); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}

	r := runSandbox(t, "--events", "5", "--log", "-")
	try(t, system{lookup: r.env.lookup}, "stream")
	if end := r.stop(); strings.Count(end.stderr, " 200 ") != 3 {
		t.Errorf("standard error:\n%s", end.stderr)
	}
}

// A log that cannot be written is no reason to end, and is said once.
func TestSandboxLogBreaks(t *testing.T) {
	var said strings.Builder
	l := &requestLog{
		sandboxCommand: &sandboxCommand{system: system{now: time.Now, stderr: &said}},
		file:           writerFunc(func([]byte) (int, error) { return 0, errors.New("no space left on device") }),
	}
	for range 3 {
		l.note(sandbox.Request{})
	}
	if want := "dsmonitor: --log: no space left on device; the sandbox goes on without it\n"; said.String() != want {
		t.Errorf("standard error %q, want %q", &said, want)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// With --tls the settings hold what a client has to trust.
func TestSandboxTLS(t *testing.T) {
	r := runSandbox(t, "--events", "5", "--tls")
	pem, err := os.ReadFile(r.env["SSL_CERT_FILE"])
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()

	answer, err := (&http.Client{Transport: transport}).Get(r.env[settings.AuthURL] + "/oauth/userinfo")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.Proto != "HTTP/2.0" || answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("%s %s", answer.Proto, answer.Status)
	}
	if !strings.HasPrefix(r.env[settings.MonitorURL], "https://127.0.0.1:") {
		t.Errorf("settings:\n%s", r.exports)
	}
}
