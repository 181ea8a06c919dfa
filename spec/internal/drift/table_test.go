package drift

import (
	"os"
	"strings"
	"sync"
	"testing"

	"example.com/docusign-monitor/spec/internal/document"
)

// comparer is shared by the tests, as the code that changes nothing is the same for all.
var comparer = sync.OnceValues(func() (*Comparer, error) { return New("../../..") })

// The documents that the tests change are copies of those that the module began with, so that a new one does not ask for
// another table.
const (
	datasetFile  = "testdata/published.yml"
	preparedFile = "testdata/prepared.yaml"
)

// A seed is a change to a document, and the verdict on each axis that it has to get.
type seed struct {
	name                 string
	edits                []string // old, new, old, new ...; empty text for old: append
	wire, goAPI, meaning Verdict
}

// seeds change the published document of the dataset stream.
var seeds = []seed{
	{"nothing", nil, None, None, None},
	{"white space", []string{"info:\n  title", "info:\n\n  title"}, None, None, None},

	// the operation
	{"path renamed", []string{"/stream:", "/feed:"}, Breaking, Breaking, Breaking},
	{"version gone from the path", []string{"/api/v{version}/", "/api/v2/", versionParameter, ""}, Breaking, Breaking, Breaking},
	{"operation removed", []string{"    get:\n", "    x-get:\n"}, Breaking, Breaking, Breaking},
	{"method changed", []string{"    get:\n", "    post:\n"}, Breaking, Breaking, Breaking},
	{"operation added", []string{"components:\n", "  /api/v{version}/datasets:\n    get: {operationId: listDataSets, parameters: [{name: version, in: path, required: true, schema: {type: string}}], responses: {\"200\": {description: Names.}}}\ncomponents:\n"}, Compatible, Breaking, None},
	{"operation added to the path", []string{"components:\n", "    head: {operationId: headStream, parameters: [{name: version, in: path, required: true, schema: {type: string}}, {name: dataSetName, in: path, required: true, schema: {type: string}}], responses: {\"200\": {description: There.}}}\ncomponents:\n"}, Compatible, Breaking, None},
	{"operationId", []string{"operationId: Api_Version_DatasetsByDataSetNameStreamGet", "operationId: DataSet_GetStream"}, None, None, None},
	{"operation deprecated", []string{"      operationId:", "      deprecated: true\n      operationId:"}, Compatible, None, None},
	{"tag", []string{"        - DataSet\n", "        - Monitor\n"}, None, None, None},
	{"extension", []string{"x-ds-in-sdk: true", "x-ds-in-sdk: false"}, None, None, None},

	// parameters
	{"parameter removed: cursor", []string{cursorParameter, ""}, Breaking, Breaking, Breaking},
	{"parameter removed: limit", []string{limitParameter, ""}, Breaking, Breaking, Breaking},
	{"parameter renamed: cursor", []string{"name: cursor", "name: after"}, Breaking, Breaking, Breaking},
	{"parameter renamed: limit", []string{"name: limit", "name: pageSize"}, Breaking, Breaking, Breaking},
	{"parameter renamed: dataSetName", []string{"dataSetName}", "dataSet}", "name: dataSetName", "name: dataSet"}, None, Breaking, Breaking},
	{"parameter required: cursor", []string{"        - name: cursor\n          in: query\n", "        - name: cursor\n          in: query\n          required: true\n"}, Breaking, Breaking, Breaking},
	{"parameter in a header: cursor", []string{"name: cursor\n          in: query", "name: cursor\n          in: header"}, Breaking, None, Breaking},
	{"type of a parameter: cursor", []string{"to the previous `endCursor` value.\n          schema:\n            type: string", "to the previous `endCursor` value.\n          schema:\n            type: integer"}, Breaking, Breaking, Breaking},
	{"type of a parameter: limit", []string{"type: integer\n            format: int32", "type: string"}, Compatible, Breaking, Breaking},
	{"format of a parameter: limit", []string{"format: int32", "format: int64"}, Compatible, Breaking, None},
	{"optional parameter added", []string{"      responses:\n", "        - {name: site, in: query, schema: {type: string}}\n      responses:\n"}, Compatible, Compatible, None},
	{"required parameter added", []string{"      responses:\n", "        - {name: site, in: query, required: true, schema: {type: string}}\n      responses:\n"}, Breaking, Compatible, None},
	{"header parameter required", []string{"      responses:\n", "        - {name: X-Site, in: header, required: true, schema: {type: string}}\n      responses:\n"}, Breaking, Compatible, None},
	{"default of a parameter changed", []string{"default: 1000", "default: 100"}, Breaking, None, Breaking},
	{"default of a parameter removed", []string{"            default: 1000\n", ""}, Breaking, None, Breaking},
	{"maximum as assumed", []string{"default: 1000", "default: 1000\n            maximum: 2000"}, Breaking, None, None},
	{"maximum less than assumed", []string{"default: 1000", "default: 1000\n            maximum: 500"}, Breaking, None, Breaking},
	{"minimum more than assumed", []string{"default: 1000", "default: 1000\n            minimum: 10"}, Breaking, None, Breaking},
	{"enum of a parameter", []string{"description: Must be `monitor`.\n          required: true\n          schema:\n            type: string", "description: Must be `monitor`.\n          required: true\n          schema:\n            type: string\n            enum: [monitor, audit]"}, Breaking, Compatible, None},
	{"length of a parameter", []string{"to the previous `endCursor` value.\n          schema:\n            type: string", "to the previous `endCursor` value.\n          schema:\n            type: string\n            maxLength: 64"}, Breaking, None, None},
	{"pattern of a parameter", []string{"to the previous `endCursor` value.\n          schema:\n            type: string", "to the previous `endCursor` value.\n          schema:\n            type: string\n            pattern: '^[a-z]+$'"}, Breaking, None, None},

	// the page
	{"array renamed", []string{"        data:\n", "        resultData:\n"}, Breaking, Breaking, Breaking},
	{"array removed", []string{arrayMember, ""}, Breaking, Breaking, Breaking},
	{"array no longer one", []string{"        data:\n          type: array\n          description: \"\"\n          items:\n            type: object\n            properties: {}\n      description: \"\"\n      x-ds-definition-name", "        data:\n          type: object\n          description: \"\"\n      description: \"\"\n      x-ds-definition-name"}, Breaking, Breaking, Breaking},
	{"array nullable", []string{"          type: array\n", "          type: array\n          nullable: true\n"}, Breaking, None, None},
	{"cursor removed", []string{"        endCursor:\n          type: string\n          description: \"\"\n", ""}, Breaking, Breaking, Breaking},
	{"cursor renamed", []string{"endCursor:", "nextCursor:"}, Breaking, Breaking, Breaking},
	{"type of the cursor", []string{"        endCursor:\n          type: string", "        endCursor:\n          type: integer"}, Breaking, Breaking, Breaking},
	{"cursor nullable", []string{"        endCursor:\n          type: string", "        endCursor:\n          type: string\n          nullable: true"}, Breaking, Breaking, None},
	{"member added to a page", []string{"        endCursor:\n", "        total: {type: integer}\n        endCursor:\n"}, Compatible, Compatible, None},
	{"members required", []string{"      description: \"\"\n      x-ds-definition-name: CursoredResult\n      x-ms-summary: \"\"", "      required: [endCursor, data]\n      description: \"\"\n      x-ds-definition-name: CursoredResult\n      x-ms-summary: \"\""}, Compatible, None, None},
	{"schema of a page renamed", []string{"CursoredResult'", "Page'", "    CursoredResult:", "    Page:"}, None, Breaking, None},
	{"unused schema removed", []string{"    DataSet:\n", "    Unused:\n"}, None, None, None},

	// events
	{"event field added", []string{"properties: {}", "properties: {riskScore: {type: number}}"}, Compatible, Compatible, None},
	{"event field required", []string{"properties: {}", "required: [eventId]\n            properties: {eventId: {type: string}}"}, Compatible, None, None},
	{"event field of another type", []string{"properties: {}", "properties: {eventId: {type: integer}}"}, Compatible, None, Breaking},
	{"events no longer objects", []string{"            type: object\n            properties: {}", "            type: string"}, Breaking, None, None},

	// answers
	{"status added", []string{"      security:\n        - accessCode:", "        \"404\":\n          description: None\n      security:\n        - accessCode:"}, Compatible, Compatible, None},
	{"success is another status", []string{"\"200\":", "\"206\":"}, Breaking, Breaking, Breaking},
	{"media type changed", []string{"application/json:", "application/x-ndjson:"}, Breaking, Breaking, Breaking},
	{"media type added", []string{"            application/json:\n", "            text/csv: {schema: {type: string}}\n            application/json:\n"}, Compatible, Compatible, None},

	// security
	{"security of the operation removed", []string{"      security:\n        - accessCode:\n            - impersonation\n", "      security: []\n"}, Compatible, None, Breaking},
	{"scope added", []string{"            - impersonation\n", "            - impersonation\n            - monitor_read\n"}, Breaking, None, None},
	{"token becomes basic", []string{"      type: apiKey", "      type: http\n      scheme: basic"}, Breaking, None, Breaking},
	{"token moves to another header", []string{"      name: Authorization", "      name: X-Api-Key"}, Breaking, None, Breaking},

	// servers
	{"server added", []string{"servers:\n", "servers:\n  - url: https://lens-eu.docusign.net/\n"}, Compatible, None, None},
	{"server is the demo host", []string{"https://lens.docusign.net/", "https://lens-d.docusign.net/"}, Compatible, None, Breaking},
	{"server moved", []string{"https://lens.docusign.net/", "https://api.docusign.com/"}, Breaking, None, Breaking},
	{"base path", []string{"https://lens.docusign.net/", "https://lens.docusign.net/monitor/"}, Breaking, None, None},
	{"plain http", []string{"https://lens.docusign.net/", "http://lens.docusign.net/"}, Breaking, None, None},

	// words
	{"description of the cursor", []string{"begins from seven days ago", "begins from three days ago"}, None, None, Compatible},
	{"description of the order", []string{"paginated by event timestamp", "paginated by ingestion"}, None, None, Compatible},
	{"description of something else", []string{"access the features of DocuSign Monitor", "use DocuSign Monitor"}, None, None, None},
	{"title", []string{"title: Docusign Monitor API", "title: Monitor API"}, None, None, None},
	{"version of the document", []string{"version: v2.0", "version: v2.1"}, None, None, None},
	{"mended flaws", []string{"email: [email\u00a0protected]", "email: devcenter@docusign.com", `url: ""`, "url: https://developers.docusign.com/docs/monitor-api"}, None, None, None},
	{"another dialect", []string{"openapi: 3.0.1", "openapi: 3.0.3"}, None, None, None},
}

