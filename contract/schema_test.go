// Schema: every answer is one that the documents have. What is found in the exchanges of other clauses is charged to
// these, at the end.
package contract_test

import (
	"context"
	"fmt"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("Schema", Label("schema"), func() {
	MustEach(byDocument, "The service answers with a status, headers and a body that the document has",
		"spec/dataset and spec/oauth, responses", holds(byDocument), answers)

	MustEach(exactJSON, "The service answers in JSON with exactly one value in UTF-8",
		"RFC 8259, sections 2 and 8.1", holds(exactJSON), answers)

	ShouldEach(namedOnce, "The service names no member of an answer twice",
		"RFC 8259, section 4", holds(namedOnce), answers)
})

// holds is the body of a table of answers, of which none may break the clause. That the answer is the one that the entry
// asks for is the business of other clauses.
func holds(id string) func(SpecContext, stream, func(context.Context, *service) *answer) {
	return func(ctx SpecContext, on stream, ask func(context.Context, *service) *answer) {
		s := provider(on)

		ask(ctx, s)

		Expect(s.Breaches(id)).To(BeEmpty())
	}
}

// A breach that shows while another clause is proved is not that clause's, so it is kept until all have run.
const chargesNode = "Breaches that showed in the exchanges of other clauses"

var _ = ReportAfterSuite(chargesNode, func(report Report) {
	var charges []string
	for _, spec := range report.SpecReports {
		for _, entry := range spec.ReportEntries {
			if entry.Name != breachEntry {
				continue
			}
			b, err := valueOf[breach](entry)
			if err != nil {
				Fail("a breach in the report cannot be read: " + err.Error())
			}
			if by := clauseOf(spec.Labels()).ID; by != b.Clause {
				charges = append(charges, fmt.Sprintf("%s: %s\n  %s, status %d: %s\n  (seen while %s was proved)",
					b.Clause, clauses[b.Clause].Sentence, b.Operation, b.Status, b.Reason, by))
			}
		}
	}
	slices.Sort(charges)
	if charges = slices.Compact(charges); len(charges) > 0 {
		Fail(fmt.Sprintf("%d breaches:\n\n%s", len(charges), strings.Join(charges, "\n\n")))
	}
})
