package sandbox

import (
	"encoding/base64"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A cursor of the stream is aa_<ticks>_<ticks>_<n>: the times of ingestion and of happening of the last event before the
// position, and the position, counted from a number that is the stream's own. Clients must not look into it. The sandbox
// does, to find the place, and compares the whole with what it would give for that place, so that a forged cursor and one
// of another log are refused.

// cursor is the cursor of position n: that of what comes after the first n events.
func (v view) cursor(n int) string { return v.cursorOf(0, n) }

// cursorOf is a cursor like that of position n which shift tells from it.
func (v view) cursorOf(shift int64, n int) string {
	ingested, happened := v.born, v.born
	if n > 0 {
		ingested, happened = v.ingested(n-1), v.happened(n-1)
	}
	cursor := strconv.AppendInt(append(make([]byte, 0, 64), "aa_"...), ticks(ingested)+shift, 10)
	cursor = strconv.AppendInt(append(cursor, '_'), ticks(happened), 10)
	cursor = strconv.AppendInt(append(cursor, '_'), v.first+int64(n), 10)
	if v.arbitrary {
		return disguise + base64.StdEncoding.EncodeToString(cursor)
	}
	return string(cursor)
}

// disguise begins an arbitrary cursor: what has a meaning in URLs, in forms or in JSON.
const disguise = "c/+ %2B=&?#;\"\\é:"

// position is where a cursor that this log gave points to; ok is false for any other text.
func (v view) position(cursor string) (n int, ok bool) {
	text := cursor
	if v.arbitrary {
		plain, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(cursor, disguise))
		text = string(plain)
	}
	n, ok = v.numbered(text)
	return n, ok && v.cursor(n) == cursor
}

// lastNumber is where a cursor points to by its last part alone, and the head if it points to nowhere.
func (v view) lastNumber(cursor string) int {
	if n, ok := v.numbered(cursor); ok {
		return n
	}
	return v.len()
}

// numbered is the position that the last part of a cursor names; ok is false if there is none.
func (v view) numbered(cursor string) (n int, ok bool) {
	number, err := strconv.ParseInt(cursor[strings.LastIndexByte(cursor, '_')+1:], 10, 64)
	if number -= v.first; err != nil || number < 0 || number > int64(v.len()) {
		return 0, false
	}
	return int(number), true
}

// parseDate reads a cursor that is a time: RFC 3339, with or without a fraction, or a bare date, which is its midnight in
// UTC.
func parseDate(cursor string) (t time.Time, ok bool) {
	layout := time.DateOnly
	if rfc3339.MatchString(cursor) {
		layout = time.RFC3339
	}
	t, err := time.Parse(layout, cursor)
	return t, err == nil
}

// rfc3339 is the form of a date-time. [time.Parse] knows which days and hours there are, but lets pass other forms too,
// such as an hour of one digit.
var rfc3339 = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$`)

// tick is the unit of time of a cursor, and of the timestamp of an event.
const tick = 100 * time.Nanosecond

const (
	yearOneToUnix  = 62_135_596_800 // seconds
	ticksPerSecond = int64(time.Second / tick)
)

// ticks counts the ticks from the beginning of the year 1 to t.
func ticks(t time.Time) int64 {
	return (t.Unix()+yearOneToUnix)*ticksPerSecond + int64(t.Nanosecond())/int64(tick)
}

// timeOf is the time so many ticks after the beginning of the year 1.
func timeOf(ticks int64) time.Time {
	return time.Unix(ticks/ticksPerSecond-yearOneToUnix, ticks%ticksPerSecond*int64(tick)).UTC()
}
