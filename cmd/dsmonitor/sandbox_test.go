package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/docusign-monitor/contract/sandbox"
	"example.com/docusign-monitor/internal/settings"
)

// running is the command sandbox in process.
type running struct {
	exports string // what the first write to standard output held
	env     env    // read from it line by line
	stop    func() result
}

// runSandbox runs the command until it has written its settings.
func runSandbox(t *testing.T, args ...string) running {
	t.Helper()
	return runSandboxOn(t, system{}, args...)
}

// runSandboxOn is runSandbox on a machine with a standard input, a clock or waits of its own.
func runSandboxOn(t *testing.T, sys system, args ...string) running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, stdout := io.Pipe() // what is read at once was written at once
	var stderr strings.Builder
	status := make(chan int, 1)
	sys.stdout, sys.stderr, sys.lookup = stdout, &stderr, env{}.lookup
	if sys.stdin == nil {
		sys.stdin = strings.NewReader("")
	}
	if sys.now == nil {
		sys.now = time.Now
	}
	go func() {
		defer stdout.Close()
		status <- run(ctx, sys, append([]string{"sandbox"}, args...))
	}()
	first := make([]byte, 64<<10)
	n, err := out.Read(first)
	if err != nil {
		t.Fatalf("the sandbox ended with exit status %d: %s", <-status, &stderr)
	}
	r := running{exports: string(first[:n]), env: env{}}
	for line := range strings.Lines(r.exports) {
		name, value, _ := strings.Cut(strings.TrimPrefix(strings.TrimSuffix(line, "\n"), "export "), "=")
		r.env[name] = strings.Trim(value, "'")
	}
	r.stop = sync.OnceValue(func() result {
		cancel()
		rest, _ := io.ReadAll(out)
		return result{status: <-status, stdout: string(rest), stderr: stderr.String()}
	})
	t.Cleanup(func() { r.stop() })
	return r
}

func TestSandboxCommand(t *testing.T) {
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "a folder"))
	if err := os.Mkdir(os.Getenv("TMPDIR"), 0o700); err != nil {
		t.Fatal(err)
	}
	r := runSandbox(t, "--events", "5", "--seed", "7")

	form := regexp.MustCompile(`^export DOCUSIGN_INTEGRATION_KEY=[0-9a-f-]{36}
export DOCUSIGN_USER_ID=[0-9a-f-]{36}
export DOCUSIGN_PRIVATE_KEY_FILE=('[^']+'|[^' ]+)
export DOCUSIGN_AUTH_URL=http://127\.0\.0\.1:\d+
export DOCUSIGN_MONITOR_URL=http://127\.0\.0\.1:\d+
$`)
	if !form.MatchString(r.exports) {
		t.Errorf("standard output:\n%s\nwant the form:\n%v", r.exports, form)
	}
	keyFile := r.env[settings.PrivateKeyFile]
	info, err := os.Stat(keyFile)
	if err != nil {
		t.Fatal(err)
	}
	folder, err := os.Stat(filepath.Dir(keyFile))
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && (info.Mode().Perm() != 0o600 || folder.Mode().Perm() != 0o700) {
		t.Errorf("mode of the key's file %v, of its folder %v", info.Mode(), folder.Mode())
	}

	got := try(t, system{lookup: r.env.lookup}, "stream")
	if got.status != success || strings.Count(got.stdout, "\n") != 5 {
		t.Errorf("stream: exit status %d, standard output:\n%s\nstandard error:\n%s", got.status, got.stdout, got.stderr)
	}

	end := r.stop()
	if end.status != success || end.stdout != "" {
		t.Errorf("exit status %d, more on standard output: %q", end.status, end.stdout)
	}
	if want := "dsmonitor: the sandbox holds 5 events and listens until it is interrupted (Ctrl-C)\n"; end.stderr != want {
		t.Errorf("standard error %q, want %q", end.stderr, want)
	}
	if _, err := os.Stat(filepath.Dir(keyFile)); !os.IsNotExist(err) {
		t.Errorf("the folder of the key is still there: %v", err)
	}
}

func TestSandboxCommandFails(t *testing.T) {
	t.Run("address taken", func(t *testing.T) {
		other := sandbox.Start(t, sandbox.Config{})
		r := try(t, system{}, "sandbox", "--addr", strings.TrimPrefix(other.URL(), "http://"))
		checkComplaint(t, r, failure, 1, "listen", "in use")
	})
	t.Run("reader gone", func(t *testing.T) {
		reader, pipe, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer pipe.Close()
		reader.Close()
		if r := try(t, system{stdout: pipe}, "sandbox"); r.status != success || r.stderr != "" {
			t.Errorf("exit status %d, standard error %q", r.status, r.stderr)
		}
	})
}

