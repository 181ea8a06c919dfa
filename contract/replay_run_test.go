package contract_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/docusign-monitor/contract/sandbox"
)

// serviceResults are those of the clauses about the service.
func serviceResults(r report) map[string]result {
	all := map[string]result{}
	for _, o := range r.Clauses {
		if o.Kind == "service" {
			all[o.ID] = o.Result
		}
	}
	return all
}

// A recording that is replayed reaches the verdicts of the run, of a good server and of bad ones.
func TestReplayReachesTheVerdictsOfTheRun(t *testing.T) {
	tests := []struct{ name, defect, red string }{
		{"an event is lost", "server/skipped-event", "SRV-PAGE-6"},
		{"bytes follow a page", "server/trailing-bytes", "SRV-SCHEMA-2"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "run.ndjson")
			focus := "-ginkgo.focus=(SRV-AUTH-10|SRV-PAGE-4|" + test.red + "): "
			ran, before, output := runWithReport(t, []string{defectVariable + "=" + test.defect}, focus, "-record="+file)
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatalf("%v\n%s", err, output)
			}
			checkSecrets(t, string(text))

			replayed, after, output := runWithReport(t, []string{targetVariable + "=" + replayPrefix + file}, focus)

			want := serviceResults(ran)
			if want[test.red] != failed || want["SRV-AUTH-10"] != passed {
				t.Errorf("the run has %v; want %s red, and SRV-AUTH-10 not", want, test.red)
			}
			want["SRV-PAGE-4"] = notProvable // which takes control of the server
			got := serviceResults(replayed)
			for _, id := range []string{test.red, "SRV-AUTH-10", "SRV-PAGE-4"} {
				if got[id] != want[id] {
					t.Errorf("%s is %s, want %s\n%s", id, got[id], want[id], output)
				}
			}
			if before != after {
				t.Errorf("status %d, want %d as in the run", after, before)
			}
			if replayed.Target.Kind != replayTarget || replayed.Seed != ran.Seed || !strings.Contains(strings.Join(replayed.Notes, "\n"), "recorded on ") {
				t.Errorf("the report says %v, seed %d, %q", replayed.Target, replayed.Seed, replayed.Notes)
			}
		})
	}
}

// A live run, which has one token for all its clauses, can be recorded and replayed too; and the secrets of a server that is
// not the sandbox are not in the file.
func TestReplayOfLive(t *testing.T) {
	s := &stranger{events: madeUp(t, 40)}
	file := filepath.Join(t.TempDir(), "live.ndjson.gz")
	only := "-ginkgo.label-filter=!client && !documents"
	ran, _, output := runWithReport(t, s.start(t), "-pace=1ms", only, "-record="+file)
	text, err := readRecording(file)
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	checkSecrets(t, string(text))
	for _, personal := range []string{strangersToken, hostileUser, hostileKey, "a@example.com"} {
		if strings.Contains(string(text), personal) {
			t.Errorf("the recording holds %s", personal)
		}
	}

	replayed, status, output := runWithReport(t, []string{targetVariable + "=" + replayPrefix + file}, only)

	if got, want := serviceResults(replayed), serviceResults(ran); !maps.Equal(got, want) || status != 0 {
		t.Errorf("status %d; replayed are %v, want %v\n%s", status, got, want, output)
	}
	if len(s.seen) > mostLive {
		t.Errorf("the server has seen %d requests", len(s.seen))
	}
}

// The committed recording is of the sandbox. With -update it is made anew, as it must be when clauses that are in it send other
// requests.
func TestReplayOfTestdata(t *testing.T) {
	const file = "testdata/recording.ndjson.gz"
	if *update {
		os.Remove(file)
		box := sandbox.Start(t, sandbox.Config{Events: sandbox.Generate(60, 1)})
		_, output, err := runSuite(t, settingsOf(t, box), "-ginkgo.seed=1", "-record="+file,
			"-ginkgo.focus=(SRV-AUTH-.*|SRV-ROUTE-.*|SRV-CURSOR-(1|16)|SRV-PAGE-6|SRV-EVENT-2|SRV-ERROR-3|SRV-SCHEMA-1): ")
		if err != nil {
			t.Fatalf("%v\n%s", err, output)
		}
	}
	r, status, output := runWithReport(t, []string{targetVariable + "=" + replayPrefix + file}, "-ginkgo.label-filter=!client && !documents")
	if status != 0 || r.Counts[failed]+r.Counts[broken] != 0 {
		t.Errorf("status %d, %v\n%s", status, r.Counts, output)
	}
	for _, id := range []string{"SRV-AUTH-1", "SRV-AUTH-4", "SRV-CURSOR-1", "SRV-CURSOR-16", "SRV-PAGE-6", "SRV-EVENT-2", "SRV-ERROR-3", "SRV-ROUTE-2", "SRV-SCHEMA-1"} {
		if serviceResults(r)[id] != passed {
			t.Errorf("%s is %s, want passed", id, serviceResults(r)[id])
		}
	}
	if info, err := os.Stat(file); err != nil || info.Size() > 200<<10 {
		t.Errorf("%v, error %v; want 200 KiB at most", info, err)
	}
}

