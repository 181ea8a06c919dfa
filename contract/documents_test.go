// Documents: what a reader of the spec, and of the code that is made from it, may rely on.
package contract_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"example.com/docusign-monitor/gen/dataset"
	"example.com/docusign-monitor/spec"
)

var _ = Describe("Documents", Label("documents"), func() {
	Must("DOC-1", "The published document is the one whose hash the ledger names",
		"spec/README.md", func() {
			ledger, err := os.ReadFile("../spec/README.md")
			Expect(err).NotTo(HaveOccurred())

			Expect(string(ledger)).To(ContainSubstring("\nsha256 `" + spec.PublishedDatasetSHA256() + "`\n"))
		})

	MustEach("DOC-2", "The document is valid OpenAPI",
		"OpenAPI 3.0", func(ctx SpecContext, text string) {
			Expect(document(text).Validate(ctx)).To(Succeed())
		},
		Entry("dataset", documentText("dataset")), Entry("oauth", documentText("oauth")))

	MustEach("DOC-3", "The prepared document says what the published one gets wrong or leaves out",
		"spec/README.md, ledger", func(read func(*openapi3.T) any, want any) {
			Expect(read(document(documentText("dataset")))).To(BeEquivalentTo(want))
		},
		Entry("D-1, e-mail", func(d *openapi3.T) any { return d.Info.Contact.Email }, "devcenter@docusign.com"),
		Entry("D-2, documentation", func(d *openapi3.T) any { return d.ExternalDocs.URL }, "https://developers.docusign.com/docs/monitor-api"),
		Entry("D-3, security of the operation", func(d *openapi3.T) any {
			for _, requirement := range *streamOf(d).Security {
				for name := range requirement {
					return d.Components.SecuritySchemes[name].Value.Type
				}
			}
			return nil
		}, "oauth2"),
		Entry("D-4, bearer", func(d *openapi3.T) any { return d.Components.SecuritySchemes["Bearer"].Value.Scheme }, "bearer"),
		Entry("D-5, versions", func(d *openapi3.T) any { return parameter(d, "version").Enum }, []any{"2.0", "2"}),
		Entry("D-7, data sets", func(d *openapi3.T) any { return parameter(d, "dataSetName").Enum }, []any{"monitor"}),
		Entry("D-8, least limit", func(d *openapi3.T) any { return *parameter(d, "limit").Min }, 1),
		Entry("D-8, most limit", func(d *openapi3.T) any { return *parameter(d, "limit").Max }, 2000),
		Entry("D-13, hosts", func(d *openapi3.T) any { return len(d.Servers) }, 2),
		Entry("D-14, a page", func(d *openapi3.T) any { return schema(d, "CursoredResult").Required }, []string{"endCursor", "data"}))

	MustEach("DOC-4", "The prepared document has the answers that a client meets, of which only the status binds",
		"spec/README.md, ledger, D-11", func(status string) {
			response := streamOf(document(documentText("dataset"))).Responses.Value(status)

			Expect(response).NotTo(BeNil())
			Expect(response.Value.Content).To(And(HaveKey("application/json"), HaveKeyWithValue("*/*", HaveField("Schema", BeNil()))))
		},
		Entry("400", "400"), Entry("401", "401"), Entry("403", "403"), Entry("429", "429"), Entry("any other", "default"))

	MustEach("DOC-5", "The prepared document takes any event that is an object and whose known fields fit",
		"spec/README.md, ledger, D-9", func(text string, fits bool) {
			var value any
			Expect(json.Unmarshal([]byte(text), &value)).To(Succeed())

			err := schema(document(documentText("dataset")), "Event").VisitJSON(value, openapi3.VisitAsResponse())

			Expect(err == nil).To(Equal(fits), "for the event %s: %v", text, err)
		},
		Entry("nothing", `{}`, true),
		Entry("fields that nobody knows", `{"zebra":{"a":[1]},"version":7}`, true),
		Entry("nulls", `{"timestamp":null,"eventId":null,"latitude":null,"ipAddressLocation":null,"data":null}`, true),
		Entry("open data", `{"data":{"SignerIp":["1"],"Count":"3","x":1}}`, true),
		Entry("a text for a number", `{"latitude":"north"}`, false),
		Entry("a number for a text", `{"eventId":7}`, false),
		Entry("a timestamp that is none", `{"timestamp":"yesterday"}`, false),
		Entry("no object", `"event"`, false))

	MustEach("DOC-6", "The generated client writes the path and the parameters as the document has them, and none that is absent",
		"spec/dataset, getStream", func(server string, params dataset.GetStreamParams, path string, query url.Values) {
			r, err := dataset.NewGetStreamRequest(server, dataset.Version20, dataset.Monitor, &params)

			Expect(err).NotTo(HaveOccurred())
			Expect(r.Method).To(Equal(http.MethodGet))
			Expect(r.URL.Path).To(Equal(path))
			Expect(url.ParseQuery(r.URL.RawQuery)).To(Equal(query))
		},
		Entry("nothing", "https://host/", dataset.GetStreamParams{},
			"/api/v2.0/datasets/monitor/stream", url.Values{}),
		Entry("a cursor", "https://host/", dataset.GetStreamParams{Cursor: ptr("a b+c&d")},
			"/api/v2.0/datasets/monitor/stream", url.Values{"cursor": {"a b+c&d"}}),
		Entry("an empty cursor", "https://host/", dataset.GetStreamParams{Cursor: ptr("")},
			"/api/v2.0/datasets/monitor/stream", url.Values{"cursor": {""}}),
		Entry("a limit", "https://host/", dataset.GetStreamParams{Limit: ptr(int32(7))},
			"/api/v2.0/datasets/monitor/stream", url.Values{"limit": {"7"}}),
		Entry("a base path", "https://host/base/", dataset.GetStreamParams{},
			"/base/api/v2.0/datasets/monitor/stream", url.Values{}))

	MustEach("DOC-7", "The generated event keeps what it does not know, and adds nothing",
		"spec/README.md, ledger, D-9", func(text string) {
			var e dataset.Event
			Expect(json.Unmarshal([]byte(text), &e)).To(Succeed())

			again, err := json.Marshal(e)

			Expect(err).NotTo(HaveOccurred())
			Expect(string(again)).To(Equal(text))
		},
		Entry("nothing", `{}`),
		Entry("an empty text", `{"city":""}`),
		Entry("an integer of 20 digits", `{"riskContext":{"sequence":98765432109876543210,"score":2.50}}`),
		Entry("open data", `{"data":{"Count":"3","n":98765432109876543210}}`),
		Entry("seven digits of fraction", `{"timestamp":"2026-02-03T07:08:09.1234560Z"}`))
})

func document(text string) *openapi3.T {
	GinkgoHelper()
	d, err := openapi3.NewLoader().LoadFromData([]byte(text))
	Expect(err).NotTo(HaveOccurred())
	return d
}

// streamOf is the one operation of the dataset document.
func streamOf(d *openapi3.T) *openapi3.Operation {
	for path, item := range d.Paths.Map() {
		if strings.HasSuffix(path, "/stream") {
			return item.Get
		}
	}
	return nil
}

func parameter(d *openapi3.T, name string) *openapi3.Schema {
	for _, p := range streamOf(d).Parameters {
		if p.Value.Name == name {
			return p.Value.Schema.Value
		}
	}
	return nil
}

func schema(d *openapi3.T, name string) *openapi3.Schema { return d.Components.Schemas[name].Value }

func ptr[T any](value T) *T { return &value }
