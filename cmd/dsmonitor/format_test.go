package main

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"example.com/docusign-monitor/api"
)

func events(raw ...string) []api.Event {
	events := make([]api.Event, len(raw))
	for i, r := range raw {
		events[i].Raw = json.RawMessage(r)
	}
	return events
}

func TestAppendJSON(t *testing.T) {
	for _, test := range []struct {
		name, event, want string
	}{
		{"as received", `{ "b":1.50,	"a":"\u00e9é\n" }`, `{ "b":1.50,	"a":"\u00e9é\n" }`},
		{"spread over lines", "{\n\t\"a\": [1,\r\n2]\r}", "{ \t\"a\": [1,  2] }"},
	} {
		t.Run(test.name, func(t *testing.T) {
			given := events(test.event)
			got := string(appendJSON([]byte("before\n"), given))
			if diff := cmp.Diff("before\n"+test.want+"\n", got); diff != "" {
				t.Errorf("line (-want +got):\n%s", diff)
			}
			if string(given[0].Raw) != test.event {
				t.Errorf("the event was changed to %q", given[0].Raw)
			}
		})
	}
}

func TestColumns(t *testing.T) {
	const user = "6fced11d-2bd8-41e6-b47a-8387cdde8d51"
	for _, test := range []struct {
		name, event string
		want        [7]string
	}{
		{
			"all there",
			`{"timestamp":"2026-02-03T07:17:05.3000409Z","object":"User","action":"Login","userId":"` + user + `","ipAddress":"2001:db8:9:c::1f",
				"city":"kisumu","state":"nyanza","country":"kenya","result":"Failed"}`,
			[...]string{"2026-02-03T07:17:05Z", "User", "Login", user, "2001:db8:9:c::1f", "kisumu, nyanza, kenya", "Failed"},
		},
		{"nothing there", `{}`, [...]string{"-", "-", "-", "-", "-", "-", "-"}},
		{
			"empty, blank and null",
			`{"timestamp":null,"object":"","action":" ","userId":null,"ipAddress":"","city":"","state":null,"country":"","result":"\t"}`,
			[...]string{"-", "-", "-", "-", "-", "-", "-"},
		},
		{"no object", `["a"]`, [...]string{"-", "-", "-", "-", "-", "-", "-"}},
		{"time of another zone", `{"timestamp":"2026-02-03T00:30:00+02:00"}`, [...]string{"2026-02-02T22:30:00Z", "-", "-", "-", "-", "-", "-"}},
		{"time that is none", `{"timestamp":"yesterday"}`, [...]string{"yesterday", "-", "-", "-", "-", "-", "-"}},
		{
			"odd types cost no other field",
			`{"timestamp":1770103085,"object":["Envelope"],"action":"Created","userId":{"id":1},"city":7,"ipAddressLocation":"x","result":true}`,
			[...]string{"1770103085", `["Envelope"]`, "Created", `{"id":1}`, "-", "7", "true"},
		},
		{
			"nested place for want of a flat one",
			`{"city":"","ipAddressLocation":{"city":"zurich","state":"zurich","country":"switzerland"}}`,
			[...]string{"-", "-", "-", "-", "-", "zurich, switzerland", "-"},
		},
		{
			"what a terminal would obey",
			`{"object":"a\u001b[31mb","action":"c\r\nd","userId":"\u009b1m\u007f\u0000","ipAddress":"\u202egnp.exe\u2066","result":"x\ud800y"}`,
			[...]string{"-", "a\uFFFD[31mb", "c  d", "\uFFFD1m\uFFFD\uFFFD", "\uFFFDgnp.exe\uFFFD", "-", "x\uFFFDy"},
		},
		{
			"long values",
			`{"object":"` + strings.Repeat("é", 40) + `","action":"` + strings.Repeat("é", 41) + `","city":"` + strings.Repeat("東", 21) + `"}`,
			[...]string{"-", strings.Repeat("é", 40), strings.Repeat("é", 39) + "…", "-", "-", strings.Repeat("東", 19) + "…", "-"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, columns(events(test.event)[0])); diff != "" {
				t.Errorf("columns (-want +got):\n%s", diff)
			}
		})
	}
}

// Columns stand in line, and one that had to grow stays so wide.
func TestTable(t *testing.T) {
	table := newTable()
	narrow := events(`{"action":"Sent","result":"ok"}`)
	wide := events(`{"action":"Sent","result":"ok"}`, `{"action":"TooManyLoginFailures","city":"東京","result":"ok"}`)

	pages := []string{
		string(table.append(nil, narrow)), string(table.append(nil, wide)), string(table.append(nil, narrow)),
	}

	column := func(page string) (columns []int) {
		for line := range strings.Lines(page) {
			before := line[:strings.Index(line, "ok\n")]
			columns = append(columns, utf8.RuneCountInString(before)+strings.Count(before, "東")+strings.Count(before, "京")) // of two cells each
		}
		return columns
	}
	first := column(pages[0])[0]
	grown := first + len("TooManyLoginFailures") - len("UserAdded")
	want := [][]int{{first}, {grown, grown}, {grown}}
	if diff := cmp.Diff(want, [][]int{column(pages[0]), column(pages[1]), column(pages[2])}); diff != "" {
		t.Errorf("where the last column begins, by page and line (-want +got):\n%s", diff)
	}
}