// What goes wrong by the script, the client survives.
func TestSandboxFaults(t *testing.T) {
	r := runSandbox(t, "--events", "5", "--faults", "1=cut,2=expire-token,3=unavailable,token:1=html")

	got := try(t, system{lookup: r.env.lookup, wait: func(context.Context, time.Duration) error { return nil }}, "stream")

	if got.status != success || strings.Count(got.stdout, "\n") != 5 {
		t.Errorf("exit status %d, standard output:\n%s\nstandard error:\n%s", got.status, got.stdout, got.stderr)
	}
	bad := try(t, system{}, "sandbox", "--faults", "1=thunder")
	checkComplaint(t, bad, misuse, 1, "--faults", "thunder", "throttle")
}

func TestShellQuote(t *testing.T) {
	for value, want := range map[string]string{
		"http://127.0.0.1:8080/a_b-c": "http://127.0.0.1:8080/a_b-c",
		"":                            "''",
		"/a folder/k.pem":             "'/a folder/k.pem'",
		"it's $HOME":                  `'it'\''s $HOME'`,
		"a==&b":                       "'a==&b'",
		`C:\key.pem`:                  `'C:\key.pem'`,
	} {
		if got := shellQuote(value); got != want {
			t.Errorf("shellQuote(%q) = %s, want %s", value, got, want)
		}
	}
}

// nasty are events that something on the way might change.
func nasty() string {
	return strings.Join([]string{
		`{"timestamp":"2026-02-03T07:08:09.1234567Z","eventId":"same","object":"Envelope","action":"Created"}`,
		`{"timestamp":"2026-02-03T07:08:09.1234567Z","eventId":"same","object":"Envelope","action":"Created"}`,
		`{"timestamp":"2026-02-03T07:08:09.1234567Z","eventId":"same","object":"Envelope","action":"Deleted"}`,
		`{"timestamp":"2020-01-01T00:00:00Z"}`,
		`{"timestamp":"9999-12-31T23:59:59.9999999Z","eventId":null}`,
		`{"timestamp":"yesterday","eventId":7}`,
		`{"timestamp":1770103085}`,
		`{}`,
		`{ "a" : [ 1 , 2 ] ,	"b":{ } }`,
		`{"escapes":"\"\\\/\b\f\n\r\t\u0041\u00e9\u2028 <>&","raw":"é東京🔒  ` + "\u007f" + `"}`,
		`{"lone":"\ud800","reversed":"\udc00\ud800","pair":"\ud83d\udd12","upper":"\uD83D\uDD12"}`,
		`{"long":12345678901234567890,"longer":-98765432109876543210.5000,"huge":1e400,"tiny":1E-400,"zero":-0.0,"kept":2.50}`,
		`{"twice":1,"twice":2,"timestamp":"2026-01-01T00:00:00Z","timestamp":"2026-01-02T00:00:00Z"}`,
		`{"":"","endCursor":"x","data":[{"endCursor":""}]}`,
		`{"deep":` + strings.Repeat(`[`, 5000) + strings.Repeat(`]`, 5000) + `}`,
		`{"text":"` + strings.Repeat("long ", 20_000) + `"}`,
		`{"true":true,"false":false,"null":null,"unknown":{"fields":["of","any",{"kind":null}]}}`,
	}, "\n") + "\n"
}

// A file of events comes back as it is, whatever is in the events.
func TestRoundTrip(t *testing.T) {
	file := filepath.Join(t.TempDir(), "events.ndjson")
	if err := os.WriteFile(file, []byte(nasty()), 0o600); err != nil {
		t.Fatal(err)
	}
	r := runSandbox(t, "--events", file)
	for _, limit := range []string{"2000", "3"} {
		t.Run("limit "+limit, func(t *testing.T) {
			got := try(t, system{lookup: r.env.lookup}, "stream", "--limit", limit)
			if got.status != success || got.stderr != "" {
				t.Errorf("exit status %d, standard error %q", got.status, got.stderr)
			}
			if diff := cmp.Diff(nasty(), got.stdout); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("text", func(t *testing.T) {
		got := try(t, system{lookup: r.env.lookup}, "stream", "--format", "text")
		if want := strings.Count(nasty(), "\n"); got.status != success || strings.Count(got.stdout, "\n") != want {
			t.Errorf("exit status %d, %d lines, want %d:\n%s", got.status, strings.Count(got.stdout, "\n"), want, got.stdout)
		}
		for line := range strings.Lines(got.stdout) {
			if text := strings.TrimSuffix(line, "\n"); printable(text) != text {
				t.Errorf("a line may steer a terminal: %q", line)
			}
		}
	})
}
