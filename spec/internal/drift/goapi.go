package drift

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"github.com/oapi-codegen/oapi-codegen/v2/pkg/codegen"
	"github.com/oapi-codegen/oapi-codegen/v2/pkg/util"
	"golang.org/x/exp/apidiff"
	"gopkg.in/yaml.v3"

	"example.com/docusign-monitor/spec/internal/document"
)

// workshop generates code and checks the types of it and of what is built on it, in memory. What the code imports from
// elsewhere is read as export data, which is in the build cache, so a comparison needs no network.
type workshop struct {
	root   string // folder of the module
	module string
	gc     types.ImporterFrom

	mu    sync.Mutex // the generator keeps its state in variables of its package
	built map[string]*build
}

// build is the Go API by one document: gen and api, checked.
type build struct {
	packages map[string]*types.Package // by path below the module
	faults   []Finding                 // what does not generate or compile
}

// checked are the packages whose declarations are compared, in the order of their imports.
var checked = []string{"gen/dataset", "gen/organization", "api"}

// configurations are those that generate.go names for each stream.
var configurations = map[document.Stream][]string{
	document.Dataset:      {"spec/dataset/client.codegen.yaml", "spec/dataset/server.codegen.yaml"},
	document.Organization: {"spec/organization/codegen.yaml"},
}

func newWorkshop(root string) (*workshop, error) {
	list := exec.Command("go", "list", "-export", "-deps", "-f", "{{.ImportPath}}\t{{.Export}}", "./gen/...", "./api", "std")
	list.Dir = root
	var complaint bytes.Buffer
	list.Stderr = &complaint
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("go list in %s: %w: %s", root, err, bytes.TrimSpace(complaint.Bytes()))
	}
	exports := map[string]string{}
	for line := range strings.Lines(string(out)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), "\t")
		exports[path] = file
	}
	mod := exec.Command("go", "list", "-m")
	mod.Dir = root
	module, err := mod.Output()
	if err != nil {
		return nil, fmt.Errorf("go list -m in %s: %w", root, err)
	}

	gc := importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) {
		if file := exports[path]; file != "" {
			return os.Open(file)
		}
		return nil, errors.New("the module does not have it")
	})
	return &workshop{root: root, module: strings.TrimSpace(string(module)), gc: gc.(types.ImporterFrom), built: map[string]*build{}}, nil
}

// compare returns how the exported declarations of gen and api differ between what the two documents make of them.
func (w *workshop) compare(before, after *Side) (Axis, error) {
	old, err := w.build(before)
	if err != nil {
		return Axis{}, err
	}
	now, err := w.build(after)
	if err != nil {
		return Axis{}, err
	}

	var findings []Finding
	for _, fault := range now.faults {
		if !has(index(old.faults), fault.Text) {
			findings = append(findings, fault)
		}
	}
	for _, path := range checked {
		a, b := old.packages[path], now.packages[path]
		if a == nil || b == nil || a == b || before.Stream != after.Stream && path != "api" {
			continue
		}
		for _, change := range apidiff.Changes(a, b).Changes {
			findings = append(findings, Finding{!change.Compatible, path, change.Message, "apidiff", ""})
		}
	}
	if before.Stream != after.Stream {
		a, b := "gen/"+string(before.Stream), "gen/"+string(after.Stream)
		findings = append(findings, Finding{true, a, "is generated no more from this document, but " + b + "; who uses " + a + " itself moves there, who uses api gives api.WithOrganization", "stream", ""})
	}
	return axis(findings), nil
}

func index(findings []Finding) map[string]bool {
	all := map[string]bool{}
	for _, f := range findings {
		all[f.Text] = true
	}
	return all
}

