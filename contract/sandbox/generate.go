package sandbox

import (
	"math/bits"
	"sort"
	"time"
)

// Generate is a log of n made-up events of one organization in six and a half days, the last one ingested when the sandbox
// starts. The same n and seed give the same events, apart from their times. An event is made when it is read, so that a
// log takes no memory however long it is.
//
// Most of it happens in the office hours of weekdays, by UTC, and is what people in several countries do on an ordinary
// day. In between a log tells stories, each of them in every 400 events: someone tries passwords until an alert ends it,
// an integration sends envelopes, a user downloads many of them or deletes them, an administrator weakens the rules for
// signing in, an account is used in two countries within minutes.
//
// Events are like real ones in what a client can stumble over: the sets of keys that occur on the streams, absent objects,
// empty strings and nulls, fractions of a second of up to seven digits, timestamps out of order since an event is ingested
// up to five minutes late, texts outside ASCII and escaped ones, objects and actions that no document names, and now and
// then a field that no document knows with an integer of 20 digits. Addresses are those that are reserved for
// documentation.
func Generate(n int, seed uint64) Source { return generator{n, seed} }

type generator struct {
	n    int
	seed uint64
}

func (g generator) open(o origin) (history, error) { return g.at(o) }

// at is the generated log in its place.
func (g generator) at(o origin) (*generated, error) {
	c, err := newCalendar(g.n, o.start)
	if err != nil {
		return nil, err
	}
	made := &generated{seed: g.seed, origin: o, calendar: c, heads: headsOf(o)}
	for k := range made.people {
		d := made.dice(aboutPeople, k)
		made.people[k] = d.guid()
	}
	return made, nil
}

// generated is a generated log in time. What an event is about follows from the seed and its index, so that no event is
// held, and any can be made at once.
type generated struct {
	seed uint64
	origin
	calendar
	heads  heads
	people [people]string // the GUIDs of the organization's users
}

// people is how many users an organization has.
const people = 12

func (g *generated) len() int { return g.n }

func (g *generated) appendEvent(dst []byte, i int) []byte {
	p := g.part(i)
	h := g.happening(p)
	return g.write(dst, &h, i, g.ingestedTick(p)-g.lag(p))
}

func (g *generated) happened(i int) time.Time {
	p := g.part(i)
	return timeOf(g.ingestedTick(p) - g.lag(p))
}

// appendArrival appends the event of an index at the end of the log or beyond, which is ingested at a time.
func (g *generated) appendArrival(dst []byte, i int, ingested time.Time) []byte {
	p := g.part(i)
	h := g.happening(p)
	return g.write(dst, &h, i, ticks(ingested)-g.lag(p))
}

// happenedSince begins its search at the first event that was ingested by then: none is ingested before it happens, and
// none an hour after.
func (g *generated) happenedSince(t time.Time) int {
	i := sort.Search(g.n, func(i int) bool { return !g.ingested(i).Before(t) })
	for i < g.n && g.happened(i).Before(t) {
		i++
	}
	return i
}

func (g *generated) ingested(i int) time.Time { return timeOf(g.ingestedTick(g.part(i))) }

// ingestedTick is somewhere in the event's slot of the calendar. The events of a story share the slot of the first, so
// that they come right after each other. The last event of the log is ingested at the start.
func (g *generated) ingestedTick(p part) int64 {
	if p.i == g.n-1 {
		return ticks(g.start)
	}
	from, to := g.slot(p.first)
	if p.story != nil {
		step := min((to-from)/int64(p.length), int64(p.pace/tick))
		from += step * int64(p.i-p.first)
		to = from + step
	}
	if to > from {
		d := g.dice(aboutTime, p.i)
		from += int64(d.below(int(to - from)))
	}
	return from
}

// lags are how late the events are ingested, in turn.
var lags = [...]time.Duration{
	0, 1200 * time.Millisecond, 40 * time.Second, 0, 3 * time.Second, 5 * time.Minute, 250 * time.Millisecond,
	2 * time.Minute, 0, 12 * time.Second, 4*time.Minute + 30*time.Second,
}

// lag is how late an event is ingested, in ticks. All of a story is equally late.
func (g *generated) lag(p part) int64 {
	lag := lags[p.first%len(lags)]
	switch g.assume.Lag {
	case NoLag:
		return 0
	case UpToOneHour:
		lag *= 12
	}
	return int64(lag / tick)
}

// What dice are thrown about. Each subject has its own throws, so that one can be looked at without the others.
const (
	aboutPeople = iota
	aboutTime
	aboutID
	aboutEvent
	aboutRecord
	aboutStory
)

func (g *generated) dice(subject, i int) dice { return newDice(g.seed*8+uint64(subject), uint64(i)) }

// appendID appends the GUID of event i.
func (g *generated) appendID(dst []byte, i int) []byte {
	d := g.dice(aboutID, i)
	return d.appendGUID(dst)
}

// dice is a sequence of numbers that look random: splitmix64. It is small enough to be thrown anew for each event, and
// stays the same in every version of Go.
type dice uint64

func newDice(seed, i uint64) dice {
	d := dice(seed)
	d = dice(d.next() + i)
	d.next()
	return d
}

func (d *dice) next() uint64 {
	*d += 0x9e3779b97f4a7c15
	z := uint64(*d)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// below is a number from 0 to n-1.
func (d *dice) below(n int) int {
	high, _ := bits.Mul64(d.next(), uint64(n)) // faster than the remainder
	return int(high)
}

// guid is a GUID as a text.
func (d *dice) guid() string { return string(d.appendGUID(nil)) }

// one is an element of list.
func one[T any](d *dice, list []T) T { return list[d.below(len(list))] }
