// Documents: what a reader of the spec, and of the code that is made from it, may rely on.
package contract_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("Documents", Label("documents"), func() {
	Must("DOC-1", "The published document is the one whose hash the ledger names",
		"spec/README.md", func() {
			sum := sha256.Sum256([]byte(documents().Published))

			Expect(documents().Ledger).To(ContainSubstring("\nsha256 `" + hex.EncodeToString(sum[:]) + "`\n"))
		})

	MustEach("DOC-2", "The document is valid OpenAPI",
		"OpenAPI 3.0", func(ctx SpecContext, text string) {
			Expect(document(text).Validate(ctx)).To(Succeed())
		},
		Entry("dataset", documents().Dataset), Entry("organization", documents().Organization), Entry("oauth", documents().OAuth))

	MustEach("DOC-3", "The prepared document says what the published one gets wrong or leaves out",
		"spec/README.md, ledger", func(read func(*openapi3.T) any, want any) {
			Expect(read(document(documents().Dataset))).To(BeEquivalentTo(want))
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
			response := streamOf(document(documents().Dataset)).Responses.Value(status)

			Expect(response).NotTo(BeNil())
			Expect(response.Value.Content).To(And(HaveKey("application/json"), HaveKeyWithValue("*/*", HaveField("Schema", BeNil()))))
		},
		Entry("400", "400"), Entry("401", "401"), Entry("403", "403"), Entry("429", "429"), Entry("any other", "default"))

	MustEach("DOC-5", "The prepared document takes any event that is an object and whose known fields fit",
		"spec/README.md, ledger, D-9", func(text string, fits bool) {
			var value any
			Expect(json.Unmarshal([]byte(text), &value)).To(Succeed())

			err := schema(document(documents().Dataset), "Event").VisitJSON(value, openapi3.VisitAsResponse())

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
