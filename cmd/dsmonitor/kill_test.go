//go:build !windows

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/docusign-monitor/contract/sandbox"
	"example.com/docusign-monitor/internal/checkpoint"
)

// The size of the kill test; make chaos makes it large.
var (
	kills      = flag.Int("kills", 12, "how often the process is killed on each stream")
	killEvents = flag.Int("kill-events", 6000, "how many events it drains")
	killLimit  = flag.Int("kill-limit", 40, "how many events a page has")
	killSeed   = flag.Uint64("kill-seed", 0, "seed of the instants; 0 takes one from the clock, and prints it")
)

// killFaults are accidents that a drain survives, one every few requests.
func killFaults(random *rand.Rand, requests int) sandbox.Faults {
	quick := []sandbox.Fault{
		sandbox.DuplicateEvent, sandbox.EmptyPage, sandbox.NullEvents, sandbox.ShortPage(3), sandbox.GoAway,
		sandbox.Unauthorized, sandbox.ExpireToken, sandbox.SlowBody(20 * time.Millisecond),
	}
	retried := []sandbox.Fault{ // the client waits after these
		sandbox.ResetPeer, sandbox.HangUp, sandbox.TruncatedBody, sandbox.TruncatedChunks, sandbox.CutBody, sandbox.CutChunks,
		sandbox.Unavailable, sandbox.ServerError, sandbox.HTMLError, sandbox.BareThrottle, sandbox.Throttle(time.Second),
	}
	faults := sandbox.Faults{}
	for n := 2; n < requests; n += 2 + random.IntN(6) { // never two in a row: the second 401 is final, and two empty pages are a circle
		of := quick
		if random.IntN(12) == 0 {
			of = retried
		}
		faults[sandbox.Ordinal(n)] = of[random.IntN(len(of))]
	}
	return faults
}

// The process is killed again and again, at any instant, before its first save too. In the end the file has what was
// served, byte for byte: nothing is missing, nothing twice, nothing torn.
func TestKilled(t *testing.T) {
	seed := *killSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("-kill-seed %d", seed)
	for i, stream := range []string{"dataset", "organization"} {
		t.Run(stream, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, uint64(i)))
			begun := time.Now()
			server := sandbox.Start(t, sandbox.Config{
				Events: sandbox.Generate(*killEvents, seed),
				Faults: killFaults(random, 3**killEvents / *killLimit),
			})
			folder := t.TempDir()
			v := &victim{
				out: filepath.Join(folder, "events.ndjson"), checkpoint: filepath.Join(folder, "checkpoint"),
				environment: pointAt(server),
				args:        []string{"stream", "--stream", stream, "--since", begun.AddDate(0, 0, -8).UTC().Format(time.RFC3339)},
				limit:       *killLimit,
			}
			v.torture(t, random, *kills)

			if err := v.start(t).Wait(); err != nil {
				t.Fatalf("the last run: %v\n%s", err, &v.stderr)
			}
			got, err := os.ReadFile(v.out)
			if err != nil {
				t.Fatal(err)
			}
			if want := []byte(lines(server)); !bytes.Equal(want, got) {
				t.Errorf("the file has %d bytes in %d lines, want %d in %d; they differ at byte %d",
					len(got), bytes.Count(got, []byte("\n")), len(want), bytes.Count(want, []byte("\n")), differ(want, got))
			}
			t.Logf("%d events, killed %d times in %v: %d before the first save, %d with more in the file than was saved",
				server.Len(), v.killed, time.Since(begun).Round(time.Second), v.beforeSave, v.ahead)
		})
	}
}

func differ(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

// victim is a command that is killed, and what it leaves.
type victim struct {
	out, checkpoint string
	environment     env
	args            []string
	limit           int
	stderr          strings.Builder

	drained           int // how often that happened before all the kills
	killed            int
	beforeSave, ahead int // of these: before there was a checkpoint, and between a page and its save; at least once each
}

func (v *victim) start(t *testing.T) *exec.Cmd {
	t.Helper()
	v.stderr.Reset()
	args := append(v.args[:len(v.args):len(v.args)], "--to", "file:"+v.out, "--checkpoint", v.checkpoint, "--limit", strconv.Itoa(v.limit))
	cmd := program(t, v.environment, args...)
	cmd.Stderr = &v.stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd
}

// torture kills so often: at first when the lock is there, which is just before the first save, until that has succeeded
// three times; then at instants of three kinds, each with a little chance: some time after the start, when the file has
// grown, so between a page and its save, and when a new checkpoint is about to take the place of the old one.
func (v *victim) torture(t *testing.T, random *rand.Rand, kills int) {
	t.Helper()
	for v.killed < kills || v.ahead == 0 {
		before := v.look()
		kind := 1 + random.IntN(3)
		if !before.saved && v.beforeSave < 3 {
			kind = 0
		} else if v.ahead == 0 {
			kind = 2
		}
		extra := time.Duration(random.IntN(1500)) * time.Microsecond
		grown := int64(random.IntN(4))
		ready := func() bool { return true }
		switch kind {
		case 0:
			ready = func() bool { return exists(v.checkpoint + ".lock") }
			extra = 0
		case 1:
			extra = time.Duration(random.IntN(60)) * time.Millisecond
		case 2:
			ready = func() bool { return size(v.out) > before.size+grown*20_000 }
			extra /= 10
		case 3:
			ready = func() bool { return exists(v.checkpoint + ".tmp") }
			extra /= 10
		}

		cmd := v.start(t)
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		for begun := time.Now(); !ready() && time.Since(begun) < 5*time.Second; {
			if len(ended) > 0 {
				break
			}
		}
		for until := time.Now().Add(extra); time.Now().Before(until); {
		}
		cmd.Process.Kill()
		err := <-ended
		var exit *exec.ExitError
		switch {
		case err == nil && v.drained < 5: // a busy machine: all the kills are to be in one drain
			*v = victim{out: v.out, checkpoint: v.checkpoint, environment: v.environment, args: v.args, limit: v.limit, drained: v.drained + 1}
			v.forget()
			continue
		case !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL:
			t.Fatalf("it ended by itself: %v\n%s", err, &v.stderr)
		}
		v.killed++

		after := v.look()
		if !after.saved {
			v.beforeSave++
		} else if v.beforeSave == 0 { // too late: from the beginning again
			v.forget()
		} else if after.size > after.length {
			v.ahead++
		}
		if v.ahead == 0 {
			os.Remove(v.checkpoint + ".lock") // so that the next one is seen to come
		}
	}
}

// forget removes what there is, so that the next run begins anew.
func (v *victim) forget() {
	os.Remove(v.checkpoint + ".lock")
	os.Remove(v.checkpoint)
	os.Remove(v.out)
}

// remains are what a victim left.
type remains struct {
	saved        bool
	length, size int64 // of the file, as it was saved and as it is
}

func (v *victim) look() (r remains) {
	r.size = size(v.out)
	if state, err := checkpoint.Read(v.checkpoint); err == nil {
		var sink struct{ Length int64 }
		json.Unmarshal(state.Sink, &sink)
		r.saved, r.length = true, sink.Length
	}
	return r
}

func size(name string) int64 {
	info, err := os.Stat(name)
	if err != nil {
		return 0
	}
	return info.Size()
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return !errors.Is(err, fs.ErrNotExist)
}
