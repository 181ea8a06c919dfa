package checkpoint

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// sample has something in every field.
func sample() State {
	return State{
		Owner:       Owner{Stream: "organization", Host: "api.docusign.com", Organization: "3ceaaf30-8142-48ea-b1d9-3080f9b439fc"},
		Cursor:      "aa_1_2_<3>",
		Part:        Part{Events: 7, Hash: []byte{1, 2, 3}},
		Newest:      time.Date(2026, 2, 3, 7, 8, 9, 123456700, time.UTC),
		Salt:        []byte("sixteen bytes of"),
		Recent:      bytes.Repeat([]byte("8 bytes."), 1000),
		Destination: "file",
		Sink:        []byte(`{"path":"/var/lib/events.ndjson","length":1234}`),
		Saved:       time.Date(2026, 2, 3, 7, 9, 0, 0, time.UTC),
	}
}

// noWait lets no time pass.
func noWait(context.Context, time.Duration) error { return nil }

func open(t *testing.T, name string) *File {
	t.Helper()
	f, err := Open(t.Context(), name, noWait)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func write(t *testing.T, name string, text []byte) {
	t.Helper()
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestSave(t *testing.T) {
	folder := t.TempDir()
	name := filepath.Join(folder, "checkpoint")
	f := open(t, name)
	if s, err := f.Load(); s != nil || err != nil {
		t.Errorf("without a file: %v, %v", s, err)
	}
	since := State{Owner: Owner{Stream: "dataset", Host: "lens.docusign.net"}, Since: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	for _, want := range []State{since, sample()} {
		if err := f.Save(want); err != nil {
			t.Fatal(err)
		}
		got, err := f.Load()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, *got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	info, err := os.Stat(name)
	if err != nil || info.Size() > maxSize || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("%v, %d bytes, mode %v", err, info.Size(), info.Mode())
	}
	var names []string
	entries, _ := os.ReadDir(folder)
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	if diff := cmp.Diff([]string{"checkpoint", "checkpoint.lock"}, names); diff != "" {
		t.Errorf("left in the folder (-want +got):\n%s", diff)
	}
}

// What does not fit is left out, oldest first, and what cannot be left out is an error.
func TestSaveLarge(t *testing.T) {
	name := filepath.Join(t.TempDir(), "checkpoint")
	f, s := open(t, name), sample()
	s.Recent = nil
	for i := range 1000 {
		s.Recent = append(s.Recent, byte(i>>8), byte(i), 0, 0, 0, 0, 0, 0)
	}
	s.Cursor = strings.Repeat("c", maxSize-4000)
	if err := f.Save(s); err != nil {
		t.Fatal(err)
	}
	got, err := f.Load()
	if err != nil || got.Cursor != s.Cursor || len(got.Recent) < 8*100 || len(got.Recent)%8 != 0 || !bytes.HasSuffix(s.Recent, got.Recent) {
		t.Errorf("%v, %d bytes of hashes", err, len(got.Recent))
	}
	before := read(t, name)
	s.Cursor = strings.Repeat("c", maxSize)
	if err := f.Save(s); err == nil || !strings.Contains(err.Error(), "is not saved") {
		t.Errorf("too long a cursor: %v", err)
	}
	if !bytes.Equal(before, read(t, name)) {
		t.Error("the old checkpoint is gone")
	}
}

// Each flipped bit, each shorter file, and a longer one are refused.
func TestDamage(t *testing.T) {
	s := sample()
	s.Recent = s.Recent[:80]
	text, err := encode(s)
	if err != nil {
		t.Fatal(err)
	}
	for i := range text {
		for bit := range 8 {
			bad := bytes.Clone(text)
			bad[i] ^= 1 << bit
			if _, err := decode(bad); err == nil {
				t.Errorf("bit %d of byte %d (%q) is not missed", bit, i, text[i])
			}
		}
		if _, err := decode(text[:i]); err == nil {
			t.Errorf("the first %d bytes are enough", i)
		}
	}
	if _, err := decode(append(text, ' ')); err == nil {
		t.Error("a byte at the end is not seen")
	}
}

// A file that is no good checkpoint is an error that says what it is, and stays as it is.
func TestRefused(t *testing.T) {
	newer := []byte("{\"new\":1}\n")
	newer = append(header(version+1, newer), newer...)
	unknown := []byte("{\"stream\":\"dataset\",\"host\":\"h\",\"cursor\":\"c\",\"new\":1}\n")
	unknown = append(header(version, unknown), unknown...)
	for _, test := range []struct {
		name string
		text []byte
		want string
	}{
		{"empty", nil, "is empty"},
		{"something else", []byte("events\n"), "is not a checkpoint"},
		{"large", make([]byte, maxSize+1), "is larger than"},
		{"newer", newer, "is of version 2, which a newer dsmonitor made"},
		{"newer and damaged", append(newer, '\n'), "is damaged"},
		{"more than this version has", unknown, "is damaged"},
	} {
		t.Run(test.name, func(t *testing.T) {
			name := filepath.Join(t.TempDir(), "checkpoint")
			write(t, name, test.text)
			s, err := open(t, name).Load()
			if err == nil || s != nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), name) {
				t.Errorf("%v, %v, want %q", s, err, test.want)
			}
			if !bytes.Equal(test.text, read(t, name)) {
				t.Error("the file was changed")
			}
		})
	}
}

// Every version that ever was is read: one file each, never changed.
func TestVersions(t *testing.T) {
	name := filepath.Join("testdata", "version1")
	want := sample()
	want.Recent = want.Recent[:16]
	got, err := Read(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, *got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLock(t *testing.T) {
	name := filepath.Join(t.TempDir(), "checkpoint")
	first := open(t, name)

	waited := time.Duration(0)
	wait := func(_ context.Context, d time.Duration) error { waited += d; return nil }
	if _, err := Open(t.Context(), name, wait); err == nil || !strings.Contains(err.Error(), name+".lock") || waited != 2*time.Second {
		t.Errorf("held for ever: %v after %v", err, waited)
	}
	interrupted := errors.New("interrupted")
	if _, err := Open(t.Context(), name, func(context.Context, time.Duration) error { return interrupted }); err != interrupted {
		t.Errorf("interrupted: %v", err)
	}
	waits := 0
	second, err := Open(t.Context(), name, func(context.Context, time.Duration) error {
		if waits++; waits == 3 {
			first.Close()
		}
		return nil
	})
	if err != nil {
		t.Fatalf("let go while it is waited for: %v", err)
	}
	second.Close()
}

// A new file that a crash left half-written is removed; the checkpoint is what it was.
func TestTemporary(t *testing.T) {
	name := filepath.Join(t.TempDir(), "checkpoint")
	f := open(t, name)
	if err := f.Save(sample()); err != nil {
		t.Fatal(err)
	}
	f.Close()
	write(t, name+".tmp", []byte("dsmon"))
	f = open(t, name)
	if _, err := os.Stat(name + ".tmp"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the temporary file: %v", err)
	}
	if s, err := f.Load(); err != nil || s.Cursor != sample().Cursor {
		t.Errorf("%v, %v", s, err)
	}
}

// A link keeps pointing at its checkpoint, and both names are one lock.
func TestLink(t *testing.T) {
	folder := t.TempDir()
	name, link := filepath.Join(folder, "checkpoint"), filepath.Join(folder, "link")
	f := open(t, name)
	if err := f.Save(sample()); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(name, link); err != nil {
		t.Skip("no links here:", err)
	}
	if _, err := Open(t.Context(), link, noWait); err == nil {
		t.Error("two locks")
	}
	f.Close()
	f, s := open(t, link), sample()
	s.Cursor = "moved"
	if err := f.Save(s); err != nil {
		t.Fatal(err)
	}
	if got, err := Read(name); err != nil || got.Cursor != "moved" {
		t.Errorf("%v, %v", got, err)
	}
}

// Where nothing can be written the error says so.
func TestUnwritable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, nil)
	for _, name := range []string{filepath.Join(file, "checkpoint"), filepath.Join(t.TempDir(), "nowhere", "checkpoint"), t.TempDir()} {
		if _, err := Open(t.Context(), name, noWait); err == nil {
			t.Errorf("%s is opened", name)
		}
	}
	name := filepath.Join(t.TempDir(), "checkpoint")
	f := open(t, name)
	if err := os.Mkdir(name+".tmp", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := f.Save(sample()); err == nil || !strings.Contains(err.Error(), "is not saved") {
		t.Errorf("saved in spite of all: %v", err)
	}
}
