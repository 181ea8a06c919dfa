package sandbox

import (
	"fmt"
	"time"
)

// generatedSpan is the time over which generated events are ingested, up to the start of the sandbox. It is less than the
// seven days that the stream reaches back without a cursor, so that it gives all of them for another half a day.
const generatedSpan = 6*24*time.Hour + 12*time.Hour

// Generate is a log of n made-up events of one organization in six and a half days, the last one ingested when the sandbox
// starts. The same n and seed give the same events, apart from their times. An event is made when it is read, so that a
// log takes no memory however long it is.
//
// They are like real ones in what a client can stumble over: both sets of keys that occur on the stream, absent objects,
// empty strings, fractions of a second of up to seven digits, timestamps out of order since an event is ingested up to
// five minutes late, texts outside ASCII and escaped ones, and now and then a field that no document knows with an integer
// of 20 digits. Addresses are those that are reserved for documentation.
func Generate(n int, seed uint64) Source { return generator{n, seed} }

type generator struct {
	n    int
	seed uint64
}

func (g generator) open(o origin) (history, error) {
	if g.n < 0 {
		return nil, fmt.Errorf("%d events cannot be generated", g.n)
	}
	step := generatedSpan / time.Duration(max(g.n, 1)) / tick * tick
	if step == 0 {
		return nil, fmt.Errorf("%d events do not fit into %v", g.n, generatedSpan)
	}
	return generated{generator: g, origin: o, step: step}, nil
}

// generated is a generated log in time. Every event is a function of the seed, its index and its time.
type generated struct {
	generator
	origin
	step time.Duration // from one event to the next, on average
}

func (g generated) len() int { return g.n }

// ingested is one step before the next event, or up to a step earlier. The last event is ingested at the start.
func (g generated) ingested(i int) time.Time {
	early := time.Duration(0)
	if i < g.n-1 {
		d := g.dice(aboutTime, i)
		early = time.Duration(d.next()%uint64(g.step/tick)) * tick
	}
	return g.start.Add(-time.Duration(g.n-1-i)*g.step - early)
}

// lags are how late the events are ingested, in turn.
var lags = [...]time.Duration{
	0, 1200 * time.Millisecond, 40 * time.Second, 0, 3 * time.Second, 5 * time.Minute, 250 * time.Millisecond,
	2 * time.Minute, 0, 12 * time.Second, 4*time.Minute + 30*time.Second,
}

// happened is the timestamp of event i.
func (g generated) happened(i int) time.Time {
	lag := lags[i%len(lags)]
	switch g.assume.Lag {
	case NoLag:
		lag = 0
	case UpToOneHour:
		lag *= 12
	}
	return g.ingested(i).Add(-lag)
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

func (g generated) dice(subject, i int) dice { return newDice(g.seed*8+uint64(subject), uint64(i)) }

// eventID is the GUID of event i.
func (g generated) eventID(i int) string {
	d := g.dice(aboutID, i)
	return d.guid()
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
func (d *dice) below(n int) int { return int(d.next() % uint64(n)) }

func (d *dice) guid() string {
	var b [16]byte
	for i := range b {
		b[i] = byte(d.next())
	}
	return formatGUID(b)
}

// one is an element of list.
func one[T any](d *dice, list []T) T { return list[d.below(len(list))] }