// A recording that is not as it was made proves nothing, and the one line says what to do.
func TestRecordingsThatAreNone(t *testing.T) {
	made := &tape{exchanges: []recorded{{Clause: "SRV-PAGE-1", Trial: "dataset", Method: "GET", URL: "/"}, {Clause: "SRV-PAGE-6"}}}
	good, err := made.text(recording{Recorded: time.Now().UTC(), Spec: documentSums()})
	if err != nil {
		t.Fatal(err)
	}
	r, err := parseRecording(good)
	if err != nil || len(r.trials) != 2 || len(r.notes()) != 1 {
		t.Fatalf("a good one: %+v, %v", r, err)
	}
	if why := r.target().unprovable(clause{ID: "SRV-ERROR-2"}); why == "" {
		t.Error("a recording is put to a clause that looks for the secrets that are taken out of it")
	}
	head, lines, _ := bytes.Cut(good, []byte("\n"))
	var small bytes.Buffer
	w := gzip.NewWriter(&small)
	w.Write(good)
	w.Close()
	of := func(change func(*recording), lines []byte) []byte {
		var r recording
		if err := json.Unmarshal(head, &r); err != nil {
			t.Fatal(err)
		}
		change(&r)
		r.SHA256 = r.sum(lines)
		text, _ := json.Marshal(r)
		return slices.Concat(text, []byte("\n"), lines)
	}
	tests := []struct {
		name string
		text []byte
		want string
	}{
		{"empty", nil, "is empty"},
		{"something else", []byte("<html>\n"), "is not one that make contract RECORD=FILE makes"},
		{"another JSON", []byte("{}\n"), "is not one that make contract RECORD=FILE makes"},
		{"cut off within a line", good[:len(good)-10], "cut off or altered"},
		{"cut off after the head", append(bytes.Clone(head), '\n'), "cut off or altered"},
		{"an exchange less", append(bytes.Clone(head), append([]byte("\n"), lines[:bytes.IndexByte(lines, '\n')+1]...)...), "cut off or altered"},
		{"an exchange altered", bytes.Replace(good, []byte("SRV-PAGE-6"), []byte("SRV-PAGE-7"), 1), "cut off or altered"},
		{"the head altered", bytes.Replace(good, []byte(`"seed":0`), []byte(`"seed":1`), 1), "cut off or altered"},
		{"more behind it", append(bytes.Clone(good), "{}\n"...), "cut off or altered"},
		{"compressed and cut off", small.Bytes()[:small.Len()-12], "cut off or altered"},
		{"of another form", of(func(r *recording) { r.Version++ }, lines), "has form 2, and this suite reads form 1"},
		{"without exchanges", of(func(r *recording) { r.Exchanges = 0 }, nil), "holds no exchange"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "run.ndjson")
			if err := os.WriteFile(file, test.text, 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := startReplay(file)
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("the error is %v, want one line with %q", err, test.want)
			}
		})
	}
	r, err = parseRecording(of(func(r *recording) { r.Spec = map[string]string{} }, lines))
	if err != nil || !strings.Contains(strings.Join(r.notes(), "\n"), "another document of dataset, organization, oauth") {
		t.Errorf("with other documents: %v, %v; want a note", r.notes(), err)
	}
}

// A clause that sends what was not recorded is not provable; it neither passes nor fails.
func TestReplayTellsWhatWasNotRecorded(t *testing.T) {
	box := sandbox.Start(t, sandbox.Config{Events: sandbox.Generate(40, 7)})
	file := filepath.Join(t.TempDir(), "run.ndjson")
	if _, output, err := runSuite(t, settingsOf(t, box), "-ginkgo.focus=(SRV-PAGE-1|SRV-PAGE-10): ", "-record="+file); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	replay := []string{targetVariable + "=" + replayPrefix + file}

	r, status, output := runWithReport(t, replay, "-ginkgo.focus=(SRV-PAGE-1|SRV-PAGE-10|SRV-CURSOR-1): ", "-rapid.seed=17")

	got := serviceResults(r)
	if status != 0 || got["SRV-PAGE-1"] != passed || got["SRV-PAGE-10"] != notProvable || got["SRV-CURSOR-1"] != notProvable {
		t.Errorf("status %d; SRV-PAGE-1 %s, SRV-PAGE-10 %s, SRV-CURSOR-1 %s; want passed, and twice not provable\n%s",
			status, got["SRV-PAGE-1"], got["SRV-PAGE-10"], got["SRV-CURSOR-1"], output)
	}
}
