package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"example.com/docusign-monitor/spec/internal/document"
	"example.com/docusign-monitor/spec/internal/drift"
)

var realSteps = flag.Bool("real", false, "kill real updates, generator, build and contract included")

// copyModule returns a copy of this module.
func copyModule(t *testing.T) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "module")
	if err := copyTree(root, "../.."); err != nil {
		t.Fatal(err)
	}
	return root
}

// state is what the module consists of, by path.
func state(t *testing.T, root string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		name, _ := filepath.Rel(root, path)
		files[filepath.ToSlash(name)] = fmt.Sprintf("%x", sha256.Sum256(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// difference lists the paths in which two states differ, but for what a run keeps aside.
func difference(a, b map[string]string) []string {
	var paths []string
	for _, files := range []map[string]string{a, b} {
		for path := range files {
			if a[path] != b[path] && !strings.HasPrefix(path, work+"/") && !slices.Contains(paths, path) {
				paths = append(paths, path)
			}
		}
	}
	slices.Sort(paths)
	return paths
}

// newDocument writes the document of the dataset stream with texts replaced.
func newDocument(t *testing.T, root string, edits ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, targets[document.Dataset].file))
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.NewReplacer(edits...).Replace(string(text))
	if changed == string(text) {
		t.Fatalf("the document has none of %q", edits)
	}
	path := filepath.Join(t.TempDir(), "new.yml")
	if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// pretend is a fast stand-in for the steps: the generator leaves a trace, so that there is more than one file to place,
// one of them new.
func pretend(_ context.Context, folder string, args ...string) ([]byte, error) {
	if slices.Contains(args, "/oapi-codegen") {
		return nil, errors.Join(
			os.WriteFile(filepath.Join(folder, "gen/dataset/client.gen.go"), []byte("package dataset // generated anew\n"), 0o644),
			os.WriteFile(filepath.Join(folder, "gen/dataset/more.gen.go"), []byte("package dataset\n"), 0o644))
	}
	return nil, nil
}

// noDrift stands in for the comparison, which reads and writes nothing of the module.
func noDrift(context.Context, *updater, target, []byte, string, *document.Document) (*drift.Report, error) {
	return &drift.Report{}, nil
}

func newUpdater(root string) (*updater, *bytes.Buffer) {
	var stdout bytes.Buffer
	return &updater{root: root, stdout: &stdout, exec: pretend, at: func(string) {}, compare: showDrift}, &stdout
}

// field is a compatible change.
var field = []string{"      responses:\n", "        - {name: addedByTest, in: query, schema: {type: string}}\n      responses:\n"}

var placed = []string{
	"CHANGELOG.md", "README.md", "gen/dataset/client.gen.go", "gen/dataset/more.gen.go", "spec/README.md",
	"spec/dataset/docusign-monitor-openapi-original.yml",
}

func TestUpdate(t *testing.T) {
	root := copyModule(t)
	before := state(t, root)
	spec := newDocument(t, root, field...)

	u, stdout := newUpdater(root)
	if err := u.run(t.Context(), []string{spec}); err != nil {
		t.Fatal(err)
	}
	after := state(t, root)
	if got := difference(before, after); !slices.Equal(got, placed) {
		t.Errorf("changed %q, want %q", got, placed)
	}
	text, err := os.ReadFile(spec)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"spec/dataset/docusign-monitor-openapi-original.yml": string(text),
		"spec/README.md": "\nsha256 `" + sum(text) + "`\n",
		"README.md":      "sha256 `" + sum(text)[:12] + "`",
		"CHANGELOG.md": "- The document of the dataset stream is now that with the sha256\n  `" + sum(text) + "`.\n" +
			"  Against the one before: wire compatible, Go API compatible, meaning none.\n  - wire: GET /api/v{version}",
	} {
		if got, err := os.ReadFile(filepath.Join(root, path)); err != nil || !strings.Contains(string(got), want) {
			t.Errorf("%s has no %q (%v)", path, want, err)
		}
	}
	if !strings.Contains(stdout.String(), "wire     compatible") {
		t.Errorf("the drift is not shown:\n%s", stdout)
	}

	// Once more with the document that is here now: nothing changes.
	if err := u.run(t.Context(), []string{spec}); err != nil {
		t.Fatal(err)
	}
	if got := difference(after, state(t, root)); got != nil {
		t.Errorf("the same document changes %q", got)
	}
}

// Whatever fails is named, and leaves everything as it was.
func TestFailures(t *testing.T) {
	failing := func(step string) func(context.Context, string, ...string) ([]byte, error) {
		return func(ctx context.Context, folder string, args ...string) ([]byte, error) {
			for _, s := range steps {
				if s.name == step && slices.Equal(s.args, args) {
					return []byte("first line\nsecond line\n"), errors.New("exit status 1")
				}
			}
			return pretend(ctx, folder, args...)
		}
	}
	root := copyModule(t)
	before := state(t, root)
	compatible := newDocument(t, root, field...)
	organization := filepath.Join(root, "spec/organization/openapi.yaml")

	type test struct {
		name string
		args []string
		exec func(context.Context, string, ...string) ([]byte, error)
		want string
	}
	tests := []test{
		{"array renamed", []string{newDocument(t, root, "        data:\n", "        resultData:\n")}, pretend,
			"step drift: member data is not array any more, and api/stream.go, datasetStream assumes it"},
		{"unreadable", []string{newDocument(t, root, "openapi: 3.0.1", "openapi: [3.0.1")}, pretend, "step read: "},
		{"reference to the network", []string{newDocument(t, root, "'#/components/schemas/CursoredResult'", "'http://127.0.0.1:1/a.yaml'")}, pretend,
			"references to other documents are not followed"},
		{"no document", nil, pretend, "give one document, a path or a URL: make update SPEC=path-or-URL"},
		{"no such document", []string{filepath.Join(root, "none")}, pretend, "none"},
		{"no such stream", []string{"-stream", "river", compatible}, pretend, `there is no stream "river"; -stream takes dataset or organization`},
		{"the other stream", []string{organization}, pretend, "describes the organization stream; give STREAM=organization"},
	}
	for _, step := range steps {
		tests = append(tests, test{"step " + step.name, []string{compatible}, failing(step.name),
			"step " + step.name + ": " + strings.Join(step.args, " ") + ": exit status 1; nothing has changed\n  first line\n  second line"})
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			u, _ := newUpdater(root)
			u.exec = test.exec
			if strings.HasPrefix(test.name, "step ") {
				u.compare = noDrift
			}
			if err := u.run(t.Context(), test.args); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
			if got := difference(before, state(t, root)); got != nil {
				t.Errorf("changed: %q", got)
			}
		})
	}
}

