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

// lenient leaves an event's own business to the event: duplicate names inside it, and escapes of lone surrogates, which
// are JSON by its grammar. The page's own names are checked by readPage, and so is UTF-8, which jsontext can only check
// together with the escapes.
var lenient = jsonv2.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

// readPage takes a page apart, in one validating pass and without copying: the events are slices of body. The array has
// the name that the stream gives it. A body that ends early wraps io.ErrUnexpectedEOF; every error wraps
// [ErrMalformedPage].
func readPage(body []byte, array string, capacity int) (Cursor, []Event, error) {
	dec := jsontext.NewDecoder(bytes.NewBuffer(body), lenient)
	next, events, err := readObject(dec, body, array, capacity)
	syntactic, _ := errors.AsType[*jsontext.SyntacticError](err)
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		err = fmt.Errorf("%w: it ends early: %w", ErrMalformedPage, io.ErrUnexpectedEOF)
	case !utf8.Valid(body):
		err = malformed("it is not UTF-8")
	case syntactic != nil: // its text may quote the page
		err = malformed(fmt.Sprintf("it is not JSON at byte %d", syntactic.ByteOffset))
	case err != nil:
	case len(bytes.TrimLeft(body[dec.InputOffset():], " \t\r\n")) > 0:
		err = malformed("something follows the JSON value")
	case next == "":
		// Kept, such a cursor would begin the next run seven days ago.
		err = malformed("it has no endCursor")
	default:
		return next, events, nil
	}
	return "", nil, err
}

func readObject(dec *jsontext.Decoder, body []byte, array string, capacity int) (next Cursor, events []Event, err error) {
	token, err := dec.ReadToken()
	if err == nil && token.Kind() != '{' {
		err = malformed("it is not a JSON object")
	}
	var haveCursor, haveArray bool
	for err == nil && dec.PeekKind() != '}' {
		if token, err = dec.ReadToken(); err != nil {
			break
		}
		switch name := token.String(); {
		case name == "endCursor" && haveCursor || name == array && haveArray:
			err = malformed(name + " stands in it twice")
		case name == "endCursor":
			haveCursor = true
			if token, err = dec.ReadToken(); err == nil && token.Kind() != '"' {
				err = malformed("endCursor is not a string")
			}
			next = Cursor(token.String())
		case name == array:
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

func readArray(dec *jsontext.Decoder, body []byte, array string, capacity int) ([]Event, error) {
	token, err := dec.ReadToken()
	if err != nil || token.Kind() == 'n' { // null is no events
		return nil, err
	}
	if token.Kind() != '[' {
		return nil, malformed(array + " is not an array")
	}
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
		_, err = dec.ReadToken() // the closing bracket
	}
	return events, err
}

func malformed(how string) error {
	return fmt.Errorf("%w: %s", ErrMalformedPage, how)
}
