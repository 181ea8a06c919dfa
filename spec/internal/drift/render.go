package drift

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"
)

// axes are the three in the order in which they are shown.
func (r *Report) axes() []struct {
	name string
	Axis
} {
	return []struct {
		name string
		Axis
	}{{"wire", r.Wire}, {"Go API", r.GoAPI}, {"meaning", r.Meaning}}
}

// WriteJSON writes the whole report as one JSON object.
func (r *Report) WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(r)
}

// title names a side.
func (s *Side) title() string {
	t := fmt.Sprintf("%s (%s stream, sha256 %.12s", s.Source, s.Stream, s.SHA256)
	if s.Swagger != "" {
		t += ", converted from Swagger " + s.Swagger
	}
	return t + ")"
}

// WriteText writes the report for people, with colour if asked.
func (r *Report) WriteText(w io.Writer, colour bool) error {
	paint := func(code, text string) string {
		if !colour {
			return text
		}
		return "\x1b[" + code + "m" + text + "\x1b[0m"
	}
	hue := map[Verdict]string{None: "32", Compatible: "33", Breaking: "31"}

	var out strings.Builder
	fmt.Fprintf(&out, "old: %s\nnew: %s\n", r.Old.title(), r.New.title())
	if r.New.Invalid != "" {
		fmt.Fprintf(&out, "%s the new document, overlays applied, is not valid: %s\n", paint("31", "!"), r.New.Invalid)
	}
	for _, a := range r.axes() {
		fmt.Fprintf(&out, "\n%-8s %s\n", a.name, paint("1;"+hue[a.Verdict], string(a.Verdict)))
		for _, f := range a.Findings {
			mark := paint("33", "~")
			if f.Breaking {
				mark = paint("31", "!")
			}
			fmt.Fprintf(&out, "  %s %s: %s%s\n", mark, f.Where, clean(f.Text), change(f.Place))
		}
	}
	if len(r.Text) > 0 {
		fmt.Fprintf(&out, "\ntext that has changed\n")
		for _, t := range r.Text {
			fmt.Fprintf(&out, "  %s\n", t.Where)
			for line := range strings.Lines(t.Diff) {
				code := map[byte]string{'-': "31", '+': "32", ' ': "0"}[line[0]]
				fmt.Fprintf(&out, "    %s\n", paint(code, clean(strings.TrimSuffix(line, "\n"))))
			}
		}
	}
	if len(r.Moves) > 0 {
		fmt.Fprintf(&out, "\nfrom the one stream to the other\n")
		for _, m := range r.Moves {
			fmt.Fprintf(&out, "  %-32s %-50s -> %s\n", m.Fact, orDash(m.Old), orDash(m.New))
		}
	}
	fmt.Fprintf(&out, "\nwhat api assumes\n")
	for _, a := range r.Assumptions {
		state := string(a.State)
		if a.State == Broken {
			state = paint("31", state)
		}
		fmt.Fprintf(&out, "  %-28s %-34s %s\n", a.Fact, orDash(a.New), state)
	}
	if missed := r.missed(); len(missed) > 0 {
		fmt.Fprintf(&out, "\noverlay actions with nothing to do\n")
		for _, m := range missed {
			fmt.Fprintf(&out, "  %s: %s, action %d, %s: %s\n", m.Document, m.Overlay, m.Action, m.Target, m.How)
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return clean(text)
}

// change says where in the code something has to change.
func change(place string) string {
	if place == "" {
		return ""
	}
	return " -> " + place
}

// clean takes out what would act on a terminal: a document is a stranger's text.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
}

// missed are the actions that missed, of the two documents once if it is the same in both.
func (r *Report) missed() []Miss {
	type key struct {
		overlay string
		action  int
		how     string
	}
	sides := map[key][]string{}
	for _, m := range r.Missed {
		k := key{m.Overlay, m.Action, m.How}
		sides[k] = append(sides[k], m.Document)
	}
	var all []Miss
	for _, m := range r.Missed {
		k := key{m.Overlay, m.Action, m.How}
		if documents := sides[k]; documents != nil {
			m.Document = strings.Join(documents, " and ")
			all = append(all, m)
			delete(sides, k)
		}
	}
	return all
}

// WriteMarkdown writes the report for a pull request.
func (r *Report) WriteMarkdown(w io.Writer) error {
	var out strings.Builder
	fmt.Fprintf(&out, "## Drift of the %s stream: %s\n\nfrom `%s`  \nto `%s`\n\n", r.New.Stream, r.Verdict, clean(r.Old.title()), clean(r.New.title()))
	out.WriteString("| axis | verdict | breaking | compatible |\n|---|---|---|---|\n")
	for _, a := range r.axes() {
		breaking := 0
		for _, f := range a.Findings {
			if f.Breaking {
				breaking++
			}
		}
		fmt.Fprintf(&out, "| %s | **%s** | %d | %d |\n", a.name, a.Verdict, breaking, len(a.Findings)-breaking)
	}
	if r.New.Invalid != "" {
		fmt.Fprintf(&out, "\nThe new document, overlays applied, is not valid: %s\n", code(r.New.Invalid))
	}
	for _, a := range r.axes() {
		if len(a.Findings) == 0 {
			continue
		}
		fmt.Fprintf(&out, "\n### %s\n\n", strings.ToUpper(a.name[:1])+a.name[1:])
		for _, f := range a.Findings {
			word := "compatible"
			if f.Breaking {
				word = "**breaking**"
			}
			fmt.Fprintf(&out, "- %s, %s: %s", word, code(f.Where), code(f.Text))
			if f.Place != "" {
				fmt.Fprintf(&out, "; change %s", code(f.Place))
			}
			out.WriteString("\n")
		}
	}
	if len(r.Text) > 0 {
		out.WriteString("\n### Text that has changed\n")
		for _, t := range r.Text {
			fence := "```"
			for strings.Contains(t.Diff, fence) {
				fence += "`"
			}
			fmt.Fprintf(&out, "\n%s\n\n%sdiff\n%s%s\n", code(t.Where), fence, t.Diff, fence)
		}
	}
	if len(r.Moves) > 0 {
		out.WriteString("\n### From the one stream to the other\n\n" + MovesTable(r.Moves))
	}
	out.WriteString("\n### What api assumes\n\n| fact | wanted | new document | |\n|---|---|---|---|\n")
	for _, a := range r.Assumptions {
		fmt.Fprintf(&out, "| %s | %s | %s | %s |\n", a.Fact, cell(a.Want), cell(a.New), a.State)
	}
	if missed := r.missed(); len(missed) > 0 {
		out.WriteString("\n### Overlay actions with nothing to do\n\n")
		for _, m := range missed {
			fmt.Fprintf(&out, "- %s: %s, action %d, %s: %s\n", m.Document, m.Overlay, m.Action, code(m.Target), m.How)
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// MovesTable is a table of moves in Markdown, as spec/README.md has it.
func MovesTable(moves []Move) string {
	table := "| | old | new |\n|---|---|---|\n"
	for _, m := range moves {
		table += fmt.Sprintf("| %s | %s | %s |\n", m.Fact, cell(m.Old), cell(m.New))
	}
	return table
}

// code is a text as a span of code, whatever is in it.
func code(text string) string {
	text = clean(text)
	fence := "`"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	if len(fence) == 1 {
		return fence + text + fence
	}
	return fence + " " + text + " " + fence
}

func cell(text string) string {
	if text == "" {
		return ""
	}
	return strings.ReplaceAll(code(text), "|", `\|`)
}
