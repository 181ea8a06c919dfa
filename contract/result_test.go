package contract_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"
)

// result is what became of a clause, or of one of its trials. The five are never mixed: what was not proved is not passed,
// and what the suite itself got wrong is no failure of the service.
type result string

const (
	passed      result = "pass"
	skipped     result = "skipped"      // by choice: a filter left it out
	notProvable result = "not-provable" // the target cannot be put to it
	broken      result = "error"        // in the suite's own machinery, or the target cannot be reached
	failed      result = "fail"
)

// severity orders the results. A clause has the worst of its trials.
var severity = []result{passed, skipped, notProvable, broken, failed}

func worst(a, b result) result {
	return severity[max(slices.Index(severity, a), slices.Index(severity, b))]
}

// said are the results in words.
var said = map[result]string{
	passed: "passed", failed: "failed", notProvable: "not provable here", skipped: "skipped by choice",
	broken: "error in the suite's own machinery",
}

// The names of report entries that say more of a spec than its state does. The text of an entry is the reason.
const (
	notProvableEntry = "not provable here"
	skippedEntry     = "skipped by choice"
	machineryEntry   = "machinery"
)

// outcome is a clause with what became of it.
type outcome struct {
	clause
	Kind     string   `json:"kind"` // service, client or documents
	Result   result   `json:"result"`
	Evidence evidence `json:"evidence"`
}

// evidence is what a result rests on.
type evidence struct {
	Summary   string   `json:"summary"`
	Exchanges int      `json:"exchanges"` // that were judged
	Trials    []trial  `json:"trials"`
	Breaches  []string `json:"breaches,omitempty"` // that showed in the exchanges of other clauses
}

// trial is one spec of a clause.
type trial struct {
	Name      string     `json:"name"`
	Result    result     `json:"result"`
	Reason    string     `json:"reason,omitempty"` // unless it passed
	Millis    int64      `json:"millis"`
	Exchanges []exchange `json:"-"`
}

// outcomes are those of all clauses, in the order of their ids.
func outcomes(clauses map[string]clause, report Report) []outcome {
	byID := map[string]*outcome{}
	for _, c := range clauses {
		byID[c.ID] = &outcome{clause: c, Kind: kindOf(c.ID)}
	}
	for _, spec := range report.SpecReports.WithLeafNodeType(types.NodeTypeIt) {
		o := ofLabels(byID, spec)
		if o == nil || untried(spec.Labels()) {
			continue
		}
		t := tried(spec, o)
		o.Evidence.Trials = append(o.Evidence.Trials, t)
		o.Evidence.Exchanges += len(t.Exchanges)
	}
	charge(report, byID)

	all := make([]outcome, 0, len(byID))
	for _, o := range byID {
		slices.SortFunc(o.Evidence.Trials, func(a, b trial) int { return strings.Compare(a.Name, b.Name) })
		o.judge()
		all = append(all, *o)
	}
	slices.SortFunc(all, func(a, b outcome) int { return compareIDs(a.ID, b.ID) })
	return all
}

// ofLabels finds the clause that a spec proves, nil for none.
func ofLabels(byID map[string]*outcome, spec SpecReport) *outcome {
	for _, label := range spec.Labels() {
		if o, known := byID[label]; known {
			return o
		}
	}
	return nil
}

// judge reaches the result of a clause.
func (o *outcome) judge() {
	o.Result = passed
	counts := map[result]int{}
	for _, t := range o.Evidence.Trials {
		o.Result = worst(o.Result, t.Result)
		counts[t.Result]++
	}
	if len(o.Evidence.Trials) == 0 {
		o.Result = notProvable // on a stream that is not tried
	}
	if len(o.Evidence.Breaches) > 0 {
		o.Result = failed
	}
	var parts []string
	for _, r := range severity {
		if n := counts[r]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, said[r]))
		}
	}
	switch n := len(o.Evidence.Trials); n {
	case 0:
		o.Evidence.Summary = "no trial: the stream that it is about is not tried"
	case 1:
		o.Evidence.Summary = "1 trial"
	default:
		o.Evidence.Summary = fmt.Sprintf("%d trials: %s", n, strings.Join(parts, ", "))
	}
	if n := o.Evidence.Exchanges; n > 0 {
		o.Evidence.Summary += fmt.Sprintf("; %d exchanges judged", n)
	}
	if n := len(o.Evidence.Breaches); n > 0 {
		o.Evidence.Summary += fmt.Sprintf("; broken %d times in the exchanges of other clauses", n)
	}
}

