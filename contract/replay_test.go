// Replay: a recording stands in the place of a service. The clauses send what they always send, and are answered with what
// was answered then, so that the same bodies reach the same verdicts, without a connection.
package contract_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"

	"example.com/docusign-monitor/api"
	"example.com/docusign-monitor/internal/settings"
)

const (
	replayTarget = "replay"
	replayPrefix = replayTarget + ":" // the name of the file follows
)

// withSecrets are the clauses that look for secrets in an answer, which a recording does not have.
var withSecrets = []string{"SRV-ERROR-2"}

// replay is a recording that has been read.
type replay struct {
	recording
	file   string
	trials map[trialKey][]recorded // in the order in which they were sent
}

type trialKey struct{ clause, trial string }

// startReplay makes a target of a recording.
func startReplay(name string) (*target, error) {
	file := inFolder(name)
	text, err := readRecording(file)
	if err == nil {
		var r *replay
		if r, err = parseRecording(text); err == nil {
			r.file = file
			return r.target(), nil
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = errors.New("there is no such file; make contract RECORD=FILE makes one")
	}
	return nil, fmt.Errorf("the recording %s cannot be replayed: %w", name, err)
}

// readRecording reads a file, compressed or not.
func readRecording(file string) ([]byte, error) {
	text, err := os.ReadFile(file)
	if err != nil || !bytes.HasPrefix(text, []byte{0x1f, 0x8b}) {
		return text, err
	}
	const most = 4 * mostRecorded // escapes make a body longer
	r, err := gzip.NewReader(bytes.NewReader(text))
	if err == nil {
		text, err = io.ReadAll(io.LimitReader(r, most))
	}
	if err != nil {
		return nil, errAltered
	}
	return text, nil
}

var errAltered = errors.New("it has been cut off or altered since it was made; take the file as it was, or record again")

// parseRecording takes a recording only as it was made.
func parseRecording(text []byte) (*replay, error) {
	line, rest, _ := bytes.Cut(text, []byte("\n"))
	r := &replay{trials: map[trialKey][]recorded{}}
	switch err := json.Unmarshal(line, &r.recording); {
	case len(text) == 0:
		return nil, errors.New("the file is empty; record again")
	case err != nil || r.Version == 0:
		return nil, errors.New("the file is not one that make contract RECORD=FILE makes, or its first line has been cut off; record again")
	case r.Version != recordingVersion:
		return nil, fmt.Errorf("it has form %d, and this suite reads form %d; replay it with the suite that made it, or record again", r.Version, recordingVersion)
	case r.SHA256 != r.sum(rest):
		return nil, errAltered
	case r.Exchanges == 0:
		return nil, errors.New("it holds no exchange; record again")
	}
	dec := json.NewDecoder(bytes.NewReader(rest))
	for range r.Exchanges {
		var e recorded
		if err := dec.Decode(&e); err != nil {
			return nil, errAltered
		}
		key := trialKey{e.Clause, e.Trial}
		r.trials[key] = append(r.trials[key], e)
	}
	return r, nil
}

// target has the settings of a client of the recorded service: the ids are what stands for them.
func (r *replay) target() *target {
	const monitor, auth = "https://monitor.recorded", "https://auth.recorded"
	where := api.Environment{AuthURL: auth, DatasetURL: monitor, OrganizationURL: monitor}
	return &target{
		chronicle: newChronicle(),
		kind:      replayTarget,
		replay:    r,
		key:       registeredKey(),
		Settings: &settings.Settings{
			Environment: where, OrganizationID: r.Organization,
			Grant: api.JWTGrant{IntegrationKey: hostileKey, UserID: r.User, Environment: where},
		},
	}
}

// notes say what was recorded, and what is not in the recording.
func (r *replay) notes() []string {
	clauses := map[string]bool{}
	for key := range r.trials {
		clauses[key.clause] = true
	}
	all := []string{fmt.Sprintf("recorded on %s: %d exchanges of %d clauses", r.Recorded.Format(time.RFC3339), r.Exchanges, len(clauses))}
	if r.LeftOut > 0 {
		all = append(all, fmt.Sprintf("%d exchanges were left out of the recording, since there was no room", r.LeftOut))
	}
	now := documentSums()
	var other []string
	for _, name := range []string{"dataset", "organization", "oauth"} {
		if r.Spec[name] != now[name] {
			other = append(other, name)
		}
	}
	if len(other) > 0 {
		all = append(all, "the recording was made with another document of "+strings.Join(other, ", ")+"; it is held against those of today")
	}
	return all
}

// errUnrecorded ends a clause that asks for what was not recorded.
var errUnrecorded = errors.New("the recording does not have it")

// play answers the requests of a clause with the answers of its trial, in turn. A request that is not the one of then has no
// answer, and neither has any after it.
func (s *service) play(r *replay) {
	GinkgoHelper()
	spec := CurrentSpecReport()
	c := clauseOf(spec.Labels())
	left := r.trials[trialKey{c.ID, trialName(spec, c)}]
	if len(left) == 0 {
		notProvableHere("the recording has no exchange of it")
	}
	then := left[0].Sent
	s.now = func() time.Time { return then }
	shared := strings.HasPrefix(r.Target, liveTarget) // the clauses had one token, which the first of them asked for
	if shared {
		s.token = strings.Repeat("shared", 6)
		s.judge.given = append(s.judge.given, s.token)
	}
	var mu sync.Mutex
	s.wire.RoundTripper = tripper(func(q *http.Request) (*http.Response, error) {
		mu.Lock()
		defer mu.Unlock()
		if q.Body != nil {
			q.Body.Close()
		}
		const token = "/oauth/token"
		if shared && len(left) > 0 && left[0].URL == token && q.URL.Path != token {
			left = left[1:]
		}
		if len(left) == 0 {
			return nil, fmt.Errorf("%w: the clause sends more than was recorded", errUnrecorded)
		}
		e := left[0]
		if e.Method != q.Method || likeness(e.URL) != likeness(q.URL.RequestURI()) {
			left = nil
			return nil, fmt.Errorf("%w: the clause sends another request than was recorded, which was %s %s", errUnrecorded, e.Method, shorten(e.URL, 100))
		}
		left = left[1:]
		var cut error
		if e.Answer.Cut {
			cut = io.ErrUnexpectedEOF
		}
		header := e.Answer.Header
		if header == nil {
			header = http.Header{}
		}
		return &http.Response{
			StatusCode: e.Answer.Status, Status: fmt.Sprintf("%d %s", e.Answer.Status, http.StatusText(e.Answer.Status)),
			Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: header.Clone(), ContentLength: -1, Request: q,
			Body: io.NopCloser(io.MultiReader(bytes.NewReader(e.Answer.Body), failing{cut})),
		}, nil
	})
}

// likeness is what a URL and its recorded form have in common: all but letters and digits, and a limit whole.
func likeness(text string) string {
	path, query, _ := strings.Cut(text, "?")
	path = string(mask([]byte(path)))
	for field := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(field, "=")
		decoded, err := url.QueryUnescape(value)
		if err != nil {
			decoded = value
		}
		switch {
		case name == "limit" && limitForm.MatchString(decoded):
		case name == "limit" || name == "cursor":
			decoded = string(mask([]byte(decoded)))
		default:
			decoded = "" // an assertion, say, which is another one each time
		}
		path += "&" + string(mask([]byte(name))) + "=" + decoded
	}
	return path
}
