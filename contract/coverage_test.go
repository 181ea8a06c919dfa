// Coverage: which parts of the documents the exchanges of a run have exercised.
package contract_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"
)

// coverageEntry is the name of the report entry that holds the cells that a spec has exercised.
const coverageEntry = "coverage"

// cell is a part of a document that an exchange can exercise.
type cell struct {
	Operation string `json:"operation"` // method and path
	Part      string `json:"part"`      // parameter, answer or field
	Name      string `json:"name"`
}

// The parts of an operation, in the order in which they are shown.
const (
	aParameter = "parameter" // and a class of its values
	anAnswer   = "answer"    // status and content type
	aField     = "field"     // of an answer's body
)

// covered is a cell with what a run has made of it.
type covered struct {
	cell
	Exchanges int    `json:"exchanges"`     // that exercised it
	Why       string `json:"why,omitempty"` // a run in process exercises it not
}

// unexercised are the cells that a run in process leaves out, and why.
var unexercised = []struct {
	cells *regexp.Regexp
	why   string
}{
	{regexp.MustCompile(`/stream: (answer|field) 403 `), "the sandbox gives a 403 without a body or with a sentence, as they were observed"},
	{regexp.MustCompile(`/stream: (answer|field) 429 `), "the sandbox refuses by a limit in the shape of the platform"},
	{regexp.MustCompile(`/oauth/.*: (answer|field) default `), "no clause has the account server fail"},
	{regexp.MustCompile(`/stream: field (400|401|default) error(_description)?$`), "the sandbox refuses a stream request in the platform's shape, and this is the account server's"},
	{regexp.MustCompile(`/oauth/userinfo: field 401 (errorCode|error_description|message)$`), "the sandbox refuses in one of the shapes that are known"},
	{regexp.MustCompile(`userAgentClientInfo\.os\.version\.(minor|patch)$`), "no public event has it"},
}

// String names the cell as the rows do.
func (c cell) String() string { return c.Operation + ": " + c.Part + " " + c.Name }

// cellsOf are those of all the documents, and which of them a new document has brought.
func cellsOf() (all []cell, news map[cell]bool, err error) {
	news = map[cell]bool{}
	for _, text := range []string{documents().Dataset, documents().Organization, documents().OAuth} {
		doc, err := openapi3.NewLoader().LoadFromData([]byte(text))
		if err != nil {
			return nil, nil, err
		}
		for path, item := range doc.Paths.Map() {
			for method, operation := range item.Operations() {
				cells := cellsOfOperation(method+" "+path, item, operation)
				for _, c := range cells {
					news[c] = brought(c, item, operation)
				}
				all = append(all, cells...)
			}
		}
	}
	slices.SortFunc(all, compareCells)
	return slices.Compact(all), news, nil
}

// known are the operations that clauses are about, with their optional parameters.
var known = map[string][]string{"getStream": {"cursor", "limit"}, "createToken": nil, "getUserInfo": nil}

// brought says whether a new document has brought a cell, so that no clause can be about it yet: one of another operation,
// or another optional parameter.
func brought(c cell, item *openapi3.PathItem, operation *openapi3.Operation) bool {
	optional, old := known[operation.OperationID]
	if !old {
		return true
	}
	for _, p := range slices.Concat(item.Parameters, operation.Parameters) {
		if c.Part == aParameter && strings.HasPrefix(c.Name, p.Value.In+" "+p.Value.Name+": ") {
			return !p.Value.Required && !slices.Contains(optional, p.Value.Name)
		}
	}
	return false
}

func compareCells(a, b cell) int {
	parts := []string{aParameter, anAnswer, aField}
	if c := strings.Compare(a.Operation, b.Operation); c != 0 {
		return c
	}
	if c := slices.Index(parts, a.Part) - slices.Index(parts, b.Part); c != 0 {
		return c
	}
	return strings.Compare(a.Name, b.Name)
}

