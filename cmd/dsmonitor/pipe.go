//go:build !windows

package main

import (
	"errors"
	"io/fs"
	"syscall"
)

// readerGone tells whether a write failed because nobody reads any more.
func readerGone(err error) bool {
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, fs.ErrClosed)
}
