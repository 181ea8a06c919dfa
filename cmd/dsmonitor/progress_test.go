//go:build !windows

package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"

	"example.com/docusign-monitor/contract/sandbox"
)

// On a terminal a follower that delivers to a file shows a bar, and takes it away at its end.
func TestBar(t *testing.T) {
	server := sandbox.Start(t, sandbox.Config{Events: sandbox.Generate(1234, 1)})
	screen, terminal := openTerminal(t)
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	status := make(chan int, 1)
	go func() {
		status <- run(ctx, system{
			stdout: io.Discard, stderr: terminal, lookup: pointAt(server).lookup, now: time.Now,
		}, []string{"stream", "--follow", "--to", "file:" + filepath.Join(t.TempDir(), "events")})
		terminal.Close()
	}()

	var shown strings.Builder
	sent := bufio.NewReader(screen)
	for !strings.Contains(shown.String(), "1234 events  ") || !strings.Contains(shown.String(), "caught up\r\n") {
		line, err := sent.ReadString('\n')
		shown.WriteString(line)
		if err != nil {
			t.Fatalf("the terminal was sent %q, then %v", shown.String(), err)
		}
	}
	interrupt()
	if got := <-status; got != success {
		t.Errorf("exit status %d", got)
	}
	rest, _ := io.ReadAll(sent) // ends in an error, since nobody holds the terminal any more
	const last, cleared = "dsmonitor: caught up: 1234 events in", "\x1b[1A\x1b[J"
	if text := string(rest); !strings.Contains(text, last) || strings.LastIndex(text, cleared) < strings.LastIndex(text, " events  ") {
		t.Errorf("the end is %q, want the line %q and the bar taken away", rest, last)
	}
}

// Where a bar would disturb, or is none, there is a line a minute.
func TestDrawable(t *testing.T) {
	_, terminal := openTerminal(t)
	reader, pipe, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { reader.Close(); pipe.Close() })
	regular, err := os.Create(filepath.Join(t.TempDir(), "events"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { regular.Close() })
	for _, test := range []struct {
		name, to, terminal string
		stdout             io.Writer
		want               bool
	}{
		{"events on the terminal", "-", "xterm", terminal, false},
		{"events into a pipe", "-", "xterm", pipe, false},
		{"events into a file", "-", "xterm", regular, true},
		{"a file is the destination", "file:x", "xterm", terminal, true},
		{"a terminal that cannot move its cursor", "file:x", "dumb", terminal, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := stream{to: test.to, system: system{stdout: test.stdout, lookup: env{"TERM": test.terminal}.lookup}}
			if got := s.drawable(); got != test.want {
				t.Errorf("drawable: %v, want %v", got, test.want)
			}
		})
	}
}

// Elsewhere than on a terminal, progress is logged at every minute, in the form of the log.
func TestMinute(t *testing.T) {
	server := sandbox.Start(t, sandbox.Config{Events: sandbox.Generate(3, 1)})
	minute, stderr := make(chan time.Time), new(bytes.Buffer)
	r := follow(t, system{lookup: pointAt(server).lookup, minute: minute, stderr: stderr}, 2, func(wait int, _ time.Duration) {
		minute <- time.Time{}
	}, "stream", "--follow", "--interval", "10s", "--log-format", "json")
	if r.status != success {
		t.Errorf("exit status %d", r.status)
	}
	if n := strings.Count(stderr.String(), `"msg":"progress","events":3,"pages":`); n != 2 {
		t.Errorf("told %d times, want 2:\n%s", n, stderr)
	}
}

func openTerminal(t *testing.T) (screen, terminal *os.File) {
	t.Helper()
	screen, terminal, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { screen.Close(); terminal.Close() })
	if err := pty.Setsize(screen, &pty.Winsize{Rows: 24, Cols: 100}); err != nil {
		t.Fatal(err)
	}
	return screen, terminal
}
