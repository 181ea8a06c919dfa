package main

import (
	"errors"
	"io/fs"
	"syscall"
)

// errorNoData is ERROR_NO_DATA: the pipe is being closed.
const errorNoData syscall.Errno = 232

// readerGone tells whether a write failed because nobody reads any more.
func readerGone(err error) bool {
	return errors.Is(err, syscall.ERROR_BROKEN_PIPE) || errors.Is(err, errorNoData) || errors.Is(err, fs.ErrClosed)
}