const (
	versionParameter = "        - name: version\n          in: path\n          description: |\n            Must be `2`.\n          required: true\n          schema:\n            type: string\n            default: \"2.0\"\n"
	limitParameter   = "        - name: limit\n          in: query\n          description: The maximum number of records to return. The default value is 1000.\n          schema:\n            type: integer\n            format: int32\n            default: 1000\n"
	arrayMember      = "        data:\n          type: array\n          description: \"\"\n          items:\n            type: object\n            properties: {}\n"
)

var cursorParameter = func() string {
	text, err := os.ReadFile(datasetFile)
	if err != nil {
		panic(err)
	}
	_, rest, _ := strings.Cut(string(text), "        - name: cursor\n")
	body, _, _ := strings.Cut(rest, "        - name: limit\n")
	return "        - name: cursor\n" + body
}()

// preparedSeeds change what the overlays say of an event, in the document that code is generated from.
var preparedSeeds = []seed{
	{"event field removed", []string{"        userAgent: {type: string, nullable: true}\n", ""}, Breaking, Breaking, None},
	{"event field renamed", []string{"        site: {", "        place: {"}, Breaking, Breaking, None},
	{"type of an event field", []string{"latitude: {type: number, format: double, nullable: true, description", "latitude: {type: string, nullable: true, description"}, Breaking, Breaking, None},
	{"event field not nullable", []string{"eventId: {type: string, nullable: true", "eventId: {type: string"}, Compatible, None, None},
	{"value of an enum added", []string{"            enum: [monitor]", "            enum: [monitor, audit]"}, Compatible, Compatible, None},
	{"value of an enum removed", []string{`enum: ["2.0", "2"]`, `enum: ["2.0"]`, "[Version20, Version2]", "[Version20]"}, Breaking, Breaking, None},
	{"bound removed", []string{"maximum: 2000", "x-maximum: 2000"}, Compatible, None, Breaking},
	{"bound widened", []string{"maximum: 2000", "maximum: 5000"}, Compatible, None, Breaking},
	{"page requires less", []string{"required: [endCursor, data]", "required: [endCursor]"}, Breaking, None, None},
	{"status removed", []string{"        \"403\": {$ref: \"#/components/responses/Forbidden\"}\n", ""}, Compatible, Breaking, None},
	{"operationId", []string{"operationId: getStream", "operationId: readStream"}, None, Breaking, None},
}

