package sandbox

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// told is what a story is told by.
type told struct {
	Timestamp              time.Time
	EventID                string `json:"eventId"`
	UserID                 string `json:"userId"`
	IPAddress              string `json:"ipAddress"`
	Country                string
	Object, Action, Result string
	Source                 string
	Data                   struct {
		EnvelopeID  string `json:"EnvelopeId"`
		SettingsKey string
		EventIDs    []string
		Count       string
	}
}

func (e told) what() string { return strings.TrimSuffix(e.Object+"/"+e.Action+" "+e.Result, " ") }

// Each story comes in every 400 events. It is of one user, takes less than an hour and is ended by an alert on all that
// came before it, if it ends in one.
func TestStories(t *testing.T) {
	repeated := func(what string, n int) []string { return strings.Split(strings.Repeat(what+"\n", n-1)+what, "\n") }
	wants := map[string][]string{
		"tried passwords": append(repeated("User/Login Failed", 7), "Alert/TooManyLoginFailures"),
		"integration":     repeated("Envelope/Created\nEnvelope/Sent", 12),
		"bulk download":   append(repeated("Envelope/Downloaded", 22), "Alert/BulkEnvelopeDownload"),
		"weakened rules":  {"User/Login Success", "PermissionSet/Updated Success", "Account/Updated", "Alert/AuthenticationRequirementDisabled"},
		"two countries":   {"User/Login Success", "User/Login Success", "Alert/LoginFromDistantPlace"},
		"mass deletion":   append(repeated("Envelope/Deleted", 16), "Alert/MassEnvelopeDeletion"),
	}
	const n = 1000
	for seed := range uint64(9) {
		h := opened(t, n, seed).(*generated)
		seen := map[string]int{}
		for chapterAt := 0; chapterAt < n; chapterAt += chapter {
			p := h.part(chapterAt + storyFrom)
			if p.story == nil {
				continue
			}
			events := make([]told, p.length)
			var whats []string
			for k := range events {
				if err := json.Unmarshal(h.appendEvent(nil, p.first+k), &events[k]); err != nil {
					t.Fatal(err)
				}
				whats = append(whats, events[k].what())
			}
			name := ""
			for candidate, want := range wants {
				if cmp.Equal(want, whats) {
					name = candidate
				}
			}
			if name == "" {
				t.Fatalf("no story goes like this: %v", whats)
			}
			seen[name]++
			t.Run(fmt.Sprint(name, " ", seed), func(t *testing.T) { checkStory(t, name, events) })
		}
		for name := range wants {
			if seen[name] < 2 {
				t.Errorf("seed %d tells %s %d times in %d events", seed, name, seen[name], n)
			}
		}
	}
}

func checkStory(t *testing.T, name string, events []told) {
	first, last := events[0], events[len(events)-1]
	if took := last.Timestamp.Sub(first.Timestamp); took < 0 || took > time.Hour {
		t.Errorf("it takes %v", took)
	}
	envelopes, addresses, countries := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for k, e := range events {
		if e.UserID != first.UserID {
			t.Errorf("event %d is of another user", k)
		}
		if k > 0 && e.Timestamp.Before(events[k-1].Timestamp) {
			t.Errorf("event %d happened before the one before it", k)
		}
		if name == "integration" && (e.Source != "API" || k%2 == 1 && e.Data.EnvelopeID != events[k-1].Data.EnvelopeID) {
			t.Errorf("event %d is by %s, of envelope %s", k, e.Source, e.Data.EnvelopeID)
		}
		envelopes[e.Data.EnvelopeID], addresses[e.IPAddress], countries[e.Country] = true, true, true
	}
	if want := map[string]int{"integration": 12, "bulk download": 23, "mass deletion": 17}[name]; want > 0 && len(envelopes) != want {
		t.Errorf("it is about %d envelopes, none counted", len(envelopes))
	}
	if want := map[bool]int{true: 2, false: 1}[name == "two countries"]; len(addresses) != want || len(countries) != want {
		t.Errorf("it comes from %v in %v", addresses, countries)
	}
	if name == "weakened rules" && events[2].Data.SettingsKey != "TwoFactorRequired" {
		t.Errorf("the setting is %s", events[2].Data.SettingsKey)
	}
	if name == "integration" {
		return
	}
	var ids []string
	for _, e := range events[:len(events)-1] {
		ids = append(ids, e.EventID)
	}
	if diff := cmp.Diff(ids, last.Data.EventIDs); diff != "" || last.Data.Count != fmt.Sprint(len(ids)) {
		t.Errorf("the alert counts %s (-events +named by it):\n%s", last.Data.Count, diff)
	}
}
