// Recording: the exchanges of a run with a service, in one file, without what is secret or personal.
package contract_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"
	"unicode/utf8"

	. "github.com/onsi/ginkgo/v2"
)

var (
	recordTo   = flag.String("record", "", "keep the exchanges of the run in this `FILE`, without what is secret or personal")
	baseFolder = flag.String("in", ".", "the `FOLDER` that relative names of recordings begin at")
)

// recordingVersion is that of the form of the file. Another form has another version, and is not read.
const recordingVersion = 1

// How many bytes of bodies there is room for, of one trial and in all. A trial that does not fit is left out, and counted: it is
// one that came to no end, or the stream is very long.
const (
	mostOfTrial  = 32 << 20
	mostRecorded = 256 << 20
)

// recording is the first line of the file. Each further one is an exchange.
type recording struct {
	Version      int               `json:"recording"`
	Target       string            `json:"target"` // the kind; for live, with the environment's host
	Recorded     time.Time         `json:"recorded"`
	Seed         int64             `json:"seed"`
	Spec         map[string]string `json:"spec"`         // SHA-256 of each document
	User         string            `json:"user"`         // what stands for the id of the user
	Organization string            `json:"organization"` // the same of the organization; empty if its stream was not tried
	Exchanges    int               `json:"exchanges"`
	LeftOut      int               `json:"leftOut"` // exchanges for which there was no room
	SHA256       string            `json:"sha256"`  // of this line without it, and of all further lines
}

// recorded is one exchange. The URL is that of the documents: the path below the base of its server, and the query.
type recorded struct {
	Clause string      `json:"clause"`
	Trial  string      `json:"trial"`
	Sent   time.Time   `json:"sent"`
	Method string      `json:"method"`
	URL    string      `json:"url"`
	Header http.Header `json:"header"`
	Body   string      `json:"body,omitempty"`
	Answer struct {
		Status int         `json:"status"`
		Header http.Header `json:"header"`
		Body   blob        `json:"body"`
		Cut    bool        `json:"cut,omitempty"` // the connection ended before the body did
	} `json:"answer"`
}

// blob is a text in JSON, or, if it is not UTF-8, an object with its base64.
type blob []byte

type encodedBlob struct {
	Base64 []byte `json:"base64"`
}

// MarshalJSON keeps every byte.
func (b blob) MarshalJSON() ([]byte, error) {
	if utf8.Valid(b) {
		return json.Marshal(string(b))
	}
	return json.Marshal(encodedBlob{b})
}

// UnmarshalJSON reads either form.
func (b *blob) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(data, []byte("{")) {
		var e encodedBlob
		err := json.Unmarshal(data, &e)
		*b = e.Base64
		return err
	}
	var text string
	err := json.Unmarshal(data, &text)
	*b = blob(text)
	return err
}

// tape is what a run records, as it was, until the end.
type tape struct {
	file string

	exchanges []recorded
	bytes     int
	leftOut   int
	secrets   []string // that must not stand in the file

	user, organization string // of the service
}

// startTape is the recording that was asked for; nil is none.
func startTape() (*tape, error) {
	if *recordTo == "" {
		return nil, nil
	}
	if config, _ := GinkgoConfiguration(); config.ParallelTotal > 1 {
		return nil, errors.New("a run is recorded in one process: leave out -record, or -p")
	}
	if under.replay != nil {
		return nil, errors.New("a recording is replayed, and not recorded again: leave out -record, or unset " + targetVariable)
	}
	return newTape(*recordTo)
}

// newTape makes sure, before anything runs, that there is a place for the file.
func newTape(name string) (*tape, error) {
	name = inFolder(name)
	if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is there already, and no recording is overwritten: give another name", name)
	}
	probe, err := os.CreateTemp(filepath.Dir(name), ".recording-*")
	if err != nil {
		return nil, fmt.Errorf("the recording cannot be written: %w", err)
	}
	probe.Close()
	return &tape{file: name}, os.Remove(probe.Name())
}

// inFolder is the name of a file, seen from the folder that names begin at.
func inFolder(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(*baseFolder, name)
}

// handOver gives the exchanges of a clause to the recording. Nobody could put a recording to a clause that takes control of the
// server, so those are none of it.
func (s *service) handOver() {
	t, spec := under.tape, CurrentSpecReport()
	if t == nil || slices.Contains(spec.Labels(), "controlled") {
		return
	}
	c := clauseOf(spec.Labels())
	for i := range s.kept {
		s.kept[i].Clause, s.kept[i].Trial = c.ID, trialName(spec, c)
	}
	t.keep(s.kept, append([]string{s.user, s.integrationKey}, s.secrets...)...)
	t.user, t.organization = s.user, s.organization
}

// keep takes the exchanges of a trial, and what must not stand in the file. Clauses run one by one.
func (t *tape) keep(all []recorded, secrets ...string) {
	size := 0
	for _, e := range all {
		size += len(e.Answer.Body)
	}
	t.secrets = append(t.secrets, secrets...)
	if size > mostOfTrial || t.bytes+size > mostRecorded {
		t.leftOut += len(all)
		return
	}
	t.bytes += size
	t.exchanges = append(t.exchanges, all...)
}