// build generates the code of one document and checks it together with the rest of gen and with api.
func (w *workshop) build(s *Side) (*build, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	key := string(s.Stream) + string(s.text)
	if b := w.built[key]; b != nil {
		return b, nil
	}

	generated, err := w.generate(s)
	b := &build{packages: map[string]*types.Package{}}
	if err != nil {
		b.faults = append(b.faults, Finding{true, "gen/" + string(s.Stream), "cannot be generated: " + oneLine(err), "generator", ""})
		w.built[key] = b
		return b, nil
	}
	for _, path := range checked {
		var extra map[string][]byte
		if path == "gen/"+string(s.Stream) {
			extra = generated
		}
		pkg, faults, err := w.check(path, extra, b.packages)
		if err != nil {
			return nil, err
		}
		b.faults = append(b.faults, faults...)
		b.packages[path] = pkg
	}
	w.built[key] = b
	return b, nil
}

// generate runs the generator as go generate does, and returns the text of each file by its name.
func (w *workshop) generate(s *Side) (map[string][]byte, error) {
	folder, err := os.MkdirTemp("", "drift")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	prepared := filepath.Join(folder, "openapi.yaml")
	if err := os.WriteFile(prepared, s.text, 0o600); err != nil {
		return nil, err
	}

	files := map[string][]byte{}
	for _, path := range configurations[s.Stream] {
		text, err := os.ReadFile(filepath.Join(w.root, path))
		if err != nil {
			return nil, err
		}
		var config struct {
			codegen.Configuration `yaml:",inline"`
			Output                string `yaml:"output"`
		}
		if err := yaml.Unmarshal(text, &config); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		options := config.UpdateDefaults()
		options.OutputOptions.SkipFmt = true // the imports that are left over are no matter for the types
		for name, file := range options.OutputOptions.UserTemplates {
			options.OutputOptions.UserTemplates[name] = filepath.Join(w.root, file)
		}
		overlay := util.LoadSwaggerWithOverlayOpts{AllowRemoteRefsFrom: []string{}}
		if options.OutputOptions.Overlay.Path != "" {
			overlay.Path = filepath.Join(w.root, options.OutputOptions.Overlay.Path)
		}
		model, err := util.LoadSwaggerWithOverlay(prepared, overlay)
		if err != nil {
			return nil, err
		}
		code, err := codegen.Generate(model, options)
		if err != nil {
			return nil, err
		}
		files[filepath.Base(config.Output)] = []byte(code)
	}
	return files, nil
}

// check parses and checks one package of the module, with some of its files replaced.
func (w *workshop) check(path string, replaced map[string][]byte, ready map[string]*types.Package) (*types.Package, []Finding, error) {
	names, err := filepath.Glob(filepath.Join(w.root, path, "*.go"))
	if err != nil {
		return nil, nil, err
	}
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		var source any
		if text, ok := replaced[filepath.Base(name)]; ok {
			source = text
		}
		file, err := parser.ParseFile(fset, name, source, parser.SkipObjectResolution)
		if err != nil {
			return nil, []Finding{{true, path, "does not parse: " + oneLine(err), "compiler", ""}}, nil
		}
		files = append(files, file)
	}

	const most = 5 // faults that are shown of a package
	var faults []Finding
	config := types.Config{
		Importer: importerFunc(func(imported string) (*types.Package, error) {
			if pkg := ready[strings.TrimPrefix(imported, w.module+"/")]; pkg != nil {
				return pkg, nil
			}
			return w.gc.ImportFrom(imported, w.root, 0)
		}),
		Error: func(err error) {
			var fault types.Error
			if errors.As(err, &fault) && !fault.Soft && len(faults) < most {
				position := fault.Fset.Position(fault.Pos)
				name, _ := filepath.Rel(w.root, position.Filename)
				faults = append(faults, Finding{true, path, "does not compile: " + fault.Msg, "compiler", fmt.Sprintf("%s:%d", filepath.ToSlash(name), position.Line)})
			}
		},
	}
	pkg, _ := config.Check(w.module+"/"+path, fset, files, nil) // the faults say what is wrong
	return pkg, faults, nil
}

type importerFunc func(path string) (*types.Package, error)

func (f importerFunc) Import(path string) (*types.Package, error) { return f(path) }
