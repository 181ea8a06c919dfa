// Documents, facts: what the documents say of one and the same thing they say alike, and what is cited of them is there.
package contract_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"example.com/docusign-monitor/api"
)

var _ = Describe("Documents, facts", Label("documents"), func() {
	MustEach("DOC-14", "The document of the organization stream says the same as that of the dataset stream where both go back to the same facts",
		"spec/README.md, the organization stream", func(read func(value any) any, common int) {
			one, other := read(value(tree(documents().Dataset))), read(value(tree(documents().Organization)))
			if common > 0 { // what a publisher says of one stream alone contradicts nothing
				one, other = inCommon(one, other), inCommon(other, one)
				Expect(len(one.(map[string]any))).To(BeNumerically(">=", common), "members that both name")
			}

			Expect(one).NotTo(BeNil(), "The fact is in no document")
			Expect(departure(one, onTheWire(other))).To(BeEmpty())
		},
		Entry("the name and the place of a cursor", parameterFacts("cursor"), 0),
		Entry("limit, with its default and its bounds", parameterFacts("limit"), 0),
		Entry("the answers beside a page", func(v any) any {
			answers := maps.Clone(at(operationOf(v), "responses").(map[string]any))
			delete(answers, "200")
			return onTheWire(answers)
		}, 0),
		Entry("the headers of a page", func(v any) any { return onTheWire(at(operationOf(v), "responses", "200", "headers")) }, 0),
		Entry("the headers", func(v any) any { return onTheWire(at(v, "components", "headers")) }, 0),
		Entry("the members of a refusal", func(v any) any {
			return onTheWire(at(v, "components", "schemas", "Problem", "properties"))
		}, 0),
		Entry("bodies and headers of the refusals", func(v any) any {
			return onTheWire(withoutTexts(at(v, "components", "responses")))
		}, 0),
		Entry("the bearer", func(v any) any { return at(v, "components", "securitySchemes", "Bearer") }, 0),
		Entry("the members of an event and of what it nests, but for what may be null", func(v any) any {
			event := "Event"
			if at(v, "components", "schemas", event) == nil {
				event = "StreamingEventRow"
			}
			return kindsIn(v, at(v, "components", "schemas", event), "")
		}, 34))

	Must("DOC-17", "The document has what a clause cites of it: the operation or the schema, and the parameter, the member or the answer of that",
		"contract/README.md, the sources of the clauses", func() {
			cites := map[string]*openapi3.T{
				"dataset": document(documents().Dataset), "organization": document(documents().Organization), "oauth": document(documents().OAuth),
			}
			places := 0
			var missing []string
			for _, id := range slices.Sorted(maps.Keys(clauses)) {
				for _, place := range cited.FindAllStringSubmatch(clauses[id].Source, -1) {
					places++
					if lost := uncited(cites[place[1]], place[2], place[3]); lost != "" {
						missing = append(missing, fmt.Sprintf("%s cites %q: there is no %s", id, place[0], lost))
					}
				}
			}

			Expect(missing).To(BeEmpty())
			Expect(places).To(BeNumerically(">", 50), "places that are cited")
		})

	MustEach("DOC-19", "The document names the hosts that the client asks, of both environments",
		"spec/README.md, ledger, D-13; api, Environment", func(text func() string, production, demo string) {
			var hosts []string
			for _, server := range document(text()).Servers {
				hosts = append(hosts, strings.TrimSuffix(server.URL, "/"))
			}

			Expect(hosts).To(ConsistOf(production, demo))
		},
		Entry("dataset", func() string { return documents().Dataset }, api.Production.DatasetURL, api.Demo.DatasetURL),
		Entry("organization", func() string { return documents().Organization }, api.Production.OrganizationURL, api.Demo.OrganizationURL),
		Entry("oauth", func() string { return documents().OAuth }, api.Production.AuthURL, api.Demo.AuthURL))

	MustEach("DOC-20", "The document of the account server demands what a client cannot do without, and lets anything come beside it",
		"spec/README.md, the account server", func(schema string, required []string, open bool) {
			s := document(documents().OAuth).Components.Schemas[schema].Value

			Expect(s.Required).To(ConsistOf(required))
			Expect(s.AdditionalProperties.Schema != nil).To(Equal(open), "open to other members")
		},
		Entry("the request for a token", "TokenRequest", []string{"grant_type", "assertion"}, false),
		Entry("a token", "Token", []string{"access_token", "token_type", "expires_in"}, true),
		Entry("a refusal", "OAuthError", []string{"error"}, true),
		Entry("a user", "UserInfo", []string{"sub"}, true),
		Entry("an account", "Account", nil, true),
		Entry("an organization", "Organization", []string{"organization_id"}, true))
})

