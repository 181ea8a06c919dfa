package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

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
	id, _ := text(e.head().ID)
	return id
}

// Timestamp returns when the event happened, to 100 ns. Ingestion lags it by up to five minutes, so the timestamps of a
// stream are not in order. An event without a readable timestamp (RFC 3339, with a zone) gives an error; the event is
// none the worse for it.
func (e Event) Timestamp() (time.Time, error) {
	stamp, ok := text(e.head().Timestamp)
	if !ok {
		return time.Time{}, errors.New("docusign: the event has no timestamp")
	}
	t, err := time.Parse(time.RFC3339Nano, stamp)
	if err != nil {
		return time.Time{}, fmt.Errorf("docusign: the event's timestamp is not a date-time of RFC 3339: %.64q", stamp)
	}
	return t, nil
}

// Decode reads the event into the model that serves both streams. A null and an absent field are both nil; fields that
// the model does not know are in AdditionalProperties, byte for byte. The error of an event that does not fit names the
// field.
func (e Event) Decode() (*dataset.Event, error) {
	if raw := bytes.TrimLeft(e.Raw, " \t\r\n"); len(raw) == 0 || raw[0] != '{' {
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
	ID        jsontext.Value `json:"eventId"`
	Timestamp jsontext.Value `json:"timestamp"`
}

// head reads the two members. As in Decode, the last of several with one name counts. Of bytes that are no event, it has
// what came before the fault.
func (e Event) head() (h head) {
	_ = jsonv2.Unmarshal(e.Raw, &h, lenient)
	return h
}

// text is the content of a JSON string.
func text(value jsontext.Value) (string, bool) {
	if value.Kind() != '"' {
		return "", false
	}
	unquoted, _ := jsontext.AppendUnquote(nil, value) // no error: the value has been read
	return string(unquoted), true
}
