package contract_test

import (
	"fmt"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"

	"example.com/docusign-monitor/internal/settings"
)

// The results that a clause can have. A clause of several specs has the worst of theirs.
const (
	passed      = "passed"
	skipped     = "skipped by choice" // a filter left it out
	notProvable = "not provable here"
	failed      = "failed"
)

// results are those of all clauses, by id.
func results(report Report) map[string]string {
	severity := []string{passed, skipped, notProvable, failed}
	found := map[string]string{}
	for _, spec := range report.SpecReports.WithLeafNodeType(types.NodeTypeIt) {
		if untried(spec.Labels()) {
			continue
		}
		c, result := clauseOf(spec.Labels()), passed
		switch {
		case spec.State.Is(types.SpecStateFailureStates):
			result = failed
		case spec.State == types.SpecStatePassed:
		case c.Controlled && under.remote():
			result = notProvable
		default:
			result = skipped
		}
		if slices.Index(severity, result) >= slices.Index(severity, found[c.ID]) {
			found[c.ID] = result
		}
	}
	return found
}

// untried tells whether a spec is about a stream that the target does not have. Its clause is judged by the other one.
func untried(labels []string) bool {
	return !slices.Contains(labels, "client") && slices.ContainsFunc(streams, func(on stream) bool {
		return !under.tries(on) && slices.Contains(labels, on.name)
	})
}

// A clause that a target cannot prove is named; it is never counted as passed.
var _ = ReportAfterSuite("Summary", func(report Report) {
	ids := map[string][]string{}
	for id, result := range results(report) {
		ids[result] = append(ids[result], id)
	}
	lines := []string{fmt.Sprintf("%d clauses, against %s", len(clauses), under)}
	for _, result := range []string{passed, failed, notProvable, skipped} {
		line := fmt.Sprintf("%4d %s", len(ids[result]), result)
		if result != passed && len(ids[result]) > 0 {
			slices.Sort(ids[result])
			line += ": " + strings.Join(ids[result], " ")
		}
		lines = append(lines, line)
	}
	for _, on := range streams {
		if !under.tries(on) {
			lines = append(lines, "the "+on.name+" stream is not tried: "+settings.OrganizationID+" is not set")
		}
	}
	AddReportEntry("summary", strings.Join(lines, "\n"), ReportEntryVisibilityNever)
	fmt.Println("\n" + strings.Join(lines, "\n"))
})