// A place that cannot be written undoes what has been placed before it.
func TestFailingSwap(t *testing.T) {
	root := copyModule(t)
	before := state(t, root)
	spec := newDocument(t, root, field...)
	u, _ := newUpdater(root)
	u.at = func(point string) {
		if point == "place spec/README.md" { // the new text is gone
			if err := os.Remove(filepath.Join(root, work, "tree/spec/README.md")); err != nil {
				t.Error(err)
			}
		}
	}
	if err := u.run(t.Context(), []string{spec}); err == nil || !strings.Contains(err.Error(), "step swap: ") || !strings.Contains(err.Error(), "the old state has been restored") {
		t.Errorf("error %v", err)
	}
	if got := difference(before, state(t, root)); got != nil {
		t.Errorf("changed: %q", got)
	}
}

// TestMain lets this binary be an update that kills itself at a point.
func TestMain(m *testing.M) {
	if point := os.Getenv("UPDATE_KILL"); point != "" {
		u := updater{root: os.Getenv("UPDATE_ROOT"), stdout: os.Stdout, exec: pretend, compare: noDrift}
		if os.Getenv("UPDATE_REAL") != "" {
			u.exec, u.compare = execute, showDrift
		}
		u.at = func(at string) {
			if at == point {
				self, err := os.FindProcess(os.Getpid())
				if err == nil {
					err = self.Kill()
				}
				fmt.Fprintln(os.Stderr, "still alive:", err)
				select {}
			}
		}
		fmt.Fprintln(os.Stderr, u.run(context.Background(), []string{os.Getenv("UPDATE_SPEC")}))
		os.Exit(1)
	}
	flag.Parse()
	os.Exit(m.Run())
}

