package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/docusign-monitor/contract/sandbox"
	"example.com/docusign-monitor/internal/checkpoint"
	"example.com/docusign-monitor/internal/settings"
)

// kept is a run that keeps its position, into a file.
type kept struct {
	environment     env
	out, checkpoint string
	now             func() time.Time
}

func keep(t *testing.T, server *sandbox.Server) kept {
	t.Helper()
	folder := t.TempDir()
	return kept{environment: pointAt(server), out: filepath.Join(folder, "out"), checkpoint: filepath.Join(folder, "position")}
}

func (k kept) try(t *testing.T, args ...string) result {
	t.Helper()
	args = append([]string{"stream", "--to", "file:" + k.out, "--checkpoint", k.checkpoint}, args...)
	return try(t, system{lookup: k.environment.lookup, now: k.now}, args...)
}

// have demands a content of the file.
func (k kept) have(t *testing.T, want string) {
	t.Helper()
	got, err := os.ReadFile(k.out)
	if diff := cmp.Diff(want, string(got)); err != nil || diff != "" {
		t.Errorf("%v, the file (-want +got):\n%s", err, diff)
	}
}

func (k kept) state(t *testing.T) checkpoint.State {
	t.Helper()
	state, err := checkpoint.Read(k.checkpoint)
	if err != nil {
		t.Fatal(err)
	}
	return *state
}

