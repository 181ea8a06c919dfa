package sandbox

import (
	"fmt"
	"math/bits"
	"time"
)

// A generated log follows the week of people who work: most of what they do falls into the office hours of a weekday, and
// little into nights and weekends. All hours are those of UTC.

// generatedSpan is the time over which generated events are ingested, up to the start of the sandbox. It is less than the
// seven days that the stream reaches back without a cursor, so that it gives all of them for another half a day.
const generatedSpan = 6*24*time.Hour + 12*time.Hour

// pace is how much happens in an hour, against the quietest.
func pace(hour time.Time) uint64 {
	weekend := hour.Weekday() == time.Saturday || hour.Weekday() == time.Sunday
	switch h := hour.Hour(); {
	case weekend:
		return 1
	case 8 <= h && h < 18:
		return 12
	case h == 7 || 18 <= h && h < 21:
		return 4
	default:
		return 1
	}
}

// calendar says when each of n events is ingested. Their share of the work that is done by then is the same for all, so
// that the time follows from the index by arithmetic, and nothing is held but a table of the hours.
type calendar struct {
	n     int
	hours []hour
	work  uint64 // in all
	index []int  // for each share of the work, the hour in which it begins
}

// hour is the beginning of an hour, or of the calendar.
type hour struct {
	tick int64
	done uint64 // the work before it: ticks by their pace
	pace uint64
}

// shares is into how many the index divides the work.
const shares = 256

// newCalendar is the calendar of n events that ends at a time.
func newCalendar(n int, end time.Time) (calendar, error) {
	switch {
	case n < 0:
		return calendar{}, fmt.Errorf("%d events cannot be generated", n)
	case int64(n) > int64(generatedSpan/tick):
		return calendar{}, fmt.Errorf("%d events do not fit into %v", n, generatedSpan)
	}
	c := calendar{n: n}
	for at := end.Add(-generatedSpan); at.Before(end); {
		next := at.Truncate(time.Hour).Add(time.Hour)
		if next.After(end) {
			next = end
		}
		c.hours = append(c.hours, hour{ticks(at), c.work, pace(at)})
		c.work += uint64(next.Sub(at)/tick) * pace(at)
		at = next
	}
	for k, n := 0, uint64(0); n < shares; n++ {
		for k+1 < len(c.hours) && c.hours[k+1].done <= n*c.share() {
			k++
		}
		c.index = append(c.index, k)
	}
	return c, nil
}

// share is how much work a share is. All together are a little more than the work.
func (c *calendar) share() uint64 { return c.work/shares + 1 }

// slot is the ticks between which event i has its place: from the end of the slot before it on, and before its own end.
func (c *calendar) slot(i int) (from, to int64) { return c.tickOf(i), c.tickOf(i + 1) }

// tickOf is when the first i events have happened.
func (c *calendar) tickOf(i int) int64 {
	high, low := bits.Mul64(c.work, uint64(i))
	done, _ := bits.Div64(high, low, uint64(c.n))
	k := c.index[done/c.share()]
	for k+1 < len(c.hours) && c.hours[k+1].done <= done {
		k++
	}
	return c.hours[k].tick + int64((done-c.hours[k].done)/c.hours[k].pace)
}
