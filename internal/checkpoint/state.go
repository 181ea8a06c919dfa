package checkpoint

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// State is what a checkpoint holds.
type State struct {
	Owner

	// Cursor is where the next request begins; until the first page was delivered it is Since, and one of them is set.
	Cursor string    `json:"cursor,omitempty"`
	Since  time.Time `json:"since,omitzero"`

	// Part says how much of the page at that place is delivered already, by a destination that takes pages in parts.
	Part Part `json:"part,omitzero"`

	// Newest is the newest timestamp of all events that were met; zero if none could be read.
	Newest time.Time `json:"newest,omitzero"`

	// Salt and Recent tell delivered events from new ones: short hashes of the last ones, oldest first.
	Salt   []byte `json:"salt"`
	Recent []byte `json:"recent,omitempty"`

	// Destination is the kind of destination that has the events, such as "file", and Sink what it needs to know in its
	// next run. Both may be empty: then the next run takes whatever destination it is given, as it finds it.
	Destination string          `json:"destination,omitempty"`
	Sink        json.RawMessage `json:"sink,omitempty"`

	// Saved is when that was saved.
	Saved time.Time `json:"saved"`
}

// Owner is what a checkpoint belongs to. A cursor means nothing elsewhere.
type Owner struct {
	Stream       string `json:"stream"`                 // dataset or organization
	Host         string `json:"host"`                   // of the stream, with its port if the URL has one
	Organization string `json:"organization,omitempty"` // a GUID in lower case; empty for the dataset stream, whose URL has none
}

// String names the owner in a message.
func (o Owner) String() string {
	if o.Organization == "" {
		return fmt.Sprintf("the %s stream of %s", o.Stream, o.Host)
	}
	return fmt.Sprintf("the %s stream of %s, organization %s", o.Stream, o.Host, o.Organization)
}

// Part is the front of a page: how many of the events that were to be delivered, and a hash of their bytes.
type Part struct {
	Events int    `json:"events"`
	Hash   []byte `json:"hash"`
}

const (
	magic   = "dsmonitor checkpoint"
	version = 1

	// maxSize is how large a checkpoint may be, in bytes: some 11 KB of it are 1,000 hashes.
	maxSize = 16 << 10
)

// What can be wrong with the content of a file. The first line, with its version and its sum, stays the same in all
// versions, so that a newer one is told from a damaged one.
var (
	errEmpty   = errors.New("is empty")
	errForeign = errors.New("is not a checkpoint")
	errDamaged = errors.New("is damaged: its content does not match its checksum")
	errLarge   = fmt.Errorf("is larger than the %d KiB of a checkpoint", maxSize>>10)
)

// encode writes a state. Of the hashes it leaves out as many of the oldest as there is no room for.
func encode(s State) ([]byte, error) {
	for {
		body, err := json.Marshal(s)
		if err != nil {
			return nil, err
		}
		body = append(body, '\n')
		text := append(header(version, body), body...)
		switch {
		case len(text) <= maxSize:
			return text, nil
		case len(s.Recent) == 0:
			return nil, fmt.Errorf("the position needs %d bytes, more than the %d KiB of a checkpoint", len(text), maxSize>>10)
		}
		s.Recent = s.Recent[len(s.Recent)/16*8+8:]
	}
}

// header is the first line. The sum covers the version and all that follows the line.
func header(version int, body []byte) []byte {
	sum := sha256.New()
	fmt.Fprintln(sum, version)
	sum.Write(body)
	return fmt.Appendf(nil, "%s %d %x\n", magic, version, sum.Sum(nil))
}

// decode reads what encode wrote, of this version and each older one.
func decode(text []byte) (*State, error) {
	line, body, _ := bytes.Cut(text, []byte("\n"))
	words := bytes.Split(line, []byte(" "))
	switch {
	case len(text) == 0:
		return nil, errEmpty
	case len(text) > maxSize:
		return nil, errLarge
	case len(words) != 4 || !bytes.HasPrefix(line, []byte(magic+" ")):
		return nil, errForeign
	}
	made, err := strconv.Atoi(string(words[2]))
	if err != nil || !bytes.Equal(header(made, body), text[:len(text)-len(body)]) {
		return nil, errDamaged
	}
	if made != version {
		return nil, fmt.Errorf("is of version %d, which a newer dsmonitor made; this one reads up to version %d", made, version)
	}

	var s State
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&s); err != nil || s.Stream == "" || s.Host == "" || (s.Cursor == "") == s.Since.IsZero() {
		return nil, errDamaged
	}
	return &s, nil
}
