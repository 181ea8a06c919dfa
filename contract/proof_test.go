package contract_test

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"
)

// The proof of the suite: under each defect the clauses that are named for it go red, and none that is not. The suite runs
// as a child of its own for each, and its JSON report is what is believed. A child runs the clauses that its defect can
// reach, see defect.reach.

var proveAll = flag.Bool("proof", false, "try all defects, and write the matrix to build/contract/matrix.json")

// childTime is more than a child takes, and ends one that hangs.
const childTime = 90 * time.Second

// few are the defects that go test tries, one of each kind; make contract-proof tries all of them.
var few = []string{"server/skipped-event", "client/zero-limit", "document/lax-limit"}

// matrix is what the proof shows.
type matrix struct {
	Made    time.Time         `json:"made"`
	Seconds float64           `json:"seconds"`
	Seed    int64             `json:"seed"`
	About   map[string]string `json:"about"` // SHA-256 of what was proved, and of each document
	Rows    []matrixRow       `json:"rows"`
	Killers []killer          `json:"killers"`           // the clauses, and the defects that turn them red
	Changed []string          `json:"changed,omitempty"` // in a report: of About, what is not as it was
}

// matrixRow is one defect.
type matrixRow struct {
	Defect   string   `json:"defect"`
	Kind     string   `json:"kind"`
	Sentence string   `json:"sentence"`
	Expected []string `json:"expected"`
	May      []string `json:"may,omitempty"`
	Red      []string `json:"red"`
	Seconds  float64  `json:"seconds"`
	OK       bool     `json:"ok"`
	Fault    string   `json:"fault,omitempty"` // why not: a clause of the wrong color, or the machinery
}

// killer is one clause.
type killer struct {
	Clause string   `json:"clause"`
	Level  string   `json:"level"`
	Own    []string `json:"own"`   // the defects that it is named for
	Reds   []string `json:"reds"`  // all that turn it red
	Alone  bool     `json:"alone"` // one of them turns nothing else red: without the clause it would go unnoticed
}

func TestProof(t *testing.T) {
	config, _ := GinkgoConfiguration()
	m := matrix{Made: time.Now().UTC().Truncate(time.Second), Seed: config.RandomSeed}
	tried := defects()
	if !*proveAll {
		tried = slices.DeleteFunc(tried, func(d defect) bool { return !slices.Contains(few, d.name) })
	}
	expected := map[string]map[string]int{} // specs by clause, by reach
	for _, d := range tried {
		if expected[d.reach()] == nil {
			expected[d.reach()] = specsOfClauses(t, d.reach())
		}
	}
	var mu sync.Mutex
	t.Run("defect", func(t *testing.T) {
		for _, d := range tried {
			t.Run(d.name, func(t *testing.T) {
				t.Parallel()
				began := time.Now()
				row := prove(t, d, m.Seed, expected[d.reach()])
				row.Seconds = elapsed(began)
				if !row.OK {
					t.Errorf("%s (%s): %s", row.Defect, row.Sentence, row.Fault)
				}
				mu.Lock()
				defer mu.Unlock()
				m.Rows = append(m.Rows, row)
				if *proveAll {
					fmt.Printf("%3d of %d  %5.1f s  %-34s %s\n", len(m.Rows), len(tried), row.Seconds, d.name,
						cmp.Or(row.Fault, "red: "+strings.Join(row.Red, " ")))
				}
			})
		}
	})
	if !*proveAll || t.Failed() && len(m.Rows) == 0 {
		return
	}
	order := map[string]int{}
	for i, d := range defects() {
		order[d.name] = i
	}
	slices.SortFunc(m.Rows, func(a, b matrixRow) int { return cmp.Compare(order[a.Defect], order[b.Defect]) })
	all := declaredClauses(t)
	m.Killers, m.About, m.Seconds = killers(m.Rows, all), subject(all), elapsed(m.Made)
	if err := m.write(filepath.Join("..", "build", "contract")); err != nil {
		t.Error(err)
	}
	m.print()
	var never, unowned []string
	for _, k := range m.Killers {
		if len(k.Reds) == 0 {
			never = append(never, k.Clause)
		}
		if k.Level == "MUST" && len(k.Own) == 0 {
			unowned = append(unowned, k.Clause)
		}
	}
	if len(never) > 0 {
		t.Errorf("no defect turns these red: %s", strings.Join(never, " "))
	}
	if len(unowned) > 0 {
		t.Errorf("these are MUST, and no defect is their own: %s", strings.Join(unowned, " "))
	}
}

