package contract_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"

	"example.com/docusign-monitor/contract/sandbox"
)

// The tests in this file are about results: what a run calls passed, and how it ends.

// ofSpec is what Ginkgo reports of a spec of a clause.
func ofSpec(id string, state types.SpecState, entries ...types.ReportEntry) SpecReport {
	r := SpecReport{LeafNodeType: types.NodeTypeIt, LeafNodeText: id, LeafNodeLabels: []string{id}, State: state, ReportEntries: entries}
	if state.Is(types.SpecStateFailureStates) {
		r.Failure = types.Failure{Message: "as it is"}
	}
	return r
}

func entryOf(name string, value any) types.ReportEntry {
	return types.ReportEntry{Name: name, Value: types.WrapEntryValue(value)}
}

func TestResults(t *testing.T) {
	under = &target{}
	known := map[string]clause{}
	for _, id := range []string{"SRV-PAGE-1", "SRV-PAGE-4", "SRV-SCHEMA-1", "CLI-PAGE-1"} {
		known[id] = clause{ID: id, Level: "MUST"}
	}
	known["SRV-PAGE-7"] = clause{ID: "SRV-PAGE-7", Level: "SHOULD"}
	broke := entryOf(breachEntry, breach{Clause: "SRV-SCHEMA-1", Reason: "no such status"})
	tests := []struct {
		name  string
		specs []SpecReport
		id    string
		want  result
		end   int
	}{
		{"passed", []SpecReport{ofSpec("SRV-PAGE-1", types.SpecStatePassed)}, "SRV-PAGE-1", passed, 0},
		{"a MUST failed", []SpecReport{ofSpec("SRV-PAGE-1", types.SpecStateFailed)}, "SRV-PAGE-1", failed, 1},
		{"a SHOULD failed", []SpecReport{ofSpec("SRV-PAGE-7", types.SpecStateFailed)}, "SRV-PAGE-7", failed, 0},
		{"timed out", []SpecReport{ofSpec("SRV-PAGE-1", types.SpecStateTimedout)}, "SRV-PAGE-1", failed, 1},
		{"the suite panics", []SpecReport{ofSpec("SRV-PAGE-1", types.SpecStatePanicked)}, "SRV-PAGE-1", broken, 2},
		{"the client panics", []SpecReport{ofSpec("CLI-PAGE-1", types.SpecStatePanicked)}, "CLI-PAGE-1", failed, 1},
		{"interrupted", []SpecReport{ofSpec("CLI-PAGE-1", types.SpecStateInterrupted)}, "CLI-PAGE-1", broken, 2},
		{"out of reach", []SpecReport{ofSpec("SRV-PAGE-1", types.SpecStateFailed, entryOf(machineryEntry, "no route"))},
			"SRV-PAGE-1", broken, 2},
		{"not provable", []SpecReport{ofSpec("SRV-PAGE-4", types.SpecStateSkipped, entryOf(notProvableEntry, "no control")),
			ofSpec("SRV-PAGE-1", types.SpecStatePassed)}, "SRV-PAGE-4", notProvable, 0},
		{"left out", []SpecReport{ofSpec("SRV-PAGE-4", types.SpecStateSkipped), ofSpec("SRV-PAGE-1", types.SpecStatePassed)},
			"SRV-PAGE-4", skipped, 0},
		{"nothing tried", []SpecReport{ofSpec("SRV-PAGE-4", types.SpecStateSkipped)}, "SRV-PAGE-4", skipped, 2},
		{"one trial of two failed", []SpecReport{ofSpec("SRV-PAGE-1", types.SpecStateFailed), ofSpec("SRV-PAGE-1", types.SpecStatePassed)},
			"SRV-PAGE-1", failed, 1},
		{"one failed, one out of reach", []SpecReport{ofSpec("SRV-PAGE-1", types.SpecStateFailed, entryOf(machineryEntry, "no route")),
			ofSpec("SRV-PAGE-1", types.SpecStateFailed)}, "SRV-PAGE-1", failed, 1},
		{"charged by another clause", []SpecReport{ofSpec("SRV-SCHEMA-1", types.SpecStatePassed), ofSpec("SRV-PAGE-1", types.SpecStatePassed, broke)},
			"SRV-SCHEMA-1", failed, 1},
		{"the one that charged it", []SpecReport{ofSpec("SRV-SCHEMA-1", types.SpecStatePassed), ofSpec("SRV-PAGE-1", types.SpecStatePassed, broke)},
			"SRV-PAGE-1", passed, 1},
		{"a node that is no clause fails", []SpecReport{ofSpec("SRV-PAGE-1", types.SpecStatePassed),
			{LeafNodeType: types.NodeTypeBeforeSuite, State: types.SpecStateFailed}}, "SRV-PAGE-1", passed, 2},
		{"the node of charges fails", []SpecReport{ofSpec("SRV-PAGE-1", types.SpecStatePassed),
			{LeafNodeType: types.NodeTypeReportAfterSuite, LeafNodeText: chargesNode, State: types.SpecStateFailed}}, "SRV-PAGE-1", passed, 0},
	}
	for _, test := range tests {
		for _, from := range []struct {
			name string
			of   func(*testing.T, Report) Report
		}{
			{"this process", func(_ *testing.T, r Report) Report { return r }},
			{"another process", throughJSON},
		} {
			t.Run(test.name+", from "+from.name, func(t *testing.T) {
				report := from.of(t, Report{SpecReports: test.specs})
				all := outcomes(known, report)
				for _, o := range all {
					if o.ID == test.id && o.Result != test.want {
						t.Errorf("%s is %s, want %s", o.ID, o.Result, test.want)
					}
				}
				if got := end(all, report); got.Status != test.end || got.Sentence == "" {
					t.Errorf("the run ends with %d (%s), want %d", got.Status, got.Sentence, test.end)
				}
			})
		}
	}
}

