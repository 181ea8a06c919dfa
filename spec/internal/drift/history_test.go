package drift

import (
	"flag"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The documents in testdata are synthetic. They have the form of what the publisher had from 2021 to 2024, as far as it is
// known: Swagger 2.0, one host, a second operation until 2023, prose that changes.
func history(t *testing.T, year string) string {
	t.Helper()
	return read(t, "testdata/monitor-"+year+".json")
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestHistory(t *testing.T) {
	const removal = "POST /api/v{version}/datasets/{dataSetName}/web_query: api path removed without deprecation"
	toDemo := []string{
		"~ servers: names the server https://lens-d.docusign.net/",
		"~ servers: no longer names the server https://lens.docusign.net/",
	}
	published := read(t, datasetFile)

	tests := []struct {
		name, before, after  string
		wire                 []string
		wantWire, wantGo     Verdict
		wantMeaning          Verdict
		rewordings, relevant int
	}{
		{"a year without a change", history(t, "2022"), history(t, "2022"), nil, None, None, None, 0, 0},
		{"web_query goes", history(t, "2022"), history(t, "2023"), []string{"! " + removal}, Breaking, Breaking, None, 0, 0},
		{"older web_query goes", history(t, "2021"), history(t, "2023"), []string{"! " + removal}, Breaking, Breaking, Compatible, 2, 1},
		{"host and prose", history(t, "2023"), history(t, "2024"), toDemo, Compatible, None, Breaking, 2, 1},
		{"all of it", history(t, "2021"), history(t, "2024"), append([]string{"! " + removal}, toDemo...), Breaking, Breaking, Breaking, 3, 1},
		{"to the document of this module", history(t, "2023"), published, nil, None, None, Compatible, 7, 3},
		{"and back", published, history(t, "2023"), nil, None, None, Compatible, 7, 3},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := compare(t, test.before, test.after)
			check(t, r, test.wantWire, test.wantGo, test.wantMeaning)
			var wire []string
			for _, f := range r.Wire.Findings {
				wire = append(wire, map[bool]string{true: "! ", false: "~ "}[f.Breaking]+f.Where+": "+f.Text)
			}
			if diff := cmp.Diff(test.wire, wire); diff != "" {
				t.Errorf("wire (-want +got):\n%s", diff)
			}
			relevant := 0
			for _, r := range r.Text {
				if r.Relevant {
					relevant++
				}
			}
			if len(r.Text) != test.rewordings || relevant != test.relevant {
				t.Errorf("%d texts have changed, %d of them relevant; want %d and %d: %+v", len(r.Text), relevant, test.rewordings, test.relevant, r.Text)
			}
		})
	}
}

// The published document is damaged in ways that keep it from loading; it is compared all the same, and says what
// the documents made from it say.
func TestFormsOfOneDocument(t *testing.T) {
	published := read(t, datasetFile)
	asJSON := toJSON(t, published)
	for name, other := range map[string]string{
		"JSON":        asJSON,
		"OpenAPI 3.1": strings.Replace(published, "openapi: 3.0.1", "openapi: 3.1.0", 1),
		"mended":      strings.Replace(published, "email: [email\u00a0protected]", "email: devcenter@docusign.com", 1),
	} {
		t.Run(name, func(t *testing.T) {
			check(t, compare(t, published, other), None, None, None)
		})
	}
}

// A missed action of an overlay is listed, and replaces no verdict.
func TestMissedActions(t *testing.T) {
	published := read(t, datasetFile)
	mended := edit(t, published, []string{"title: Docusign Monitor API", "title: Monitor API", "email: [email\u00a0protected]", "email: devcenter@docusign.com"})
	r := compare(t, published, edit(t, mended, []string{"        data:\n", "        resultData:\n"}))
	check(t, r, Breaking, Breaking, Breaking)

	var missed []string
	for _, m := range r.Missed {
		if m.Document != "new" {
			t.Errorf("missed in the old document: %+v", m)
		}
		missed = append(missed, m.Overlay+" "+m.Target)
	}
	for _, want := range []string{
		"repair.yaml $.info.contact[?@[0]]",
		"repair.yaml $.info.contact",
		"events.yaml $.components.schemas.CursoredResult.properties.data[?(@.type=='object')]",
	} {
		if !slices.Contains(missed, want) {
			t.Errorf("%s is not among the missed actions: %q", want, missed)
		}
	}

	i := slices.IndexFunc(r.Meaning.Findings, func(f Finding) bool { return f.Where == "member data" })
	if i < 0 || r.Meaning.Findings[i].Place != "api/stream.go, datasetStream" {
		t.Errorf("the place that has to change is not named: %+v", r.Meaning.Findings)
	}
}

var update = flag.Bool("update", false, "write the table of the migration guide to spec/README.md")

// movesTable finds the table of the migration guide.
var movesTable = regexp.MustCompile(`(?m)^\| \| old \| new \|\n(?:\|.*\n)+`)

// spec/README.md has the way from the dataset stream to the organization stream; its table is what is found here.
func TestMigrationGuide(t *testing.T) {
	r := compare(t, read(t, "../../dataset/openapi.yaml"), read(t, "../../organization/openapi.yaml"))
	check(t, r, Breaking, Breaking, Breaking)
	const file = "../../README.md"
	readme, want := read(t, file), MovesTable(r.Moves)
	got := movesTable.FindString(readme)
	if *update && got != "" && got != want {
		if err := os.WriteFile(file, []byte(strings.Replace(readme, got, want, 1)), 0o644); err != nil {
			t.Fatal(err)
		}
		got = want
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the table of spec/README.md is not what the documents say; go test -run TestMigrationGuide ./spec/internal/drift -update writes it (-want +got):\n%s", diff)
	}
	if r.Assumptions == nil || r.Missed == nil || len(r.Missed) > 0 {
		t.Errorf("missed actions between documents of this module: %+v", r.Missed)
	}
}