// prove runs the suite with a defect.
func prove(t *testing.T, d defect, seed int64, expected map[string]int) matrixRow {
	t.Helper()
	row := matrixRow{Defect: d.name, Kind: d.kind(), Sentence: d.sentence, Expected: d.kills, May: d.may, Red: []string{}}
	report, output, err := runSuite(t, []string{defectVariable + "=" + d.name},
		fmt.Sprintf("-ginkgo.seed=%d", seed), "-ginkgo.label-filter="+d.reach(), fmt.Sprintf("-ginkgo.timeout=%v", childTime),
		"-rapid.shrinktime=0s") // one example is enough to turn a law red
	if len(report.SpecReports) == 0 {
		row.Fault = fmt.Sprintf("the child ends without a report (%v): %s", err, shorten(output, 2000))
		return row
	}
	red, err := redClauses(report, d.kind(), expected)
	if err != nil {
		row.Fault = err.Error()
		return row
	}
	row.Red = slices.Sorted(maps.Keys(red))
	row.Fault = d.complaint(red)
	row.OK = row.Fault == ""
	return row
}

// complaint says which clause is not of the color that it is to be; nothing if all are.
func (d defect) complaint(red map[string]string) string {
	var all []string
	for _, id := range d.kills {
		if red[id] == "" {
			all = append(all, id+" does not notice it")
		}
	}
	for _, id := range slices.Sorted(maps.Keys(red)) {
		if !d.allows(id) {
			all = append(all, fmt.Sprintf("%s is not in its list, and goes red: %s", id, red[id]))
		}
	}
	return strings.Join(all, "; ")
}

// specsOfClauses counts the specs of each clause that a filter leaves, so that one that does not run is missed.
func specsOfClauses(t *testing.T, filter string) map[string]int {
	t.Helper()
	report := dryRun(t)
	reached, err := types.ParseLabelFilter(filter)
	if err != nil {
		t.Fatal(err)
	}
	specs := map[string]int{}
	for _, spec := range report.SpecReports.WithLeafNodeType(types.NodeTypeIt) {
		if reached(spec.Labels()) {
			specs[clauseID(t, spec)]++
		}
	}
	return specs
}

// redClauses are those that have failed, each with what it says. It is an error if a clause has not run, or if what failed
// is not a clause: neither proves anything. A spoilt document has the suite and the documents disagree on requests, which
// each clause notices at its end; that is neither.
func redClauses(report Report, kind string, expected map[string]int) (red map[string]string, err error) {
	red = map[string]string{}
	ran := map[string]int{}
	for _, spec := range report.SpecReports {
		var c clause
		for _, e := range spec.ReportEntries {
			var b breach
			switch e.Name {
			case "clause":
				json.Unmarshal([]byte(e.Value.AsJSON), &c) // an error leaves no id, which is one of its own below
			case breachEntry:
				if json.Unmarshal([]byte(e.Value.AsJSON), &b) == nil && b.Clause != "" {
					red[b.Clause] = b.Reason
				}
			}
		}
		message := brief(spec.Failure.Message)
		atEnd := spec.Failure.FailureNodeType == types.NodeTypeCleanupAfterEach
		switch failed := spec.State.Is(types.SpecStateFailureStates); {
		case spec.LeafNodeType != types.NodeTypeIt:
			if failed && spec.LeafNodeText != chargesNode {
				return nil, fmt.Errorf("%s fails: %s", cmp.Or(spec.LeafNodeText, spec.LeafNodeType.String()), message)
			}
			continue
		case spec.State == types.SpecStateSkipped && expected[c.ID] == 0:
			continue // it is out of reach
		case !failed && spec.State != types.SpecStatePassed:
			return nil, fmt.Errorf("%s has not run: it is %s", c.ID, spec.State)
		case failed && ofClause(spec, c):
			red[c.ID] = cmp.Or(message, spec.State.String())
		case failed && !(kind == "document" && atEnd):
			return nil, fmt.Errorf("the machinery of %s fails: %s", c.ID, message)
		}
		ran[c.ID]++
	}
	if !maps.Equal(ran, expected) {
		return nil, fmt.Errorf("%d clauses have run to the last of their specs, want %d", len(ran), len(expected))
	}
	return red, nil
}

