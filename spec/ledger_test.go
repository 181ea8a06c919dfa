package spec_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/speakeasy-api/openapi/overlay"
	"gopkg.in/yaml.v3"

	"example.com/docusign-monitor/spec"
)

// operation is the stream, under the path that is published or the one that the routing overlay makes of it. A later
// document may have other operations.
const operation = "$.paths['/api/v{version}/datasets/{dataSetName}/stream','/api/{version}/datasets/{dataSetName}/stream'].get"

// flaws says by what each flaw of the ledger is known: a query, and a pattern that its result matches as long as the flaw
// is there. The result is the JSON of each node that the query hits, a line each; none gives the empty text.
var flaws = []struct{ id, query, pattern string }{
	{"D-1", `$.info.contact.email`, `^\[".*"\]$`},
	{"D-2", `$.externalDocs.url`, `^""$`},
	{"D-3", `$.components.securitySchemes.accessCode`, `^$`},
	{"D-4", `$.components.securitySchemes.Bearer.type`, `^"apiKey"$`},
	{"D-5", operation + `.parameters[?(@.name=='version')].schema.default`, `^"2.0"$`},
	{"D-5", operation + `.parameters[?(@.name=='version')].description`, "^\"Must be `2`"},
	{"D-6", `$.paths['/api/v{version}/datasets/{dataSetName}/stream']`, `.`},
	{"D-7", operation + `.parameters[?(@.name=='dataSetName')].schema`, `^{"type":"string"}$`},
	{"D-7", `$.tags[0].description`, "`dataSet` path parameter"},
	{"D-8", operation + `.parameters[?(@.name=='limit')].schema.minimum`, `^$`},
	{"D-8", operation + `.parameters[?(@.name=='limit')].schema.maximum`, `^$`},
	{"D-9", `$.components.schemas.Event.properties.eventId`, `^$`},
	{"D-10", operation + `.description`, `paginated by event timestamp`},
	{"D-10", operation + `.parameters[?(@.name=='cursor')].description`, `in chronological order`},
	{"D-11", operation + `.responses['400','401','403','429','default']`, `^$`},
	{"D-12", operation + `.responses[*].headers`, `^$`},
	{"D-13", `$.servers[*].url`, `^"https://lens.docusign.net/"$`},
	{"D-14", `$.components.schemas.CursoredResult.required`, `^$`},
	{"D-15", `$.components.schemas.DataSet`, `.`},
	{"D-15", operation + `.parameters[?(@.name=='cursor')].description`, `If no value is provided, the query begins`},
	{"D-16", operation + `.operationId`, `^"Api_Version_DatasetsByDataSetNameStreamGet"$`},
	{"D-17", `$.info.title`, `^"Docusign Monitor API"$`},
	{"D-17", operation + `.summary`, `^"Docusign Gets customer event data`},
	{"D-17", `$.info.license`, `^$`},
	{"D-18", operation + `.description`, `the organization that owns the integration key`},
}

// Each flaw is in the published document, is mended by the overlays, and is not mended without those of its id: so a flaw
// that the publisher mends shows here, and the row of the ledger with it.
func TestFlaws(t *testing.T) {
	published, mended := parse(t, spec.PublishedDataset), parse(t, spec.PublishedDataset)
	applyActions(t, mended, func(string) bool { return true })

	for _, flaw := range flaws {
		t.Run(flaw.id+" "+flaw.query, func(t *testing.T) {
			pattern := regexp.MustCompile(flaw.pattern)
			if got := query(t, published, flaw.query); !pattern.MatchString(got) {
				t.Errorf("the published document no longer has the flaw: got %s, want a match of %s", got, pattern)
			}
			if got := query(t, mended, flaw.query); pattern.MatchString(got) {
				t.Errorf("the overlays do not mend the flaw: got %s", got)
			}

			unmended := parse(t, spec.PublishedDataset)
			applyActions(t, unmended, func(description string) bool { return !slices.Contains(ids(description), flaw.id) })
			if got := query(t, unmended, flaw.query); !pattern.MatchString(got) {
				t.Errorf("another action than those of %s mends the flaw: got %s, want a match of %s", flaw.id, got, pattern)
			}
		})
	}
}

