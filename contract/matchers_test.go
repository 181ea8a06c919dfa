package contract_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/onsi/gomega/gcustom"
	"github.com/onsi/gomega/types"
)

// HaveStatus compares the status of an [answer], and shows the answer if it differs.
func HaveStatus(want int) types.GomegaMatcher {
	return gcustom.MakeMatcher(func(a *answer) (bool, error) { return a.Status == want, nil }).
		WithTemplate("The service answers\n  {{.Actual}}\nand is expected {{.To}} answer with {{.Data}}", want)
}

// BeRefusal is a refusal of the token endpoint: 400 with an OAuth error, and with its description unless that is empty.
func BeRefusal(code, description string) types.GomegaMatcher {
	want := "400 with the error " + code
	if description != "" {
		want += " and the description " + description
	}
	return gcustom.MakeMatcher(func(a *answer) (bool, error) {
		var body struct {
			Error       string `json:"error"`
			Description string `json:"error_description"`
			Token       string `json:"access_token"`
		}
		err := json.Unmarshal([]byte(a.Body), &body)
		return err == nil && a.Status == 400 && body.Token == "" && body.Error == code &&
			(description == "" || body.Description == description), nil
	}).WithTemplate("The service answers\n  {{.Actual}}\nand is expected {{.To}} answer with {{.Data}}", want)
}

// BeCaughtUp is the page at the end of the stream: nothing new, and the cursor that it was asked for with.
func BeCaughtUp(cursor string) types.GomegaMatcher {
	return gcustom.MakeMatcher(func(p page) (bool, error) { return p.EndCursor == cursor && len(p.Events) == 0, nil }).
		WithTemplate("The service answers with {{len .Actual.Events}} events and the endCursor {{.Actual.EndCursor}}\n"+
			"and is expected {{.To}} answer with none and the cursor {{.Data}} that it was sent", cursor)
}

// HoldEvents compares events byte for byte, and shows the first difference.
func HoldEvents(want []string) types.GomegaMatcher {
	return eventsMatcher{want, "hold", slices.Equal[[]string]}
}

// BeginWithEvents is HoldEvents for a log that may have grown.
func BeginWithEvents(want []string) types.GomegaMatcher {
	return eventsMatcher{want, "begin with", func(got, want []string) bool {
		return len(got) >= len(want) && slices.Equal(got[:len(want)], want)
	}}
}

// EndWithEvents compares the last events.
func EndWithEvents(want []string) types.GomegaMatcher {
	return eventsMatcher{want, "end with", func(got, want []string) bool {
		return len(got) >= len(want) && slices.Equal(got[len(got)-len(want):], want)
	}}
}

type eventsMatcher struct {
	want []string
	verb string
	same func(got, want []string) bool
}

func (m eventsMatcher) Match(actual any) (bool, error) {
	got, ok := actual.([]string)
	if !ok {
		return false, fmt.Errorf("want events as []string, got %T", actual)
	}
	return m.same(got, m.want), nil
}

func (m eventsMatcher) FailureMessage(actual any) string {
	return difference(actual.([]string), m.want, m.verb)
}

func (m eventsMatcher) NegatedFailureMessage(any) string {
	return fmt.Sprintf("Expected the events not to %s the %d given ones", m.verb, len(m.want))
}

// difference tells two sequences of events apart in four lines.
func difference(got, want []string, verb string) string {
	at := 0
	for at < len(got) && at < len(want) && got[at] == want[at] {
		at++
	}
	show := func(events []string) string {
		if at >= len(events) {
			return "nothing"
		}
		place := ""
		if i := slices.Index(want, events[at]); i >= 0 && i != at {
			place = fmt.Sprintf(" (expected at %d)", i)
		}
		return shorten(events[at], 120) + place
	}
	return fmt.Sprintf("Expected the %d events to %s the %d expected ones\nThe first difference is at %d\n  got      %s\n  expected %s",
		len(got), verb, len(want), at, show(got), show(want))
}

// EachEvent holds every event to a rule, which says what is wrong with one, and shows the first that breaks it. The rule
// sees each event once, in their order.
func EachEvent(rule func(event string) error) types.GomegaMatcher { return &eachMatcher{rule: rule} }

type eachMatcher struct {
	rule   func(event string) error
	broken string
}

func (m *eachMatcher) Match(actual any) (bool, error) {
	events, ok := actual.([]string)
	if !ok {
		return false, fmt.Errorf("want events as []string, got %T", actual)
	}
	for i, event := range events {
		if err := m.rule(event); err != nil {
			m.broken = fmt.Sprintf("Event %d of %d: %v\n  %s", i+1, len(events), err, shorten(event, 300))
			return false, nil
		}
	}
	return true, nil
}

func (m *eachMatcher) FailureMessage(any) string { return m.broken }

func (m *eachMatcher) NegatedFailureMessage(any) string {
	return "Expected an event that breaks the rule"
}

// KeepSecret is an error that shows a secret in no form in which either may be written.
func KeepSecret(secret string) types.GomegaMatcher {
	written := []string{
		secret, url.QueryEscape(secret), url.PathEscape(secret),
		base64.RawStdEncoding.EncodeToString([]byte(secret)), base64.RawURLEncoding.EncodeToString([]byte(secret)),
	}
	return gcustom.MakeMatcher(func(err error) (bool, error) {
		for _, text := range forms(err) {
			for _, form := range written {
				if strings.Contains(text, form) {
					return false, nil
				}
			}
		}
		return len(secret) > 0, nil
	}).WithTemplate("The error is expected {{.To}} keep a secret of {{.Data}} characters:\n  {{.Actual}}", len(secret))
}
