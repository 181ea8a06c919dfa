package main

import (
	"log/slog"
	"time"

	"example.com/docusign-monitor/api"
	"example.com/docusign-monitor/internal/feed"
)

// daily tells a quiet day from a broken feed: once a day it says when the last event happened and when the last good answer
// came. It does so while answers come and while attempts fail alike.
type daily struct {
	log                    *slog.Logger
	now                    func() time.Time
	said, answered, newest time.Time
}

func (d *daily) Answered(at time.Time) {
	d.answered = at
	d.tell(at)
}

func (d *daily) Delivered(page feed.Delivery) { d.newest = page.Newest }

func (d *daily) Retrying(*api.Error, time.Duration) { d.tell(d.now()) }

func (d *daily) tell(now time.Time) {
	if now.Sub(d.said) < 24*time.Hour {
		return
	}
	d.said = now
	d.log.Info("still following", timeAttr("last_event", d.newest), timeAttr("last_good_answer", d.answered))
}

// arrival looks, when a follower has caught up for the first time, whether that is the present. It tells what a drain tells
// at its end.
type arrival struct {
	stream  *stream
	arrived bool
}

func (a *arrival) Answered(time.Time) {}

func (a *arrival) Delivered(page feed.Delivery) {
	if page.CaughtUp && !a.arrived {
		a.arrived = true
		a.stream.warnOfStale(feed.Result{CaughtUp: true, Newest: page.Newest})
	}
}

func (a *arrival) Retrying(*api.Error, time.Duration) {}

// timeAttr is a time to the second, or none.
func timeAttr(key string, t time.Time) slog.Attr {
	if t.IsZero() {
		return slog.String(key, "none")
	}
	return slog.String(key, t.UTC().Format(time.RFC3339))
}
