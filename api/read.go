package api

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// maxPage is the largest page that is read, in bytes after decompression. A page of 2,000 events is some 3 MB.
const maxPage = 64 << 20

// lenient leaves an event's own business to the event: duplicate names inside it, and escapes of lone surrogates, which
// are JSON by its grammar. The page's own names are checked by readPage, and so is UTF-8, which jsontext can only check
// together with the escapes.
var lenient = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

// readPage takes a page apart, in one validating pass and without copying: the events are slices of body. The array has
// the name that the stream gives it. A body that ends early wraps io.ErrUnexpectedEOF; every error wraps
// [ErrMalformedPage].
func readPage(body []byte, array string, capacity int) (next Cursor, events []Event, err error) {
	if !utf8.Valid(body) {
		if utf8.Valid(withoutPartialRune(body)) {
			return "", nil, unreadable(io.ErrUnexpectedEOF)
		}
		return "", nil, malformed("it is not UTF-8")
	}
	dec := jsontext.NewDecoder(bytes.NewBuffer(body), lenient...)
	if kind := dec.PeekKind(); kind != '{' && kind != jsontext.KindInvalid {
		return "", nil, malformed("it is not a JSON object")
	}
	if _, err := dec.ReadToken(); err != nil {
		return "", nil, unreadable(err)
	}

	var haveCursor, haveArray bool
	for dec.PeekKind() == '"' {
		name, err := dec.ReadToken()
		if err != nil {
			return "", nil, unreadable(err)
		}
		switch name.String() {
		case "endCursor":
			if haveCursor {
				return "", nil, malformed("endCursor stands in it twice")
			}
			haveCursor = true
			next, err = readCursor(dec)
		case array:
			if haveArray {
				return "", nil, malformed(array + " stands in it twice")
			}
			haveArray = true
			events, err = readArray(dec, body, array, capacity)
		default:
			err = dec.SkipValue()
		}
		if err != nil {
			return "", nil, unreadable(err)
		}
	}
	if _, err := dec.ReadToken(); err != nil { // the closing brace
		return "", nil, unreadable(err)
	}
	if len(bytes.TrimLeft(body[dec.InputOffset():], " \t\r\n")) > 0 {
		return "", nil, malformed("something follows the JSON value")
	}
	switch {
	case !haveArray:
		return "", nil, malformed("it has no " + array)
	case next == "":
		// Kept, such a cursor would begin the next run seven days ago.
		return "", nil, malformed("it has no endCursor")
	}
	return next, events, nil
}

func readCursor(dec *jsontext.Decoder) (Cursor, error) {
	switch dec.PeekKind() {
	case 'n':
		return "", dec.SkipValue()
	case '"':
		token, err := dec.ReadToken()
		if err != nil {
			return "", err
		}
		return Cursor(token.String()), nil
	case jsontext.KindInvalid:
		return "", dec.SkipValue()
	default:
		return "", malformed("endCursor is not a string")
	}
}

func readArray(dec *jsontext.Decoder, body []byte, array string, capacity int) ([]Event, error) {
	switch dec.PeekKind() {
	case 'n', jsontext.KindInvalid: // null is no events
		return nil, dec.SkipValue()
	case '[':
	default:
		return nil, malformed(array + " is not an array")
	}
	if _, err := dec.ReadToken(); err != nil {
		return nil, err
	}
	events := make([]Event, 0, capacity)
	for dec.PeekKind() != ']' {
		value, err := dec.ReadValue()
		if err != nil {
			return nil, err
		}
		// The decoder lends value for a moment; the same bytes of body are there to stay.
		end := int(dec.InputOffset())
		events = append(events, Event{Raw: body[end-len(value) : end : end]})
	}
	_, err := dec.ReadToken()
	return events, err
}

// withoutPartialRune cuts off a last character of which the end is missing.
func withoutPartialRune(b []byte) []byte {
	for i := len(b) - 1; i >= 0 && i >= len(b)-utf8.UTFMax; i-- {
		if utf8.RuneStart(b[i]) {
			if !utf8.FullRune(b[i:]) {
				return b[:i]
			}
			break
		}
	}
	return b
}

// unreadable turns an error of the decoder into one of the page. The decoder's text may quote the page, so of it only
// what it is and where is kept.
func unreadable(err error) error {
	var syntactic *jsontext.SyntacticError
	switch {
	case errors.Is(err, ErrMalformedPage):
		return err
	case errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF):
		return fmt.Errorf("%w: it ends early: %w", ErrMalformedPage, io.ErrUnexpectedEOF)
	case errors.As(err, &syntactic):
		return malformed(fmt.Sprintf("it is not JSON at byte %d", syntactic.ByteOffset))
	default:
		return malformed("it is not JSON")
	}
}

func malformed(how string) error {
	return fmt.Errorf("%w: %s", ErrMalformedPage, how)
}
