package feed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/docusign-monitor/api"
	"example.com/docusign-monitor/internal/checkpoint"
)

// history is a checkpoint that keeps all that was ever saved, with what the destination had then.
type history struct {
	sink   *counted
	states []checkpoint.State
	seen   []string // position, and what is delivered by then
	fail   error
}

func (h *history) Save(s checkpoint.State) error {
	if h.fail != nil {
		return h.fail
	}
	h.states = append(h.states, s)
	h.seen = append(h.seen, fmt.Sprintf("%s+%d %s %v", s.Cursor, s.Part.Events, s.Sink, h.sink.ids))
	return nil
}

// counted is a sink that has a state: how much it has.
type counted struct {
	memory
	ready func()
}

func (c *counted) Ready() error {
	if c.ready != nil {
		c.ready()
	}
	return nil
}

func (c *counted) State() json.RawMessage { return json.RawMessage(fmt.Sprint(len(c.ids))) }

// resumed is a run from a state, with the same pages.
func resumed(h *history, from checkpoint.State, pages ...[]api.Event) Config {
	c := config(h.sink, pages...)
	c.Checkpoint, c.State, c.DropDuplicates = h, from, true
	return c
}

var fresh = checkpoint.State{Since: noon}

// The start is saved before the first request, each position after its page, and what has not changed is not saved.
func TestRunSaves(t *testing.T) {
	h := &history{sink: &counted{}}
	c := resumed(h, fresh, events("a", "b"), nil, events("c"), nil)
	pages := c.Walk
	c.Walk = func(ctx context.Context, q api.Query) iter.Seq2[*api.Page, error] {
		if q.Since != noon || q.Cursor != "" || len(h.states) != 1 {
			t.Errorf("asked from %v %q after %d saves", q.Since, q.Cursor, len(h.states))
		}
		return pages(ctx, q)
	}
	notes := &notes{}
	c.Observer = notes
	if _, err := Run(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	want := []string{"+0 0 []", "1+0 2 [a b]", "2+0 2 [a b]", "3+0 3 [a b c]", "4+0 3 [a b c]"}
	if diff := cmp.Diff(want, h.seen); diff != "" {
		t.Errorf("saved (-want +got):\n%s", diff)
	}
	for _, d := range notes.delivered {
		if !d.Saved {
			t.Errorf("told as not saved: %v", d)
		}
	}
	if last := h.states[len(h.states)-1]; last.Newest != noon.Add(time.Minute) || len(last.Recent) != 3*8 || !last.Since.IsZero() {
		t.Errorf("last state %+v", last)
	}

	// At the head nothing is new.
	saves, last := len(h.states), h.states[len(h.states)-1]
	c = resumed(h, last)
	c.Observer = notes
	c.Walk = func(_ context.Context, q api.Query) iter.Seq2[*api.Page, error] {
		return func(yield func(*api.Page, error) bool) {
			yield(&api.Page{Next: q.Cursor, CaughtUp: true}, nil)
		}
	}
	done, err := Run(t.Context(), c)
	if err != nil || len(h.states) != saves || notes.delivered[len(notes.delivered)-1].Saved || done.Newest != last.Newest {
		t.Errorf("%v, %d saves more; %+v", err, len(h.states)-saves, done)
	}
}

// From every state that was ever saved, a run delivers what is missing, and nothing twice.
func TestRunResumes(t *testing.T) {
	first := events("a", "b", "c")
	pages := [][]api.Event{first, {first[2], at("d", noon)}, nil, events("e", "f", "g", "h")}
	want := []string{"a", "b", "c", "d", "e", "f", "g", "h"}
	for _, batch := range []int{0, 1, 2, 3} {
		h := &history{sink: &counted{memory: memory{batch: batch}}}
		if _, err := Run(t.Context(), resumed(h, fresh, pages...)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, h.sink.ids); diff != "" {
			t.Errorf("batches of %d (-want +got):\n%s", batch, diff)
		}
		for i, from := range h.states {
			var had int
			json.Unmarshal(from.Sink, &had)
			later := &history{sink: &counted{memory: memory{ids: want[:had:had]}}}
			if _, err := Run(t.Context(), resumed(later, from, pages...)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, later.sink.ids); diff != "" {
				t.Errorf("batches of %d, from state %d, %s (-want +got):\n%s", batch, i, h.seen[i], diff)
			}
		}
	}
}

// A part of a page that cannot be told any more comes again: better twice than not at all.
func TestRunResumesElsewhere(t *testing.T) {
	h := &history{sink: &counted{memory: memory{batch: 2}}}
	if _, err := Run(t.Context(), resumed(h, fresh, events("a", "b", "c"))); err != nil {
		t.Fatal(err)
	}
	part := h.states[1]
	if part.Part.Events != 2 {
		t.Fatalf("%+v", part)
	}
	for _, page := range [][]api.Event{events("a"), events("a", "x", "y")} {
		later := &history{sink: &counted{}}
		if _, err := Run(t.Context(), resumed(later, part, page)); err != nil || len(later.sink.ids) != len(page) {
			t.Errorf("%v, delivered %v of %d", err, later.sink.ids, len(page))
		}
	}
}

// What the destination has of a page that failed is saved; what it has not is not.
func TestRunSavesBeforeItFails(t *testing.T) {
	full := errors.New("disk full")
	h := &history{sink: &counted{memory: memory{batch: 2, fail: func(n int) error {
		if n == 2 {
			return full
		}
		return nil
	}}}}
	_, err := Run(t.Context(), resumed(h, fresh, events("a", "b", "c")))
	want := []string{"+0 0 []", "+2 2 [a b]"}
	if diff := cmp.Diff(want, h.seen); diff != "" || !errors.Is(err, full) {
		t.Errorf("%v; saved (-want +got):\n%s", err, diff)
	}
}

// What a destination changes to get ready is saved before it is used.
func TestRunSavesReadiness(t *testing.T) {
	h := &history{sink: &counted{}}
	h.sink.ready = func() { h.sink.ids = append(h.sink.ids, "begun") }
	if _, err := Run(t.Context(), resumed(h, fresh, events("a"), nil)); err != nil {
		t.Fatal(err)
	}
	want := []string{"+0 0 []", "+0 1 [begun]", "1+0 2 [begun a]", "2+0 2 [begun a]"}
	if diff := cmp.Diff(want, h.seen); diff != "" {
		t.Errorf("saved (-want +got):\n%s", diff)
	}
}

// A save that fails ends the run, interrupted or not.
func TestRunCannotSave(t *testing.T) {
	full := errors.New("disk full")
	h := &history{sink: &counted{}, fail: full}
	c := resumed(h, fresh, events("a"))
	if _, err := Run(t.Context(), c); !errors.Is(err, full) || h.sink.calls != 0 {
		t.Errorf("at the start: %v, %d deliveries", err, h.sink.calls)
	}
	ctx, interrupt := context.WithCancel(t.Context())
	h = &history{sink: &counted{}}
	h.sink.ready = func() { h.fail = full; interrupt() }
	if done, err := Run(ctx, resumed(h, fresh, events("a"), events("b"))); !errors.Is(err, full) || done.Pages != 0 {
		t.Errorf("after a page, interrupted: %v, %+v", err, done)
	}
}

// Where Until has passed in an earlier run nothing is asked for.
func TestRunPassedBefore(t *testing.T) {
	h := &history{sink: &counted{}}
	c := resumed(h, checkpoint.State{Cursor: "0", Newest: noon, Saved: noon, Sink: json.RawMessage("0")}, events("a"))
	c.Until = noon.Add(-MaxLag)
	if done, err := Run(t.Context(), c); err != nil || !done.Passed || done.Pages != 0 {
		t.Errorf("%v, %+v", err, done)
	}
}
