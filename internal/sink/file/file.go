// Package file delivers events to a file, one a line, each exactly once if the position is kept in a checkpoint.
//
// The state that is saved with the position holds the length of the file, and every start cuts off what lies beyond it:
// pages that were written and whose position was not saved. What is cut was written by an earlier run, so the file has to
// be the same one, not one of the same name: it has the id of that one on its disk, and before the saved length it ends as
// that one did. A copy of it, restored from a backup, has the same content and another id; it is taken if there is nothing
// to cut. Anything else is an error, and the file is left as it is.
package file

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"example.com/docusign-monitor/api"
	"example.com/docusign-monitor/internal/disk"
	"example.com/docusign-monitor/internal/feed"
)

// Config says which file, and how.
type Config struct {
	// Path is the path of the file. %Y, %m, %d and %H in it stand for the time of delivery in UTC, so a new file is begun
	// when that changes, at the border of two pages; folders that are named so are made. %% is a plain %.
	Path string

	// State is that of an earlier run; nil if there is none. Then the file is appended to as it is.
	State json.RawMessage

	// Now is the clock.
	Now func() time.Time

	// Wait waits for the lock of another process.
	Wait func(context.Context, time.Duration) error

	// Notice is told in a sentence what somebody may wonder about.
	Notice func(string)
}

// File is a destination. It holds the lock on its file until it is closed.
type File struct {
	cfg   Config
	file  output
	path  string // of file, absolute
	state state
	lines []byte
	end   []byte // of the file, so much of it as the state has a hash of
}

// output is an open file.
type output interface {
	io.WriterAt
	io.ReaderAt
	io.Closer
	Stat() (fs.FileInfo, error)
	Sync() error
	Truncate(size int64) error
}

// state is what a later run needs to know.
type state struct {
	Path   string `json:"path"`   // absolute
	Length int64  `json:"length"` // of the file, in bytes
	ID     string `json:"id"`     // on its disk; empty if the system has none
	End    string `json:"end"`    // a hash of what comes before Length
}

// tail is how much of the end of a file the state has a hash of, in bytes.
const tail = 4 << 10

// Open opens the file that goes on, and makes it what it was when the state was saved.
func Open(ctx context.Context, c Config) (*File, error) {
	path, err := filepath.Abs(c.Path)
	if err != nil {
		return nil, err
	}
	c.Path = path
	f := &File{cfg: c}
	if c.State == nil {
		return f, f.create(ctx, at(c.Path, c.Now()))
	}
	var saved state
	if err := json.Unmarshal(c.State, &saved); err != nil || saved.Path == "" || saved.Length < 0 {
		return nil, errors.New("the checkpoint does not say how long the file is")
	}
	path = saved.Path
	if !dated(c.Path) {
		path = at(c.Path, c.Now()) // the file may have been moved
	}
	if err := f.open(ctx, path, 0); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("file %s is missing, and had %d bytes that are delivered; "+advice, path, saved.Length)
		}
		return nil, err
	}
	if err := f.restore(saved); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// advice is what to do about a file that is not what was left behind.
const advice = "put that one back, or take what is there by dsmonitor checkpoint set --new-destination"

// create opens the file of a path to append to it, and makes it if it is missing. A line that is not whole is the rest of
// a run that was killed, and is cut off.
func (f *File) create(ctx context.Context, path string) error {
	if err := makeFolders(f.cfg.Path, filepath.Dir(path)); err != nil {
		return err
	}
	if err := f.open(ctx, path, os.O_CREATE); err != nil {
		return err
	}
	err := f.cutTorn()
	if err == nil {
		err = f.note()
	}
	if err == nil {
		err = disk.SyncFolder(filepath.Dir(path))
	}
	if err != nil {
		f.Close()
	}
	return err
}

// open opens and locks the file of a path, which takes the place of the present one only if all goes well.
func (f *File) open(ctx context.Context, path string, flags int) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a plain file; give the path of one", path)
	}
	file, err := os.OpenFile(path, os.O_RDWR|flags, 0o600)
	if err != nil {
		return fmt.Errorf("%w; give a file that may be written, in a folder that is there", err)
	}
	if err := disk.Lock(ctx, file, f.cfg.Wait); err != nil {
		file.Close()
		if errors.Is(err, disk.ErrLocked) {
			err = fmt.Errorf("file %s is in use: another process writes to it; stop that one, or give a file of its own", path)
		}
		return err
	}
	id, err := disk.ID(file)
	if err != nil {
		file.Close()
		return err
	}
	if f.file != nil {
		f.file.Close() // all that was written to it is on the disk
	}
	f.file, f.path, f.state = file, path, state{Path: path, ID: id}
	return nil
}

// restore cuts off what was written after the state was saved.
func (f *File) restore(saved state) error {
	info, err := f.file.Stat()
	if err != nil {
		return err
	}
	size := info.Size()
	if size < saved.Length {
		return fmt.Errorf("file %s has %d bytes, and had %d when the position was saved: it was shortened or replaced; "+advice, f.path, size, saved.Length)
	}
	end, err := f.readEnd(saved.Length)
	if err != nil {
		return err
	}
	if hash(end) != saved.End || size > saved.Length && !f.wrote(saved) {
		return fmt.Errorf("file %s is not the one that was delivered to: its content is another; "+advice, f.path)
	}
	if size > saved.Length {
		f.cfg.Notice(fmt.Sprintf("%s has %d bytes of which the position was not saved; they are cut off and come again", f.path, size-saved.Length))
		if err := f.cut(saved.Length); err != nil {
			return err
		}
	}
	f.setEnd(end, saved.Length)
	return nil
}

