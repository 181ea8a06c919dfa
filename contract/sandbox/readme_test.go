package sandbox

import (
	"flag"
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the tables of README.md")

// The tables of the README are made of the comments in the code.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	want := string(text)
	for _, table := range []struct{ name, rows string }{{"assumptions", assumptionTable(t)}, {"faults", faultTable(t)}, {"defects", defectTable(t)}} {
		between := regexp.MustCompile(`(?s)(<!-- ` + table.name + `.*?-->\n).*?(<!-- end -->)`)
		if !between.MatchString(want) {
			t.Fatalf("README.md has no place for the table of %s", table.name)
		}
		parts := between.FindStringSubmatch(want)
		want = strings.Replace(want, parts[0], parts[1]+table.rows+parts[2], 1)
	}
	if want == string(text) {
		return
	}
	if *update {
		if err := os.WriteFile("README.md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Error("the tables of README.md are not those of the code; run go test ./contract/sandbox -run TestReadme -update")
}

func parse(t *testing.T, name string) *ast.File {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// cell is a comment without its line ends, ready for a cell.
func cell(comment string) string {
	text := strings.Join(strings.Fields(comment), " ")
	text = regexp.MustCompile(`\[(\w+\.?\w*)\]`).ReplaceAllString(text, "`$1`")
	return strings.NewReplacer("|", `\|`, "<", "&lt;").Replace(text)
}

// assumptionTable has a row for each field, whose comment has three parts: what it does, the default, and why.
func assumptionTable(t *testing.T) string {
	parts := regexp.MustCompile(`^(\w+) (.+) Default: (.+) Why: (.+)$`)
	rows := "| field | set, it | default | why |\n|---|---|---|---|\n"
	ast.Inspect(parse(t, "assumptions.go"), func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok || spec.Name.Name != "Assumptions" {
			return true
		}
		for _, field := range spec.Type.(*ast.StructType).Fields.List {
			cells := parts.FindStringSubmatch(cell(field.Doc.Text()))
			if cells == nil || cells[1] != field.Names[0].Name {
				t.Errorf("the comment of %s has not the form of the others", field.Names[0].Name)
				continue
			}
			rows += fmt.Sprintf("| `%s` | %s | %s | %s |\n", cells[1], cells[2], cells[3], cells[4])
		}
		return false
	})
	return rows
}

// faultTable has a row for each name that a script knows, with what its comment says.
func faultTable(t *testing.T) string {
	comments := map[string]string{} // by the name in a script
	named := regexp.MustCompile(`(?:Fault\{|pageFault\()"([a-z0-9-]+)"`)
	source, err := os.ReadFile("faults.go")
	if err != nil {
		t.Fatal(err)
	}
	file := parse(t, "faults.go")
	add := func(name, comment string, from, to token.Pos) {
		if m := named.FindStringSubmatch(string(source[from-file.FileStart : to-file.FileStart])); m != nil {
			first := new(doc.Package).Synopsis(comment)
			comments[m[1]] = fmt.Sprintf("| `%s` | `%s` | %s |\n", m[1], name, cell(strings.TrimPrefix(first, name+" ")))
		}
	}
	for _, decl := range file.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			add(decl.Name.Name, decl.Doc.Text(), decl.Pos(), decl.End())
		case *ast.GenDecl:
			for _, spec := range decl.Specs {
				if value, ok := spec.(*ast.ValueSpec); ok {
					add(value.Names[0].Name, value.Doc.Text(), value.Pos(), value.End())
				}
			}
		}
	}
	rows := "| in a script | in Go | what happens |\n|---|---|---|\n"
	for _, name := range FaultNames() {
		if comments[name] == "" {
			t.Errorf("the fault %s has no comment", name)
		}
		rows += comments[name]
	}
	return rows
}

// defectTable has a row for each defect, by the clause that notices it.
func defectTable(t *testing.T) string {
	rows := "| clause | defect | the service |\n|---|---|---|\n"
	known := map[string]bool{}
	for _, d := range slices.SortedStableFunc(slices.Values(Defects()), func(a, b Defect) int { return strings.Compare(a.clause, b.clause) }) {
		if known[d.name] || !regexp.MustCompile(`^SRV-[A-Z]+-\d+$`).MatchString(d.clause) || d.sentence == "" {
			t.Errorf("the defect %s has no clause or no sentence, or there are two of it", d.name)
		}
		known[d.name] = true
		rows += fmt.Sprintf("| %s | `%s` | %s |\n", d.clause, d.name, cell(d.sentence))
	}
	return rows
}
