package main

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"example.com/docusign-monitor/api"
	"example.com/docusign-monitor/internal/feed"
)

// opener opens a destination, once all that can be known without a network is known to be right.
type opener func(ctx context.Context) (feed.Sink, error)

// destination is what --to names. An error of it is one of usage.
func (s *stream) destination() (opener, error) {
	switch scheme, _, _ := strings.Cut(s.to, ":"); scheme {
	case "-":
		return func(context.Context) (feed.Sink, error) { return &output{to: s.stdout, format: s.formatter()}, nil }, nil
	default:
		return nil, misused("--to is not - (standard output)")
	}
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
