package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/term"

	"example.com/docusign-monitor/api"
	"example.com/docusign-monitor/internal/feed"
	"example.com/docusign-monitor/internal/sink/file"
)

// opener opens a destination, once all that can be known without a network is known to be right. The state is what it
// needed to know of its last run; nil if there was none.
type opener func(ctx context.Context, state json.RawMessage) (feed.Sink, error)

// destination is what --to names. An error of it is one of usage.
func (s *stream) destination() (opener, error) {
	switch kind, rest, _ := strings.Cut(s.to, ":"); {
	case s.to == "-":
		return func(context.Context, json.RawMessage) (feed.Sink, error) {
			return &output{to: s.stdout, format: s.formatter()}, nil
		}, nil
	case kind == "file" && kind != s.to:
		return s.file(rest)
	default:
		return nil, misused("--to is neither - (standard output) nor file:PATH")
	}
}

// file is a file, with the events as they were received.
func (s *stream) file(path string) (opener, error) {
	if err := file.Check(path); err != nil {
		return nil, misused("--to file: %w", err)
	}
	switch {
	case s.format.value == "text":
		return nil, misused("--format text is for standard output; a file has one JSON object a line")
	case s.checkpoint != "" && filepath.Clean(s.checkpoint) == filepath.Clean(path):
		return nil, misused("--checkpoint and --to name the same file; give each one of its own")
	}
	return func(ctx context.Context, state json.RawMessage) (feed.Sink, error) {
		return file.Open(ctx, file.Config{Path: path, State: state, Now: s.now, Wait: s.waitForLock, Notice: s.say})
	}, nil
}

// output is standard output.
type output struct {
	to     io.Writer
	format format
	lines  []byte
}

// Deliver writes the page in one piece.
func (o *output) Deliver(_ context.Context, events []api.Event) (int, error) {
	o.lines = o.format(o.lines[:0], events)
	switch _, err := o.to.Write(o.lines); {
	case readerGone(err):
		return 0, feed.ErrEnough
	case err != nil:
		return 0, errors.New("standard output: " + err.Error())
	}
	return len(events), nil
}

func (o *output) Close() error { return nil }

func (s *stream) formatter() format {
	if s.format.value == "text" || s.format.value == "" && isTerminal(s.stdout) {
		return newTable().append
	}
	return appendJSON
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}
