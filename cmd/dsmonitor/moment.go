package main

import (
	"errors"
	"time"
)

// moment is the value of a flag that takes a time in one of three forms. It is zero if the flag was not given, and never
// zero if it was.
type moment struct {
	time.Time
	now func() time.Time
}

// Type is what -h shows in the place of the value.
func (*moment) Type() string { return "TIME" }

func (m *moment) String() string {
	if m.IsZero() {
		return ""
	}
	return m.UTC().Format(time.RFC3339Nano)
}

func (m *moment) Set(text string) error {
	t, err := m.parse(text)
	switch {
	case err != nil:
		return errors.New("must be a time (2026-01-02T15:04:05Z), a date (2026-01-02, in UTC) or a duration before now (36h)")
	case t.Year() < 1970:
		return errors.New("lies before 1970")
	}
	m.Time = t
	return nil
}

func (m *moment) parse(text string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return t, nil
	}
	ago, err := time.ParseDuration(text)
	if err == nil && ago < 0 {
		err = errors.New("a duration before now is not negative")
	}
	return m.now().Add(-ago), err
}