func TestSeededChanges(t *testing.T) {
	if n := len(seeds) + len(preparedSeeds); n < 40 {
		t.Fatalf("%d seeded changes", n)
	}
	for _, table := range []struct {
		file  string
		seeds []seed
	}{{datasetFile, seeds}, {preparedFile, preparedSeeds}} {
		text, err := os.ReadFile(table.file)
		if err != nil {
			t.Fatal(err)
		}
		for _, seed := range table.seeds {
			t.Run(seed.name, func(t *testing.T) {
				r := compare(t, string(text), edit(t, string(text), seed.edits))
				check(t, r, seed.wire, seed.goAPI, seed.meaning)
			})
		}
	}
}

// edit replaces texts, each of which has to be there.
func edit(t *testing.T, text string, edits []string) string {
	t.Helper()
	for i := 0; i < len(edits); i += 2 {
		if !strings.Contains(text, edits[i]) {
			t.Fatalf("the document has no %q", edits[i])
		}
		text = strings.ReplaceAll(text, edits[i], edits[i+1])
	}
	return text
}

func compare(t *testing.T, before, after string) *Report {
	t.Helper()
	c, err := comparer()
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.Compare(t.Context(), "old", parse(t, before), "new", parse(t, after))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func parse(t *testing.T, text string) *document.Document {
	t.Helper()
	d, err := document.New([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func check(t *testing.T, r *Report, wire, goAPI, meaning Verdict) {
	t.Helper()
	got := [3]Verdict{r.Wire.Verdict, r.GoAPI.Verdict, r.Meaning.Verdict}
	if want := [3]Verdict{wire, goAPI, meaning}; got != want {
		var text strings.Builder
		if err := r.WriteText(&text, false); err != nil {
			t.Fatal(err)
		}
		t.Errorf("verdicts %v, want %v:\n%s", got, want, &text)
	}
}
