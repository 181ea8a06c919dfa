package contract_test

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
)

// The report as a page to look at: one file that needs nothing from outside.

//go:embed report.gohtml
var pageText string

// marks let a result be told without its color.
var marks = map[result]string{passed: "✓", failed: "✕", notProvable: "–", skipped: "○", broken: "!"}

// page is a report as the template takes it.
type reportPage struct {
	*report
	Tone    result // whose color the verdict has
	Results []resultTile
	Filters []filterButton
	Groups  []clauseGroup
	Page    map[string][]clauseExchange // by clause
}

type (
	resultTile struct {
		Name  result
		N     int
		Words string
	}
	filterButton struct{ By, Is string }
	clauseGroup  struct {
		Title   string
		Clauses []clauseRow
	}
	clauseRow struct{ outcome }
	trialRow  struct{ trial }
)

// needsAttention is the title of the group that comes first.
const needsAttention = "Not as it is to be"

func newPage(r *report) reportPage {
	p := reportPage{report: r, Tone: passed, Page: map[string][]clauseExchange{}}
	switch {
	case r.End.Status == 1:
		p.Tone = failed
	case r.End.Status != 0:
		p.Tone = broken
	case r.Counts[failed] > 0:
		p.Tone = notProvable
	}
	for _, of := range []result{failed, broken, passed, notProvable, skipped} {
		p.Results = append(p.Results, resultTile{of, r.Counts[of], said[of]})
	}
	for _, level := range []string{"MUST", "SHOULD"} {
		p.Filters = append(p.Filters, filterButton{"level", level})
	}
	titles := map[string]string{"service": "The service", "client": "The client", "documents": "The documents"}
	groups := []clauseGroup{{Title: needsAttention}}
	for _, kind := range []string{"service", "client", "documents"} {
		p.Filters = append(p.Filters, filterButton{"kind", kind})
		groups = append(groups, clauseGroup{Title: titles[kind]})
	}
	for _, o := range r.Clauses {
		at := slices.IndexFunc(groups, func(g clauseGroup) bool { return g.Title == titles[o.Kind] })
		if o.Result == failed || o.Result == broken {
			at = 0
		}
		groups[at].Clauses = append(groups[at].Clauses, clauseRow{o})
	}
	p.Groups = slices.DeleteFunc(groups, func(g clauseGroup) bool { return len(g.Clauses) == 0 })
	for _, e := range r.Exchanges {
		p.Page[e.Clause] = append(p.Page[e.Clause], e)
	}
	return p
}

// Verdict is the title of the page's window, short enough for a tab.
func (p reportPage) Verdict() string {
	switch p.End.Status {
	case 0:
		return "holds"
	case 1:
		return fmt.Sprintf("%d failed", p.Counts[failed])
	}
	return "not proved"
}

func (p reportPage) Sentence() string {
	return strings.ToUpper(p.End.Sentence[:1]) + p.End.Sentence[1:] + "."
}

func (p reportPage) When() string { return p.Started.Format("2 January 2006, 15:04:05 MST") }

// Open tells whether a clause is shown unfolded.
func (c clauseRow) Open() bool         { return c.Result == failed || c.Result == broken }
func (c clauseRow) Words() string      { return said[c.Result] }
func (c clauseRow) Mark() string       { return marks[c.Result] }
func (c clauseRow) Breaches() []string { return c.Evidence.Breaches }

// Trials are those of the clause, the worst first.
func (c clauseRow) Trials() (all []trialRow) {
	for _, t := range c.Evidence.Trials {
		all = append(all, trialRow{t})
	}
	slices.SortStableFunc(all, func(a, b trialRow) int {
		return slices.Index(severity, b.Result) - slices.Index(severity, a.Result)
	})
	return all
}

// operationCells are the cells of an operation, by the part of it that they are.
type operationCells struct {
	Operation string
	Parts     []partCells
}

type partCells struct {
	Part  string
	Hit   int
	Cells []covered
}

// Operations are those of the documents, in the order of the cells.
func (p reportPage) Operations() (all []operationCells) {
	for _, c := range p.Coverage {
		if n := len(all); n == 0 || all[n-1].Operation != c.Operation {
			all = append(all, operationCells{Operation: c.Operation})
		}
		of := &all[len(all)-1]
		if n := len(of.Parts); n == 0 || of.Parts[n-1].Part != c.Part {
			of.Parts = append(of.Parts, partCells{Part: c.Part})
		}
		part := &of.Parts[len(of.Parts)-1]
		part.Cells = append(part.Cells, c)
		if c.Exchanges > 0 {
			part.Hit++
		}
	}
	return all
}

// Tone is how a cell is drawn.
func (c covered) Tone() string {
	switch {
	case c.Exchanges > 0:
		return "hit"
	case c.Why != "":
		return "explained"
	}
	return "miss"
}

// Title says what a run has made of a cell.
func (c covered) Title() string {
	switch {
	case c.Exchanges > 0:
		return fmt.Sprintf("exercised by %d exchanges", c.Exchanges)
	case c.Why != "":
		return "not exercised in process: " + c.Why
	}
	return "not exercised"
}

func (t trialRow) Words() string { return said[t.Result] }

// writePage writes report.html.
func writePage(w io.Writer, r *report) error {
	t, err := template.New("report").Parse(pageText)
	if err != nil {
		return err
	}
	return t.Execute(w, newPage(r))
}