func cellsOfOperation(name string, item *openapi3.PathItem, operation *openapi3.Operation) (all []cell) {
	for _, f := range fieldsOfRequest(item, operation) {
		for _, class := range f.classes() {
			all = append(all, cell{name, aParameter, f.name + ": " + class})
		}
	}
	for status, response := range operation.Responses.Map() {
		if len(response.Value.Content) == 0 {
			all = append(all, cell{name, anAnswer, status})
		}
		for kind, content := range response.Value.Content {
			all = append(all, cell{name, anAnswer, status + " " + kind})
			for field := range fieldsOf(content.Schema, "", 0) {
				all = append(all, cell{name, aField, status + " " + field})
			}
		}
	}
	return all
}

// fieldsOf are the properties of a schema, those of nested objects and of the items of arrays included.
func fieldsOf(ref *openapi3.SchemaRef, at string, depth int) map[string]bool {
	const deepest = 8
	fields := map[string]bool{}
	if ref == nil || ref.Value == nil || depth > deepest {
		return fields
	}
	for name, property := range ref.Value.Properties {
		fields[at+name] = true
		maps.Copy(fields, fieldsOf(property, at+name+".", depth+1))
	}
	if ref.Value.Items != nil {
		maps.Copy(fields, fieldsOf(ref.Value.Items, strings.TrimSuffix(at, ".")+"[].", depth+1))
	}
	for _, part := range slices.Concat(ref.Value.AllOf, ref.Value.AnyOf, ref.Value.OneOf) {
		maps.Copy(fields, fieldsOf(part, at, depth+1))
	}
	return fields
}

// exercised are the cells of an exchange of a known operation, and, as JSONPaths, where its answer has what no document declares.
func exercised(input *openapi3filter.RequestValidationInput, sent []byte, answer *http.Response, received []byte) (all []cell, grown []string) {
	route := input.Route
	name := route.Method + " " + route.Path
	for field, class := range classesOf(input, sent, answer.StatusCode) {
		all = append(all, cell{name, aParameter, field + ": " + class})
	}
	status := fmt.Sprint(answer.StatusCode)
	response := route.Operation.Responses.Value(status)
	if response == nil {
		status, response = "default", route.Operation.Responses.Default()
	}
	if response == nil {
		return all, nil
	}
	grown = undeclaredHeaders(response.Value, answer.Header)
	kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	if len(response.Value.Content) == 0 {
		return append(all, cell{name, anAnswer, status}), grown
	}
	for declared, content := range response.Value.Content {
		if declared != kind && declared != "*/*" {
			continue
		}
		all = append(all, cell{name, anAnswer, status + " " + declared})
		var body any
		if json.Unmarshal(received, &body) != nil {
			continue
		}
		present := map[string]bool{}
		placesOf(body, "", present)
		fields := fieldsOf(content.Schema, "", 0)
		anything := content.Schema == nil || declared != kind && response.Value.Content[kind] != nil
		for place := range present {
			if fields[place] {
				all = append(all, cell{name, aField, status + " " + place})
			} else if !anything && !open.MatchString(place) {
				grown = append(grown, "$.body."+strings.ReplaceAll(place, "[]", "[*]"))
			}
		}
	}
	return all, outermost(grown)
}

// placesOf are the places of a value that are there.
func placesOf(value any, at string, places map[string]bool) {
	switch v := value.(type) {
	case map[string]any:
		for name, inner := range v {
			places[at+name] = true
			placesOf(inner, at+name+".", places)
		}
	case []any:
		for _, inner := range v {
			placesOf(inner, strings.TrimSuffix(at, ".")+"[].", places)
		}
	}
}

// coverage is what a run has exercised of the documents.
func coverage(report Report) (all []covered, err error) {
	cells, news, err := cellsOf()
	if err != nil {
		return nil, err
	}
	touched, err := entriesOf[covered](report, coverageEntry)
	if err != nil {
		return nil, err
	}
	counts := map[cell]int{}
	for _, t := range touched {
		counts[t.cell] += t.Exchanges
	}
	for _, c := range cells {
		one := covered{cell: c, Exchanges: counts[c]}
		for _, row := range unexercised {
			if one.Exchanges == 0 && row.cells.MatchString(c.String()) {
				one.Why = row.why
			}
		}
		if one.Exchanges == 0 && one.Why == "" && news[c] {
			one.Why = "a new document has brought it, and no clause is about it yet"
		}
		all = append(all, one)
	}
	return all, nil
}

