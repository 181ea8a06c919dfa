package contract_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"

	"example.com/docusign-monitor/contract/sandbox"
)

// The tests in this file are about the suite: they run it as a child, by its own binary, and read its report.

// runSuite runs the suite with these settings and nothing else that begins with DOCUSIGN_.
func runSuite(t *testing.T, environment []string, args ...string) (report Report, output string, err error) {
	t.Helper()
	if config, _ := GinkgoConfiguration(); config.ParallelTotal > 1 {
		t.Skip("every process of a parallel run has these tests; they are for go test")
	}
	file := filepath.Join(t.TempDir(), "report.json")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.CommandContext(t.Context(), self,
		append([]string{"-test.run=^TestContract$", "-ginkgo.no-color", "-ginkgo.json-report=" + file}, args...)...)
	child.Env = append(slices.DeleteFunc(os.Environ(), func(variable string) bool {
		return strings.HasPrefix(variable, "DOCUSIGN_")
	}), environment...)
	text, err := child.CombinedOutput()

	data, missing := os.ReadFile(file)
	if missing != nil {
		return report, string(text), err
	}
	var reports []Report
	if err := json.Unmarshal(data, &reports); err != nil || len(reports) != 1 {
		t.Fatalf("the report cannot be read: %v\n%s", err, text)
	}
	checkSecrets(t, string(data)+string(text))
	return reports[0], string(text), err
}

var dry struct {
	sync.Mutex
	report Report
}

// dryRun is the report of a run that tries nothing: all the clauses there are. It is made once.
func dryRun(t *testing.T) Report {
	t.Helper()
	dry.Lock()
	defer dry.Unlock()
	if len(dry.report.SpecReports) == 0 {
		report, output, err := runSuite(t, nil, "-ginkgo.dry-run")
		if err != nil {
			t.Fatalf("%v\n%s", err, output)
		}
		dry.report = report
	}
	return dry.report
}

// What the suite handles and must not write down: assertions, tokens of the sandbox and of the hostile server, keys.
var secrets = regexp.MustCompile(`(?:eyJ[A-Za-z0-9_-]{20}|[A-Z2-7]{52}|canary-token|PRIVATE KEY)[^\s"]*`)

// mayBeSecret finds where a secret may be, in less time than the pattern takes on a report of megabytes.
func mayBeSecret(written string) bool {
	for _, part := range []string{"eyJ", "canary-token", "PRIVATE KEY"} {
		if strings.Contains(written, part) {
			return true
		}
	}
	run := 0
	for i := range len(written) {
		run++
		if c := written[i]; (c < 'A' || c > 'Z') && (c < '2' || c > '7') {
			run = 0
		}
		if run == 52 {
			return true
		}
	}
	return false
}

func checkSecrets(t *testing.T, written string) {
	t.Helper()
	written = strings.ReplaceAll(written, "SSSS", "") // an S is the mark of a skipped spec
	if !mayBeSecret(written) {
		return
	}
	if at := secrets.FindStringIndex(written); at != nil {
		t.Errorf("the report or the output holds a secret: …%s…", written[max(0, at[0]-200):at[0]])
	}
}

// settingsOf are the variables of a client of the sandbox.
func settingsOf(t *testing.T, box *sandbox.Server) []string {
	t.Helper()
	who := box.Credentials()
	key := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(key, who.PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{
		targetVariable + "=" + box.URL(),
		"DOCUSIGN_INTEGRATION_KEY=" + who.IntegrationKey, "DOCUSIGN_USER_ID=" + who.UserID,
		"DOCUSIGN_PRIVATE_KEY_FILE=" + key, "DOCUSIGN_AUTH_URL=" + box.URL(),
		"DOCUSIGN_ORGANIZATION_ID=" + who.OrganizationID,
	}
}

func TestSuiteAgainstURL(t *testing.T) {
	box := sandbox.Start(t, sandbox.Config{Events: sandbox.Generate(300, 7)})

	report, output, err := runSuite(t, settingsOf(t, box))
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}

	verdicts := 0
	var provable, left []string
	for _, spec := range report.SpecReports.WithLeafNodeType(types.NodeTypeIt) {
		controlled := slices.Contains(spec.Labels(), "controlled")
		reported := slices.ContainsFunc(spec.ReportEntries, func(e types.ReportEntry) bool { return e.Name == notProvableEntry })
		switch {
		case controlled && (spec.State != types.SpecStateSkipped || !reported):
			t.Errorf("%s: state %s and reported as not provable: %t, want skipped and true", spec.FullText(), spec.State, reported)
		case !controlled && (spec.State != types.SpecStatePassed || reported):
			t.Errorf("%s: state %s and reported as not provable: %t, want passed and false", spec.FullText(), spec.State, reported)
		}
		if controlled {
			left = append(left, spec.Labels()...)
			continue
		}
		provable = append(provable, spec.Labels()...)
		if strings.HasPrefix(clauseID(t, spec), "SRV-") {
			verdicts += verdictsOf(t, spec)
		}
	}
	if got, want := verdicts, len(box.Requests()); got != want || want == 0 {
		t.Errorf("%d verdicts on %d requests that the sandbox answered", got, want)
	}
	for _, id := range []string{"SRV-PAGE-2", "SRV-PAGE-6", "SRV-CURSOR-1", "SRV-AUTH-4", "SRV-SCHEMA-1"} {
		if !slices.Contains(provable, id) {
			t.Errorf("%s is not proved at an address", id)
		}
	}
	if !slices.Contains(left, "SRV-PAGE-4") || !strings.Contains(output, notProvableEntry+": ") || !strings.Contains(output, " SRV-PAGE-4") {
		t.Errorf("the output does not name what is not provable:\n%s", output)
	}
}

