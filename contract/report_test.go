package contract_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	ginkgotypes "github.com/onsi/ginkgo/v2/types"
	"github.com/onsi/gomega"

	"example.com/docusign-monitor/spec"
)

// report is what a run leaves behind, as report.json has it. The other files are views of it.
type report struct {
	Target    targetReport      `json:"target"`
	Seed      int64             `json:"seed"` // repeats the order, and the events that are made up
	Started   time.Time         `json:"started"`
	Seconds   float64           `json:"seconds"`
	Spec      map[string]string `json:"spec"` // SHA-256 of each document
	Versions  map[string]string `json:"versions"`
	End       ending            `json:"end"`
	Counts    map[result]int    `json:"counts"` // of clauses
	Notes     []string          `json:"notes,omitempty"`
	Clauses   []outcome         `json:"clauses"`
	Coverage  []covered         `json:"coverage"`              // of the documents, by the exchanges of the service
	Growth    []growth          `json:"growth,omitempty"`      // what the service sends and no document declares
	Published []divergence      `json:"asPublished,omitempty"` // what the document as it is published says otherwise
	Exchanges []clauseExchange  `json:"exchanges"`
	Proof     *matrix           `json:"proof,omitempty"` // the last one of the suite, if it is in the folder
}

type targetReport struct {
	Kind string `json:"kind"` // in-process, process, url, live, replay, or none if the run could not start
	Name string `json:"name"`
}

// clauseExchange is an exchange with what it was for.
type clauseExchange struct {
	Clause string `json:"clause"`
	Trial  string `json:"trial"`
	exchange
}

func newReport(all []outcome, from Report) *report {
	r := &report{
		Target:    targetReport{under.kind, under.String()},
		Seed:      from.SuiteConfig.RandomSeed,
		Started:   from.StartTime.UTC().Truncate(time.Second),
		Seconds:   time.Since(from.StartTime).Round(10 * time.Millisecond).Seconds(),
		Spec:      documentSums(),
		Versions:  map[string]string{"go": strings.TrimPrefix(runtime.Version(), "go"), "ginkgo": ginkgotypes.VERSION, "gomega": gomega.GOMEGA_VERSION},
		End:       under.end,
		Counts:    map[result]int{passed: 0, failed: 0, notProvable: 0, skipped: 0, broken: 0},
		Notes:     under.notes(),
		Clauses:   all,
		Exchanges: []clauseExchange{},
	}
	var err error
	if r.Coverage, err = coverage(from); err != nil {
		r.Notes = append(r.Notes, "the coverage of the documents is not known: "+err.Error())
	}
	if r.Growth, err = grownIn(from); err != nil {
		r.Notes = append(r.Notes, "what the service sends beyond the documents is not known: "+err.Error())
	}
	if r.Published, err = divergedIn(from); err != nil {
		r.Notes = append(r.Notes, "what the published document says otherwise is not known: "+err.Error())
	}
	declared := make([]clause, len(all))
	for i, o := range all {
		declared[i] = o.clause
	}
	if r.Proof, err = readMatrix(reportFolder, subject(declared)); err != nil {
		r.Notes = append(r.Notes, "the last proof of the suite cannot be shown: "+err.Error())
	}
	for _, o := range all {
		r.Counts[o.Result]++
		for _, t := range o.Evidence.Trials {
			for _, e := range t.Exchanges {
				r.Exchanges = append(r.Exchanges, clauseExchange{o.ID, t.Name, e})
			}
		}
	}
	return r
}

// documentSums are the SHA-256 of the documents.
func documentSums() map[string]string {
	return map[string]string{
		"dataset, as published": spec.PublishedDatasetSHA256(),
		"dataset":               sum(spec.Dataset), "organization": sum(spec.Organization), "oauth": sum(spec.OAuth),
	}
}

// writeReport writes the report in its forms.
func writeReport(folder string, r *report) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	whole, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	units, err := xml.MarshalIndent(r.junit(), "", " ")
	if err != nil {
		return err
	}
	var page bytes.Buffer
	if err := writePage(&page, r); err != nil {
		return err
	}
	for name, text := range map[string][]byte{
		"report.html": page.Bytes(),
		"report.json": whole,
		"junit.xml":   append([]byte(xml.Header), units...),
	} {
		if err := os.WriteFile(filepath.Join(folder, name), append(text, '\n'), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// The form of JUnit, which has no more than three results: not provable and skipped are both "skipped", with the reason.
type (
	junitSuites struct {
		XMLName xml.Name     `xml:"testsuites"`
		Name    string       `xml:"name,attr"`
		Suites  []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Time     float64     `xml:"time,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string       `xml:"classname,attr"`
		Name    string       `xml:"name,attr"`
		Time    float64      `xml:"time,attr"`
		Failure *junitReason `xml:"failure"`
		Error   *junitReason `xml:"error"`
		Skipped *junitReason `xml:"skipped"`
	}
	junitReason struct {
		Type    string `xml:"type,attr,omitempty"` // the level of the clause
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// junit is the report with a suite for each kind of clause and a case for each clause.
func (r *report) junit() junitSuites {
	suites := junitSuites{Name: "contract of " + r.Target.Name}
	if r.Target.Kind == noTarget { // without a case, readers of the form would take the run for a good one
		suites.Suites = []junitSuite{{Name: "run", Tests: 1, Errors: 1, Cases: []junitCase{
			{Class: "run", Name: "The run starts", Error: &junitReason{Message: said[broken], Text: r.End.Sentence}}}}}
	}
	at := map[string]int{}
	for _, o := range r.Clauses {
		if _, known := at[o.Kind]; !known {
			at[o.Kind] = len(suites.Suites)
			suites.Suites = append(suites.Suites, junitSuite{Name: o.Kind})
		}
		suite := &suites.Suites[at[o.Kind]]
		c := junitCase{Class: o.Kind, Name: o.ID + ": " + o.Sentence}
		reason := &junitReason{Type: o.Level, Message: said[o.Result], Text: o.reasons()}
		for _, t := range o.Evidence.Trials {
			c.Time += float64(t.Millis) / 1000
		}
		switch o.Result {
		case failed:
			suite.Failures, c.Failure = suite.Failures+1, reason
		case broken:
			suite.Errors, c.Error = suite.Errors+1, reason
		case skipped, notProvable:
			suite.Skipped, c.Skipped = suite.Skipped+1, reason
		}
		suite.Tests++
		suite.Time += c.Time
		suite.Cases = append(suite.Cases, c)
	}
	return suites
}

// reasons are those of the trials that have the result of the clause.
func (o outcome) reasons() (text string) {
	for _, t := range o.Evidence.Trials {
		if t.Result == o.Result && t.Result != passed {
			text += fmt.Sprintf("%s: %s\n", t.Name, t.Reason)
		}
	}
	for _, b := range o.Evidence.Breaches {
		text += b + "\n"
	}
	return text
}
