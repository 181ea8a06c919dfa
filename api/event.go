package api

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
	"unicode/utf8"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"example.com/docusign-monitor/gen/dataset"
)

// Event is one event of a stream, first of all the bytes that were received.
type Event struct {
	// Raw is the event exactly as it stood in the page: order of members, spacing, escapes and digits untouched. It
	// shares the memory of its page, so a program that keeps single events for long should copy it.
	Raw json.RawMessage
}

// ID returns the eventId, by which a repeated event is told. It is empty if the event has none, or one that is null or
// not a string: such events exist by the documentation of the organization stream.
func (e Event) ID() string {
	id, _ := e.head().ID.(string)
	return id
}

// Timestamp returns when the event happened, to 100 ns. Ingestion lags it by up to five minutes, so the timestamps of a
// stream are not in order. An event without a readable timestamp (RFC 3339, with a zone) gives an error; the event is
// none the worse for it.
func (e Event) Timestamp() (time.Time, error) {
	stamp, _ := e.head().Timestamp.(string)
	t, err := time.Parse(time.RFC3339Nano, stamp)
	if err != nil {
		return time.Time{}, fmt.Errorf("docusign: the event has no timestamp of RFC 3339: %.64q", stamp)
	}
	return t, nil
}

// Decode reads the event into the model that serves both streams. A null and an absent field are both nil; fields that
// the model does not know are in AdditionalProperties, byte for byte. The error of an event that does not fit names the
// field.
func (e Event) Decode() (*dataset.Event, error) {
	if jsontext.Value(e.Raw).Kind() != '{' {
		return nil, errors.New("docusign: the event is not a JSON object")
	}
	var event dataset.Event
	if err := json.Unmarshal(e.Raw, &event); err != nil {
		return nil, fmt.Errorf("docusign: the event does not fit the model: %w", err)
	}
	return &event, nil
}

// head is what of an event is read on the way, without the rest.
type head struct {
	ID        any `json:"eventId"`
	Timestamp any `json:"timestamp"`
}

// head reads the two members. As in Decode, the last of several with one name counts. Of bytes that are no event, it has
// what came before the fault.
func (e Event) head() (h head) {
	_ = jsonv2.Unmarshal(e.Raw, &h, lenient)
	return h
}

// lenient leaves an event's own business to the event: duplicate names inside it, and escapes of lone surrogates, which
// are JSON by its grammar. The page's own names are checked by once, and UTF-8 by readPage, since jsontext can only check
// it together with the escapes.
var lenient = jsonv2.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

// once is a member that may stand in its object once.
type once[T any] struct {
	met   bool
	value T
}

// UnmarshalJSONFrom reads the value, the first time.
func (o *once[T]) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	if o.met {
		return jsontext.ErrDuplicateName
	}
	o.met = true
	return jsonv2.UnmarshalDecode(dec, &o.value)
}

// readPage takes a page apart, in one validating pass and without copying: the events are slices of body. The array has
// the name that the stream gives it. A body that ends early wraps io.ErrUnexpectedEOF; every error wraps
// [ErrMalformedPage].
func readPage(body []byte, array string) (Cursor, []Event, error) {
	var page struct {
		Next       once[Cursor]  `json:"endCursor"`
		Data       once[[]Event] `json:"data"`
		ResultData once[[]Event] `json:"resultData"`
	}
	err := unmarshal(body, &page, lenient, jsonv2.WithUnmarshalers(jsonv2.UnmarshalFromFunc(
		func(dec *jsontext.Decoder, event *Event) error {
			value, err := dec.ReadValue()
			// The decoder lends value for a moment; the same bytes of body are there to stay.
			end := int(dec.InputOffset())
			event.Raw = body[end-len(value) : end : end]
			return err
		})))
	events := map[string]once[[]Event]{"data": page.Data, "resultData": page.ResultData}[array]
	switch {
	case err != nil:
	case !utf8.Valid(body):
		err = errors.New("it is not UTF-8")
	case !events.met:
		err = errors.New("it has no " + array)
	case page.Next.value == "":
		// Kept, such a cursor would begin the next run seven days ago.
		err = errors.New("it has no endCursor")
	default:
		return page.Next.value, events.value, nil
	}
	return "", nil, fmt.Errorf("%w: %w", ErrMalformedPage, err)
}

// unmarshal reads an answer. Its errors do not quote it, and wrap io.ErrUnexpectedEOF if it ends early.
func unmarshal(body []byte, into any, opts ...jsonv2.Options) error {
	err := jsonv2.Unmarshal(body, into, opts...)
	syntactic, _ := errors.AsType[*jsontext.SyntacticError](err)
	semantic, _ := errors.AsType[*jsonv2.SemanticError](err)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("it ends early: %w", io.ErrUnexpectedEOF)
	case syntactic != nil:
		return fmt.Errorf("it is not JSON at byte %d", syntactic.ByteOffset)
	case semantic != nil:
		return fmt.Errorf("%s is of another type, or stands in it twice", cmp.Or(string(semantic.JSONPointer), "it"))
	}
	return err
}
