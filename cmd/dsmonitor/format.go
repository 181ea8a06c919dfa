package main

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"

	"example.com/docusign-monitor/api"
	"example.com/docusign-monitor/internal/feed"
)

// A format appends events to dst, one a line.
type format func(dst []byte, events []api.Event) []byte

// appendJSON writes the received bytes.
func appendJSON(dst []byte, events []api.Event) []byte {
	for _, event := range events {
		dst = feed.AppendLine(dst, event)
	}
	return dst
}

// cells measures text by the cells of a terminal that it takes: a character of Chinese, Japanese or Korean takes two. What is
// ambiguous takes one, whatever the locale.
var cells = &runewidth.Condition{StrictEmojiNeutral: true}

// maxColumn is how wide a column may grow, in cells; a longer value is cut. An IPv6 address has 39 at most.
const maxColumn = 40

// table writes events in columns. A column grows with what comes, so that no line that was written has to move.
type table struct{ widths [6]int }

func newTable() *table {
	return &table{[...]int{
		len("2026-01-02T15:04:05Z"),                 // time
		len("PermissionSet"),                        // object
		len("UserAdded"),                            // action
		len("00000000-0000-0000-0000-000000000000"), // user
		len("203.0.113.255"),                        // address
		len("capital city, country"),                // place; the result comes last and needs no width
	}}
}

func (t *table) append(dst []byte, events []api.Event) []byte {
	rows := make([][7]string, len(events))
	for i, event := range events {
		rows[i] = columns(event)
		for c := range t.widths {
			t.widths[c] = max(t.widths[c], cells.StringWidth(rows[i][c]))
		}
	}
	for _, row := range rows {
		for c, text := range row {
			if c < len(t.widths) {
				text = cells.FillRight(text, t.widths[c]+2)
			}
			dst = append(dst, text...)
		}
		dst = append(dst, '\n')
	}
	return dst
}

// columns are time, object, action, user, address, place and result. They are read one by one, so that a field of an odd
// type costs no other.
func columns(event api.Event) [7]string {
	var fields, location map[string]json.RawMessage
	json.Unmarshal(event.Raw, &fields) // an event that is no object has no fields
	json.Unmarshal(fields["ipAddressLocation"], &location)

	at := text(fields["timestamp"])
	if t, err := time.Parse(time.RFC3339Nano, at); err == nil {
		at = t.UTC().Format("2006-01-02T15:04:05Z")
	}
	place := joinPlace(fields)
	if place == "" {
		place = joinPlace(location)
	}
	row := [...]string{
		at, text(fields["object"]), text(fields["action"]), text(fields["userId"]), text(fields["ipAddress"]), place,
		text(fields["result"]),
	}
	for c := range row {
		if row[c] = cells.Truncate(printable(row[c]), maxColumn, "…"); row[c] == "" {
			row[c] = "-"
		}
	}
	return row
}

// text is a string as it reads, and any other value as it is written. It is empty for null and for a field that is not
// there.
func text(value json.RawMessage) string {
	var s *string
	if json.Unmarshal(value, &s) != nil {
		return string(value)
	}
	if s == nil {
		return ""
	}
	return *s
}

// joinPlace names the place from the near to the far, and a city that is a state of its own once.
func joinPlace(fields map[string]json.RawMessage) string {
	names := []string{text(fields["city"]), text(fields["state"]), text(fields["country"])}
	names = slices.DeleteFunc(names, func(name string) bool { return name == "" })
	return strings.Join(slices.Compact(names), ", ")
}

// printable replaces what a terminal would not print but obey: control characters, escapes, changes of direction.
func printable(text string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return utf8.RuneError
		}
		return r
	}, text))
}
