package sandbox

import (
	"fmt"
	"testing"
	"time"
)

// Most happens in office hours, whenever the sandbox starts, and something at night and at weekends too.
func TestOfficeHours(t *testing.T) {
	for day := range 8 {
		end := noon.Add(time.Duration(day) * 25 * time.Hour)
		c, err := newCalendar(10_000, end)
		if err != nil {
			t.Fatal(err)
		}
		office, weekend := 0, 0
		for i := range c.n {
			from, _ := c.slot(i)
			at := timeOf(from)
			if free := at.Weekday() == time.Saturday || at.Weekday() == time.Sunday; free {
				weekend++
			} else if h := at.Hour(); h >= 8 && h < 18 {
				office++
			}
		}
		if office < 6000 || office > 9000 {
			t.Errorf("up to %v: %d of %d events in office hours", end, office, c.n)
		}
		if weekend < 200 || weekend > 1000 {
			t.Errorf("up to %v: %d of %d events at weekends", end, weekend, c.n)
		}
	}
}

// The slots of the events fill the calendar without a gap.
func TestSlots(t *testing.T) {
	for _, n := range []int{1, 2, 3, 997, 10_000_000, int(generatedSpan / tick)} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			c, err := newCalendar(n, noon)
			if err != nil {
				t.Fatal(err)
			}
			if from, _ := c.slot(0); !timeOf(from).Equal(noon.Add(-generatedSpan)) {
				t.Errorf("the first begins at %v", timeOf(from))
			}
			if _, to := c.slot(n - 1); !timeOf(to).Equal(noon) {
				t.Errorf("the last ends at %v", timeOf(to))
			}
			last := int64(0)
			for i := 0; i < n; i += 1 + n/1000 {
				from, to := c.slot(i)
				if from > to || from < last {
					t.Fatalf("slot %d is from %d to %d, after %d", i, from, to, last)
				}
				last = to
			}
		})
	}
}
