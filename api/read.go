package api

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxPage is the largest page that is read, in bytes after decompression. A page of 2,000 events is some 3 MB.
const maxPage = 64 << 20

// lenient leaves an event's own business to the event: duplicate names inside it, and escapes of lone surrogates, which
// are JSON by its grammar. The page's own names are checked by readPage, and so is UTF-8, which jsontext can only check
// together with the escapes.
var lenient = jsonv2.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

// readPage takes a page apart, in one validating pass and without copying: the events are slices of body. The array has
// the name that the stream gives it. A body that ends early wraps io.ErrUnexpectedEOF; every error wraps
// [ErrMalformedPage].
func readPage(body []byte, array string, capacity int) (Cursor, []Event, error) {
	if !utf8.Valid(body) {
		if utf8.Valid(withoutPartialRune(body)) {
			return "", nil, unreadable(io.ErrUnexpectedEOF)
		}
		return "", nil, malformed("it is not UTF-8")
	}
	dec := jsontext.NewDecoder(bytes.NewBuffer(body), lenient)
	if kind := dec.PeekKind(); kind != '{' && kind != jsontext.KindInvalid {
		return "", nil, malformed("it is not a JSON object")
	}
	next, events, err := readObject(dec, body, array, capacity)
	switch {
	case err != nil:
		return "", nil, unreadable(err)
	case len(bytes.TrimLeft(body[dec.InputOffset():], " \t\r\n")) > 0:
		return "", nil, malformed("something follows the JSON value")
	case next == "":
		// Kept, such a cursor would begin the next run seven days ago.
		return "", nil, malformed("it has no endCursor")
	}
	return next, events, nil
}

func readObject(dec *jsontext.Decoder, body []byte, array string, capacity int) (next Cursor, events []Event, err error) {
	var haveCursor, haveArray bool
	_, err = dec.ReadToken()
	for err == nil && dec.PeekKind() == '"' {
		var name jsontext.Token
		if name, err = dec.ReadToken(); err != nil {
			break
		}
		switch is := name.String(); {
		case is == "endCursor" && haveCursor || is == array && haveArray:
			err = malformed(is + " stands in it twice")
		case is == "endCursor":
			haveCursor = true
			next, err = readCursor(dec)
		case is == array:
			haveArray = true
			events, err = readArray(dec, body, array, capacity)
		default:
			err = dec.SkipValue()
		}
	}
	if err == nil {
		_, err = dec.ReadToken() // the closing brace
	}
	if err == nil && !haveArray {
		err = malformed("it has no " + array)
	}
	return next, events, err
}

func readCursor(dec *jsontext.Decoder) (Cursor, error) {
	value, err := dec.ReadValue()
	if err != nil || value.Kind() == 'n' {
		return "", err
	}
	cursor, ok := text(value)
	if !ok {
		return "", malformed("endCursor is not a string")
	}
	return Cursor(cursor), nil
}

func readArray(dec *jsontext.Decoder, body []byte, array string, capacity int) ([]Event, error) {
	switch dec.PeekKind() {
	case 'n', jsontext.KindInvalid: // null is no events
		return nil, dec.SkipValue()
	case '[':
	default:
		return nil, malformed(array + " is not an array")
	}
	_, err := dec.ReadToken()
	events := make([]Event, 0, capacity)
	for err == nil && dec.PeekKind() != ']' {
		var value jsontext.Value
		if value, err = dec.ReadValue(); err == nil {
			// The decoder lends value for a moment; the same bytes of body are there to stay.
			end := int(dec.InputOffset())
			events = append(events, Event{Raw: body[end-len(value) : end : end]})
		}
	}
	if err == nil {
		_, err = dec.ReadToken()
	}
	return events, err
}

// withoutPartialRune cuts off a last character of which the end is missing.
func withoutPartialRune(b []byte) []byte {
	for i := len(b) - 1; i >= 0 && i >= len(b)-utf8.UTFMax; i-- {
		if utf8.RuneStart(b[i]) && !utf8.FullRune(b[i:]) {
			return b[:i]
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
