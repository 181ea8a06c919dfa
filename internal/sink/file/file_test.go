package file

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/docusign-monitor/api"
)

var noon = time.Date(2026, 5, 20, 12, 0, 0, 0, time.UTC)

func event(raw string) api.Event { return api.Event{Raw: json.RawMessage(raw)} }

type setup struct {
	Config
	notices []string
}

// to is a configuration for a path, of an earlier run if there is a state.
func to(path string, state json.RawMessage) *setup {
	s := &setup{}
	s.Config = Config{
		Path: path, State: state,
		Now:    func() time.Time { return noon },
		Wait:   func(context.Context, time.Duration) error { return nil },
		Notice: func(text string) { s.notices = append(s.notices, text) },
	}
	return s
}

func (s *setup) open(t *testing.T) *File {
	t.Helper()
	f, err := Open(t.Context(), s.Config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func deliver(t *testing.T, f *File, raw ...string) {
	t.Helper()
	var events []api.Event
	for _, text := range raw {
		events = append(events, event(text))
	}
	if err := f.Ready(); err != nil {
		t.Fatal(err)
	}
	if n, err := f.Deliver(t.Context(), events); n != len(events) || err != nil {
		t.Fatalf("%d of %d delivered, %v", n, len(events), err)
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func check(t *testing.T, name, want string) {
	t.Helper()
	got, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func TestDeliver(t *testing.T) {
	name := filepath.Join(t.TempDir(), "events")
	f := to(name, nil).open(t)
	deliver(t, f, `{"a": 1}`, "{\"b\":\r\n2}")
	deliver(t, f, `{}`)
	check(t, name, "{\"a\": 1}\n{\"b\":  2}\n{}\n")
	if info, _ := os.Stat(name); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
}

// From each state a later run cuts off what came after it, whatever the sizes of pages.
func TestRestore(t *testing.T) {
	big := fmt.Sprintf(`{"big":"%s"}`, strings.Repeat("x", tail))
	folder := t.TempDir()
	name := filepath.Join(folder, "events")
	f := to(name, nil).open(t)
	states, want := []json.RawMessage{f.State()}, []string{""}
	for i, page := range []string{`{"a":1}`, `{"a":2}`, big, `{"a":3}`, big[:tail], big, "{}"} {
		deliver(t, f, page)
		states, want = append(states, f.State()), append(want, want[i]+page+"\n")
	}
	f.Close()
	for i := len(states) - 1; i >= 0; i-- {
		for _, torn := range []string{"", `{"torn":`} {
			old, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			old.WriteString(torn)
			old.Close()
			s := to(name, states[i])
			f := s.open(t)
			check(t, name, want[i])
			if len(s.notices) > 1 || torn != "" && len(s.notices) != 1 {
				t.Errorf("said %q", s.notices)
			}
			if diff := cmp.Diff(string(states[i]), string(f.State())); diff != "" {
				t.Errorf("state (-want +got):\n%s", diff)
			}
			f.Close()
		}
	}
}

// A file that is not what was left behind is refused and stays as it is.
func TestRefused(t *testing.T) {
	const had = "{\"a\":1}\n{\"a\":2}\n"
	for _, test := range []struct {
		name string
		now  string // the content of another file of the name
		want string
	}{
		{"shorter", had[:9], "has 9 bytes, and had 16"},
		{"empty", "", "has 0 bytes, and had 16"},
		{"another of the same length", strings.ToUpper(had), "is not the one"},
		{"another that is longer", had + "{\"a\":3}\n", "is not the one"},
		{"missing", "\x00", "is missing"},
	} {
		t.Run(test.name, func(t *testing.T) {
			name := filepath.Join(t.TempDir(), "events")
			f := to(name, nil).open(t)
			deliver(t, f, `{"a":1}`, `{"a":2}`)
			state := f.State()
			os.Rename(name, name+".away") // so that no other file gets its id
			f.Close()
			if test.now != "\x00" {
				write(t, name, test.now)
			}
			_, err := Open(t.Context(), to(name, state).Config)
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "--new-destination") {
				t.Errorf("%v, want %q", err, test.want)
			}
			if test.now != "\x00" {
				check(t, name, test.now)
			} else if _, err := os.Stat(name); err == nil {
				t.Error("a file was made")
			}
		})
	}

	// The id of the file may be that of another by now, where nothing had been written.
	name := filepath.Join(t.TempDir(), "events")
	f := to(name, nil).open(t)
	state := f.State()
	f.Close()
	write(t, name, "precious\n")
	if _, err := Open(t.Context(), to(name, state).Config); err == nil {
		t.Error("what is no event was taken for one")
	}
	check(t, name, "precious\n")
}

// A copy that has the same content goes on, and so does the file under another name.
func TestMoved(t *testing.T) {
	name := filepath.Join(t.TempDir(), "events")
	f := to(name, nil).open(t)
	deliver(t, f, `{"a":1}`)
	state := f.State()
	f.Close()

	if err := os.Rename(name, name+".moved"); err != nil {
		t.Fatal(err)
	}
	write(t, name, "{\"a\":1}\n")
	for _, path := range []string{name, name + ".moved"} {
		f := to(path, state).open(t)
		deliver(t, f, `{"a":2}`)
		check(t, path, "{\"a\":1}\n{\"a\":2}\n")
		f.Close()
	}
}

// Without a state what there is stays, but for the front of an event at its end.
func TestAppend(t *testing.T) {
	long := strings.Repeat("x", 200_000)
	for _, test := range []struct {
		name, there, want string // empty: refused
	}{
		{"whole lines", "a\nb\n", "a\nb\n{}\n"},
		{"front of an event", "a\n{\"b\":", "a\n{}\n"},
		{"front of a long event", "a\n{" + long, "a\n{}\n"},
		{"nothing but the front of an event", "{" + long, "{}\n"},
		{"front of something else", "a\nb", ""},
		{"one line of something else", long, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			name := filepath.Join(t.TempDir(), "events")
			write(t, name, test.there)
			s := to(name, nil)
			if test.want == "" {
				if _, err := Open(t.Context(), s.Config); err == nil || !strings.Contains(err.Error(), "does not end with a line end") {
					t.Errorf("%v", err)
				}
				check(t, name, test.there)
				return
			}
			deliver(t, s.open(t), "{}")
			check(t, name, test.want)
			if cut := !strings.HasPrefix(test.want, test.there); cut != (len(s.notices) == 1) {
				t.Errorf("said %q", s.notices)
			}
		})
	}
}

// A new file is begun when the time in the name changes, and the state says so before it has an event.
func TestDates(t *testing.T) {
	folder := t.TempDir()
	now := noon
	s := to(filepath.Join(folder, "%Y", "%m-%d.%H.100%%"), nil)
	s.Now = func() time.Time { return now }
	f := s.open(t)
	deliver(t, f, "{}")
	now = now.Add(59 * time.Minute)
	deliver(t, f, "[]")
	now = now.Add(time.Minute)
	if err := f.Ready(); err != nil {
		t.Fatal(err)
	}
	second := filepath.Join(folder, "2026", "05-20.13.100%")
	var got state
	if json.Unmarshal(f.State(), &got); got.Path != second || got.Length != 0 {
		t.Errorf("state %+v", got)
	}
	deliver(t, f, `{"a":1}`)
	check(t, filepath.Join(folder, "2026", "05-20.12.100%"), "{}\n[]\n")
	check(t, second, "{\"a\":1}\n")

	// A run that begins later goes on in the file that has what was delivered last, and cuts there.
	saved := f.State()
	deliver(t, f, `{"a":2}`)
	f.Close()
	now = now.Add(24 * time.Hour)
	s.State = saved
	f = s.open(t)
	check(t, second, "{\"a\":1}\n")
	deliver(t, f, `{"a":3}`)
	check(t, filepath.Join(folder, "2026", "05-21.13.100%"), "{\"a\":3}\n")

	if _, err := Open(t.Context(), to(filepath.Join(folder, "nowhere", "%Y", "events"), nil).Config); err == nil {
		t.Error("a folder without a time in its name was made")
	}
}

func TestCheck(t *testing.T) {
	for _, good := range []string{"events", "/a/b.%Y%m%d-%H", "100%%"} {
		if err := Check(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{"", "folder/", "%", "100%", "%y", "a%%%", "%M"} {
		if err := Check(bad); err == nil {
			t.Errorf("%q is good", bad)
		}
	}
}

// Two do not write to one file.
func TestLock(t *testing.T) {
	name := filepath.Join(t.TempDir(), "events")
	first := to(name, nil).open(t)
	if _, err := Open(t.Context(), to(name, nil).Config); err == nil || !strings.Contains(err.Error(), "is in use") {
		t.Errorf("%v", err)
	}
	first.Close()
	to(name, nil).open(t)
}

// spoilt is a file that fails.
type spoilt struct {
	output
	write       int // how many bytes it takes
	sync        error
	cannotCut   bool
	truncations int
}

func (s *spoilt) WriteAt(p []byte, at int64) (int, error) {
	if s.write >= len(p) {
		return s.output.WriteAt(p, at)
	}
	n, err := s.output.WriteAt(p[:s.write], at)
	return n, errors.Join(err, syscall.ENOSPC)
}

func (s *spoilt) Sync() error { return errors.Join(s.sync, s.output.Sync()) }

func (s *spoilt) Truncate(size int64) error {
	if s.truncations++; s.cannotCut {
		return syscall.EIO
	}
	return s.output.Truncate(size)
}

// A page of which a part is written is taken back; if that fails too, the next start does it. The state never has it.
func TestDiskFull(t *testing.T) {
	for _, test := range []struct {
		name  string
		file  spoilt
		left  string // in the file
		error error
	}{
		{"full", spoilt{write: 5}, "{}\n", syscall.ENOSPC},
		{"full and stuck", spoilt{write: 5, cannotCut: true}, "{}\n{\"a\":", syscall.ENOSPC},
		{"not synced", spoilt{write: 99, sync: syscall.EIO}, "{}\n", syscall.EIO},
	} {
		t.Run(test.name, func(t *testing.T) {
			name := filepath.Join(t.TempDir(), "events")
			f := to(name, nil).open(t)
			deliver(t, f, "{}")
			state := f.State()
			test.file.output = f.file
			f.file = &test.file
			n, err := f.Deliver(t.Context(), []api.Event{event(`{"a":1}`)})
			if n != 0 || !errors.Is(err, test.error) || !bytes.Equal(state, f.State()) {
				t.Errorf("%d delivered, %v, state %s", n, err, f.State())
			}
			check(t, name, test.left)
			f.Close()
			deliver(t, to(name, state).open(t), `{"a":1}`)
			check(t, name, "{}\n{\"a\":1}\n")
		})
	}
}

// What somebody else does to the file while it is written to is noticed before the next page.
func TestMeddled(t *testing.T) {
	for _, test := range []struct {
		name   string
		meddle func(name string) error
	}{
		{"shortened", func(name string) error { return os.Truncate(name, 1) }},
		{"longer", func(name string) error { return os.WriteFile(name, []byte("{}\n{}\n"), 0o600) }},
		{"removed", os.Remove},
		{"replaced", func(name string) error {
			return errors.Join(os.Rename(name, name+".1"), os.WriteFile(name, []byte("{}\n"), 0o600))
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			name := filepath.Join(t.TempDir(), "events")
			f := to(name, nil).open(t)
			deliver(t, f, "{}")
			state := f.State()
			if err := test.meddle(name); err != nil {
				t.Fatal(err)
			}
			before, _ := os.ReadFile(name)
			if n, err := f.Deliver(t.Context(), []api.Event{event("{}")}); n != 0 || err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%d delivered, %v", n, err)
			}
			after, _ := os.ReadFile(name)
			if !bytes.Equal(before, after) || !bytes.Equal(state, f.State()) {
				t.Errorf("%q became %q, state %s", before, after, f.State())
			}
		})
	}
}

// What is no file cannot be cut.
func TestNoFile(t *testing.T) {
	for _, path := range []string{t.TempDir(), os.DevNull} {
		if _, err := Open(t.Context(), to(path, nil).Config); err == nil || !strings.Contains(err.Error(), "is not a plain file") {
			t.Errorf("%s: %v", path, err)
		}
	}
}
