package sandbox

import (
	"testing"
	"time"
)

func TestClock(t *testing.T) {
	clock := NewClock(noon)
	for _, step := range []struct {
		name string
		move func()
		want time.Time
	}{
		{"as it was made", func() {}, noon},
		{"on", func() { clock.Advance(time.Hour) }, noon.Add(time.Hour)},
		{"back", func() { clock.Advance(-2 * time.Hour) }, noon.Add(-time.Hour)},
		{"set", func() { clock.Set(noon.AddDate(0, 0, 1)) }, noon.AddDate(0, 0, 1)},
		{"set to before", func() { clock.Set(noon) }, noon},
	} {
		if step.move(); !clock.Now().Equal(step.want) {
			t.Errorf("%s: %v, want %v", step.name, clock.Now(), step.want)
		}
	}
}
