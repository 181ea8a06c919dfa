// Package checkpoint keeps the position in a stream in one small file.
//
// The file is never changed: each save writes a new one beside it (FILE.tmp), which takes its place once it is on the disk,
// so whatever happens there is the old one or the new one, whole. One process at a time saves, by a lock on FILE.lock that
// dies with its holder; that file stays, since a lock on a file that somebody removes is none. A file that cannot be read
// is an error and is left as it is: it never means to start over.
package checkpoint

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"example.com/docusign-monitor/internal/disk"
)

// File is a checkpoint that this process has locked.
type File struct {
	name string // as it was given
	path string // with links followed, so that the file and not the link is replaced
	lock *os.File
}

// Open locks the checkpoint of a name, whether there is one or not. A lock that is held is waited for up to two seconds.
func Open(ctx context.Context, name string, wait func(context.Context, time.Duration) error) (*File, error) {
	path, err := filepath.EvalSymlinks(name)
	if errors.Is(err, fs.ErrNotExist) {
		path, err = name, nil
	}
	if err != nil {
		return nil, fmt.Errorf("checkpoint %s: %w", name, err)
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("checkpoint %s is not a file; give the name of a file", name)
	}
	f := &File{name: name, path: path}
	if f.lock, err = os.OpenFile(path+".lock", os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return nil, fmt.Errorf("checkpoint: %w; give a file in a folder that is there and may be written to", err)
	}
	switch err = disk.Lock(ctx, f.lock, wait); {
	case errors.Is(err, disk.ErrLocked):
		err = fmt.Errorf("checkpoint %s is in use: another process holds %s; stop that one, or give a checkpoint of its own", name, f.lock.Name())
	case err == nil:
		err = f.removeTemporary() // what a crash may have left
	}
	if err != nil {
		f.lock.Close()
		return nil, err
	}
	return f, nil
}

// Load reads the checkpoint; nil if there is none.
func (f *File) Load() (*State, error) {
	s, err := Read(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return s, err
}

// Read reads a checkpoint without a lock. The error of a file that is not there wraps [fs.ErrNotExist].
func Read(name string) (*State, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxSize+1))
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	s, err := decode(text)
	if err != nil {
		return nil, fmt.Errorf("checkpoint %s %w; it is left as it is: put a good one in its place, or move it away to begin anew", name, err)
	}
	return s, nil
}

// Save replaces the checkpoint. When it returns, the new one is on the disk; after an error there is the old one or the new
// one, and this File is of no more use.
func (f *File) Save(s State) error {
	text, err := encode(s)
	if err == nil {
		err = f.replace(text)
	}
	if err != nil {
		return fmt.Errorf("checkpoint %s is not saved: %w", f.name, err)
	}
	return nil
}

func (f *File) replace(text []byte) error {
	temporary, err := os.OpenFile(f.temporary(), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = temporary.Write(text)
	if err == nil {
		err = temporary.Sync()
	}
	if err = errors.Join(err, temporary.Close()); err == nil {
		err = os.Rename(f.temporary(), f.path)
	}
	if err != nil {
		os.Remove(f.temporary()) // best effort: the next start removes it as well
		return err
	}
	return disk.SyncFolder(filepath.Dir(f.path))
}

// Remove forgets the position.
func (f *File) Remove() error {
	if err := os.Remove(f.path); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	return disk.SyncFolder(filepath.Dir(f.path))
}

// Close gives the lock back.
func (f *File) Close() error { return f.lock.Close() }

func (f *File) temporary() string { return f.path + ".tmp" }

func (f *File) removeTemporary() error {
	if err := os.Remove(f.temporary()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("checkpoint: %w", err)
	}
	return nil
}