// throughJSON is what the first process of a parallel run gets of the others.
func throughJSON(t *testing.T, r Report) (got Report) {
	t.Helper()
	text, err := json.Marshal(r)
	if err == nil {
		err = json.Unmarshal(text, &got)
	}
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// runWithReport runs the suite as make contract does, and reads what it leaves.
func runWithReport(t *testing.T, environment []string, args ...string) (r report, status int, output string) {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "report")
	_, output, err := runSuite(t, environment, append(args, "-report="+folder)...)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		status = exit.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(folder, "report.json"))
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	checkSecrets(t, string(text))
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	r.units(t, folder)
	r.page(t, folder)
	return r, status, output
}

// outsideOfPage is what would have a browser ask for something.
var outsideOfPage = regexp.MustCompile(`(src|href)="[^"#d]|@import|url\(`)

// page holds report.html to the report that it is a view of. TestReportInBrowser looks at it.
func (r report) page(t *testing.T, folder string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, "report.html"))
	if err != nil {
		t.Fatal(err)
	}
	checkSecrets(t, string(text))
	head, _, _ := strings.Cut(string(text), `<script type="application/json"`)
	if asks := outsideOfPage.FindString(head); asks != "" {
		t.Errorf("report.html needs something from outside: %s", asks)
	}
	for _, g := range r.Growth {
		if !strings.Contains(head, fmt.Sprintf("<tr><td>%s</td><td><code>%s</code></td><td>%d</td></tr>", g.Operation, g.Path, g.Count)) {
			t.Errorf("report.html does not show %+v", g)
		}
	}
	for _, c := range r.Clauses {
		unfolded := c.Result == failed || c.Result == broken
		row := fmt.Sprintf(`id="%s" data-result="%s" data-level="%s" data-kind="%s"`, c.ID, c.Result, c.Level, c.Kind)
		if unfolded {
			row += " open"
		}
		if strings.Count(head, row+">") != 1 {
			t.Errorf("report.html does not show %s as report.json has it", c.ID)
		}
	}
}

// units holds junit.xml to the report that it is a view of.
func (r report) units(t *testing.T, folder string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, "junit.xml"))
	if err != nil {
		t.Fatal(err)
	}
	var units junitSuites
	if err := xml.Unmarshal(text, &units); err != nil {
		t.Fatal(err)
	}
	if r.Target.Kind == noTarget {
		if len(units.Suites) != 1 || units.Suites[0].Errors != 1 || units.Suites[0].Cases[0].Error.Text != r.End.Sentence {
			t.Errorf("junit.xml has %+v, want one case in error: %s", units.Suites, r.End.Sentence)
		}
		return
	}
	got := map[result]int{}
	for _, suite := range units.Suites {
		got[failed] += suite.Failures
		got[broken] += suite.Errors
		got[notProvable] += suite.Skipped
		got[passed] += suite.Tests - suite.Failures - suite.Errors - suite.Skipped
	}
	if got[passed] != r.Counts[passed] || got[failed] != r.Counts[failed] || got[broken] != r.Counts[broken] ||
		got[notProvable] != r.Counts[notProvable]+r.Counts[skipped] {
		t.Errorf("junit.xml counts %v, report.json %v", got, r.Counts)
	}
}

