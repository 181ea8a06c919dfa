package contract_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// The last proof of the suite as the report of a run shows it: which clauses notice which defects, and whether the suite
// is still the one that was proved.

// matrixFile is what make contract-proof leaves in the folder of the report.
const matrixFile = "matrix.json"

// subject says what a proof is about: the suite by its clauses and defects, and the documents. A later run of another
// suite, or of other documents, is not what was proved.
func subject(all []clause) map[string]string {
	var text strings.Builder
	for _, c := range all {
		fmt.Fprintln(&text, c.ID, c.Level, c.Sentence)
	}
	for _, d := range defects() {
		fmt.Fprintln(&text, d.name, d.sentence, d.kills, d.may)
	}
	about := documentSums()
	about["clauses and defects"] = sum(text.String())
	return about
}

func sum(text string) string {
	hash := sha256.Sum256([]byte(text))
	return hex.EncodeToString(hash[:])
}

// readMatrix reads the last proof that left its matrix in a folder, nil if none did, and tells what has changed since.
func readMatrix(folder string, about map[string]string) (*matrix, error) {
	text, err := os.ReadFile(filepath.Join(folder, matrixFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	m := &matrix{}
	if err := json.Unmarshal(text, m); err != nil {
		return nil, fmt.Errorf("%s: %w", matrixFile, err)
	}
	for _, name := range slices.Sorted(maps.Keys(about)) {
		if m.About[name] != about[name] {
			m.Changed = append(m.Changed, name)
		}
	}
	return m, nil
}

// Killed counts the defects that are noticed as they are to be.
func (m *matrix) Killed() (n int) {
	for _, row := range m.Rows {
		if row.OK {
			n++
		}
	}
	return n
}

// Unmissed are the clauses whose removal no defect would notice.
func (m *matrix) Unmissed() (ids []string) {
	for _, k := range m.Killers {
		if !k.Alone {
			ids = append(ids, k.Clause)
		}
	}
	return ids
}

// When is the time of the proof.
func (m *matrix) When() string { return m.Made.Format("2 January 2006, 15:04 MST") }

// Changes names what is not as it was proved.
func (m *matrix) Changes() string { return strings.Join(m.Changed, ", ") }

// grid is a matrix as squares: a row is a defect, a column a clause. Clauses that no defect turns red have a column as
// well, which shows that it is empty.
type grid struct {
	Columns, Rows []line
	Squares       []square
	Breaks        []line // between the kinds, of rows and of columns alike
	Width, Height int
}

type line struct {
	Name, Title string
	At          int  // where it begins, in pixels
	Bad         bool // it is not proved
	Across      bool // a break between columns
}

// square is a defect that a clause notices, or fails to.
type square struct {
	X, Y  int
	Tone  string // own, also, missing or stray
	Title string
}

// The sizes of the grid, in pixels.
const (
	columnWidth = 11
	rowHeight   = 13
	breakWidth  = 8
)

// Grid lays the matrix out.
func (m *matrix) Grid() (g grid) {
	at := map[string]int{}
	kind := ""
	for _, k := range m.Killers {
		if of := k.Clause[:3]; of != kind {
			if kind != "" {
				g.Breaks = append(g.Breaks, line{At: g.Width + breakWidth/2, Across: true})
				g.Width += breakWidth
			}
			kind = of
		}
		at[k.Clause] = g.Width
		title := fmt.Sprintf("%s: %d defects turn it red", k.Clause, len(k.Reds))
		g.Columns = append(g.Columns, line{Name: k.Clause, Title: title, At: g.Width, Bad: len(k.Reds) == 0})
		g.Width += columnWidth
	}
	kind = ""
	for _, row := range m.Rows {
		if row.Kind != kind {
			if kind != "" {
				g.Breaks = append(g.Breaks, line{At: g.Height + breakWidth/2})
				g.Height += breakWidth
			}
			kind = row.Kind
		}
		title := fmt.Sprintf("The %s %s.", row.Kind, row.Sentence)
		if !row.OK {
			title += " Not proved: " + row.Fault
		}
		g.Rows = append(g.Rows, line{Name: strings.TrimPrefix(row.Defect, row.Kind+"/"), Title: title, At: g.Height, Bad: !row.OK})
		for _, id := range row.Expected {
			tone, says := "own", "notices it, and is named for it"
			if !slices.Contains(row.Red, id) {
				tone, says = "missing", "does not notice it, and is named for it"
			}
			g.Squares = append(g.Squares, square{at[id], g.Height, tone, fmt.Sprintf("%s %s: %s", id, says, row.Defect)})
		}
		for _, id := range row.Red {
			if slices.Contains(row.Expected, id) {
				continue
			}
			tone, says := "also", "notices it as well"
			if !(defect{may: row.May}).allows(id) {
				tone, says = "stray", "goes red, and is not in its list"
			}
			g.Squares = append(g.Squares, square{at[id], g.Height, tone, fmt.Sprintf("%s %s: %s", id, says, row.Defect)})
		}
		g.Height += rowHeight
	}
	return g
}

func TestMatrixOnPage(t *testing.T) {
	all := []clause{{ID: "SRV-A-1", Level: "MUST"}, {ID: "CLI-A-1", Level: "MUST"}, {ID: "CLI-A-2", Level: "SHOULD"}}
	m := matrix{Made: time.Date(2026, 3, 4, 5, 6, 0, 0, time.UTC), About: subject(all), Rows: []matrixRow{
		{Defect: "server/one", Kind: "server", Sentence: "does one", Expected: []string{"SRV-A-1"}, Red: []string{"SRV-A-1"}, OK: true},
		{Defect: "client/two", Kind: "client", Sentence: "does <two>", Expected: []string{"CLI-A-1"}, Red: []string{"CLI-A-2"}, Fault: "CLI-A-1 does not notice it"},
		{Defect: "client/three", Kind: "client", Sentence: "does three", Expected: []string{"CLI-A-1"}, May: []string{"CLI-A-*"}, Red: []string{"CLI-A-1", "CLI-A-2"}, OK: true},
	}}
	m.Killers = killers(m.Rows, all)
	folder := t.TempDir()
	if err := m.write(folder); err != nil {
		t.Fatal(err)
	}

	drawn := func(about map[string]string) string {
		t.Helper()
		got, err := readMatrix(folder, about)
		if err != nil {
			t.Fatal(err)
		}
		var page strings.Builder
		if err := writePage(&page, &report{End: ending{0, "it holds"}, Proof: got}); err != nil {
			t.Fatal(err)
		}
		return page.String()
	}
	for _, test := range []struct {
		name  string
		about map[string]string
		want  []string
		not   []string
	}{
		{"of this suite", subject(all), []string{
			"2 of 3 defects", "4 March 2026, 05:06 UTC", `class="own"`, `class="also"`, `class="missing"`, `class="stray"`,
			"SRV-A-1 notices it, and is named for it: server/one", "does &lt;two&gt;", `<a href="#CLI-A-1">CLI-A-1</a>`,
		}, []string{"has changed since"}},
		{"of another suite", subject(all[:2]), []string{"clauses and defects: has changed since"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			page := drawn(test.about)
			for _, want := range test.want {
				if !strings.Contains(page, want) {
					t.Errorf("the page has no %q", want)
				}
			}
			for _, not := range test.not {
				if strings.Contains(page, not) {
					t.Errorf("the page has %q", not)
				}
			}
		})
	}

	if g := m.Grid(); len(g.Squares) != 5 || len(g.Breaks) != 2 || g.Width != 3*columnWidth+breakWidth || g.Height != 3*rowHeight+breakWidth {
		t.Errorf("the grid is %d by %d, with %d squares and %d breaks", g.Width, g.Height, len(g.Squares), len(g.Breaks))
	}
	if got, err := readMatrix(t.TempDir(), nil); got != nil || err != nil {
		t.Errorf("without a proof: %v, %v", got, err)
	}
	os.WriteFile(filepath.Join(folder, matrixFile), []byte("{"), 0o644)
	if _, err := readMatrix(folder, nil); err == nil {
		t.Error("a matrix that is cut off is read")
	}
}
