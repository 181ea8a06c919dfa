package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"time"

	"example.com/docusign-monitor/api"
	"example.com/docusign-monitor/internal/checkpoint"
	"example.com/docusign-monitor/internal/feed"
)

// deliver takes the stream to its destination. The end of ctx is no error.
func (s *stream) deliver(ctx context.Context, client *api.Client, owner checkpoint.Owner, open opener) (err error) {
	begun := s.now()
	config := feed.Config{
		Walk:           client.Pages,
		Query:          api.Query{Cursor: api.Cursor(s.cursor), Since: s.since.Time, Limit: s.limit},
		Until:          s.until.Time,
		DropDuplicates: s.duplicates.value == "drop" || s.duplicates.value == "" && s.checkpoint != "",
		Observer:       s.observers,
		Now:            s.now,
	}
	if s.follow {
		config.Walk = func(ctx context.Context, q api.Query) iter.Seq2[*api.Page, error] {
			return client.Follow(ctx, q, s.interval)
		}
	}
	if s.checkpoint != "" {
		file, err := checkpoint.Open(ctx, s.checkpoint, s.pause)
		if err != nil {
			return unlessEnded(ctx, err)
		}
		defer file.Close()
		config.Checkpoint = file
		if config.State, err = s.resume(file, owner); err != nil {
			return err
		}
		if !config.State.Saved.IsZero() {
			s.since.Time = config.State.Since
		}
	} else if s.follow {
		s.say("the position is kept in memory alone: a restart begins seven days back, or at --since or --cursor")
	}
	if s.follow {
		config.Observer = append(s.observers, &arrival{stream: s})
	}
	s.progress.Begin(s.begins(config))
	if config.Sink, err = open(ctx, config.State.Sink); err != nil {
		return unlessEnded(ctx, err)
	}
	defer config.Sink.Close()

	done, err := feed.Run(ctx, config)
	if sink, ok := config.Sink.(reporter); ok {
		if report := sink.Report(); report != "" {
			s.say(report)
		}
	}
	switch {
	case errors.Is(err, feed.ErrEnough):
		return nil
	case err != nil:
		return s.failed(done, err)
	}
	s.conclude(done, s.now().Sub(begun), ctx.Err() != nil)
	return nil
}

// begins is of what time the first events of a run are, zero if only a cursor says so.
func (s *stream) begins(c feed.Config) time.Time {
	switch {
	case !c.State.Newest.IsZero():
		return c.State.Newest
	case !s.since.IsZero():
		return s.since.Time
	case c.State.Cursor != "" || s.cursor != "":
		return time.Time{}
	}
	return s.now().Add(-7 * 24 * time.Hour) // where the stream begins by itself
}

// unlessEnded is the error, if it is not that of a ctx that has ended.
func unlessEnded(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil
	}
	return err
}

// failed adds to an error where to go on, if the run has come anywhere.
func (s *stream) failed(done feed.Result, err error) error {
	if done.Pages == 0 {
		return err
	}
	return fmt.Errorf("%w\n%s before that%s", err, count(done.Events, "event"), s.goOn(done))
}

// conclude says on standard error what the run came to: if somebody watches, if it is logged, or if there is more to do.
func (s *stream) conclude(done feed.Result, took time.Duration, interrupted bool) {
	took = took.Round(time.Millisecond)
	how := "not caught up"
	switch {
	case done.CaughtUp:
		how = "caught up"
	case done.Passed:
		how = "everything before --until has come"
	case interrupted:
		how = "interrupted"
	}
	unfinished := interrupted && !done.CaughtUp && done.Pages > 0
	switch log := slog.New(s.logHandler()); {
	case log.Enabled(context.Background(), slog.LevelInfo):
		log.Info(how, slog.Int("events", done.Events), slog.Int("pages", done.Pages), slog.Int("duplicates", done.Duplicates),
			slog.Duration("after", took), slog.String("cursor", string(done.Next)))
	case s.watched || unfinished || done.Duplicates > 0:
		left := ""
		if done.Duplicates > 0 {
			left = ", and " + count(done.Duplicates, "duplicate") + " left out"
		}
		s.say(fmt.Sprintf("%s: %s in %s, %v%s%s", how, count(done.Events, "event"), count(done.Pages, "page"), took, left, s.goOn(done)))
	}
	if s.checkpoint != "" && done.LeftOut > 0 {
		s.say(count(done.LeftOut, "event") + " of --until or later left out; the saved position is past them")
	}
	if !s.follow {
		s.warnOfStale(done)
	}
}

func (s *stream) warnOfStale(done feed.Result) {
	if warning := s.stale(done); warning != "" {
		s.say(warning)
	}
}

// goOn names the cursor to go on from, in a form for a shell, or where it is saved. That of an embedded sandbox is worth
// nothing.
func (s *stream) goOn(done feed.Result) string {
	if s.checkpoint != "" {
		return "; the position is saved in " + s.checkpoint
	}
	cursor := string(done.Next)
	if s.sandbox || cursor == "" || printable(cursor) != cursor {
		return ""
	}
	return "; go on with --cursor " + shellQuote(cursor)
}

// stale warns of a walk from a date that may have ended before the present. Some document that a date reaches seven days
// ahead only; where it ends, the stream looks caught up. The warning names a date from which nothing is missed: that of
// the newest event, or, if the walk came no further than where it began, one within the reach of that.
func (s *stream) stale(done feed.Result) string {
	since, now := s.since.Time, s.now()
	if since.IsZero() || !done.CaughtUp || now.Sub(done.Newest) <= 24*time.Hour {
		return ""
	}
	const reach = 6 * 24 * time.Hour
	beyond := since.Add(reach)
	what, next := "the newest event is of "+done.Newest.UTC().Format(time.RFC3339), done.Newest.Add(-feed.MaxLag)
	if done.Newest.IsZero() {
		if beyond.After(now) {
			return ""
		}
		what = "no event has come"
	}
	if !next.After(since) && beyond.Before(now) {
		next = beyond
	}
	how := "go on with --since "
	if s.checkpoint != "" {
		how = "go on after dsmonitor checkpoint set " + shellQuote(s.checkpoint) + " --since "
	}
	return fmt.Sprintf("%s, and a date may reach seven days ahead only; if there should be more, %s%s",
		what, how, next.UTC().Format(time.RFC3339))
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