// ofClause tells whether it is the clause that has failed, and not what it stands on. What a client does too much or too
// little of shows after the body of its clause: requests that nobody expects, or none.
func ofClause(spec SpecReport, c clause) bool {
	switch spec.Failure.FailureNodeType {
	case types.NodeTypeIt:
		return true
	case types.NodeTypeCleanupAfterEach:
		return strings.HasPrefix(c.ID, "CLI-")
	}
	return false
}

// killers turns the matrix round.
func killers(rows []matrixRow, all []clause) (turned []killer) {
	for _, c := range all {
		k := killer{Clause: c.ID, Level: c.Level, Own: []string{}, Reds: []string{}}
		for _, row := range rows {
			if slices.Contains(row.Expected, c.ID) {
				k.Own = append(k.Own, row.Defect)
			}
			if slices.Contains(row.Red, c.ID) {
				k.Reds = append(k.Reds, row.Defect)
				k.Alone = k.Alone || len(row.Red) == 1
			}
		}
		turned = append(turned, k)
	}
	return turned
}

func (m *matrix) write(folder string) error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err == nil {
		err = os.MkdirAll(folder, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, matrixFile), append(text, '\n'), 0o644)
	}
	return err
}

func elapsed(since time.Time) float64 {
	return time.Since(since).Round(100 * time.Millisecond).Seconds()
}

// print shows the matrix in lines, and names the clauses that would not be missed.
func (m *matrix) print() {
	for _, row := range m.Rows {
		mark := "killed by"
		if !row.OK {
			mark = "NOT PROVED:"
		}
		others := slices.DeleteFunc(slices.Clone(row.Red), func(id string) bool { return slices.Contains(row.Expected, id) })
		also := ""
		if len(others) > 0 {
			also = fmt.Sprintf(" (and %d more)", len(others))
			if len(others) <= 4 {
				also = " (and " + strings.Join(others, " ") + ")"
			}
		}
		fmt.Printf("%-38s %s %s%s\n", row.Defect, mark, strings.Join(row.Expected, " "), also)
	}
	fmt.Printf("\n%d of %d defects are killed, each by the clause that is named for it, in %.0f s. Seed %d.\n", m.Killed(), len(m.Rows), m.Seconds, m.Seed)
	fmt.Printf("Clauses whose removal no defect would notice: %s\n", cmp.Or(strings.Join(m.Unmissed(), " "), "none"))
}

