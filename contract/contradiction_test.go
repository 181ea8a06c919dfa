package contract_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// What a chronicle calls a contradiction, and what it must not.
func TestChronicleFindsContradictions(t *testing.T) {
	noon := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	at := func(id string, hours int) string {
		return fmt.Sprintf(`{"timestamp":%q,"eventId":%q}`, noon.Add(time.Duration(hours)*time.Hour).Format(time.RFC3339), id)
	}
	a, b, c, d := at("a", -4), at("b", -3), at("c", -2), at("d", -1)
	anonymous := `{"eventId":null}`
	two := noon.Add(-2*time.Hour - time.Minute).Format(time.RFC3339)

	type page struct {
		query, end string
		events     []string
	}
	of := func(query, end string, events ...string) page { return page{query, end, events} }
	tests := []struct {
		name  string
		pages []page
		wrong string // of the last page; nothing is wrong with those before
	}{
		{"the same in other pages", []page{of("cursor=0", "4", a, b, c, d), of("limit=1", "1", a), of("cursor=1&limit=2", "3", b, c), of("cursor=3", "4", d)}, ""},
		{"another cursor each time", []page{of("cursor=0", "x", a, b), of("", "y", a, b), of("cursor=y", "z", c), of("cursor=x", "w", c)}, ""},
		{"a log that grows", []page{of("cursor=0", "2", a, b), of("cursor=2", "2"), of("cursor=2", "4", c, d)}, ""},
		{"an empty page in the midst", []page{of("cursor=0", "4", a, b, c, d), of("limit=1", "1", a), of("cursor=1", "1b"), of("cursor=1b", "2", b)}, ""},
		{"an event that stands twice", []page{of("cursor=0", "5", a, b, c, b, d), of("", "5", a, b, c, b, d), of("limit=2", "2", a, b), of("cursor=2", "3", c)}, ""},
		{"events without an id", []page{of("cursor=0", "5", a, anonymous, b, anonymous, c), of("limit=2", "2", a, anonymous), of("cursor=2", "3", b)}, ""},
		{"a date leaves out what happened before", []page{of("cursor=0", "4", a, c, b, d), of("cursor="+url.QueryEscape(two), "4", c, d)}, ""},
		{"nothing since a date that all happened before", []page{of("cursor=0", "4", a, b), of("cursor="+url.QueryEscape(two), "4"), of("cursor=4", "5", c)}, ""},
		{"no page", []page{of("limit=5000", "9", b, a), of("", "2", a, b)}, ""},

		{"lost", []page{of("cursor=0", "4", a, b, c, d), of("", "4", a, c, d)}, "comes after event a, and event b does"},
		{"lost first, from a date", []page{of("cursor=0", "4", a, b, c, d), of("cursor="+url.QueryEscape(two), "4", d)}, "event c before it"},
		{"lost first, from the start", []page{of("cursor=0", "4", a, b, c, d), of("", "4", b, c, d)}, "event a before it"},
		{"lost at the border", []page{of("cursor=0", "4", a, b, c, d), of("limit=1", "1", a), of("cursor=1", "3", c)}, "comes after event a"},
		{"lost at the end of a page", []page{of("limit=3", "3", a, b, c), of("", "3", a, b)}, "the endCursor after event b is after event c"},
		{"swapped", []page{of("cursor=0", "3", a, b, c), of("cursor=0", "3", b, a, c)}, "comes after event b, and event c does"},
		{"repeated", []page{of("cursor=0", "3", a, b, c), of("", "3", a, b, b, c)}, "comes after event b, and event c does"},
		{"altered", []page{of("cursor=0", "3", a, b, c), of("", "3", at("a", -5), b, c)}, "event a has other bytes"},
		{"more than the limit", []page{of("limit=2", "3", a, b, c)}, "3 events at the limit 2"},
		{"more than the limit that none is", []page{of("cursor=0", "1001", strings.Split(strings.Repeat(anonymous+" ", 1000)+a, " ")...)}, "1001 events at the limit 1000"},
		{"nothing since a date", []page{of("cursor=0", "4", a, b, c, d), of("cursor="+url.QueryEscape(two), "4")}, "up to an endCursor after event d"},
		{"ends early", []page{of("limit=2", "2", a, b), of("cursor=2", "3", c), of("cursor=2", "2")}, "the stream ends"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			known := newChronicle()
			for i, p := range test.pages {
				r, err := http.NewRequest(http.MethodGet, "http://host"+datasetStream.path("")+"?"+p.query, nil)
				if err != nil {
					t.Fatal(err)
				}
				body := fmt.Sprintf(`{"endCursor":%q,"data":[%s]}`, p.end, strings.Join(p.events, ","))
				want := ""
				if i == len(test.pages)-1 {
					want = test.wrong
				}
				got := known.enter(r, http.StatusOK, []byte(body), time.Now(), noon)
				if want == "" && got != "" || !strings.Contains(got, want) {
					t.Errorf("page %d of %d: %q, want %q", i+1, len(test.pages), got, want)
				}
			}
		})
	}
}
