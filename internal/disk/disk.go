// Package disk has what a file that must survive a crash needs beyond package os: a lock that dies with its holder, the
// folder on the disk too, and a way to tell a file from another of the same name.
package disk

import (
	"context"
	"errors"
	"os"
	"runtime"
	"time"
)

// ErrLocked means that another process holds the lock.
var ErrLocked = errors.New("another process holds the lock")

// A lock that is held is asked for again for a while: its holder may be about to end.
const (
	patience = 2 * time.Second
	pause    = 100 * time.Millisecond
)

// Lock locks an open file until it is closed, or its process ends in whatever way. It does so for other processes that ask
// for the lock alone: who reads the file is not hindered. A lock that is held is waited for up to two seconds, by wait,
// and then is [ErrLocked].
func Lock(ctx context.Context, file *os.File, wait func(context.Context, time.Duration) error) error {
	for waited := time.Duration(0); ; waited += pause {
		locked, err := tryLock(file)
		if err != nil {
			return &os.PathError{Op: "lock", Path: file.Name(), Err: err}
		}
		if locked {
			return nil
		}
		if waited >= patience {
			return ErrLocked
		}
		if err := wait(ctx, pause); err != nil {
			return err
		}
	}
}

// Wait is a way to wait, for a lock and for anything else: by a timer, until ctx ends.
func Wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// SyncFolder brings the names in a folder to the disk: that a file in it was made, or has taken the place of another.
// Windows has no such call, and keeps the names by its journal.
func SyncFolder(name string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	folder, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
