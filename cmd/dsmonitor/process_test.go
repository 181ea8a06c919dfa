//go:build !windows

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"example.com/docusign-monitor/contract/sandbox"
	"example.com/docusign-monitor/internal/settings"
)

// program is the command as a process.
func program(t *testing.T, environment env, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	for name, value := range environment {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	return cmd
}

var signals = []syscall.Signal{syscall.SIGINT, syscall.SIGTERM}

// A sandbox that is told to end leaves nothing behind.
func TestSignalEndsSandbox(t *testing.T) {
	for _, signal := range signals {
		t.Run(signal.String(), func(t *testing.T) {
			tmp := t.TempDir()
			cmd := program(t, env{"TMPDIR": tmp}, "sandbox", "--events", "1")
			stdout, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			one := make([]byte, 4096)
			n, err := stdout.Read(one)
			if err != nil || bytes.Count(one[:n], []byte("\n")) != 5 {
				t.Errorf("the first read has %q, %v, want five lines", one[:n], err)
			}
			cmd.Process.Signal(signal)
			rest, _ := io.ReadAll(stdout)
			if err := cmd.Wait(); err != nil || len(rest) > 0 {
				t.Errorf("%v, more on standard output: %q", err, rest)
			}
			if left, _ := filepath.Glob(filepath.Join(tmp, "*")); len(left) > 0 {
				t.Errorf("%v is left behind", left)
			}
		})
	}
}

// A stream that is told to end while it waits for an answer ends at once, with what it has.
func TestSignalEndsStream(t *testing.T) {
	for _, signal := range signals {
		t.Run(signal.String(), func(t *testing.T) {
			server := sandbox.Start(t, sandbox.Config{})
			asked := make(chan struct{})
			mux := http.NewServeMux()
			mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Query().Get("cursor") != "" {
					close(asked)
					<-r.Context().Done()
					return
				}
				fmt.Fprint(w, `{"endCursor":"it's here","data":[{"a":1}]}`)
			})
			slow := httptest.NewServer(mux)
			t.Cleanup(slow.Close)

			cmd := program(t, pointAt(server).with(env{settings.MonitorURL: slow.URL}), "stream")
			var stdout, stderr strings.Builder
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			<-asked
			cmd.Process.Signal(signal)
			if err := cmd.Wait(); err != nil || stdout.String() != "{\"a\":1}\n" {
				t.Errorf("%v, standard output %q", err, &stdout)
			}
			if want := `; go on with --cursor 'it'\''s here'` + "\n"; !strings.HasSuffix(stderr.String(), want) {
				t.Errorf("standard error %q, want it to end in %q", &stderr, want)
			}
		})
	}
}

// A reader who has seen enough ends the run without a word.
func TestReaderLeaves(t *testing.T) {
	cmd := program(t, nil, "stream", "--sandbox", "--limit", "1")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		t.Error(err)
	}
	stdout.Close()
	if err := cmd.Wait(); err != nil || stderr.String() != "dsmonitor: the sandbox holds 1000 events\n" {
		t.Errorf("%v, standard error %q", err, &stderr)
	}
}