// kill runs an update of the module that kills itself at the point.
func kill(t *testing.T, root, spec, point, real string) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), "UPDATE_KILL="+point, "UPDATE_ROOT="+root, "UPDATE_SPEC="+spec, "UPDATE_REAL="+real)
	output, err := child.CombinedOutput()
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok || exit.Exited() {
		t.Fatalf("the update was not killed at %q: %v\n%s", point, err, output)
	}
}

// Killed at any point, an update leaves the old state, or the next run restores it and says so; then it does its work.
func TestKilled(t *testing.T) {
	points := []string{"drift", "replace"}
	for _, step := range steps {
		points = append(points, step.name)
	}
	for _, path := range placed {
		points = append(points, "save "+path)
	}
	points = append(points, "journal")
	for _, path := range placed {
		points = append(points, "place "+path)
	}
	points = append(points, "commit", "clean")

	root := copyModule(t)
	before := state(t, root)
	spec := newDocument(t, root, field...)
	torn := 0 // states that are neither old nor new
	for _, point := range points {
		t.Run(point, func(t *testing.T) {
			kill(t, root, spec, point, "")
			killed := difference(before, state(t, root))
			_, err := os.Stat(filepath.Join(root, work, journal))
			pending := err == nil
			if len(killed) > 0 && len(killed) < len(placed) {
				torn++
			}
			if killed != nil && !pending && !slices.Equal(killed, placed) {
				t.Fatalf("neither old nor new, and nothing says so: %q", killed)
			}

			u, stdout := newUpdater(root)
			if err := u.run(t.Context(), []string{"-restore"}); err != nil {
				t.Fatal(err)
			}
			if restored := strings.Contains(stdout.String(), "the old state has been restored"); restored != pending {
				t.Errorf("said %q, journal there: %v", stdout, pending)
			}
			if _, err := os.Stat(filepath.Join(root, work)); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("left behind: %v", err)
			}
			after := difference(before, state(t, root))
			if point != "clean" && after != nil {
				t.Errorf("not the old state: %q", after)
			}
			if point == "clean" && !slices.Equal(after, placed) { // it was done
				t.Errorf("not the new state: %q", after)
			}
		})
	}
	if torn < len(placed)-1 {
		t.Errorf("%d torn states were met, want each between two files", torn)
	}
}

// TestKilledForReal does the same with the generator, the build and the contract, which takes minutes: make update-proof.
func TestKilledForReal(t *testing.T) {
	if !*realSteps {
		t.Skip("takes minutes; make update-proof runs it")
	}
	root := copyModule(t)
	before := state(t, root)
	spec := newDocument(t, root, field...)
	points := []string{"drift", "replace", "prepare", "validate", "generate", "build", "contract", "journal",
		"place gen/dataset/client.gen.go", "place spec/dataset/openapi.yaml", "commit"}
	for _, point := range points {
		kill(t, root, spec, point, "real")
		u, _ := newUpdater(root)
		if err := u.run(t.Context(), []string{"-restore"}); err != nil {
			t.Fatal(err)
		}
		if got := difference(before, state(t, root)); got != nil {
			t.Errorf("killed at %s: not the old state: %q", point, got)
		}
	}

	u, stdout := newUpdater(root)
	u.exec = execute
	if err := u.run(t.Context(), []string{spec}); err != nil {
		t.Fatalf("%v\n%s", err, stdout)
	}
	if got := difference(before, state(t, root)); len(got) < len(placed) {
		t.Errorf("changed %q", got)
	}
}