// The ledger, the overlays and the table above speak of the same flaws.
func TestLedger(t *testing.T) {
	var want []string // the flaws are numbered without a gap
	for i := range 18 {
		want = append(want, fmt.Sprintf("D-%d", i+1))
	}

	ledger := map[string]string{} // overlays by id
	var rows []string
	for _, row := range regexp.MustCompile(`(?m)^\| (D-\d+) \|(?:[^|]+\|){3} ([a-z, ]+) \|$`).FindAllStringSubmatch(read(t, "README.md"), -1) {
		rows = append(rows, row[1])
		ledger[row[1]] = row[2]
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("rows of the ledger (-want +got):\n%s", diff)
	}

	var checked []string
	for _, flaw := range flaws {
		checked = append(checked, flaw.id)
	}
	if diff := cmp.Diff(want, slices.Compact(checked)); diff != "" {
		t.Errorf("flaws that are checked (-want +got):\n%s", diff)
	}

	used := map[string]string{}
	for _, o := range overlays(t) {
		for _, action := range o.Actions {
			for _, id := range ids(action.Description) {
				if !slices.Contains(strings.Split(used[id], ", "), o.name) {
					used[id] = strings.TrimPrefix(used[id]+", "+o.name, ", ")
				}
			}
		}
	}
	if diff := cmp.Diff(ledger, used); diff != "" {
		t.Errorf("overlays by id (-ledger +overlays):\n%s", diff)
	}
}

// An action is worth no more than its reason and its source.
func TestEveryActionHasReasonAndSource(t *testing.T) {
	form := regexp.MustCompile(`(?s)^(?:D-\d+(?:, D-\d+)*\. )?[A-Z"][^\n]*[.:] Source: [^\n]+\.$`)
	for _, o := range append(overlays(t), parseOverlay(t, "go", "organization/go.yaml")) {
		for i, action := range o.Actions {
			if !form.MatchString(action.Description) {
				t.Errorf("%s, action %d: the description is not of the form \"D-n. Reason. Source: source.\": %s", o.name, i+1, action.Description)
			}
			if o.name != "go" && ids(action.Description) == nil {
				t.Errorf("%s, action %d: names no flaw of the ledger", o.name, i+1)
			}
		}
		if strings.Contains(o.Actions[0].Description, "Source: as above") {
			t.Errorf("%s: nothing is above the first action", o.name)
		}
	}
}

// The overlays that are there are the ones that are applied.
func TestEveryOverlayIsApplied(t *testing.T) {
	applied := regexp.MustCompile(`spec/dataset/overlay/(\w+)\.yaml`).FindAllStringSubmatch(read(t, "../generate.go")+read(t, "dataset/server.codegen.yaml"), -1)
	var want, got []string
	for _, match := range applied {
		want = append(want, match[1])
	}
	for _, o := range overlays(t) {
		got = append(got, o.name)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("overlays (-applied +expected):\n%s", diff)
	}
	files, err := filepath.Glob("dataset/overlay/*")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != len(got) {
		t.Errorf("files beside those that are applied: %v", files)
	}
}

type namedOverlay struct {
	*overlay.Overlay
	name string
}

// overlays returns all overlays in the order of their application, that of the server's routing last.
func overlays(t *testing.T) []namedOverlay {
	t.Helper()
	var all []namedOverlay
	for _, name := range []string{"repair", "tighten", "errors", "events", "go", "routing"} {
		all = append(all, parseOverlay(t, name, "dataset/overlay/"+name+".yaml"))
	}
	return all
}

func parseOverlay(t *testing.T, name, path string) namedOverlay {
	t.Helper()
	o, err := overlay.Parse(path)
	if err != nil {
		t.Fatal(err)
	}
	return namedOverlay{o, name}
}

// applyActions applies the actions whose description keep chooses, leniently: without one, another may hit nothing.
func applyActions(t *testing.T, document *yaml.Node, keep func(description string) bool) {
	t.Helper()
	for _, o := range overlays(t) {
		o.Actions = slices.DeleteFunc(o.Actions, func(action overlay.Action) bool { return !keep(action.Description) })
		if err := o.ApplyTo(document); err != nil {
			t.Fatal(err)
		}
	}
}

// query returns the JSON of each node that the JSONPath hits, a line each.
func query(t *testing.T, document *yaml.Node, path string) string {
	t.Helper()
	selector, err := (&overlay.Overlay{JSONPathVersion: overlay.JSONPathRFC9535}).NewPath(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, node := range selector.Query(document) {
		var value any
		if err := node.Decode(&value); err != nil {
			t.Fatal(err)
		}
		line, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(line))
	}
	return strings.Join(lines, "\n")
}

// ids returns the flaws that a description begins with.
func ids(description string) []string {
	names, _, _ := strings.Cut(description, ". ")
	if !strings.HasPrefix(names, "D-") {
		return nil
	}
	return strings.Split(names, ", ")
}
