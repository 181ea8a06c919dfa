package contract_test

import (
	"fmt"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
)

// The summary names the clauses that did not pass. One that a target cannot prove is never counted as passed.
var _ = ReportAfterSuite("Summary", func(report Report) {
	all := outcomes(clauses, report)
	under.end = end(all, report)
	lines := summary(all)
	if grown, err := grownIn(report); err == nil && len(grown) > 0 && under.remote() {
		lines = append(lines, "no document declares what the service sends at "+places(grown))
	}
	AddReportEntry("summary", strings.Join(lines, "\n"), ReportEntryVisibilityNever)
	fmt.Println("\n" + strings.Join(lines, "\n"))
	if reportFolder == "" {
		return
	}
	if err := writeReport(reportFolder, newReport(all, report)); err != nil {
		under.end = ending{2, "the report cannot be written: " + err.Error()}
	}
})

func places(grown []growth) string {
	var all []string
	for _, g := range grown {
		all = append(all, g.Path)
	}
	return strings.Join(slices.Compact(slices.Sorted(slices.Values(all))), ", ")
}

func summary(all []outcome) []string {
	ids := map[result][]string{}
	for _, o := range all {
		ids[o.Result] = append(ids[o.Result], o.ID)
	}
	lines := []string{fmt.Sprintf("%d clauses, against %s", len(all), under)}
	for _, r := range []result{passed, failed, notProvable, skipped, broken} {
		line := fmt.Sprintf("%4d %s", len(ids[r]), said[r])
		if r != passed && len(ids[r]) > 0 {
			line += ": " + strings.Join(ids[r], " ")
		}
		lines = append(lines, line)
	}
	return append(lines, under.notes()...)
}
