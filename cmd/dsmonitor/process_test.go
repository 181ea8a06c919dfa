//go:build !windows

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

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

// Doctor tells of a certificate authority that this machine does not know, and how to make it known.
func TestDoctorTrustsACertificateAuthority(t *testing.T) {
	if runtime.GOOS == "darwin" {
		t.Skip("programs in Go do not look at SSL_CERT_FILE on macOS")
	}
	server := sandbox.Start(t, sandbox.Config{TLS: true})
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, server.CA(), 0o600); err != nil {
		t.Fatal(err)
	}

	ill := examine(t, system{lookup: pointAt(server).lookup})
	if got := ill.marks(); got != "✓✓✗✗--------" || !strings.Contains(ill.Checks[2].Advice, "SSL_CERT_FILE") {
		t.Errorf("results %s:\n%s", got, ill.sheet())
	}
	cmd := program(t, pointAt(server).with(env{"SSL_CERT_FILE": file}), "doctor")
	if sheet, err := cmd.Output(); err != nil || !strings.Contains(string(sheet), ": reached over TLS 1.3\n") {
		t.Errorf("who follows the advice is not helped: %v\n%s", err, sheet)
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

// A stream that keeps its position ends in the same way, and goes on from there.
func TestSignalSavesPosition(t *testing.T) {
	for _, signal := range signals {
		t.Run(signal.String(), func(t *testing.T) {
			server := sandbox.Start(t, sandbox.Config{Events: sandbox.Generate(3, 1)})
			asked, requests := make(chan struct{}), atomic.Int32{}
			silent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if requests.Add(1) == 2 {
					close(asked)
					<-r.Context().Done()
					return
				}
				forward(t, w, r, server.URL())
			}))
			t.Cleanup(silent.Close)
			k := keep(t, server)
			k.environment = k.environment.with(env{settings.MonitorURL: silent.URL})
			args := []string{"stream", "--limit", "1", "--to", "file:" + k.out, "--checkpoint", k.checkpoint}
			cmd := program(t, k.environment, args...)
			var stderr strings.Builder
			cmd.Stderr = &stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			<-asked
			cmd.Process.Signal(signal)
			if err := cmd.Wait(); err != nil || !strings.Contains(stderr.String(), "interrupted: 1 event in 1 page") ||
				!strings.HasSuffix(stderr.String(), "; the position is saved in "+k.checkpoint+"\n") {
				t.Errorf("%v, standard error:\n%s", err, &stderr)
			}
			if r := k.try(t); r.status != success {
				t.Errorf("exit status %d, standard error:\n%s", r.status, r.stderr)
			}
			k.have(t, lines(server))
		})
	}
}

// While a destination takes its time the first signal waits for it, and the second ends the program at once. What was not
// delivered is not saved as such.
func TestSecondSignal(t *testing.T) {
	server := sandbox.Start(t, sandbox.Config{Events: sandbox.Generate(1000, 1)})
	k := keep(t, server)
	cmd := program(t, k.environment, "stream", "--checkpoint", k.checkpoint)
	stdout, err := cmd.StdoutPipe() // 1,000 events are more than a pipe holds
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := stdout.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	// Until the first one has been noticed a second one is none. A flood of them is more than the Go runtime takes while a
	// handler is removed.
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for over := false; !over; {
		select {
		case err = <-ended:
			over = true
		case <-again.C:
			cmd.Process.Signal(syscall.SIGTERM)
		}
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGTERM {
		t.Errorf("it ended with %v, want to be ended by the signal", err)
	}
	if state := k.state(t); state.Cursor != "" {
		t.Errorf("saved %q, and the page is not delivered", state.Cursor)
	}
}

// A full disk, here a limit on the size of files, ends the run. The position is that of what is in the file, and once there
// is room the next run goes on.
func TestFileSizeLimit(t *testing.T) {
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell to set a limit:", err)
	}
	server := sandbox.Start(t, sandbox.Config{Events: sandbox.Generate(300, 1)})
	k := keep(t, server)
	args := []string{"-c", `ulimit -f 128 && exec "$@"`, "sh", os.Args[0], "stream", "--limit", "20", "--to", "file:" + k.out, "--checkpoint", k.checkpoint}
	cmd := program(t, k.environment, args...)
	cmd.Path = shell
	var stderr strings.Builder
	cmd.Stderr = &stderr
	err = cmd.Run()
	if cmd.ProcessState.ExitCode() != failure || !strings.Contains(stderr.String(), k.out+": file too large; nothing of the page is kept\n") ||
		!strings.Contains(stderr.String(), "the position is saved in "+k.checkpoint) {
		t.Fatalf("%v, standard error:\n%s", err, &stderr)
	}
	state := k.state(t)
	var sink struct{ Length int64 }
	json.Unmarshal(state.Sink, &sink)
	if now := size(k.out); state.Cursor == "" || now == 0 || now != sink.Length || !strings.HasPrefix(lines(server), read(k.out)) {
		t.Errorf("the file has %d bytes, and %d are saved, up to %q", now, sink.Length, state.Cursor)
	}
	if r := k.try(t); r.status != success {
		t.Errorf("exit status %d, standard error:\n%s", r.status, r.stderr)
	}
	k.have(t, lines(server))
}