// keep has an exchange recorded.
func (j *judge) keep(a asked, sent time.Time, res *http.Response, body []byte, cut bool) {
	if under.tape == nil {
		return
	}
	e := recorded{Sent: sent.UTC(), Method: a.Method, URL: j.asDocumented(a).URL.RequestURI(), Header: a.Header.Clone(), Body: string(a.body)}
	e.Answer.Status, e.Answer.Header, e.Answer.Body, e.Answer.Cut = res.StatusCode, res.Header.Clone(), body, cut
	j.mu.Lock()
	defer j.mu.Unlock()
	j.kept = append(j.kept, e)
}

// text is the file.
func (t *tape) text(of recording) ([]byte, error) {
	slices.SortStableFunc(t.exchanges, func(a, b recorded) int { return a.Sent.Compare(b.Sent) })
	scrub := newScrubber()
	var lines bytes.Buffer
	encoder := json.NewEncoder(&lines)
	encoder.SetEscapeHTML(false)
	for _, e := range t.exchanges {
		e.URL, e.Header, e.Body = scrub.url(e.URL), scrub.header(e.Header), scrub.form(e.Body)
		e.Answer.Header, e.Answer.Body = scrub.header(e.Answer.Header), scrub.body(e.Answer.Body)
		if err := encoder.Encode(e); err != nil {
			return nil, err
		}
	}
	of.Version, of.Exchanges, of.LeftOut = recordingVersion, len(t.exchanges), t.leftOut
	of.User = scrub.standIn(t.user)
	if of.Organization != "" {
		of.Organization = scrub.standIn(t.organization)
	}
	of.SHA256 = of.sum(lines.Bytes())
	head, err := json.Marshal(of)
	if err != nil {
		return nil, err
	}
	whole := slices.Concat(head, []byte("\n"), lines.Bytes())
	return whole, t.holds(whole)
}

// holds is an error if a secret stands in a text, whatever the scrubber makes of it.
func (t *tape) holds(text []byte) error {
	byHead := map[[shortestSecret]byte][]string{}
	for _, secret := range t.secrets {
		if len(secret) >= shortestSecret {
			head := [shortestSecret]byte([]byte(secret))
			byHead[head] = append(byHead[head], secret)
		}
	}
	for ; len(text) >= shortestSecret; text = text[1:] {
		for _, secret := range byHead[[shortestSecret]byte(text)] {
			if bytes.HasPrefix(text, []byte(secret)) {
				return fmt.Errorf("a secret of %d characters would stand in it", len(secret))
			}
		}
	}
	return nil
}

// sum is the SHA-256 of a recording: of its head without it, and of the lines that follow.
func (of recording) sum(lines []byte) string {
	of.SHA256 = ""
	head, err := json.Marshal(of)
	if err != nil {
		panic(err) // it is made of texts, numbers and a time
	}
	hash := sha256.Sum256(slices.Concat(head, []byte("\n"), lines))
	return hex.EncodeToString(hash[:])
}

// write writes the file at once, or not at all. It is for its owner alone, and compressed if its name ends in .gz.
func (t *tape) write(text []byte) error {
	if filepath.Ext(t.file) == ".gz" {
		var small bytes.Buffer
		w := gzip.NewWriter(&small)
		if _, err := w.Write(text); err != nil {
			return err
		}
		if err := w.Close(); err != nil {
			return err
		}
		text = small.Bytes()
	}
	temporary, err := os.CreateTemp(filepath.Dir(t.file), ".recording-*") // with the mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name()) // unless it is the recording by then
	_, err = temporary.Write(text)
	if err = errors.Join(err, temporary.Sync(), temporary.Close()); err != nil {
		return err
	}
	switch err := os.Link(temporary.Name(), t.file); {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%s has come to be there during the run, and no recording is overwritten", t.file)
	}
	return os.Rename(temporary.Name(), t.file) // a file system without links may have this one written over another
}

var _ = ReportAfterSuite("Recording", func(report Report) {
	t := under.tape
	if t == nil || report.SuiteConfig.DryRun {
		return
	}
	of := recording{Target: under.kind, Recorded: report.StartTime.UTC().Truncate(time.Second), Seed: report.SuiteConfig.RandomSeed, Spec: documentSums()}
	if under.kind == liveTarget {
		of.Target += " at " + under.Environment.DatasetURL
	}
	if under.tries(organizationStream) {
		of.Organization = "tried"
	}
	if len(t.exchanges) == 0 {
		Fail("The run has no exchange with a service, so there is nothing to record")
	}
	text, err := t.text(of)
	if err == nil {
		err = t.write(text)
	}
	if err != nil {
		Fail("The recording is not written: " + err.Error())
	}
	under.said = fmt.Sprintf("%d exchanges are recorded in %s", len(t.exchanges), t.file)
	if t.leftOut > 0 {
		under.said += fmt.Sprintf("; %d are left out, since there is room for %d MiB of a trial and %d in all", t.leftOut, mostOfTrial>>20, mostRecorded>>20)
	}
})
