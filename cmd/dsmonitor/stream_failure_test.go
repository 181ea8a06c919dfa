package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/docusign-monitor/contract/sandbox"
	"example.com/docusign-monitor/internal/settings"
)

// between stands before the stream of a sandbox and answers a request, counted from 1, in its place if it likes to.
func between(t *testing.T, server *sandbox.Server, answers func(n int32, w http.ResponseWriter) bool) env {
	t.Helper()
	var n atomic.Int32
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !answers(n.Add(1), w) {
			forward(t, w, r, server.URL())
		}
	}))
	t.Cleanup(proxy.Close)
	return pointAt(server).with(env{settings.MonitorURL: proxy.URL})
}

func forward(t *testing.T, w http.ResponseWriter, r *http.Request, base string) {
	out, err := http.NewRequestWithContext(r.Context(), r.Method, base+r.URL.RequestURI(), r.Body)
	if err != nil {
		t.Error(err)
		return
	}
	out.Header = r.Header.Clone()
	res, err := http.DefaultClient.Do(out)
	if err != nil {
		t.Error(err)
		return
	}
	defer res.Body.Close()
	maps.Copy(w.Header(), res.Header)
	w.WriteHeader(res.StatusCode)
	io.Copy(w, res.Body)
}

// A run that fails after some pages has written them whole, and names the cursor that goes on after them.
func TestStreamFailsOnTheWay(t *testing.T) {
	server := sandbox.Start(t, sandbox.Config{Events: sandbox.Generate(5, 1)})
	environment := between(t, server, func(n int32, w http.ResponseWriter) bool {
		if n == 3 {
			w.WriteHeader(http.StatusForbidden)
		}
		return n == 3
	})

	first := try(t, system{lookup: environment.lookup}, "stream", "--limit", "2")

	if n := strings.Count(first.stdout, "\n"); n != 4 {
		t.Errorf("%d events before the failure, want 4", n)
	}
	written := first.stdout
	first.stdout = ""
	checkComplaint(t, first, failure, 2, "403 Forbidden", "4 events before that; go on with --cursor ")

	_, cursor, _ := strings.Cut(strings.TrimSpace(first.stderr), "--cursor ")
	rest := try(t, system{lookup: pointAt(server).lookup}, "stream", "--cursor", cursor)
	if diff := cmp.Diff(lines(server), written+rest.stdout); diff != "" {
		t.Errorf("both runs (-want +got):\n%s", diff)
	}
}

// A failure that is tried again is told by default only if the wait is long.
func TestStreamTriesAgain(t *testing.T) {
	for _, test := range []struct {
		name, retryAfter string
		args             []string
		want             int // lines
	}{
		{"short wait", "2", nil, 0},
		{"long wait", "20", nil, 1},
		{"short wait, at warn", "2", []string{"--log-level", "warn"}, 1},
		{"long wait, at error", "20", []string{"--log-level", "error"}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := sandbox.Start(t, sandbox.Config{Events: sandbox.Generate(1, 1)})
			environment := between(t, server, func(n int32, w http.ResponseWriter) bool {
				if n == 2 {
					w.Header().Set("Retry-After", test.retryAfter)
					w.WriteHeader(http.StatusTooManyRequests)
				}
				return n == 2
			})
			r := try(t, system{lookup: environment.lookup}, append([]string{"stream"}, test.args...)...)
			if r.status != success || r.stdout != lines(server) {
				t.Errorf("exit status %d, standard output %q", r.status, r.stdout)
			}
			if got := strings.Count(r.stderr, "trying again"); got != test.want || strings.Count(r.stderr, "\n") != test.want {
				t.Errorf("standard error, want %d lines:\n%s", test.want, r.stderr)
			}
		})
	}
}

// writer is a standard output that does what a test wants.
type writer func(p []byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

func TestStreamOutputFails(t *testing.T) {
	t.Run("disk full", func(t *testing.T) {
		server := sandbox.Start(t, sandbox.Config{Events: sandbox.Generate(5, 1)})
		n := 0
		full := writer(func(p []byte) (int, error) {
			if n++; n == 2 {
				return 1, errors.New("no space left")
			}
			return len(p), nil
		})
		r := try(t, system{lookup: pointAt(server).lookup, stdout: full}, "stream", "--limit", "2")
		checkComplaint(t, r, failure, 2, "standard output: no space left", "2 events before that; go on with --cursor ")
	})

	t.Run("reader gone", func(t *testing.T) {
		server := sandbox.Start(t, sandbox.Config{Events: sandbox.Generate(5, 1)})
		reader, pipe, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer pipe.Close()
		reader.Close()
		r := try(t, system{lookup: pointAt(server).lookup, stdout: pipe}, "stream", "--limit", "2")
		if r.status != success || r.stderr != "" {
			t.Errorf("exit status %d, standard error %q", r.status, r.stderr)
		}
		if n := streamed(server); n != 1 {
			t.Errorf("%d pages asked for, want 1", n)
		}
	})
}

// An interrupted run finishes the page that it writes, and names the cursor that goes on after it.
func TestStreamInterrupted(t *testing.T) {
	server := sandbox.Start(t, sandbox.Config{Events: sandbox.Generate(5, 1)})
	ctx, interrupt := context.WithCancel(t.Context())
	var written, stderr bytes.Buffer
	status := run(ctx, system{
		lookup: pointAt(server).lookup,
		stdout: writer(func(p []byte) (int, error) { interrupt(); return written.Write(p) }),
		stderr: &stderr,
		now:    time.Now,
	}, []string{"stream", "--limit", "2"})

	if status != success || strings.Count(written.String(), "\n") != 2 || streamed(server) != 1 {
		t.Errorf("exit status %d, %d pages asked for, standard output:\n%s", status, streamed(server), &written)
	}
	before, cursor, _ := strings.Cut(strings.TrimSpace(stderr.String()), "; go on with --cursor ")
	if !strings.HasPrefix(before, "dsmonitor: interrupted: 2 events in 1 page, ") {
		t.Errorf("standard error: %q", &stderr)
	}
	rest := try(t, system{lookup: pointAt(server).lookup}, "stream", "--cursor", cursor)
	if diff := cmp.Diff(lines(server), written.String()+rest.stdout); diff != "" {
		t.Errorf("both runs (-want +got):\n%s", diff)
	}
}

// A command that answers and is done says if it cannot write, and has nothing to say of a reader who has gone.
func TestAnswerFails(t *testing.T) {
	server := sandbox.Start(t, sandbox.Config{})
	position := filepath.Join(t.TempDir(), "position")
	if r := try(t, system{lookup: pointAt(server).lookup}, "stream", "--checkpoint", position); r.status != success {
		t.Fatal(r)
	}
	full := writer(func([]byte) (int, error) { return 0, errors.New("no space left") })
	gone := writer(func([]byte) (int, error) { return 0, fs.ErrClosed })
	for _, args := range [][]string{{"version"}, {"doctor"}, {"doctor", "--json"}, {"checkpoint", "show", position}} {
		checkComplaint(t, try(t, system{lookup: pointAt(server).lookup, stdout: full}, args...), failure, 1, "standard output: no space left")
		if r := try(t, system{lookup: pointAt(server).lookup, stdout: gone}, args...); r.status != success || r.stderr != "" {
			t.Errorf("%v: exit status %d, standard error %q", args, r.status, r.stderr)
		}
	}
}
