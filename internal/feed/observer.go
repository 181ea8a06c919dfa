package feed

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"example.com/docusign-monitor/api"
)

// Observer is told what happens in a run, by one goroutine, as it happens. Its methods return soon: the run waits for them.
type Observer interface {
	// Answered tells of a good answer of the stream, one without events included, before anything is done with it.
	Answered(at time.Time)

	// Delivered tells that a page has been delivered, and the position saved if the run keeps one.
	Delivered(Delivery)

	// Retrying tells of a request that failed and is made again after a wait. The error says why, and when the server
	// wants to be asked again if it was a limit.
	Retrying(err *api.Error, wait time.Duration)
}

// Delivery is a page that has been delivered.
type Delivery struct {
	At         time.Time // when that was done
	Events     int       // delivered
	Bytes      int       // of these, as received
	Duplicates int       // left out, since they had been delivered before
	LeftOut    int       // left out, since they happened at --until or later
	Newest     time.Time // of all timestamps so far that could be read, those of earlier runs with the same checkpoint too
	CaughtUp   bool      // there is nothing more for the moment
	Saved      bool      // the position was saved; false if there was nothing new to save too
}

// Observers are several that are told the same.
type Observers []Observer

func (o Observers) Answered(at time.Time) {
	for _, one := range o {
		one.Answered(at)
	}
}

func (o Observers) Delivered(d Delivery) {
	for _, one := range o {
		one.Delivered(d)
	}
}

func (o Observers) Retrying(err *api.Error, wait time.Duration) {
	for _, one := range o {
		one.Retrying(err, wait)
	}
}

// Retries is a handler for the logger of a client. It tells o of the attempts that failed, at whatever level is logged,
// and passes on what next wants to have.
func Retries(next slog.Handler, o Observer) slog.Handler { return retries{next, o} }

type retries struct {
	slog.Handler
	observer Observer
}

func (r retries) Enabled(ctx context.Context, level slog.Level) bool {
	return level == slog.LevelWarn || r.Handler.Enabled(ctx, level)
}

func (r retries) Handle(ctx context.Context, record slog.Record) error {
	var (
		failed *api.Error
		wait   time.Duration
		waits  bool
	)
	record.Attrs(func(a slog.Attr) bool {
		switch value := a.Value.Any().(type) {
		case error:
			errors.As(value, &failed)
		case time.Duration:
			if a.Key == "wait" {
				wait, waits = value, true
			}
		}
		return true
	})
	if failed != nil && waits {
		r.observer.Retrying(failed, wait)
	}
	if !r.Handler.Enabled(ctx, record.Level) {
		return nil
	}
	return r.Handler.Handle(ctx, record)
}

func (r retries) WithAttrs(attrs []slog.Attr) slog.Handler {
	return retries{r.Handler.WithAttrs(attrs), r.observer}
}

func (r retries) WithGroup(name string) slog.Handler {
	return retries{r.Handler.WithGroup(name), r.observer}
}