// cited is a place in a document that a source of a clause names: the document, what it holds, and what that holds.
var cited = regexp.MustCompile(`spec/(dataset|organization|oauth), (\w+)((?:, \w+(?: and \w+)*)*)`)

// at is a member of a member of a document, nil if there is none.
func at(v any, names ...string) any {
	for _, name := range names {
		members, _ := v.(map[string]any)
		v = members[name]
	}
	return v
}

// operationOf is the operation of a document's stream.
func operationOf(v any) any {
	for name, path := range at(v, "paths").(map[string]any) {
		if strings.HasSuffix(name, "/stream") {
			return at(path, "get")
		}
	}
	return nil
}

// parameterFacts reads a parameter, without what is said of it in words.
func parameterFacts(name string) func(any) any {
	return func(v any) any {
		for _, p := range at(operationOf(v), "parameters").([]any) {
			if at(p, "name") == name {
				return onTheWire(withoutTexts(p))
			}
		}
		return nil
	}
}

// eventFacts are the names of the members of an event that this project states. What a publisher adds to one stream is not
// among them: it says nothing of the other.
func eventFacts() (names []string) {
	GinkgoHelper()
	for _, action := range at(value(tree(documents().Overlays["events"])), "actions").([]any) {
		if members, _ := at(action, "update", "Event", "properties").(map[string]any); members != nil {
			names = slices.AppendSeq(names, maps.Keys(members))
		}
	}
	Expect(len(names)).To(BeNumerically(">=", 34), "members of an event that the overlay states")
	return names
}

// inCommon are the members of one that the other has too.
func inCommon(one, other any) any {
	return those(one, slices.Collect(maps.Keys(other.(map[string]any))))
}

// kindsIn are the types and formats of what a schema of a document consists of, by the path to it.
func kindsIn(document, schema any, path string) map[string]any {
	if ref, ok := at(schema, "$ref").(string); ok {
		schema = at(document, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
	}
	kinds := map[string]any{}
	if path != "" {
		kinds[path] = fmt.Sprint(at(schema, "type"), " ", at(schema, "format"))
	}
	properties, _ := at(schema, "properties").(map[string]any)
	for name, member := range properties {
		maps.Copy(kinds, kindsIn(document, member, path+"/"+name))
	}
	return kinds
}

// those are the members of the names.
func those(v any, names []string) map[string]any {
	members := maps.Clone(v.(map[string]any))
	maps.DeleteFunc(members, func(name string, _ any) bool { return !slices.Contains(names, name) })
	return members
}

// withoutTexts leaves out what is said in words, and whatever else is named. A member of the name description that is no
// text is no description.
func withoutTexts(v any, names ...string) any {
	switch v := v.(type) {
	case map[string]any:
		kept := map[string]any{}
		for name, member := range v {
			if _, text := member.(string); name == "description" && text || slices.Contains(names, name) {
				continue
			}
			kept[name] = withoutTexts(member, names...)
		}
		return kept
	case []any:
		kept := make([]any, len(v))
		for i := range v {
			kept[i] = withoutTexts(v[i], names...)
		}
		return kept
	}
	return v
}

func sortedNames(all ...map[string]any) (names []string) {
	for _, one := range all {
		names = slices.AppendSeq(names, maps.Keys(one))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// uncited is what a document does not have of what is cited: an operation or a schema, or a part of it.
func uncited(d *openapi3.T, thing, parts string) string {
	has := map[string]bool{}
	found := false
	for _, path := range d.Paths.Map() {
		for _, operation := range path.Operations() {
			if operation.OperationID == thing {
				found = true
				operationHas(d, operation, has)
			}
		}
	}
	if schema := d.Components.Schemas[thing]; schema != nil {
		found = true
		schemaHas(schema.Value, has)
	}
	if !found && thing != "responses" && thing != "parameters" {
		return thing
	}
	for part := range strings.FieldsFuncSeq(parts, func(r rune) bool { return r == ',' || r == ' ' }) {
		if part != "and" && found && !has[part] {
			return thing + ", " + part
		}
	}
	return ""
}

func operationHas(d *openapi3.T, operation *openapi3.Operation, has map[string]bool) {
	has["description"] = operation.Description != ""
	has["security"] = operation.Security != nil || len(d.Security) > 0
	has["responses"] = true
	for _, p := range operation.Parameters {
		has[p.Value.Name] = true
		has["default"] = has["default"] || p.Value.Schema.Value.Default != nil
	}
	for status := range operation.Responses.Map() {
		has[status] = true
	}
}

func schemaHas(schema *openapi3.Schema, has map[string]bool) {
	has["required"] = len(schema.Required) > 0
	has["default"] = schema.Default != nil
	for name := range schema.Properties {
		has[name] = true
	}
}