// A whole run in process leaves out next to nothing that no row explains.
var _ = ReportAfterSuite("Coverage", func(report Report) {
	whole := under.kind == inProcessTarget && seeded.name == "" && !report.SuiteConfig.DryRun && len(report.SpecReports) > 0
	for _, spec := range report.SpecReports {
		whole = whole && !spec.State.Is(types.SpecStateSkipped|types.SpecStatePending)
	}
	all, err := coverage(report)
	if err != nil {
		Fail(err.Error())
	}
	if wrong := append(wanting(all), stale(all)...); whole && len(wrong) > 0 {
		Fail(strings.Join(wrong, "\n"))
	}
})

// stale are the rows that explain nothing, since all that they speak of is exercised, or gone.
func stale(all []covered) (wrong []string) {
	for _, row := range unexercised {
		if !slices.ContainsFunc(all, func(c covered) bool { return c.Exchanges == 0 && row.cells.MatchString(c.String()) }) {
			wrong = append(wrong, fmt.Sprintf("nothing is unexercised of what a row explains, so the row must go: %v, %s", row.cells, row.why))
		}
	}
	return wrong
}

// wanting are the cells that are neither exercised nor explained, if they are too many: a parameter or an answer is, and so
// are more fields than one in twenty. A new document may bring a field that no sample has.
func wanting(all []covered) (wrong []string) {
	var fields int
	var unseen []string
	for _, c := range all {
		if c.Part == aField {
			fields++
		}
		switch {
		case c.Exchanges > 0 || c.Why != "":
		case c.Part == aField:
			unseen = append(unseen, c.String()+" is exercised by no exchange")
		default:
			wrong = append(wrong, c.String()+" is exercised by no exchange")
		}
	}
	if len(unseen)*20 > fields {
		wrong = append(wrong, unseen...)
	}
	return wrong
}

func TestStale(t *testing.T) {
	all := []covered{
		{cell: cell{"GET /stream", anAnswer, "403 application/json"}}, {cell: cell{"GET /stream", aField, "429 error"}, Exchanges: 1},
		{cell: cell{"POST /oauth/token", anAnswer, "default */*"}}, {cell: cell{"GET /stream", aField, "400 error"}},
		{cell: cell{"GET /oauth/userinfo", aField, "401 errorCode"}},
		{cell: cell{"GET /stream", aField, "200 data[].userAgentClientInfo.os.version.patch"}},
	}
	if got := stale(all); len(got) != 1 || !strings.Contains(got[0], "429") {
		t.Errorf("stale rows: %q, want the one of 429", got)
	}
}

func TestWanting(t *testing.T) {
	hit, miss, explained := covered{Exchanges: 1}, covered{}, covered{Why: "no sample has it"}
	of := func(part string, all ...covered) (cells []covered) {
		for i, c := range all {
			c.cell = cell{"GET /", part, fmt.Sprint(i)}
			cells = append(cells, c)
		}
		return cells
	}
	for _, test := range []struct {
		name  string
		cells []covered
		want  int
	}{
		{"a parameter", of(aParameter, hit, miss, explained), 1},
		{"an answer", of(anAnswer, hit, miss, explained), 1},
		{"one field in twenty", of(aField, append(slices.Repeat([]covered{hit}, 18), miss, explained)...), 0},
		{"one field in nineteen", of(aField, append(slices.Repeat([]covered{hit}, 18), miss)...), 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := wanting(test.cells); len(got) != test.want {
				t.Errorf("%d cells are wanting, want %d: %q", len(got), test.want, got)
			}
		})
	}
}
