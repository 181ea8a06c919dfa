// Growth: what a service sends beyond what the documents declare. It is reported, and breaks nothing.
package contract_test

import (
	"cmp"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"example.com/docusign-monitor/api"
)

// growth is something that no document declares. The entry "growth" of a report is a list of them.
type growth struct {
	Operation string `json:"operation"`
	Path      string `json:"path"` // JSONPath; $.body, $.query, $.headers and $.cookies are its roots
	Count     int    `json:"count"`
}

// divergence is what the published document says otherwise than the repaired one. The entry "as published" of a report is
// a list of them.
type divergence struct {
	Operation string `json:"operation"`
	Status    int    `json:"status"`
	Reason    string `json:"reason"`
	Count     int    `json:"count"`
}

// tell puts into the report what breaks nothing.
func (j *judge) tell() {
	var grown []growth
	var diverged []divergence
	for _, v := range j.Verdicts() {
		for _, path := range v.Grown {
			grown = count(grown, growth{Operation: v.Exchange.Operation, Path: path},
				func(g *growth) *int { return &g.Count })
		}
		for _, reason := range v.AsPublished {
			diverged = count(diverged, divergence{Operation: v.Exchange.Operation, Status: v.Exchange.Status, Reason: j.hide(reason)},
				func(d *divergence) *int { return &d.Count })
		}
	}
	touched := map[cell]int{}
	for _, v := range j.Verdicts() {
		for _, c := range v.Exercised {
			touched[c]++
		}
	}
	var cells []covered
	for c, n := range touched {
		cells = append(cells, covered{cell: c, Exchanges: n})
	}
	AddReportEntry(coverageEntry, cells, ReportEntryVisibilityNever)
	slices.SortFunc(grown, func(a, b growth) int {
		return cmp.Or(cmp.Compare(a.Operation, b.Operation), cmp.Compare(a.Path, b.Path))
	})
	AddReportEntry("growth", grown, ReportEntryVisibilityNever)
	AddReportEntry("as published", diverged, ReportEntryVisibilityNever)
}

// count counts one more of a kind, whose own number is zero.
func count[T comparable](all []T, one T, number func(*T) *int) []T {
	for i := range all {
		kind := all[i]
		*number(&kind) = 0
		if kind == one {
			*number(&all[i])++
			return all
		}
	}
	*number(&one) = 1
	return append(all, one)
}

// outermost leaves out what is inside of something that is there itself.
func outermost(paths []string) []string {
	return slices.DeleteFunc(slices.Clone(paths), func(path string) bool {
		return slices.ContainsFunc(paths, func(other string) bool {
			return strings.HasPrefix(path, other+".") || strings.HasPrefix(path, other+"[")
		})
	})
}

var _ = Describe("Growth", Label("client"), func() {
	MustEach("CLI-GROWTH-1", "The client delivers what no document declares, byte for byte, and leaves out none of it",
		"api, Event.Raw; spec/README.md, ledger, D-9: the record is open",
		func(ctx SpecContext, on stream, event string, grown []string) {
			body := `{"endCursor":"c1","` + on.array + `":[` + event + `],"generation": 2.50}`
			h := against(on, ok(body), on.page("c1"))

			d := h.walk(ctx, api.Query{})

			Expect(d.Err).NotTo(HaveOccurred())
			Expect(d.Events).To(HoldEvents([]string{event}))
			Expect(h.grown()).To(ConsistOf(append([]string{"$.body.generation"}, prefixed("$.body."+on.array+"[*].", grown)...)),
				"what strict validation calls undeclared: without it nothing is proved")
		},
		Entry("a text", `{"eventId":"e","zebra" : "\u00e9 é"}`, []string{"zebra"}),
		Entry("an object in the midst of known fields", `{"eventId":"e","riskContext":{"sequence":98765432109876543210,"score":2.50},"city":""}`,
			[]string{"riskContext"}),
		Entry("a field of a nested object", `{"ipAddressLocation":{"latitude":1.0,"postcode":["1", 2e0]}}`, []string{"ipAddressLocation.postcode"}),
		Entry("null", `{"quantum":null}`, []string{"quantum"}),
		Entry("a name in another case", `{"EventID":"e","TimeStamp":"t"}`, []string{"EventID", "TimeStamp"}))
})

func prefixed(prefix string, names []string) (all []string) {
	for _, name := range names {
		all = append(all, prefix+name)
	}
	return all
}

// grown is where the first page that the client was given holds something undeclared.
func (h *hostile) grown() []string {
	for _, v := range h.Verdicts() {
		if v.Exchange.Operation != "createToken" {
			return v.Grown
		}
	}
	return nil
}