// A run goes on where the one before it ended, whatever the flags say about where to begin.
func TestCheckpointResumes(t *testing.T) {
	for _, name := range []string{"dataset", "organization"} {
		t.Run(name, func(t *testing.T) {
			server := sandbox.Start(t, sandbox.Config{Events: sandbox.Generate(7, 1)})
			k := keep(t, server)
			for _, args := range [][]string{{"--since", "2020-01-01"}, {"--since", "2020-01-01"}, {"--cursor", "c"}, nil} {
				r := k.try(t, append(args, "--stream", name, "--limit", "3")...)
				ignored := ""
				if _, err := os.Stat(k.out); len(args) > 0 && err == nil && strings.Contains(r.stderr, "ignored") {
					ignored = "dsmonitor: the run goes on from checkpoint " + k.checkpoint + "; " + args[0] + " is ignored\n"
				}
				if r.status != success || r.stdout != "" || r.stderr != ignored {
					t.Errorf("%v: exit status %d, standard output %q, standard error:\n%s", args, r.status, r.stdout, r.stderr)
				}
				k.have(t, lines(server))
				if err := server.Append([]byte(`{"eventId":"` + time.Now().String() + `"}`)); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// The second run says that --since is ignored, and the first one does not.
func TestCheckpointIgnoresSince(t *testing.T) {
	k := keep(t, sandbox.Start(t, sandbox.Config{Events: sandbox.Generate(1, 1)}))
	if r := k.try(t, "--since", "36h"); r.stderr != "" {
		t.Errorf("first run: %q", r.stderr)
	}
	if r := k.try(t, "--since", "36h"); !strings.Contains(r.stderr, "--since is ignored") {
		t.Errorf("second run: %q", r.stderr)
	}
}

// Before the first request the start is saved, as a time that does not move.
func TestCheckpointStart(t *testing.T) {
	now := time.Now().Truncate(time.Second)
	for _, test := range []struct {
		args []string
		want time.Time
	}{
		{nil, now.AddDate(0, 0, -7)},
		{[]string{"--since", "36h"}, now.Add(-36 * time.Hour)},
	} {
		server := sandbox.Start(t, sandbox.Config{Events: sandbox.Generate(3, 1), Faults: sandbox.Faults{1: sandbox.Forbidden}})
		k := keep(t, server)
		k.now = clock(now)
		if r := k.try(t, test.args...); r.status != failure || !strings.Contains(r.stderr, "403 Forbidden") {
			t.Errorf("exit status %d, standard error:\n%s", r.status, r.stderr)
		}
		state := k.state(t)
		var sink struct{ Length *int }
		if json.Unmarshal(state.Sink, &sink); !state.Since.Equal(test.want) || sink.Length == nil || *sink.Length != 0 {
			t.Errorf("%v: begins at %v, want %v; file %s", test.args, state.Since, test.want, state.Sink)
		}
		k.now = clock(now.Add(time.Hour))
		if r := k.try(t, test.args...); r.status != success {
			t.Errorf("exit status %d, standard error:\n%s", r.status, r.stderr)
		}
	}
}

// With a checkpoint repeated events are left out, from run to run too.
func TestCheckpointDropsDuplicates(t *testing.T) {
	server := sandbox.Start(t, sandbox.Config{Events: sandbox.Generate(4, 1), Faults: sandbox.Faults{2: sandbox.Forbidden, 3: sandbox.DuplicateEvent}})
	k := keep(t, server)
	k.try(t, "--limit", "2")
	if r := k.try(t, "--limit", "2"); r.status != success || !strings.Contains(r.stderr, "1 duplicate left out; the position is saved in "+k.checkpoint) {
		t.Errorf("exit status %d, standard error:\n%s", r.status, r.stderr)
	}
	k.have(t, lines(server))
}

// What is no good checkpoint of this stream ends the run before it asks for anything, and stays as it is.
func TestCheckpointRefused(t *testing.T) {
	const other = "99999999-2222-3333-4444-555555555555"
	server := sandbox.Start(t, sandbox.Config{Events: sandbox.Generate(3, 1)})
	elsewhere := sandbox.Start(t, sandbox.Config{Events: sandbox.Generate(3, 1)})
	flip := func(at func(n int) int) func(text []byte) []byte {
		return func(text []byte) []byte { text[at(len(text))] ^= 4; return text }
	}
	same := func(text []byte) []byte { return text }
	for _, test := range []struct {
		name   string
		change func(text []byte) []byte
		env    env
		args   []string
		want   string
	}{
		{"bit of the first byte", flip(func(int) int { return 0 }), nil, nil, "is not a checkpoint"},
		{"bit of the version", flip(func(int) int { return 21 }), nil, nil, "is damaged"},
		{"bit of the sum", flip(func(int) int { return 30 }), nil, nil, "is damaged"},
		{"bit in the middle", flip(func(n int) int { return n / 2 }), nil, nil, "is damaged"},
		{"bit of the last byte", flip(func(n int) int { return n - 1 }), nil, nil, "is damaged"},
		{"empty", func([]byte) []byte { return nil }, nil, nil, "is empty"},
		{"events", func([]byte) []byte { return []byte("{}\n") }, nil, nil, "is not a checkpoint"},
		{"of another stream", same, nil, []string{"--stream", "organization"}, "belongs to the dataset stream of "},
		{"of another host", same, env{settings.AuthURL: elsewhere.URL(), settings.MonitorURL: elsewhere.URL()}, nil, "belongs to the dataset stream of "},
		{"of another organization", nil, nil, []string{"--organization-id", other}, "organization 8"},
		{"of another destination", same, nil, []string{"--to", "-"}, "belongs to --to file"},
	} {
		t.Run(test.name, func(t *testing.T) {
			k := keep(t, server)
			if test.change == nil {
				file, err := checkpoint.Open(t.Context(), k.checkpoint, nil)
				if err != nil {
					t.Fatal(err)
				}
				err = file.Save(checkpoint.State{Cursor: "c", Saved: time.Now(), Owner: checkpoint.Owner{
					Stream: "organization", Host: strings.TrimPrefix(server.URL(), "http://"), Organization: "8" + other[1:],
				}})
				if err = errors.Join(err, file.Close()); err != nil {
					t.Fatal(err)
				}
				test.change = same
			} else if r := k.try(t); r.status != success {
				t.Fatalf("exit status %d, standard error:\n%s", r.status, r.stderr)
			}
			before, err := os.ReadFile(k.checkpoint)
			if err != nil {
				t.Fatal(err)
			}
			before = test.change(before)
			if err := os.WriteFile(k.checkpoint, before, 0o600); err != nil {
				t.Fatal(err)
			}
			out, _ := os.ReadFile(k.out)
			asked := streamed(server) + streamed(elsewhere)
			k.environment = k.environment.with(test.env)

			checkComplaint(t, k.try(t, test.args...), failure, 1, test.want, k.checkpoint)

			if now, _ := os.ReadFile(k.checkpoint); string(now) != string(before) {
				t.Errorf("the checkpoint was changed to %q", now)
			}
			if now, _ := os.ReadFile(k.out); string(now) != string(out) {
				t.Error("the file was changed")
			}
			if streamed(server)+streamed(elsewhere) != asked {
				t.Error("the stream was asked")
			}
		})
	}
}

// Of two processes on one checkpoint the second waits for two seconds, and gives up.
func TestCheckpointInUse(t *testing.T) {
	server := sandbox.Start(t, sandbox.Config{Events: sandbox.Generate(3, 1)})
	k := keep(t, server)
	k.try(t)
	before := k.state(t)
	file, err := checkpoint.Open(t.Context(), k.checkpoint, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"stream", "--to", "file:" + k.out, "--checkpoint", k.checkpoint},
		{"checkpoint", "set", k.checkpoint, "--cursor", "c"}, {"checkpoint", "reset", k.checkpoint},
	} {
		r := try(t, system{lookup: k.environment.lookup}, args...)
		checkComplaint(t, r, failure, 1, "is in use", k.checkpoint+".lock")
		if r.waited != 2*time.Second {
			t.Errorf("%v gave up after %v", args, r.waited)
		}
	}
	if diff := cmp.Diff(before, k.state(t)); diff != "" {
		t.Errorf("the checkpoint (-want +got):\n%s", diff)
	}
	file.Close()
	if r := k.try(t); r.status != success {
		t.Errorf("let go: exit status %d, standard error:\n%s", r.status, r.stderr)
	}
}

// An output file that is not what was left behind ends the run, with nothing touched, until somebody says to go on.
func TestCheckpointOfAnotherFile(t *testing.T) {
	for _, test := range []struct {
		name  string
		spoil func(name string) error
		want  string
	}{
		{"shortened", func(name string) error { return os.Truncate(name, 10) }, "it was shortened or replaced"},
		{"replaced", func(name string) error {
			info, err := os.Stat(name)
			if err == nil {
				err = os.WriteFile(name, []byte(strings.Repeat("\n", int(info.Size())+1)), 0o600)
			}
			return err
		}, "its content is another"},
		{"removed", os.Remove, "is missing"},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := sandbox.Start(t, sandbox.Config{Events: sandbox.Generate(3, 1)})
			k := keep(t, server)
			k.try(t)
			if err := test.spoil(k.out); err != nil {
				t.Fatal(err)
			}
			before, state := read(k.out), k.state(t)
			checkComplaint(t, k.try(t), failure, 1, test.want, k.out, "dsmonitor checkpoint set --new-destination")
			if diff := cmp.Diff(state, k.state(t)); diff != "" || before != read(k.out) {
				t.Errorf("the file is %q; the checkpoint (-want +got):\n%s", read(k.out), diff)
			}

			// What the old one had is not taken for delivered to the new one.
			if r := try(t, system{}, "checkpoint", "set", k.checkpoint, "--new-destination", "--since", "2020-01-01"); r.status != success {
				t.Fatalf("standard error: %s", r.stderr)
			}
			if err := server.Append([]byte(`{"eventId":"new"}`)); err != nil {
				t.Fatal(err)
			}
			if r := k.try(t); r.status != success || !strings.HasSuffix(read(k.out), lines(server)) {
				t.Errorf("exit status %d, standard error:\n%s\nthe file has %q", r.status, r.stderr, read(k.out))
			}
		})
	}
}

// read is the content of a file, or that there is none.
func read(name string) string {
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "missing"
	}
	return string(text)
}

// A checkpoint that cannot be saved ends the run; the next one delivers no event twice.
func TestCheckpointCannotBeSaved(t *testing.T) {
	server := sandbox.Start(t, sandbox.Config{Events: sandbox.Generate(5, 1)})
	k := keep(t, server)
	k.try(t)
	state := k.state(t)
	if err := server.Append([]byte(`{"eventId":"new"}`)); err != nil {
		t.Fatal(err)
	}
	// What is in the way of a new checkpoint comes after the start, which would remove a file.
	obstacle := k.checkpoint + ".tmp"
	k.now = func() time.Time { os.Mkdir(obstacle, 0o700); return time.Now() }
	checkComplaint(t, k.try(t), failure, 2, "is not saved", k.checkpoint)
	if diff := cmp.Diff(state, k.state(t)); diff != "" {
		t.Errorf("the checkpoint (-want +got):\n%s", diff)
	}
	os.Remove(obstacle)
	k.now = nil
	if r := k.try(t); r.status != success {
		t.Errorf("exit status %d, standard error:\n%s", r.status, r.stderr)
	}
	k.have(t, lines(server))
}

// Where no file can be made the error says where, and nothing is asked for.
func TestUnwritableFolder(t *testing.T) {
	server := sandbox.Start(t, sandbox.Config{Events: sandbox.Generate(3, 1)})
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	folders := []string{file, readOnlyFolder(t)}
	for _, folder := range folders {
		k := keep(t, server)
		k.out = filepath.Join(folder, "out")
		checkComplaint(t, k.try(t), failure, 1, k.out)
		if _, err := os.Stat(k.checkpoint); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a checkpoint was made: %v", err)
		}
		k = keep(t, server)
		k.checkpoint = filepath.Join(folder, "position")
		checkComplaint(t, k.try(t), failure, 1, k.checkpoint)
		if read(k.out) != "missing" {
			t.Error("a file was made")
		}
	}
	if streamed(server) > 0 {
		t.Error("the stream was asked")
	}
}