// TestGrowthForReal takes in what a publisher may add, and finds the module whole: make update-proof.
func TestGrowthForReal(t *testing.T) {
	if !*realSteps {
		t.Skip("takes minutes; make update-proof runs it")
	}
	for name, edits := range map[string][]string{
		"a field of an event": {"            properties: {}\n", "            properties: {addedByTest: {type: number}}\n"},
		"a parameter":         {"      responses:\n", "        - {name: grown, in: query, schema: {type: string}}\n      responses:\n"},
		"an operation": {"paths:\n", "paths:\n  /api/v{version}/datasets:\n    get:\n      operationId: listDataSets\n      description: Lists.\n" +
			"      parameters: [{name: version, in: path, required: true, schema: {type: string}}]\n" +
			"      responses: {\"200\": {description: Names., content: {application/json: {schema: {type: array, items: {type: string}}}}}}\n"},
	} {
		t.Run(name, func(t *testing.T) {
			root := copyModule(t)
			u, stdout := newUpdater(root)
			u.exec = execute
			if err := u.run(t.Context(), []string{newDocument(t, root, edits...)}); err != nil {
				t.Fatalf("%v\n%s", err, stdout)
			}
			if output, err := execute(t.Context(), root, "go", "test", "./gen/...", "./spec/...", "./api", "./contract/sandbox/..."); err != nil {
				t.Errorf("%v\n%s", err, output)
			}
		})
	}
}

func TestWatch(t *testing.T) {
	root := copyModule(t)
	text, err := os.ReadFile(filepath.Join(root, targets[document.Dataset].file))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/same":
			_, _ = w.Write(text)
		case "/spaced":
			_, _ = w.Write([]byte(strings.ReplaceAll(string(text), "\n", " \n\n") + "\n"))
		default:
			_, _ = w.Write([]byte(strings.Replace(string(text), "1000", "100", 1)))
		}
	}))
	defer server.Close()
	for path, want := range map[string]string{"/same": "", "/spaced": "", "/other": "differs from spec/dataset/docusign-monitor-openapi-original.yml"} {
		t.Run(path, func(t *testing.T) {
			u, stdout := newUpdater(root)
			err := u.run(t.Context(), []string{"-watch", server.URL + path})
			if want == "" && (err != nil || !strings.Contains(stdout.String(), "is what is here")) || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
				t.Errorf("error %v, want %q", err, want)
			}
		})
	}
}

// Of Swagger the conversion is kept, and says what it was made from; made again it is the same.
func TestSwagger(t *testing.T) {
	root := copyModule(t)
	const source = "../internal/drift/testdata/monitor-2023.json"
	spec, err := filepath.Abs(source)
	if err != nil {
		t.Fatal(err)
	}
	u, _ := newUpdater(root)
	if err := u.run(t.Context(), []string{spec}); err != nil {
		t.Fatal(err)
	}
	here, err := os.ReadFile(filepath.Join(root, targets[document.Dataset].file))
	if err != nil {
		t.Fatal(err)
	}
	original, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	if want := "# Converted by spec/update from Swagger 2.0, sha256 " + sum(original) + ". DO NOT EDIT.\n"; !strings.HasPrefix(string(here), want) {
		t.Errorf("the document begins with %.200q, want %q", here, want)
	}
	u, stdout := newUpdater(root)
	if err := u.run(t.Context(), []string{spec}); err != nil || !strings.Contains(stdout.String(), "nothing changes") {
		t.Errorf("%v\n%s", err, stdout)
	}
	if err := u.run(t.Context(), []string{"-watch", spec}); err != nil {
		t.Error(err)
	}
}
