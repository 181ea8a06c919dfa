package feed

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/docusign-monitor/api"
)

var noon = time.Date(2026, 5, 20, 12, 0, 0, 0, time.UTC)

// events are one for each id, a minute apart, the first one at noon.
func events(ids ...string) (made []api.Event) {
	for i, id := range ids {
		made = append(made, at(id, noon.Add(time.Duration(i)*time.Minute)))
	}
	return made
}

func at(id string, t time.Time) api.Event {
	return api.Event{Raw: fmt.Appendf(nil, `{"eventId":%q,"timestamp":%q}`, id, t.Format(time.RFC3339Nano))}
}

// walk gives pages as they are, each with its number for a cursor, and in the end the error, if any.
func walk(last error, pages ...[]api.Event) func(context.Context, api.Query) iter.Seq2[*api.Page, error] {
	return func(_ context.Context, q api.Query) iter.Seq2[*api.Page, error] {
		return func(yield func(*api.Page, error) bool) {
			from := 0
			fmt.Sscan(string(q.Cursor), &from)
			for i, events := range pages[from:] {
				next := api.Cursor(fmt.Sprint(from + i + 1))
				if !yield(&api.Page{Events: events, Next: next, CaughtUp: last == nil && from+i+1 == len(pages)}, nil) {
					return
				}
			}
			if last != nil {
				yield(nil, last)
			}
		}
	}
}

// memory is a sink that keeps ids.
type memory struct {
	ids   []string
	batch int // the most events that it takes at once; 0: all
	fail  func(n int) error
	calls int
}

func (m *memory) Deliver(_ context.Context, events []api.Event) (int, error) {
	m.calls++
	if m.fail != nil {
		if err := m.fail(m.calls); err != nil {
			return 0, err
		}
	}
	if m.batch > 0 {
		events = events[:min(m.batch, len(events))]
	}
	for _, event := range events {
		m.ids = append(m.ids, event.ID())
	}
	return len(events), nil
}

func (m *memory) Close() error { return nil }

// notes is an observer that keeps what it was told.
type notes struct {
	answers   int
	delivered []Delivery
	retries   []string
}

func (n *notes) Answered(time.Time)   { n.answers++ }
func (n *notes) Delivered(d Delivery) { n.delivered = append(n.delivered, d) }
func (n *notes) Retrying(err *api.Error, wait time.Duration) {
	n.retries = append(n.retries, fmt.Sprint(err.Op, " ", wait))
}

func config(sink Sink, pages ...[]api.Event) Config {
	return Config{Walk: walk(nil, pages...), Sink: sink, Observer: Observers{}, Now: func() time.Time { return noon }}
}

func TestRunDeliversInOrder(t *testing.T) {
	for _, batch := range []int{0, 1, 2} {
		t.Run(fmt.Sprint("batches of ", batch), func(t *testing.T) {
			sink, notes := &memory{batch: batch}, &notes{}
			c := config(sink, events("a", "b", "c"), nil, events("d"))
			c.Observer = Observers{notes}

			done, err := Run(t.Context(), c)

			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{"a", "b", "c", "d"}, sink.ids); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
			want := Result{Events: 4, Pages: 3, Next: "3", Newest: noon.Add(2 * time.Minute), CaughtUp: true}
			if diff := cmp.Diff(want, done); diff != "" {
				t.Errorf("result (-want +got):\n%s", diff)
			}
			size := len(events("a")[0].Raw)
			wantNotes := []Delivery{
				{At: noon, Events: 3, Bytes: 3 * size, Newest: noon.Add(2 * time.Minute)},
				{At: noon, Newest: noon.Add(2 * time.Minute)},
				{At: noon, Events: 1, Bytes: size, Newest: noon.Add(2 * time.Minute), CaughtUp: true},
			}
			if diff := cmp.Diff(wantNotes, notes.delivered); diff != "" || notes.answers != 3 {
				t.Errorf("%d answers; deliveries (-want +got):\n%s", notes.answers, diff)
			}
		})
	}
}

// What was delivered ends where it failed, and so does the position.
func TestRunFails(t *testing.T) {
	full, refused := errors.New("disk full"), errors.New("403")
	for _, test := range []struct {
		name string
		fail error // of the second delivery
		last error // of the stream after two pages
		want error
	}{
		{"destination", full, nil, full},
		{"destination that wants no more", ErrEnough, nil, ErrEnough},
		{"stream", nil, refused, refused},
	} {
		t.Run(test.name, func(t *testing.T) {
			sink := &memory{fail: func(n int) error {
				if n == 2 {
					return test.fail
				}
				return nil
			}}
			c := config(sink)
			c.Walk = walk(test.last, events("a"), events("b"))

			done, err := Run(t.Context(), c)

			if want := fmt.Sprint(len(sink.ids)); !errors.Is(err, test.want) || string(done.Next) != want || done.Events != len(sink.ids) {
				t.Errorf("error %v, next %q, want %q after %v", err, done.Next, want, sink.ids)
			}
		})
	}
}

