// Documents, repairs: what is wrong with the published document, and what has been done about it.
package contract_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/speakeasy-api/openapi/overlay"
	"gopkg.in/yaml.v3"
)

// prepared are the overlays that make the prepared document, in their order. That of the routing is for the server alone.
var prepared = []string{"repair", "tighten", "errors", "events", "go"}

// streamGet is the path to the operation of the stream in the published document, beside which others may come.
const streamGet = `$.paths['/api/v{version}/datasets/{dataSetName}/stream'].get`

var _ = Describe("Documents, repairs", Label("documents"), func() {
	MustEach("DOC-9", "The published document has each flaw that the ledger names, so that a flaw which is gone shows",
		"spec/README.md, ledger", func(path, pattern string) {
			Expect(query(documents().Published, path)).To(MatchRegexp(pattern))
		},
		Entry("D-1", `$.info.contact.email`, `^\[".+"\]$`),
		Entry("D-2", `$.externalDocs.url`, `^""$`),
		Entry("D-3", `$.components.securitySchemes.accessCode`, `^$`),
		Entry("D-4", `$.components.securitySchemes.Bearer.type`, `^"apiKey"$`),
		Entry("D-5", streamGet+`.parameters[?(@.name=='version')].schema.default`, `^"2.0"$`),
		Entry("D-6", `$.paths['/api/v{version}/datasets/{dataSetName}/stream']`, `.`),
		Entry("D-7", streamGet+`.parameters[?(@.name=='dataSetName')].schema`, `^{"type":"string"}$`),
		Entry("D-8", streamGet+`.parameters[?(@.name=='limit')].schema['minimum','maximum']`, `^$`),
		Entry("D-9", `$.components.schemas.CursoredResult.properties.data.items.properties['eventId','timestamp']`, `^$`),
		Entry("D-10", streamGet+`.description`, `paginated by event timestamp`),
		Entry("D-11", streamGet+`.responses['400','401','403','429','default']`, `^$`),
		Entry("D-12", streamGet+`.responses[*].headers`, `^$`),
		Entry("D-13", `$.servers[*].url`, `^"https://lens.docusign.net/"$`),
		Entry("D-14", `$.components.schemas.CursoredResult.required`, `^$`),
		Entry("D-15", `$.components.schemas.DataSet`, `.`),
		Entry("D-16", streamGet+`.operationId`, `^"Api_Version_DatasetsByDataSetNameStreamGet"$`),
		Entry("D-17", `$.info['title','license']`, `^"Docusign Monitor API"$`),
		Entry("D-18", streamGet+`.description`, `the organization that owns the integration key`))

	MustEach("DOC-10", "The prepared document owes something to each action of an overlay: what it is aimed at is there, and is changed",
		"spec/README.md, the overlays", func(name string) {
			document := tree(documents().Published)
			for _, before := range prepared {
				if before == name {
					break
				}
				Expect(lay(document, before)).To(BeEmpty(), "The overlay before it, %s, does not apply", before)
			}

			Expect(lay(document, name)).To(BeEmpty())
		},
		Entry("repair", "repair"), Entry("tighten", "tighten"), Entry("errors", "errors"), Entry("events", "events"), Entry("go", "go"))

	Must("DOC-11", "The prepared document is the published one with the overlays applied, and nothing else",
		"spec/README.md, the overlays", func() {
			document := laid(documents().Published, prepared...)

			Expect(departure(value(document), value(tree(documents().Dataset)))).To(BeEmpty())
		})

	Must("DOC-12", "The prepared document says the same of the wire with and without the overlay of Go names",
		"spec/README.md, the overlays, go", func() {
			without := laid(documents().Published, "repair", "tighten", "errors", "events")

			Expect(departure(onTheWire(value(without)), onTheWire(value(tree(documents().Dataset))))).To(BeEmpty())
		})

	Must("DOC-13", "The prepared document gets another path for the server by the overlay of routing, and nothing else",
		"spec/README.md, ledger, D-6", func() {
			const path, routed = "/api/v{version}/datasets/{dataSetName}/stream", "/api/{version}/datasets/{dataSetName}/stream"
			want := value(tree(documents().Dataset)).(map[string]any)
			paths := want["paths"].(map[string]any)
			paths[routed] = paths[path]
			delete(paths, path)

			got := value(laid(documents().Dataset, "routing"))

			Expect(departure(want, got)).To(BeEmpty())
		})

	MustEach("DOC-18", "The published document takes a page and knows no other answer, once it is made valid",
		"spec/README.md, ledger, D-1 to D-3 and D-11", func(status int, body string, documented bool) {
			e := specimen{status: status, body: body}.exchange()

			found, input, reason := judgeRequest(published, e.request)

			Expect(found).To(Equal(valid), "the request: %v", reason)
			if documented {
				Expect(firstAnswer(input, e.answer, e.received)).To(Succeed())
			} else {
				Expect(firstAnswer(input, e.answer, e.received)).To(MatchError(ContainSubstring("status is not supported")))
			}
		},
		Entry("a page", http.StatusOK, `{"endCursor":"c","data":[{}]}`, true),
		Entry("a page without a cursor", http.StatusOK, `{}`, true),
		Entry("400", http.StatusBadRequest, `{}`, false), Entry("401", http.StatusUnauthorized, `{}`, false),
		Entry("403", http.StatusForbidden, `{}`, false), Entry("429", http.StatusTooManyRequests, `{}`, false))
})

