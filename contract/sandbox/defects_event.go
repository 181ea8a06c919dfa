package sandbox

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
)

// eventDefects are altered events.
var eventDefects = []Defect{
	{
		name: "number-rounded", sentence: "writes a number of more than 15 digits as a decoder leaves it that takes all for floats",
		clause: "SRV-EVENT-1", also: spoilt,
		event: func(_ stream, event []byte) []byte { return round(event) },
	},
	{
		name: "rounded-on-one-stream", sentence: "rounds the numbers of the organization stream to one digit after the point",
		clause: "SRV-PAGE-12", also: spoilt,
		event: func(of stream, event []byte) []byte {
			if of.kind == 1 {
				return fraction.ReplaceAll(event, []byte("$1"))
			}
			return event
		},
	},
	{
		name: "encoded-anew", sentence: "decodes an event and encodes it anew",
		clause: "SRV-EVENT-1", also: spoilt,
		event: func(_ stream, event []byte) []byte {
			var members map[string]json.RawMessage
			if json.Unmarshal(event, &members) == nil {
				if text, err := json.Marshal(members); err == nil {
					return text
				}
			}
			return event
		},
	},
	{
		name: "fiftieth-without-site", sentence: "leaves out the site of each fiftieth event of the log",
		clause: "SRV-EVENT-4", also: spoilt,
		page: func(_ asking, p *page) {
			all, n := p.indexes(), -1
			p.rewrite = func(event []byte) []byte {
				if n++; all[n]%50 == 49 {
					return bytes.Replace(event, []byte(`"site":"DEMO",`), nil, 1)
				}
				return event
			}
		},
	},
	{
		name: "long-event-lost", sentence: "leaves out an event of more than 64 KiB",
		clause: "SRV-EVENT-1", also: walks,
		page: func(_ asking, p *page) {
			p.pick = slices.DeleteFunc(p.indexes(), func(i int) bool { return len(p.appendEvent(nil, i)) > 64<<10 })
		},
	},
	{
		name: "escaped-for-HTML", sentence: "escapes the letters that mean something in HTML",
		clause: "SRV-EVENT-1", also: spoilt,
		event: func(_ stream, event []byte) []byte {
			var safe bytes.Buffer
			json.HTMLEscape(&safe, event)
			return safe.Bytes()
		},
	},
	{
		name: "time-without-zone", sentence: "gives timestamps without a zone",
		clause: "SRV-EVENT-2", also: spoilt,
		event: func(_ stream, event []byte) []byte { return stamp.ReplaceAll(event, []byte(`$1"`)) },
	},
	{
		name: "same-id", sentence: "gives all events one id",
		clause: "SRV-EVENT-3", also: spoilt,
		event: func(_ stream, event []byte) []byte {
			return identity.ReplaceAll(event, []byte(`"eventId":"00000000-0000-4000-8000-000000000000"`))
		},
	},
	{
		name: "number-as-text", sentence: "gives latitudes as texts",
		clause: "SRV-SCHEMA-1", also: spoilt,
		event: func(_ stream, event []byte) []byte { return latitude.ReplaceAll(event, []byte(`"latitude":"$1"`)) },
	},
}

// spoilt are the clauses that an altered event may show to.
var spoilt = []string{"SRV-EVENT-*", "SRV-LIMIT-1", "SRV-PAGE-*", "SRV-CURSOR-*", "SRV-SCHEMA-*", "SRV-ROUTE-1", "SRV-AUTH-14", "SRV-AUTH-16"}

var (
	fraction = regexp.MustCompile(`(:-?\d+\.\d)\d+`)
	digits   = regexp.MustCompile(`:-?\d{16,}`)
	stamp    = regexp.MustCompile(`("timestamp":\s*"[^"]*)Z"`)
	identity = regexp.MustCompile(`"eventId":\s*"[^"]*"`)
	latitude = regexp.MustCompile(`"latitude":(-?\d+(?:\.\d+)?)`)
)

// round rounds integers to what a float64 holds.
func round(event []byte) []byte {
	return digits.ReplaceAllFunc(event, func(number []byte) []byte {
		f, _ := strconv.ParseFloat(string(number[1:]), 64)
		return strconv.AppendFloat([]byte(":"), f, 'f', 0, 64)
	})
}
