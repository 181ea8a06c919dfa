package sandbox

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// maxLine is how long a line of [Lines] may be, in bytes without the newline.
const maxLine = 16 << 20

var (
	errBlank       = errors.New("blank line")
	errBOM         = errors.New("byte order mark before the object")
	errSpaceBefore = errors.New("white space before the object")
	errSpaceAfter  = errors.New("white space after the object")
	errTooLong     = fmt.Errorf("longer than %d bytes", maxLine)
)

// Lines is a log of the events that r holds, one JSON object a line in UTF-8, at most 16 MiB each. A line is kept byte for
// byte, whatever is in the object; the newline after the last one may be missing. Any other line is an error that tells
// its number and the reason: a blank one, one that is not an object or not UTF-8, one with white space before or after
// the object (the carriage return of CRLF, for one), one that nests more than 9,998 levels deep, which no page can carry.
//
// The events are ingested in the order of the lines, whatever their timestamps: the last one when the sandbox starts, the
// others a millisecond apart before it.
func Lines(r io.Reader) (Source, error) {
	var events recorded
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine+2) // the scanner wants room for the newline, and for one byte more
	lines.Split(splitLines)
	for lines.Scan() {
		line := lines.Bytes()
		if err := checkLine(line); err != nil {
			return nil, fmt.Errorf("line %d: %w", len(events)+1, err)
		}
		events = append(events, bytes.Clone(line))
	}
	err := lines.Err()
	if errors.Is(err, bufio.ErrTooLong) {
		err = errTooLong
	}
	if err != nil {
		return nil, fmt.Errorf("line %d: %w", len(events)+1, err)
	}
	return events, nil
}

func checkLine(line []byte) error {
	const space = " \t\r"
	switch {
	case len(line) > maxLine:
		return errTooLong
	case len(bytes.Trim(line, space)) == 0:
		return errBlank
	case bytes.HasPrefix(line, []byte("\uFEFF")):
		return errBOM
	case bytes.IndexByte([]byte(space), line[0]) >= 0:
		return errSpaceBefore
	case bytes.IndexByte([]byte(space), line[len(line)-1]) >= 0:
		return errSpaceAfter
	}
	return checkEvent(line)
}

// splitLines is [bufio.ScanLines] that leaves a carriage return where it is.
func splitLines(data []byte, atEOF bool) (advance int, token []byte, err error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i], nil
	}
	if atEOF && len(data) > 0 {
		return len(data), data, nil
	}
	return 0, nil, nil
}
