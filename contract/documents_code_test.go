// Documents, code: what is generated from a document is what the document says.
package contract_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"example.com/docusign-monitor/gen/dataset"
	"example.com/docusign-monitor/gen/oauth"
	"example.com/docusign-monitor/gen/organization"
)

// generated is the generated code as the clauses about it use it, so that another can be put in its place.
type generated struct {
	request func(server string, params *dataset.GetStreamParams) (*http.Request, error)
	event   func(text string) (string, error) // decoded and encoded again
	types   map[string]reflect.Type           // by the document's folder and the schema's name
	answers map[string]reflect.Type           // by the document's folder and the operation's name
	params  map[string]reflect.Type           // the same
	knows   func(version, dataSet string) bool
}

// code is the generated code of the tree, as the defect of the run leaves it.
var code = sync.OnceValue(func() generated {
	all := generated{
		request: func(server string, params *dataset.GetStreamParams) (*http.Request, error) {
			return dataset.NewGetStreamRequest(server, dataset.Version20, dataset.Monitor, params)
		},
		event: func(text string) (string, error) {
			var e dataset.Event
			if err := json.Unmarshal([]byte(text), &e); err != nil {
				return "", err
			}
			again, err := json.Marshal(e)
			return string(again), err
		},
		types: map[string]reflect.Type{
			"dataset Event": reflect.TypeFor[dataset.Event](), "dataset Location": reflect.TypeFor[dataset.Location](),
			"dataset UserAgentClientInfo": reflect.TypeFor[dataset.UserAgentClientInfo](),
			"dataset UserAgentBrowser":    reflect.TypeFor[dataset.UserAgentBrowser](),
			"dataset UserAgentDevice":     reflect.TypeFor[dataset.UserAgentDevice](),
			"dataset UserAgentOS":         reflect.TypeFor[dataset.UserAgentOS](),
			"dataset UserAgentVersion":    reflect.TypeFor[dataset.UserAgentVersion](),
			"dataset CursoredResult":      reflect.TypeFor[dataset.CursoredResult](),
			"dataset Problem":             reflect.TypeFor[dataset.Problem](),
			"organization StreamResponse": reflect.TypeFor[organization.StreamResponse](),
			theRow:                        reflect.TypeFor[organization.StreamingEventRow](),
			"oauth Token":                 reflect.TypeFor[oauth.Token](), "oauth UserInfo": reflect.TypeFor[oauth.UserInfo](),
			"oauth Account": reflect.TypeFor[oauth.Account](), "oauth Organization": reflect.TypeFor[oauth.Organization](),
			"oauth OAuthError": reflect.TypeFor[oauth.OAuthError](), "oauth TokenRequest": reflect.TypeFor[oauth.TokenRequest](),
		},
		answers: map[string]reflect.Type{
			"dataset getStream":      reflect.TypeFor[dataset.GetStreamHTTPResponse](),
			"organization getStream": reflect.TypeFor[organization.GetStreamHTTPResponse](),
			"oauth createToken":      reflect.TypeFor[oauth.CreateTokenHTTPResponse](),
			"oauth getUserInfo":      reflect.TypeFor[oauth.GetUserInfoHTTPResponse](),
		},
		params: map[string]reflect.Type{
			"dataset getStream":      reflect.TypeFor[dataset.GetStreamParams](),
			"organization getStream": reflect.TypeFor[organization.GetStreamParams](),
		},
		knows: func(version, dataSet string) bool {
			return dataset.GetStreamParamsVersion(version).Valid() && dataset.GetStreamParamsDataSetName(dataSet).Valid()
		},
	}
	if seeded.code != nil {
		seeded.code(&all)
	}
	return all
})

