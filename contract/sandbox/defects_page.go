package sandbox

import (
	"bytes"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// pageDefects are wrong walks: events lost, repeated or moved, and cursors that lead astray.
var pageDefects = []Defect{
	{
		name: "skipped-event", sentence: "leaves out the last event of a page and goes on behind it",
		clause: "SRV-PAGE-2", also: walks,
		page: func(_ asking, p *page) {
			if n := p.to - p.from; n > 1 {
				p.pick = p.indexes()[:n-1]
			}
		},
	},
	{
		name: "event-lost-in-the-midst", sentence: "leaves out one event, unless a page begins with it",
		clause: "SRV-PAGE-9", also: walks,
		page: func(_ asking, p *page) {
			if lost := p.len() / 2; p.from < lost && lost < p.to {
				p.pick = slices.DeleteFunc(p.indexes(), func(i int) bool { return i == lost })
			}
		},
	},
	{
		name: "window-of-ten-thousand", sentence: "gives no event behind the ten thousandth of the log",
		clause: "SRV-PAGE-16",
		page: func(_ asking, p *page) {
			p.to = min(p.to, max(p.from, 10_000))
		},
	},
	{
		name: "repeated-event", sentence: "begins each page but the first with the event before it",
		clause: "SRV-PAGE-6", also: walks,
		page: func(a asking, p *page) {
			if a.cursor != "" && p.from > 0 && p.to > p.from {
				p.pick = append([]int{p.from - 1}, p.indexes()...)
			}
		},
	},
	{
		name: "repeated-at-the-end", sentence: "gives the last event again to who asks at the end for one event",
		clause: "SRV-PAGE-11", also: walks,
		page: func(a asking, p *page) {
			if p.from == p.len() && p.from > 0 && a.limit == 1 {
				p.pick = []int{p.from - 1}
			}
		},
	},
	{
		name: "swapped-events", sentence: "swaps the first two events of a page of five or more",
		clause: "SRV-PAGE-2", also: walks,
		page: func(_ asking, p *page) {
			if p.to-p.from >= 5 {
				p.pick = p.indexes()
				p.pick[0], p.pick[1] = p.pick[1], p.pick[0]
			}
		},
	},
	{
		name: "sorted-by-time", sentence: "sorts the events of a page by their timestamps",
		clause: "SRV-PAGE-4", also: walks,
		page: func(_ asking, p *page) {
			p.pick = p.indexes()
			slices.SortStableFunc(p.pick, func(i, j int) int { return p.happened(i).Compare(p.happened(j)) })
		},
	},
	{
		name: "news-lost", sentence: "leaves out the first of what arrives after the end was reached",
		clause: "SRV-CURSOR-5", also: walks,
		page: func(a asking, p *page) {
			if a.cursor != "" && p.from == p.past.len() && p.to > p.from {
				p.pick = p.indexes()[1:]
			}
		},
	},
	{
		name: "limit-ignored", sentence: "gives pages of up to 2000 events whatever the limit",
		clause: "SRV-PAGE-1", also: walks,
		page: func(_ asking, p *page) { p.to = min(p.from+maxLimit, p.len()) },
	},
	{
		name: "larger-default", sentence: "gives up to 2000 events when no limit is given",
		clause: "SRV-PAGE-3", also: []string{"SRV-PAGE-8", "SRV-PAGE-15"},
		request: func(r *http.Request) {
			if isStream(r) && !strings.Contains(r.URL.RawQuery, "limit") {
				setQuery(r, "limit", "2000")
			}
		},
	},
	{
		name: "cursor-alone-ignored", sentence: "passes over a cursor that comes without a limit",
		clause: "SRV-PAGE-3", also: []string{"SRV-CURSOR-*", "SRV-PAGE-11", "SRV-PAGE-15"},
		request: func(r *http.Request) {
			if isStream(r) && !r.URL.Query().Has("limit") && strings.HasPrefix(r.URL.Query().Get("cursor"), "aa_") {
				setQuery(r, "cursor", "")
			}
		},
	},
	{
		name: "limit-clamped", sentence: "takes a limit outside of the bounds for the nearest within",
		clause: "SRV-PAGE-7", also: []string{"SRV-SCHEMA-*"},
		assume: func(a *Assumptions) { a.ClampLimit = true },
	},
	{
		name: "limit-guessed", sentence: "passes over a limit that is not a number",
		clause: "SRV-PAGE-8", also: []string{"SRV-SCHEMA-*"},
		request: func(r *http.Request) {
			if limit, given := r.URL.Query()["limit"]; given && isStream(r) {
				if _, err := strconv.ParseInt(limit[0], 10, 32); err != nil || len(limit) > 1 {
					setQuery(r, "limit", "")
				}
			}
		},
	},

	{
		name: "one-more-than-the-most", sentence: "gives 2001 events at the limit 2000",
		clause: "SRV-PAGE-14", also: walks,
		page: func(a asking, p *page) {
			if a.limit == maxLimit && p.to-p.from == a.limit && p.to < p.len() {
				p.to++
			}
		},
	},
	{
		name: "equal-times-once", sentence: "gives one alone of several events in a row that have the same time",
		clause: "SRV-PAGE-4", also: walks,
		page: func(_ asking, p *page) {
			p.pick = slices.DeleteFunc(p.indexes(), func(i int) bool { return i > 0 && p.happened(i).Equal(p.happened(i-1)) })
		},
	},
	{
		name: "late-news-lost", sentence: "leaves out what arrives after the end was reached and happened before what arrived last",
		clause: "SRV-CURSOR-5", also: walks,
		page: func(_ asking, p *page) {
			p.pick = slices.DeleteFunc(p.indexes(), func(i int) bool {
				return i > 0 && i >= p.past.len() && p.happened(i).Before(p.happened(i-1))
			})
		},
	},

	// cursors
	{
		name: "stuck-cursor", sentence: "gives back the cursor that it was sent, though more events follow",
		clause: "SRV-CURSOR-1", also: []string{"SRV-*"},
		page: func(a asking, p *page) {
			if a.cursor != "" && p.to < p.len() {
				p.end = quoted(a.cursor)
			}
		},
	},
	{
		name: "cursor-too-far", sentence: "gives the endCursor of the event after, if a page has five events or more",
		clause: "SRV-PAGE-10", also: walks,
		page: func(_ asking, p *page) {
			if p.to-p.from >= 5 && p.to < p.len() {
				p.end = quoted(p.cursor(p.to + 1))
			}
		},
	},
	{
		name: "ends-early", sentence: "ends the stream where a fourth of it is left, at a limit less than 100",
		clause: "SRV-PAGE-10", also: walks,
		page: func(a asking, p *page) {
			if a.cursor != "" && a.limit < 100 && p.from > p.len()*3/4 && p.to < p.len() {
				p.to, p.end = p.from, quoted(a.cursor)
			}
		},
	},
	{
		name: "ends-with-a-full-page", sentence: "gives back the cursor that it was sent with the last page, if that is full, and so the page once more",
		clause: "SRV-PAGE-11", also: walks,
		page: func(a asking, p *page) {
			if strings.HasPrefix(a.cursor, "aa_") && p.to == p.len() && p.to-p.from == a.limit {
				p.end = quoted(a.cursor)
			}
		},
	},
	{
		name: "restless-end", sentence: "gives another cursor each time at the end",
		clause: "SRV-CURSOR-3", also: []string{"SRV-*"},
		page: func(_ asking, p *page) {
			if p.from == p.to {
				p.end = quoted(time.Now().UTC().Format("2006-01-02T15:04:05.000000000Z"))
			}
		},
	},
	{
		name: "old-cursor-forgotten", sentence: "begins anew at a cursor that a page of at most ten events has given, if it is asked for 2000",
		clause: "SRV-CURSOR-2", also: walks,
		page: func(a asking, p *page) {
			if a.limit == maxLimit && strings.HasPrefix(a.cursor, "aa_") && p.from%7 == 1 && p.from > 10 {
				p.from = 0
			}
		},
	},
	{
		name: "altered-cursor-taken", sentence: "looks at the last number of a cursor alone",
		clause: "SRV-CURSOR-12", also: []string{"SRV-CURSOR-*"}, skips: cursorForm,
	},
	{
		name: "bad-cursor-restarts", sentence: "begins seven days ago at a cursor that it never gave",
		clause: "SRV-CURSOR-10", also: []string{"SRV-CURSOR-*"},
		assume: func(a *Assumptions) { a.BadCursorRestarts = true },
	},
	{
		name: "other-stream-restarts", sentence: "begins anew at a cursor of the other stream",
		clause: "SRV-CURSOR-13", also: []string{"SRV-CURSOR-*"},
		request: func(r *http.Request) {
			cursor := r.URL.Query().Get("cursor")
			n, err := strconv.Atoi(cursor[strings.LastIndexByte(cursor, '_')+1:])
			ofOrganization := strings.HasPrefix(r.URL.Path, "/v1/")
			if isStream(r) && err == nil && strings.HasPrefix(cursor, "aa_") && (n>>40&1 == 1) != ofOrganization {
				setQuery(r, "cursor", "")
			}
		},
	},

	// where a stream begins
	{
		name: "starts-three-days-ago", sentence: "begins three days ago without a cursor",
		clause: "SRV-CURSOR-16", also: walks,
		page: func(a asking, p *page) {
			if a.cursor == "" {
				p.from = max(p.from, min(p.since(time.Now().AddDate(0, 0, -3)), p.to))
			}
		},
	},
	{
		name: "starts-an-hour-late", sentence: "begins an hour less than seven days ago without a cursor",
		clause: "SRV-CURSOR-6", also: walks, skips: seventhDay,
	},
	{
		name: "empty-cursor-is-the-end", sentence: "begins at the end with an empty cursor",
		clause: "SRV-CURSOR-7", also: []string{"SRV-CURSOR-16", "SRV-PAGE-15"},
		request: func(r *http.Request) {
			if given, ok := r.URL.Query()["cursor"]; ok && isStream(r) && given[0] == "" {
				setQuery(r, "cursor", time.Now().UTC().Format(time.RFC3339))
			}
		},
	},
	{
		name: "date-ignored", sentence: "begins seven days ago whatever the date",
		clause: "SRV-CURSOR-8", also: []string{"SRV-CURSOR-*", "SRV-PAGE-*"},
		request: func(r *http.Request) {
			if _, isDate := parseDate(r.URL.Query().Get("cursor")); isDate && isStream(r) {
				setQuery(r, "cursor", "")
			}
		},
	},
	{
		name: "loses-at-a-hundred", sentence: "leaves out the last event of a full page at the limit 100",
		clause: "SRV-PAGE-15", also: walks,
		page: func(a asking, p *page) {
			if a.limit == 100 && p.to-p.from == a.limit {
				p.pick = p.indexes()[:a.limit-1]
			}
		},
	},
	{
		name: "one-more-at-five", sentence: "gives six events at the limit 5 to who begins without a cursor",
		clause: "SRV-PAGE-15", also: walks,
		page: func(a asking, p *page) {
			if a.cursor == "" && a.limit == 5 && p.to-p.from == a.limit && p.to < p.len() {
				p.to++
			}
		},
	},
	{
		name: "no-cursor-while-empty", sentence: "gives null for endCursor while it has no event at all",
		clause: "SRV-CURSOR-18", also: []string{"SRV-SCHEMA-1"},
		page: func(_ asking, p *page) {
			if p.len() == 0 {
				p.end = "null"
			}
		},
	},
	{
		name: "failed-left-out", sentence: "leaves out each event that tells of a failure",
		clause: "SRV-EVENT-5", also: walks,
		page: func(_ asking, p *page) {
			p.pick = slices.DeleteFunc(p.indexes(), func(i int) bool {
				return bytes.Contains(p.appendEvent(nil, i), []byte(`"result":"Failed"`))
			})
		},
	},
	{
		name: "one-stream-lags", sentence: "keeps the newest thirty events from the organization stream",
		clause: "SRV-PAGE-12", also: walks,
		page: func(a asking, p *page) {
			if a.kind == 1 && p.len() > 60 && p.to > p.len()-30 {
				p.to = max(p.from, p.len()-30)
			}
		},
	},
	{
		name: "date-to-the-next-minute", sentence: "begins at the full minute after the date",
		clause: "SRV-CURSOR-14", also: []string{"SRV-CURSOR-*", "SRV-PAGE-*"},
		page: func(a asking, p *page) {
			if date, isDate := parseDate(a.cursor); isDate {
				p.from = max(p.from, min(p.since(date.Add(time.Minute-1).Truncate(time.Minute)), p.to))
			}
		},
	},
	{
		name: "colon-refused", sentence: "refuses a date whose colons are not escaped",
		clause: "SRV-CURSOR-14",
		answer: func(r *http.Request, got *captured) {
			if isStream(r) && strings.Contains(r.URL.RawQuery, ":") {
				got.status, got.body = http.StatusBadRequest, []byte(`{"errorCode":"INVALID_REQUEST_PARAMETER","message":"cursor"}`)
			}
		},
	},
	{
		name: "offset-ignored", sentence: "takes a date in another zone for one in UTC",
		clause: "SRV-CURSOR-8", also: []string{"SRV-PAGE-15", "SRV-CURSOR-14", "SRV-CURSOR-15"},
		request: func(r *http.Request) {
			cursor := r.URL.Query().Get("cursor")
			if _, isDate := parseDate(cursor); isDate && isStream(r) && len(cursor) > len("2006-01-02") && !strings.HasSuffix(cursor, "Z") {
				setQuery(r, "cursor", cursor[:len(cursor)-len("+00:00")]+"Z")
			}
		},
	},
	{
		name: "no-floor", sentence: "gives what is from before 2021 to who asks from a date",
		clause: "SRV-CURSOR-17",
		page: func(a asking, p *page) {
			if date, isDate := parseDate(a.cursor); isDate {
				p.from = p.since(date)
			}
		},
	},
	{
		name: "date-to-the-hour", sentence: "begins at the full hour before the date, or four hours earlier",
		clause: "SRV-CURSOR-15", also: []string{"SRV-CURSOR-*", "SRV-PAGE-*"},
		request: func(r *http.Request) {
			if date, ok := parseDate(r.URL.Query().Get("cursor")); ok && isStream(r) {
				setQuery(r, "cursor", date.Add(-4*time.Hour).Truncate(time.Hour).UTC().Format(time.RFC3339))
			}
		},
	},
}

// walks are the clauses that a wrong walk may show to.
var walks = []string{"SRV-PAGE-*", "SRV-LIMIT-1", "SRV-CURSOR-*", "SRV-EVENT-*", "SRV-ROUTE-1", "SRV-AUTH-14", "SRV-AUTH-16"}

// setQuery gives a query another value of a parameter; empty for none.
func setQuery(r *http.Request, name, value string) {
	query := r.URL.Query()
	query.Del(name)
	if value != "" {
		query.Set(name, value)
	}
	r.URL.RawQuery = query.Encode()
}