// readOnlyFolder is one that even root cannot write to, where there is such a one.
func readOnlyFolder(t *testing.T) string {
	if os.Geteuid() == 0 {
		return "/proc/self"
	}
	folder := t.TempDir()
	if err := os.Chmod(folder, 0o500); err != nil {
		t.Fatal(err)
	}
	return folder
}

// A final error ends a follower with the position saved, and the next one goes on from there.
func TestCheckpointFollow(t *testing.T) {
	server := sandbox.Start(t, sandbox.Config{Events: sandbox.Generate(3, 1), Faults: sandbox.Faults{3: sandbox.Forbidden}})
	k := keep(t, server)
	args := []string{"stream", "--follow", "--to", "file:" + k.out, "--checkpoint", k.checkpoint}
	r := follow(t, system{lookup: k.environment.lookup}, 9, func(int, time.Duration) {}, args...)
	if r.status != failure || !strings.Contains(r.stderr, "403 Forbidden") ||
		!strings.Contains(r.stderr, "3 events before that; the position is saved in "+k.checkpoint) || strings.Contains(r.stderr, "memory") {
		t.Errorf("exit status %d, standard error:\n%s", r.status, r.stderr)
	}
	if err := server.Append([]byte(`{"eventId":"new"}`)); err != nil {
		t.Fatal(err)
	}
	if r := follow(t, system{lookup: k.environment.lookup}, 2, func(int, time.Duration) {}, args...); r.status != success {
		t.Errorf("exit status %d, standard error:\n%s", r.status, r.stderr)
	}
	k.have(t, lines(server))
}