var _ = Describe("Documents, code", Label("documents"), func() {
	MustEach("DOC-6", "The generated client writes the path and the parameters as the document has them, and none that is absent",
		"spec/dataset, getStream", func(server string, params dataset.GetStreamParams, path string, query url.Values) {
			r, err := code().request(server, &params)

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
			again, err := code().event(text)

			Expect(err).NotTo(HaveOccurred())
			Expect(again).To(Equal(text))
		},
		Entry("nothing", `{}`),
		Entry("an empty text", `{"city":""}`),
		Entry("an integer of 20 digits", `{"riskContext":{"sequence":98765432109876543210,"score":2.50}}`),
		Entry("open data", `{"data":{"Count":"3","n":98765432109876543210}}`),
		Entry("seven digits of fraction", `{"timestamp":"2026-02-03T07:08:09.1234560Z"}`))

	MustEach("DOC-15", "The generated client has a field for each member that a document gives an object, of the type of the member, and no other",
		"spec/README.md, regeneration", func(name, schema string, text func() string) {
			members := membersIn(document(text()).Components.Schemas[schema].Value)
			fields := membersOf(code().types[name+" "+schema])
			if name+" "+schema == theRow {
				members, fields = those(members, eventFacts()), those(fields, eventFacts())
			}

			Expect(departure(members, fields)).To(BeEmpty())
		}, eachType())

	MustEach("DOC-16", "The generated client has the parameters and the answers of each operation, and no others",
		"spec/README.md, regeneration", func(name, operation string, text func() string) {
			o := operationNamed(document(text()), operation)
			Expect(o).NotTo(BeNil(), "The document has no operation of this name")
			var query, answers []string
			for _, p := range o.Parameters {
				if p.Value.In == "query" {
					query = append(query, p.Value.Name)
				}
			}
			for status := range o.Responses.Map() {
				answers = append(answers, "JSON"+strings.ToUpper(status[:1])+status[1:])
			}

			Expect(namesOf(code().params[name+" "+operation], "form")).To(ConsistOf(query))
			Expect(namesOf(code().answers[name+" "+operation], "")).To(ConsistOf(append(answers, "Body", "HTTPResponse")))
		},
		Entry("dataset", "dataset", "getStream", func() string { return documents().Dataset }),
		Entry("organization", "organization", "getStream", func() string { return documents().Organization }),
		Entry("a token", "oauth", "createToken", func() string { return documents().OAuth }),
		Entry("a user", "oauth", "getUserInfo", func() string { return documents().OAuth }))

	MustEach("DOC-21", "The generated client knows the values of a path parameter that the document allows, and no others",
		"spec/dataset, getStream, version and dataSetName", func(version, dataSet string) {
			d := document(documents().Dataset)
			allowed := slices.Contains(parameter(d, "version").Enum, any(version)) && slices.Contains(parameter(d, "dataSetName").Enum, any(dataSet))

			Expect(code().knows(version, dataSet)).To(Equal(allowed))
		},
		Entry("2.0", "2.0", "monitor"), Entry("2", "2", "monitor"), Entry("another version", "1.0", "monitor"), Entry("another data set", "2.0", "other"))
})

// theRow is generated from the document of the other stream: of what only one of the two names, the type has a field or keeps
// it among its AdditionalProperties, see DOC-7.
const theRow = "organization StreamingEventRow"

// eachType has an entry for each type that is generated from a schema.
func eachType() (entries []TableEntry) {
	texts := map[string]func() string{
		"dataset":      func() string { return documents().Dataset },
		"organization": func() string { return documents().Organization },
		"oauth":        func() string { return documents().OAuth },
	}
	for _, name := range sortedKeys(code().types) {
		folder, schema, _ := strings.Cut(name, " ")
		entries = append(entries, Entry(name, folder, schema, texts[folder]))
	}
	return entries
}

// membersIn are the members of a schema with the kinds of Go values that hold them.
func membersIn(schema *openapi3.Schema) map[string]any {
	kinds := map[string]string{"string": "string", "integer": "int", "number": "float64", "boolean": "bool", "array": "slice", "object": "struct"}
	members := map[string]any{}
	for name, member := range schema.Properties {
		kind := kinds[member.Value.Type.Slice()[0]]
		switch {
		case kind == "int" && member.Value.Format != "":
			kind = member.Value.Format
		case kind == "struct" && len(member.Value.Properties) == 0:
			kind = "map"
		}
		members[name] = kind
	}
	return members
}

// membersOf are those of a struct in JSON.
func membersOf(t reflect.Type) map[string]any {
	members := map[string]any{}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		kind := t.Field(i).Type
		if kind.Kind() == reflect.Pointer {
			kind = kind.Elem()
		}
		members[name] = kind.Kind().String()
	}
	return members
}

// namesOf are those of a struct's fields, by a tag if one is given.
func namesOf(t reflect.Type, tag string) (names []string) {
	if t == nil {
		return nil
	}
	for i := range t.NumField() {
		name := t.Field(i).Name
		if tag != "" {
			name, _, _ = strings.Cut(t.Field(i).Tag.Get(tag), ",")
		}
		if !strings.HasPrefix(name, "Headers") {
			names = append(names, name)
		}
	}
	return names
}

func operationNamed(d *openapi3.T, name string) *openapi3.Operation {
	for _, path := range d.Paths.Map() {
		for _, operation := range path.Operations() {
			if operation.OperationID == name {
				return operation
			}
		}
	}
	return nil
}

func sortedKeys[T any](all map[string]T) []string { return slices.Sorted(maps.Keys(all)) }