// The suite is handed on as one file: it finds nothing beside it.
func TestSuiteOutsideTheRepository(t *testing.T) {
	t.Chdir(t.TempDir())
	r, status, output := runWithReport(t, nil, "-ginkgo.focus=DOC-|SRV-SCHEMA-|SRV-PAGE-1: ")
	if status != 0 || r.Counts[passed] < 10 || r.Counts[failed]+r.Counts[broken] != 0 {
		t.Errorf("status %d, %v; want 0, and 10 passed or more\n%s", status, r.Counts, output)
	}
}

// Without an organization's id the clauses about a stream are tried on the dataset stream, and the summary says so.
func TestSuiteWithoutOrganization(t *testing.T) {
	box := sandbox.Start(t, sandbox.Config{Events: sandbox.Generate(300, 7)})
	settings := slices.DeleteFunc(settingsOf(t, box), func(setting string) bool {
		return strings.HasPrefix(setting, "DOCUSIGN_ORGANIZATION_ID=")
	})

	report, output, err := runSuite(t, settings, "-ginkgo.focus=SRV-PAGE-1|SRV-AUTH-4|CLI-PAGE-4")
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}

	ran := map[string]int{}
	for _, spec := range report.SpecReports.WithState(types.SpecStatePassed).WithLeafNodeType(types.NodeTypeIt) {
		for _, on := range streams {
			if slices.Contains(spec.Labels(), on.name) {
				ran[clauseID(t, spec)[:3]+" "+on.name]++
			}
		}
	}
	if ran["SRV organization"] != 0 || ran["SRV dataset"] == 0 || ran["CLI organization"] == 0 || ran["CLI dataset"] == 0 {
		t.Errorf("specs by stream: %v, want those of the client on both and those of the service on the dataset stream", ran)
	}
	if !strings.Contains(output, "the organization stream is not tried") {
		t.Errorf("the output does not say that a stream is not tried:\n%s", output)
	}
}

func clauseID(t *testing.T, spec types.SpecReport) string {
	t.Helper()
	var c clause
	entry(t, spec, "clause", &c)
	return c.ID
}

func verdictsOf(t *testing.T, spec types.SpecReport) (n int) {
	t.Helper()
	entry(t, spec, "verdicts", &n)
	return n
}

// entry reads an entry of a report.
func entry(t *testing.T, spec types.SpecReport, name string, into any) {
	t.Helper()
	for _, e := range spec.ReportEntries {
		if e.Name == name {
			if err := json.Unmarshal([]byte(e.Value.AsJSON), into); err != nil {
				t.Fatalf("%s: entry %s: %v", spec.FullText(), name, err)
			}
			return
		}
	}
	t.Fatalf("%s: no entry %s", spec.FullText(), name)
}

// A run that cannot start proves nothing, and leaves a report that says so in the place of an earlier one.
func TestRunsThatCannotStart(t *testing.T) {
	there := filepath.Join(t.TempDir(), "there")
	if err := os.WriteFile(there, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name        string
		environment []string
		args        []string
		want        string
	}{
		{"an empty target", []string{targetVariable + "="}, nil, "is not a target"},
		{"an unknown target", []string{targetVariable + "=somewhere"}, nil, "is not a target"},
		{"without settings", []string{targetVariable + "=https://localhost:1"}, nil, "DOCUSIGN_INTEGRATION_KEY is not set"},
		{"in the clear", []string{targetVariable + "=http://example.com"}, nil, "https"},
		{"no recording", []string{targetVariable + "=" + replayPrefix + there + "-not"}, nil, "there is no such file; make contract RECORD=FILE makes one"},
		{"a recording in the way", nil, []string{"-record=" + there}, "no recording is overwritten: give another name"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r, status, output := runWithReport(t, test.environment, test.args...)
			if status != 2 || r.End.Status != 2 || r.Target.Kind != noTarget || len(r.Clauses) > 0 {
				t.Errorf("status %d, in the report %+v of target %s with %d clauses; want 2, and none of both", status, r.End, r.Target.Kind, len(r.Clauses))
			}
			if !strings.Contains(r.End.Sentence, test.want) || !strings.Contains(output, test.want) {
				t.Errorf("no %q in %q, or in the output:\n%s", test.want, r.End.Sentence, output)
			}
		})
	}
}