// tried tells what became of a spec.
func tried(spec SpecReport, o *outcome) trial {
	t := trial{Name: trialName(spec, o.clause), Result: passed, Millis: spec.RunTime.Milliseconds()}
	reasons := map[string]string{}
	for _, e := range spec.ReportEntries {
		switch e.Name {
		case machineryEntry, notProvableEntry, skippedEntry:
			reasons[e.Name], _ = valueOf[string](e)
		case exchangesEntry:
			t.Exchanges, _ = valueOf[[]exchange](e)
		}
	}
	machinery := reasons[machineryEntry]
	switch {
	case spec.State == types.SpecStatePassed:
	case spec.State.Is(types.SpecStateInterrupted | types.SpecStateAborted):
		t.Result, t.Reason = broken, spec.State.String()+": "+spec.Failure.Message
	case spec.State.Is(types.SpecStatePanicked) && o.Kind != "client": // one of the client is a failure of it
		t.Result, t.Reason = broken, spec.Failure.Message+": "+spec.Failure.ForwardedPanic
	case spec.State.Is(types.SpecStateFailureStates) && machinery != "":
		t.Result, t.Reason = broken, machinery
	case spec.State.Is(types.SpecStateFailureStates):
		t.Result, t.Reason = failed, strings.TrimSpace(spec.Failure.Message+"\n"+spec.Failure.ForwardedPanic)
	case reasons[notProvableEntry] != "":
		t.Result, t.Reason = notProvable, reasons[notProvableEntry]
	default:
		t.Result, t.Reason = skipped, "a filter left it out"
		if why := reasons[skippedEntry]; why != "" {
			t.Reason = why
		}
	}
	t.Reason = shorten(t.Reason, 4<<10)
	return t
}

// trialName is what a spec is called beside the others of its clause: the stream and the entry of its table.
func trialName(spec SpecReport, c clause) string {
	text := spec.FullText()
	if _, rest, found := strings.Cut(text, c.ID+": "+c.Sentence); found {
		text = rest
	}
	text = strings.Join(strings.Fields(strings.NewReplacer("(", "", " stream)", ", ").Replace(text)), " ")
	if text = strings.Trim(text, ", "); text == "" {
		return "as it is"
	}
	return text
}

// charge puts a breach that showed while another clause was proved to the clause it belongs to.
func charge(report Report, byID map[string]*outcome) {
	for _, spec := range report.SpecReports {
		for _, e := range spec.ReportEntries {
			if e.Name != breachEntry {
				continue
			}
			b, _ := valueOf[breach](e)
			by := ofLabels(byID, spec)
			if o, known := byID[b.Clause]; known && by != nil && by != o {
				o.Evidence.Breaches = append(o.Evidence.Breaches,
					fmt.Sprintf("%s, status %d: %s (seen while %s was proved)", b.Operation, b.Status, b.Reason, by.ID))
			}
		}
	}
	for _, o := range byID {
		slices.Sort(o.Evidence.Breaches)
		o.Evidence.Breaches = slices.Compact(o.Evidence.Breaches)
	}
}

// valueOf is the value of an entry, which may have come from another process.
func valueOf[T any](e types.ReportEntry) (value T, err error) {
	if value, here := e.GetRawValue().(T); here {
		return value, nil
	}
	return value, json.Unmarshal([]byte(e.Value.AsJSON), &value)
}

// untried tells whether a spec is about a stream that the target does not have. Its clause is judged by the other one.
func untried(labels []string) bool {
	return !slices.Contains(labels, "client") && slices.ContainsFunc(streams, func(on stream) bool {
		return !under.tries(on) && slices.Contains(labels, on.name)
	})
}

func kindOf(id string) string {
	return map[string]string{"SRV": "service", "CLI": "client", "DOC": "documents"}[id[:3]]
}

// ending is how a run ends.
type ending struct {
	Status   int    `json:"status"` // the exit status: 0, 1 if a MUST failed, 2 if the suite could not do its work
	Sentence string `json:"sentence"`
}

// end says what a run ends with. A SHOULD that failed is reported, and ends nothing.
func end(all []outcome, report Report) ending {
	ids := map[result][]string{}
	var must, ran []string
	for _, o := range all {
		ids[o.Result] = append(ids[o.Result], o.ID)
		if o.Result == failed && o.Level == "MUST" {
			must = append(must, o.ID)
		}
		if o.Result == failed || o.Result == passed {
			ran = append(ran, o.ID)
		}
	}
	var outside []string
	for _, spec := range report.SpecReports.WithState(types.SpecStateFailureStates) {
		if !spec.LeafNodeType.Is(types.NodeTypeIt) && spec.LeafNodeText != chargesNode {
			outside = append(outside, fmt.Sprintf("%s: %s", spec.LeafNodeType, spec.Failure.Message))
		}
	}
	outside = append(outside, report.SpecialSuiteFailureReasons...)
	switch {
	case len(must) > 0:
		return ending{1, fmt.Sprintf("%d of the MUST clauses failed: %s", len(must), strings.Join(must, " "))}
	case len(outside) > 0:
		return ending{2, "error in the suite's own machinery: " + strings.Join(outside, "; ")}
	case len(ids[broken]) > 0:
		return ending{2, "error in the suite's own machinery: " + strings.Join(ids[broken], " ")}
	case len(ran) == 0:
		return ending{2, "no clause was tried, so nothing is proved"}
	case len(ids[failed]) > 0:
		return ending{0, "every MUST that was tried holds; of the SHOULD clauses failed: " + strings.Join(ids[failed], " ")}
	default:
		return ending{0, "every clause that was tried holds"}
	}
}
