package main

import (
	"context"
	"log/slog"
	"time"

	"example.com/docusign-monitor/internal/feed"
)

// logger tells the observers of what is tried again, and writes what is to be logged.
func (s *stream) logger() *slog.Logger {
	return slog.New(feed.Retries(s.logHandler(), s.observers))
}

// logHandler writes to standard error. By default it is silent about failures that hardly cost time: if they last, the error
// that ends the run says so.
func (s *stream) logHandler() slog.Handler {
	handler := s.handler(slog.LevelWarn)
	if !s.flags.Changed("log-level") {
		handler = longWaits{handler}
	}
	return handler
}

// reports is for what is told now and then although nothing is wrong. It is silent only if --log-level says so.
func (s *stream) reports() *slog.Logger { return slog.New(s.handler(slog.LevelInfo)) }

// handler writes to standard error, from the level of --log-level on or else from another.
func (s *stream) handler(level slog.Level) slog.Handler {
	if s.flags.Changed("log-level") {
		level.UnmarshalText([]byte(s.logLevel.value)) // the flag takes nothing else
	}
	options := &slog.HandlerOptions{Level: level}
	if s.logFormat.value == "json" {
		return slog.NewJSONHandler(s.stderr, options)
	}
	return slog.NewTextHandler(s.stderr, options)
}

// longWaits passes on what is waited for so long that somebody may wonder.
type longWaits struct{ slog.Handler }

func (h longWaits) Handle(ctx context.Context, r slog.Record) error {
	wonder := r.Level > slog.LevelWarn
	r.Attrs(func(a slog.Attr) bool {
		wonder = wonder || a.Key == "wait" && a.Value.Kind() == slog.KindDuration && a.Value.Duration() >= 10*time.Second
		return !wonder
	})
	if !wonder {
		return nil
	}
	return h.Handler.Handle(ctx, r)
}
