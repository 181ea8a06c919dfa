package feed

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"

	"example.com/docusign-monitor/api"
)

// Sink is a destination that has been opened. It is used by one goroutine.
type Sink interface {
	// Deliver takes events from the front of a page, at least one, and returns how many of them are where they have to be
	// for good: accepted durably, not merely on their way. It is called again with the rest, after the part has been saved,
	// so a destination that sends in batches sends one of them and returns its length.
	//
	// With an error it returns how many are safe in spite of it. What is not safe is delivered again by a later run. When
	// ctx ends, a destination that answers finishes what it has begun, and one that waits for a better time gives up with
	// the error of ctx. [ErrEnough] ends the run without a complaint.
	Deliver(ctx context.Context, events []api.Event) (int, error)

	// Close releases what the destination holds. Nothing that was delivered depends on it.
	Close() error
}

// Stateful is a sink that needs to know in its next run where this one ended, such as the length of a file. Its state is
// saved in one piece with the position.
type Stateful interface {
	Sink

	// Ready is called before the first Deliver of a page. What it changes in the state is saved before that Deliver.
	Ready() error

	// State is a small JSON value. It covers all that was delivered and nothing that was not.
	State() json.RawMessage
}

// ErrEnough is returned by a Sink whose reader wants no more.
var ErrEnough = errors.New("the destination wants no more")

// AppendLine appends an event as one line. The received bytes stay as they are, but for one that was spread over lines:
// JSON has a CR or LF between tokens only, so a space in its place says the same.
func AppendLine(dst []byte, event api.Event) []byte {
	from := len(dst)
	dst = append(dst, event.Raw...)
	if line := dst[from:]; bytes.IndexByte(line, '\n') >= 0 || bytes.IndexByte(line, '\r') >= 0 {
		for i, c := range line {
			if c == '\n' || c == '\r' {
				line[i] = ' '
			}
		}
	}
	return append(dst, '\n')
}
