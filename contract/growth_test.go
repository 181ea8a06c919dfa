// Growth: what a service sends beyond what the documents declare. It is reported, and breaks nothing.
package contract_test

import (
	"cmp"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/pb33f/libopenapi-validator/config"
	"github.com/pb33f/libopenapi-validator/strict"
	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"

	"example.com/docusign-monitor/api"
)

// The names of report entries that are lists of what breaks nothing.
const (
	growthEntry    = "growth"
	publishedEntry = "as published"
)

// growth is something in answers that no document declares.
type growth struct {
	Operation string `json:"operation"`
	Path      string `json:"path"`  // JSONPath; $.body and $.headers are its roots
	Count     int    `json:"count"` // of answers
}

// divergence is what the published document says otherwise than the repaired one.
type divergence struct {
	Operation string `json:"operation"`
	Status    int    `json:"status"`
	Reason    string `json:"reason"`
	Count     int    `json:"count"` // of exchanges
}

func (g *growth) number() *int     { return &g.Count }
func (d *divergence) number() *int { return &d.Count }

// tell puts into the report what breaks nothing.
func (j *judge) tell() {
	var grown []growth
	var diverged []divergence
	for _, v := range j.Verdicts() {
		for _, path := range v.Grown {
			grown = add(grown, growth{v.Exchange.Operation, j.hide(path), 1}, (*growth).number)
		}
		for _, reason := range v.AsPublished {
			diverged = add(diverged, divergence{v.Exchange.Operation, v.Exchange.Status, j.hide(reason), 1}, (*divergence).number)
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
	AddReportEntry(growthEntry, grown, ReportEntryVisibilityNever)
	AddReportEntry(publishedEntry, diverged, ReportEntryVisibilityNever)
}

// open is what a document declares to be open: the data of an event.
var open = regexp.MustCompile(`^(data|resultData)\[\]\.data[.[]`)

// undeclaredHeaders are the fields of a header that a response does not have, but for those of HTTP itself.
func undeclaredHeaders(response *openapi3.Response, given http.Header) (places []string) {
	declared := map[string]*v3.Header{}
	for name := range response.Headers {
		declared[name] = nil
	}
	for _, header := range strict.ValidateResponseHeaders(given, &declared, config.NewValidationOptions(config.WithStrictMode())) {
		places = append(places, header.Path)
	}
	return places
}

// add puts one with its number to those of its kind.
func add[T comparable](all []T, one T, number func(*T) *int) []T {
	n := *number(&one)
	for i := range all {
		kind := all[i]
		*number(&kind) = n
		if kind == one {
			*number(&all[i]) += n
			return all
		}
	}
	return append(all, one)
}

// entriesOf are the items of the entries of a name, which are lists, of all the specs of a run.
func entriesOf[T any](run Report, name string) (all []T, err error) {
	for _, spec := range run.SpecReports {
		for _, e := range spec.ReportEntries {
			if e.Name != name {
				continue
			}
			some, err := valueOf[[]T](e)
			if err != nil {
				return nil, err
			}
			all = append(all, some...)
		}
	}
	return all, nil
}

// ofRun are the same, those of a kind together.
func ofRun[T comparable](run Report, name string, number func(*T) *int) (all []T, err error) {
	some, err := entriesOf[T](run, name)
	for _, one := range some {
		all = add(all, one, number)
	}
	return all, err
}

// grownIn is what a run has met that no document declares, in order.
func grownIn(run Report) ([]growth, error) {
	all, err := ofRun(run, growthEntry, (*growth).number)
	slices.SortFunc(all, func(a, b growth) int {
		return cmp.Or(cmp.Compare(a.Operation, b.Operation), cmp.Compare(a.Path, b.Path))
	})
	return all, err
}

// divergedIn is what the published document says otherwise of the exchanges of a run, in order.
func divergedIn(run Report) ([]divergence, error) {
	all, err := ofRun(run, publishedEntry, (*divergence).number)
	slices.SortFunc(all, func(a, b divergence) int {
		return cmp.Or(cmp.Compare(a.Operation, b.Operation), cmp.Compare(a.Status, b.Status), cmp.Compare(a.Reason, b.Reason))
	})
	return all, err
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