// The page that is being delivered when the context ends is finished, and no other is begun.
func TestRunInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	sink := &memory{batch: 1, fail: func(int) error { cancel(); return nil }}
	done, err := Run(ctx, config(sink, events("a", "b"), events("c")))
	if err != nil || done.Next != "1" || !slices.Equal(sink.ids, []string{"a", "b"}) {
		t.Errorf("error %v, next %q, delivered %v", err, done.Next, sink.ids)
	}
}

func TestRunDropsDuplicates(t *testing.T) {
	other := api.Event{Raw: []byte(`{"eventId":"a","timestamp":"2026-05-20T12:00:00Z","more":true}`)}
	without := api.Event{Raw: []byte(`{"eventId":null}`)}
	many := func(n int) (made []api.Event) {
		for i := range n {
			made = append(made, at(fmt.Sprint(i), noon))
		}
		return made
	}
	for _, test := range []struct {
		name       string
		pages      [][]api.Event
		delivered  int
		duplicates int
	}{
		{"of the page before", [][]api.Event{events("a", "b"), {events("a", "b")[1], at("c", noon)}}, 3, 1},
		{"of some pages before", [][]api.Event{events("a"), events("b"), nil, events("a")}, 2, 1},
		{"of the same page, which may be two events", [][]api.Event{{events("a")[0], events("a")[0]}}, 2, 0},
		{"other bytes", [][]api.Event{events("a"), {other}}, 2, 0},
		{"without an id", [][]api.Event{{without}, {without}}, 2, 0},
		{"the last 1,000 back", [][]api.Event{many(1000), many(1)}, 1000, 1},
		{"more than 1,000 back", [][]api.Event{many(1001), many(1)}, 1002, 0},
		{"more than 1,000 back, over pages", [][]api.Event{many(2), events("x", "y"), many(1000)[2:], many(2)}, 1004, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, drop := range []bool{true, false} {
				sink := &memory{}
				c := config(sink, test.pages...)
				c.DropDuplicates = drop
				done, err := Run(t.Context(), c)
				want, duplicates := test.delivered, test.duplicates
				if !drop {
					want, duplicates = want+duplicates, 0
				}
				if err != nil || len(sink.ids) != want || done.Events != want || done.Duplicates != duplicates {
					t.Errorf("drop %v: error %v, %d delivered, want %d; %d duplicates, want %d",
						drop, err, len(sink.ids), want, done.Duplicates, duplicates)
				}
			}
		})
	}
}

// A follower ends at Until when something newer proves that all has come, or when it is at the head and it is late enough.
func TestRunUntil(t *testing.T) {
	until := noon.Add(time.Minute)
	for _, test := range []struct {
		name   string
		pages  [][]api.Event
		now    time.Time
		want   []string
		next   api.Cursor
		passed bool
	}{
		{"passed", [][]api.Event{events("a", "b"), {at("late", noon), at("past", until.Add(MaxLag))}, events("c")}, noon,
			[]string{"a", "late"}, "2", true},
		{"not passed", [][]api.Event{{at("a", until.Add(MaxLag-1))}, events("b")}, noon, []string{"b"}, "2", false},
		{"unreadable time", [][]api.Event{{{Raw: []byte(`{"eventId":"a","timestamp":"noon"}`)}}}, noon, []string{"a"}, "1", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			sink := &memory{}
			c := config(sink, test.pages...)
			c.Until, c.Now = until, func() time.Time { return test.now }
			done, err := Run(t.Context(), c)
			if diff := cmp.Diff(test.want, sink.ids); diff != "" || err != nil {
				t.Errorf("error %v, events (-want +got):\n%s", err, diff)
			}
			if done.Next != test.next || done.Passed != test.passed {
				t.Errorf("next %q, want %q; passed %v", done.Next, test.next, done.Passed)
			}
		})
	}

	// A follower polls at the head until the time in which late events may come is over.
	polls := 0
	c := config(&memory{})
	c.Until = until
	c.Now = func() time.Time { return noon.Add(time.Duration(polls) * time.Minute) }
	c.Walk = func(context.Context, api.Query) iter.Seq2[*api.Page, error] {
		return func(yield func(*api.Page, error) bool) {
			for polls++; yield(&api.Page{Next: "head", CaughtUp: true}, nil); polls++ {
			}
		}
	}
	if _, err := Run(t.Context(), c); err != nil || polls != 7 {
		t.Errorf("error %v after %d polls, want the end at the first one later than six minutes", err, polls)
	}
}

func TestRetries(t *testing.T) {
	notes := &notes{}
	log := slog.New(Retries(slog.DiscardHandler, Observers{notes})).With("a", 1).WithGroup("g")
	log.Debug("answered", "error", &api.Error{Op: "stream"}, "wait", time.Second)
	log.Warn("failed", slog.Any("error", fmt.Errorf("token: %w", &api.Error{Op: "token"})), slog.Duration("wait", time.Minute))
	log.Warn("else", slog.Any("error", errors.New("other")), slog.Duration("wait", time.Minute))
	log.Warn("final", slog.Any("error", &api.Error{Op: "stream"}))
	if diff := cmp.Diff([]string{"token 1m0s"}, notes.retries); diff != "" {
		t.Errorf("retries (-want +got):\n%s", diff)
	}
}
