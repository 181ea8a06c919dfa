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
	"example.com/docusign-monitor/internal/sink/splunk"
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
	case kind == "splunk" && kind != s.to:
		return s.splunk(rest)
	default:
		return nil, misused("--to is none of - (standard output), file:PATH and splunk:URL")
	}
}

// splunkFlags are of no use to another destination.
var splunkFlags = []string{"splunk-index", "splunk-ca", "splunk-ack", "dead-letter"}

// splunk is a Splunk HTTP Event Collector.
func (s *stream) splunk(collector string) (opener, error) {
	token, _ := s.lookup(splunkToken)
	if err := splunk.Check(collector); err != nil {
		return nil, misused("--to splunk: the URL %w", err)
	}
	if err := splunk.CheckToken(token); err != nil {
		return nil, misused("%s %w", splunkToken, err)
	}
	if s.format.value == "text" {
		return nil, misused("--format text is for standard output; Splunk is sent what was received")
	}
	for _, path := range []string{s.checkpoint, s.splunkCA} {
		if s.deadLetter != "" && path != "" && filepath.Clean(s.deadLetter) == filepath.Clean(path) {
			return nil, misused("--dead-letter names a file that another flag names too; give it one of its own")
		}
	}
	c := splunk.Config{
		URL: collector, Token: token, Index: s.splunkIndex, Ack: s.splunkAck, DeadLetter: s.deadLetter,
		Now: s.now, Wait: s.pause, Notice: s.say,
		Repeated: s.metrics.Counter("dsmonitor_splunk_repeated_events_total", "Events that were sent again although they may have arrived."),
		SetAside: s.metrics.Counter("dsmonitor_splunk_dead_letters_total", "Events that Splunk refused for good and that were set aside."),
	}
	if s.splunkCA != "" {
		var err error
		if c.CA, err = os.ReadFile(s.splunkCA); err == nil {
			err = splunk.CheckCA(c.CA)
		}
		if err != nil {
			return nil, misused("--splunk-ca %w", err)
		}
	}
	return func(context.Context, json.RawMessage) (feed.Sink, error) {
		c.Host, c.Source = s.readFrom, "docusign:"+s.reads
		return splunk.Open(c)
	}, nil
}

// splunkToken is the variable of the token, which has no flag: others could see it.
const splunkToken = "SPLUNK_HEC_TOKEN"

// reporter is a destination with something to tell of a run.
type reporter interface{ Report() string }

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
		return file.Open(ctx, file.Config{Path: path, State: state, Now: s.now, Wait: s.pause, Notice: s.say})
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
