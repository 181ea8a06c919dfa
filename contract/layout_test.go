package contract_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// The imports of the module run one way. Each row names what a package, and those below it, may import of this module
// beside itself; tests may import more.
var arrows = []arrow{
	{"spec", nil},                    // the package; its programs stand on top
	{"gen", []string{"gen/dataset"}}, // both streams have one event
	{"api", []string{"gen"}},
	{"contract/sandbox", []string{"gen", "spec"}}, // never api: an oracle that shares code with what it judges proves nothing
	{"internal", []string{"api", "gen", "internal"}},
	{"cmd", []string{"api", "contract/sandbox", "gen", "internal", "spec"}},
	{"spec/prepare", []string{"spec/internal"}},
	{"spec/drift", []string{"spec/internal"}},
	{"spec/update", []string{"spec/internal"}},
	{"spec/internal", []string{"api", "spec/internal"}},
	{"", nil}, // generate.go holds no code
}

type arrow struct {
	path string // below the module
	may  []string
}

func TestImportsRunOneWay(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "../...").Output()
	if err != nil {
		t.Fatal(err)
	}
	module := modulePath(t)
	below := func(path string) string {
		return strings.Trim(strings.TrimPrefix(path, module), "/")
	}
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var pkg struct {
			ImportPath string
			Imports    []string
		}
		if err := decoder.Decode(&pkg); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		path := below(pkg.ImportPath)
		row := slices.IndexFunc(arrows, func(a arrow) bool {
			return path == a.path || a.path != "spec" && a.path != "" && strings.HasPrefix(path, a.path+"/")
		})
		if row < 0 {
			if path != "contract" { // tests alone
				t.Errorf("%s has no place in the layout", path)
			}
			continue
		}
		for _, imported := range pkg.Imports {
			if imported != module && !strings.HasPrefix(imported, module+"/") {
				continue
			}
			if name := below(imported); !slices.ContainsFunc(arrows[row].may, func(may string) bool {
				return name == may || strings.HasPrefix(name, may+"/")
			}) {
				t.Errorf("%s imports %s", path, name)
			}
		}
	}
}

func modulePath(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}