// Consent that is withdrawn ends a follower too, as soon as it needs a new token: with what to do, and the position saved.
func TestCheckpointConsentWithdrawn(t *testing.T) {
	server := sandbox.Start(t, sandbox.Config{
		Events: sandbox.Generate(3, 1), Faults: sandbox.Faults{3: sandbox.ExpireToken, sandbox.OfToken(2): sandbox.WithdrawConsent},
	})
	k := keep(t, server)
	r := follow(t, system{lookup: k.environment.lookup}, 9, func(int, time.Duration) {}, "stream", "--follow", "--to", "file:"+k.out, "--checkpoint", k.checkpoint)
	if r.status != failure || !strings.Contains(r.stderr, "consent_required") || !strings.Contains(r.stderr, "/oauth/auth?response_type=code") ||
		!strings.Contains(r.stderr, "3 events before that; the position is saved in "+k.checkpoint) {
		t.Errorf("exit status %d, standard error:\n%s", r.status, r.stderr)
	}
	if k.state(t).Cursor == "" {
		t.Error("the position is not saved")
	}
	k.have(t, lines(server))
}

// What --until leaves out is behind the saved position, and the run says so.
func TestCheckpointUntil(t *testing.T) {
	now := time.Now()
	server := sandbox.Start(t, sandbox.Config{Events: sandbox.Raw(at(1, now.Add(-time.Hour)), at(2, now))})
	k := keep(t, server)
	r := k.try(t, "--until", "30m")
	if r.status != success || !strings.Contains(r.stderr, "1 event of --until or later left out; the saved position is past") {
		t.Errorf("exit status %d, standard error:\n%s", r.status, r.stderr)
	}
	asked := streamed(server)
	if r := k.try(t, "--until", "30m"); r.status != success || streamed(server) != asked {
		t.Errorf("again: exit status %d, %d requests, standard error:\n%s", r.status, streamed(server)-asked, r.stderr)
	}
}

// A walk from a saved date that ends more than a day ago says how to move the position.
func TestCheckpointStale(t *testing.T) {
	now := time.Now()
	server := sandbox.Start(t, sandbox.Config{Events: sandbox.Raw(at(1, now.AddDate(0, 0, -20)))})
	k := keep(t, server)
	r := k.try(t, "--since", "720h")
	if want := "go on after dsmonitor checkpoint set " + k.checkpoint + " --since "; r.status != success || !strings.Contains(r.stderr, want) {
		t.Errorf("exit status %d, standard error %q, want %q", r.status, r.stderr, want)
	}
}