// wrote tells whether what lies beyond the saved length is a page of an earlier run. A file in which nothing had been
// written yet may have left its id to another, so there a page has to look like one.
func (f *File) wrote(saved state) bool {
	var first [1]byte
	if _, err := f.file.ReadAt(first[:], saved.Length); err != nil {
		return false
	}
	return f.state.ID == saved.ID && (saved.Length > 0 || first[0] == '{')
}

// cutTorn cuts off what follows the last line end, if it is the front of an event.
func (f *File) cutTorn() error {
	info, err := f.file.Stat()
	if err != nil {
		return err
	}
	size := info.Size()
	whole, first := size, byte(0)
	block := make([]byte, 64<<10)
	for from := size; from > 0; {
		part := block[:min(from, int64(len(block)))]
		from -= int64(len(part))
		if _, err := f.file.ReadAt(part, from); err != nil {
			return err
		}
		i := bytes.LastIndexByte(part, '\n')
		whole = from + int64(i) + 1
		if i+1 < len(part) {
			first = part[i+1]
		}
		if i >= 0 {
			break
		}
	}
	switch {
	case whole == size:
		return nil
	case first != '{':
		return fmt.Errorf("file %s does not end with a line end, so it is none of dsmonitor; give the path of another", f.path)
	}
	f.cfg.Notice(fmt.Sprintf("%s ended within an event; its last %d bytes are cut off", f.path, size-whole))
	return f.cut(whole)
}

func (f *File) cut(size int64) error {
	if err := f.file.Truncate(size); err != nil {
		return err
	}
	return f.file.Sync()
}

// note takes the file as it is for the state.
func (f *File) note() error {
	info, err := f.file.Stat()
	if err != nil {
		return err
	}
	end, err := f.readEnd(info.Size())
	if err == nil {
		f.setEnd(end, info.Size())
	}
	return err
}

func (f *File) readEnd(length int64) ([]byte, error) {
	end := make([]byte, min(length, tail))
	_, err := f.file.ReadAt(end, length-int64(len(end)))
	if err == io.EOF && len(end) == 0 {
		err = nil
	}
	return end, err
}

func (f *File) setEnd(end []byte, length int64) {
	f.end = append(f.end[:0], end...)
	f.state.Length, f.state.End = length, hash(f.end)
}

func hash(end []byte) string {
	sum := sha256.Sum256(end)
	return fmt.Sprintf("%x", sum[:16])
}

// Ready begins a new file if it is time.
func (f *File) Ready() error {
	path := at(f.cfg.Path, f.cfg.Now())
	if path == f.path {
		return nil
	}
	return f.create(context.Background(), path) // the page at hand is finished, whoever interrupts
}

// State is that of a file which has all that was delivered, and nothing else.
func (f *File) State() json.RawMessage {
	state, _ := json.Marshal(f.state) // of strings and a number
	return state
}

// Deliver writes a page in one piece, and returns when it is on the disk. A page that is not whole is taken back as far as
// that is possible; if it is not, the next start does so.
func (f *File) Deliver(_ context.Context, events []api.Event) (int, error) {
	if err := f.unchanged(); err != nil {
		return 0, err
	}
	f.lines = f.lines[:0]
	for _, event := range events {
		f.lines = feed.AppendLine(f.lines, event)
	}
	_, err := f.file.WriteAt(f.lines, f.state.Length)
	if err == nil {
		err = f.file.Sync()
	}
	if err != nil {
		f.file.Truncate(f.state.Length)
		return 0, fmt.Errorf("%w; nothing of the page is kept", err)
	}
	end := f.lines
	if len(end) < tail {
		end = append(f.end, end...)
	}
	f.setEnd(end[max(0, len(end)-tail):], f.state.Length+int64(len(f.lines)))
	return len(events), nil
}

// unchanged finds out whether somebody else has written to the file, shortened it, or taken it away.
func (f *File) unchanged() error {
	now, err := os.Stat(f.path)
	if err != nil {
		return err
	}
	info, err := f.file.Stat()
	if err != nil {
		return err
	}
	switch {
	case !os.SameFile(now, info):
		return fmt.Errorf("file %s was replaced while it was written to", f.path)
	case info.Size() != f.state.Length:
		return fmt.Errorf("file %s was changed while it was written to: it has %d bytes instead of %d", f.path, info.Size(), f.state.Length)
	}
	return nil
}

// Close gives the file and its lock back.
func (f *File) Close() error { return f.file.Close() }

// makeFolders makes the folders of a path whose names have a time in them. The one above them has to be there.
func makeFolders(pattern, folder string) error {
	if !dated(filepath.Dir(pattern)) {
		return nil
	}
	before, _, _ := strings.Cut(strings.ReplaceAll(pattern, "%%", "\x00"), "%")
	base := strings.ReplaceAll(filepath.Dir(before+"x"), "\x00", "%")
	if _, err := os.Stat(base); err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	for folder != base {
		folder = filepath.Dir(folder)
		if err := disk.SyncFolder(folder); err != nil {
			return err
		}
	}
	return nil
}