// tree reads a document into the form that overlays work on.
func tree(text string) *yaml.Node {
	GinkgoHelper()
	document, err := parse(text)
	Expect(err).NotTo(HaveOccurred())
	return document
}

// value is what a document says, without how it is written.
func value(document *yaml.Node) (v any) {
	GinkgoHelper()
	Expect(document.Decode(&v)).To(Succeed())
	return v
}

// lay applies an overlay, one action at a time, and tells of those that hit or change nothing.
func lay(document *yaml.Node, name string) (idle []string) {
	GinkgoHelper()
	o, err := overlay.ParseReader(strings.NewReader(documents().Overlays[name]))
	Expect(err).NotTo(HaveOccurred())
	for i, action := range o.Actions {
		single := *o
		single.Actions = []overlay.Action{action}
		before := value(document)
		_, err := single.ApplyToStrict(document)
		switch {
		case err != nil:
			idle = append(idle, fmt.Sprintf("action %d, %s: %v", i+1, action.Target, err))
		case reflect.DeepEqual(before, value(document)):
			idle = append(idle, fmt.Sprintf("action %d, %s, changes nothing", i+1, action.Target))
		}
	}
	return idle
}

// laid is a document with overlays applied to it.
func laid(text string, names ...string) *yaml.Node {
	GinkgoHelper()
	document := tree(text)
	for _, name := range names {
		lay(document, name) // that each action hits and changes something is a clause of its own
	}
	return document
}

// onTheWire leaves out of a document what concerns the generator alone: extensions, and the names of operations.
func onTheWire(v any) any {
	switch v := v.(type) {
	case map[string]any:
		kept := map[string]any{}
		for name, member := range v {
			if !strings.HasPrefix(name, "x-") && name != "operationId" {
				kept[name] = onTheWire(member)
			}
		}
		return kept
	case []any:
		kept := make([]any, len(v))
		for i := range v {
			kept[i] = onTheWire(v[i])
		}
		return kept
	}
	return v
}

// departure is the place where two documents first say something else, and what. It is empty if they say the same.
func departure(want, got any) string { return departureAt("$", want, got) }

func departureAt(path string, want, got any) string {
	if reflect.DeepEqual(want, got) {
		return ""
	}
	wanted, isObject := want.(map[string]any)
	given, areObjects := got.(map[string]any)
	if !isObject || !areObjects {
		return fmt.Sprintf("%s: %s, expected %s", path, shorten(fmt.Sprint(got), 200), shorten(fmt.Sprint(want), 200))
	}
	for _, name := range sortedNames(wanted, given) {
		a, inWant := wanted[name]
		b, inGot := given[name]
		switch {
		case !inWant:
			return fmt.Sprintf("%s.%s is too many", path, name)
		case !inGot:
			return fmt.Sprintf("%s.%s is missing", path, name)
		}
		if at := departureAt(path+"."+name, a, b); at != "" {
			return at
		}
	}
	return ""
}

// query is the JSON of each node of a document that a JSONPath hits, a line each.
func query(text, path string) string {
	GinkgoHelper()
	selector, err := (&overlay.Overlay{JSONPathVersion: overlay.JSONPathRFC9535}).NewPath(path, nil)
	Expect(err).NotTo(HaveOccurred())
	var lines []string
	for _, node := range selector.Query(tree(text)) {
		var v any
		Expect(node.Decode(&v)).To(Succeed())
		line, err := json.Marshal(v)
		Expect(err).NotTo(HaveOccurred())
		lines = append(lines, string(line))
	}
	return strings.Join(lines, "\n")
}