func TestCheckpointCommand(t *testing.T) {
	server := sandbox.Start(t, sandbox.Config{Events: sandbox.Generate(4, 1)})
	k := keep(t, server)
	now := time.Now().UTC().Truncate(time.Second)
	k.now = clock(now)
	k.try(t, "--limit", "2")
	host := strings.TrimPrefix(server.URL(), "http://")

	shown := func(args ...string) map[string]string {
		t.Helper()
		r := try(t, system{now: clock(now)}, append([]string{"checkpoint"}, args...)...)
		if r.status != success {
			t.Fatalf("exit status %d, standard error:\n%s", r.status, r.stderr)
		}
		rows := map[string]string{}
		for line := range strings.Lines(r.stdout) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), "  ")
			rows[name] = strings.TrimSpace(value)
		}
		return rows
	}
	state := k.state(t)
	newest := state.Newest.UTC().Format(time.RFC3339Nano)
	want := map[string]string{
		"stream": "dataset", "host": host, "organization": "-", "position": "cursor " + state.Cursor, "newest event": newest,
		"destination": "file", "file": k.out, "file length": count(len(lines(server)), "byte"), "saved": now.Format(time.RFC3339Nano),
	}
	if diff := cmp.Diff(want, shown("show", k.checkpoint)); diff != "" {
		t.Errorf("show (-want +got):\n%s", diff)
	}
	want["position"] = "cursor 'c"
	if diff := cmp.Diff(want, shown("set", k.checkpoint, "--cursor", "'c")); diff != "" {
		t.Errorf("set --cursor (-want +got):\n%s", diff)
	}
	want["position"] = "since " + now.Add(-time.Hour).Format(time.RFC3339Nano)
	if diff := cmp.Diff(want, shown("set", k.checkpoint, "--since", "1h")); diff != "" {
		t.Errorf("set --since (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, shown("show", k.checkpoint)); diff != "" {
		t.Errorf("show after set (-want +got):\n%s", diff)
	}

	// Back at an early time, what is remembered keeps events from coming twice.
	shown("set", k.checkpoint, "--since", "2020-01-01")
	if r := k.try(t); r.status != success || !strings.Contains(r.stderr, "4 duplicates left out") {
		t.Errorf("exit status %d, standard error:\n%s", r.status, r.stderr)
	}
	k.have(t, lines(server))

	r := try(t, system{}, "checkpoint", "reset", k.checkpoint)
	if r.status != success || read(k.checkpoint) != "missing" || !strings.Contains(r.stderr, "the next run with it begins seven days back") {
		t.Errorf("exit status %d, standard error:\n%s", r.status, r.stderr)
	}
	if r := k.try(t); r.status != success || read(k.out) != lines(server)+lines(server) {
		t.Errorf("after reset: exit status %d, standard error:\n%s", r.status, r.stderr)
	}
}

func TestCheckpointCommandRefuses(t *testing.T) {
	folder := t.TempDir()
	none, other := filepath.Join(folder, "none"), filepath.Join(folder, "other")
	if err := os.WriteFile(other, []byte("precious\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{"show", none}, failure, "there is no checkpoint"},
		{[]string{"set", none, "--cursor", "c"}, failure, "there is no checkpoint"},
		{[]string{"reset", none}, failure, "there is no checkpoint"},
		{[]string{"show", other}, failure, "is not a checkpoint"},
		{[]string{"set", other, "--cursor", "c"}, failure, "is not a checkpoint"},
		{[]string{"reset", other}, failure, "is not a checkpoint"},
		{nil, misuse, "a command is missing"},
		{[]string{"move", other}, misuse, `no command "move"`},
		{[]string{"show"}, misuse, "give one checkpoint FILE"},
		{[]string{"set", other}, misuse, "nothing is to be set"},
		{[]string{"set", other, "--cursor", ""}, misuse, "--cursor is empty"},
		{[]string{"set", other, "--cursor", "c", "--since", "1h"}, misuse, "both"},
		{[]string{"set", other, "--since", "9999-01-01"}, misuse, "future"},
	} {
		r := try(t, system{}, append([]string{"checkpoint"}, test.args...)...)
		checkComplaint(t, r, test.status, 1, test.want)
	}
	if entries, _ := os.ReadDir(folder); len(entries) != 1 || read(other) != "precious\n" {
		t.Errorf("the folder holds %v, the file %q", entries, read(other))
	}
}