// A run that proves nothing is told from one that shows a red clause.
func TestProofTellsMachineryFromClauses(t *testing.T) {
	written := func(name string, value any) types.ReportEntry {
		text, _ := json.Marshal(value)
		return types.ReportEntry{Name: name, Value: types.ReportEntryValue{AsJSON: string(text)}}
	}
	spec := func(id string, state types.SpecState, node types.NodeType) SpecReport {
		r := SpecReport{LeafNodeType: types.NodeTypeIt, State: state}
		if state.Is(types.SpecStateFailureStates) {
			r.Failure = types.Failure{Message: "as it is", FailureNodeType: node}
		}
		r.ReportEntries = append(r.ReportEntries, written("clause", clause{ID: id}))
		return r
	}
	const none = types.NodeTypeInvalid
	passes := spec("SRV-A-1", types.SpecStatePassed, none)
	charged := spec("SRV-A-1", types.SpecStatePassed, none)
	charged.ReportEntries = append(charged.ReportEntries, written(breachEntry, breach{Clause: "SRV-B-1"}))
	node := func(kind types.NodeType, text string) SpecReport {
		return SpecReport{LeafNodeType: kind, LeafNodeText: text, State: types.SpecStateFailed}
	}
	tests := []struct {
		name  string
		specs []SpecReport
		red   string
		err   string
	}{
		{"all pass", []SpecReport{passes}, "", ""},
		{"failed", []SpecReport{spec("SRV-A-1", types.SpecStateFailed, types.NodeTypeIt)}, "SRV-A-1", ""},
		{"panicked", []SpecReport{spec("SRV-A-1", types.SpecStatePanicked, types.NodeTypeIt)}, "SRV-A-1", ""},
		{"timed out", []SpecReport{spec("SRV-A-1", types.SpecStateTimedout, types.NodeTypeIt)}, "SRV-A-1", ""},
		{"a breach that another clause saw", []SpecReport{charged, node(types.NodeTypeReportAfterSuite, chargesNode)}, "SRV-B-1", ""},
		{"set-up", []SpecReport{spec("SRV-A-1", types.SpecStateFailed, types.NodeTypeBeforeEach)}, "", "the machinery of SRV-A-1"},
		{"what ends a clause about a service", []SpecReport{spec("SRV-A-1", types.SpecStateFailed, types.NodeTypeCleanupAfterEach)},
			"", "the machinery of SRV-A-1"},
		{"skipped", []SpecReport{spec("SRV-A-1", types.SpecStateSkipped, none)}, "", "has not run"},
		{"one that is out of reach", []SpecReport{passes, spec("CLI-A-1", types.SpecStateSkipped, none)}, "", ""},
		{"before the suite", []SpecReport{passes, node(types.NodeTypeBeforeSuite, "")}, "", "BeforeSuite fails"},
		{"after the suite", []SpecReport{passes, node(types.NodeTypeReportAfterSuite, "Summary")}, "", "Summary fails"},
		{"one missing", nil, "", "0 clauses have run"},
		{"one too many", []SpecReport{passes, passes}, "", "1 clauses have run"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			red, err := redClauses(Report{SpecReports: test.specs}, "server", map[string]int{"SRV-A-1": 1})
			if got := strings.Join(slices.Sorted(maps.Keys(red)), " "); got != test.red {
				t.Errorf("red: %q, want %q", got, test.red)
			}
			if test.err == "" && err != nil || test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)) {
				t.Errorf("error %v, want one with %q", err, test.err)
			}
		})
	}
}

// What must hold of the table before anything runs.
func TestDefectsAreWellFormed(t *testing.T) {
	known := map[string]bool{}
	for _, c := range declaredClauses(t) {
		known[c.ID] = true
	}
	seen, sentences := map[string]bool{}, map[string]bool{}
	for _, d := range defects() {
		if seen[d.name] || sentences[d.sentence] || d.sentence == "" {
			t.Errorf("%s: its name or its sentence is there twice, or not at all", d.name)
		}
		seen[d.name], sentences[d.sentence] = true, true
		if len(d.kills) == 0 {
			t.Errorf("%s names no clause", d.name)
		}
		for _, id := range slices.Concat(d.kills, d.may) {
			if prefix, any := strings.CutSuffix(id, "*"); !known[id] &&
				!(any && slices.ContainsFunc(slices.Collect(maps.Keys(known)), func(k string) bool { return strings.HasPrefix(k, prefix) })) {
				t.Errorf("%s names the clause %s, which there is not", d.name, id)
			}
		}
	}
	for _, name := range few {
		if !seen[name] {
			t.Errorf("there is no defect %s", name)
		}
	}
}