func TestRunEndsByItsResults(t *testing.T) {
	box := sandbox.Start(t, sandbox.Config{Events: sandbox.Generate(300, 7)})
	gone := settingsOf(t, box)
	box.Close()
	tests := []struct {
		name        string
		environment []string
		focus       string
		status      int
		counts      map[result]int // of those that are tried
		says        string
	}{
		{"all hold", nil, "SRV-PAGE-1|CLI-PAGE-4|DOC-2", 0, map[result]int{passed: 3}, "every clause that was tried holds"},
		{"a SHOULD fails", []string{defectVariable + "=server/any-method"}, "SRV-ROUTE-3|SRV-PAGE-1", 0,
			map[result]int{passed: 1, failed: 1}, "of the SHOULD clauses failed: SRV-ROUTE-3"},
		{"a MUST fails", []string{defectVariable + "=server/token-cut-accepted"}, "SRV-AUTH-13|SRV-PAGE-1", 1,
			map[result]int{passed: 1, failed: 1}, "1 of the MUST clauses failed: SRV-AUTH-13"},
		{"the service is gone", gone, "SRV-PAGE-1|SRV-PAGE-4|CLI-PAGE-4", 2,
			map[result]int{passed: 1, broken: 1, notProvable: 1}, "error in the suite's own machinery: SRV-PAGE-1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r, status, output := runWithReport(t, test.environment, "-ginkgo.focus="+strings.ReplaceAll(test.focus, "|", ": |")+": ")
			if status != test.status || r.End.Status != test.status || !strings.Contains(r.End.Sentence, test.says) {
				t.Errorf("status %d, in the report %d with %q; want %d with %q", status, r.End.Status, r.End.Sentence, test.status, test.says)
			}
			if !strings.Contains(output, r.End.Sentence) {
				t.Errorf("the output does not say %q:\n%s", r.End.Sentence, output)
			}
			for _, kind := range []result{passed, failed, broken} {
				if r.Counts[kind] != test.counts[kind] {
					t.Errorf("%d clauses %s, want %d: %v", r.Counts[kind], said[kind], test.counts[kind], r.Counts)
				}
			}
			if n := r.Counts[passed] + r.Counts[failed] + r.Counts[broken] + r.Counts[notProvable] + r.Counts[skipped]; n != len(r.Clauses) || n < 100 {
				t.Errorf("%d clauses are counted, want %d", n, len(r.Clauses))
			}
			if r.Counts[passed] > 0 && len(r.Exchanges) == 0 {
				t.Error("the report has no exchange")
			}
		})
	}
}

// What breaks nothing is told all the same: to who reads the last lines, to programs, and on the page.
func TestGrowthIsReported(t *testing.T) {
	box := sandbox.Start(t, sandbox.Config{Events: sandbox.Generate(3, 7)})
	if err := box.Append([]byte(`{"eventId":"e","riskContext":{"score":1},"data":{"anything":1}}`), []byte(`{"riskContext":null}`)); err != nil {
		t.Fatal(err)
	}

	r, status, output := runWithReport(t, settingsOf(t, box), "-ginkgo.focus=(SRV-PAGE-1|SRV-ERROR-1): ")

	paths := map[string]bool{}
	for _, g := range r.Growth {
		paths[g.Path] = true
	}
	want := map[string]bool{"$.body.data[*].riskContext": true, "$.body.resultData[*].riskContext": true, "$.headers.www-authenticate": true}
	if diff := cmp.Diff(want, paths); status != 0 || diff != "" {
		t.Errorf("status %d; places (-want +got):\n%s", status, diff)
	}
	if line := "no document declares what the service sends at $.body.data[*].riskContext"; !strings.Contains(output, line) {
		t.Errorf("the output does not say %q:\n%s", line, output)
	}
	if len(r.Published) == 0 || !strings.Contains(r.Published[0].Reason, "status is not supported") {
		t.Errorf("as published: %+v; want that there is no answer but 200", r.Published)
	}
}
