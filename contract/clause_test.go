package contract_test

import (
	"slices"

	. "github.com/onsi/ginkgo/v2"
)

// clause is one promise. It is in the JSON report of every spec that proves it, as the entry "clause".
type clause struct {
	ID         string `json:"id"`       // stable, never used again
	Level      string `json:"level"`    // MUST or SHOULD
	Sentence   string `json:"sentence"` // what the service, the client or the document does
	Source     string `json:"source"`   // where that is written
	Assumed    bool   `json:"assumed"`
	Controlled bool   `json:"controlled"`
}

var (
	// assumed marks a clause that no document and no observation confirms.
	assumed = Label("assumed")

	// controlled marks a clause that only a server of ours can be put to: one whose events, clock or users it chooses.
	controlled = Label("controlled")
)

// Must declares a clause that a publication of the provider, a standard or this project's own word makes binding. The
// arguments are labels and the body. A body that takes a [stream] after its context is tried on each of them.
func Must(id, sentence, source string, args ...any) { declare("MUST", id, sentence, source, args) }

// Should declares a clause that rests on less: an observation, or an assumption, which is labelled so.
func Should(id, sentence, source string, args ...any) { declare("SHOULD", id, sentence, source, args) }

// MustEach is Must for a table: the arguments are labels, the body and the entries.
func MustEach(id, sentence, source string, args ...any) {
	declareEach("MUST", id, sentence, source, args)
}

// ShouldEach is Should for a table: the arguments are labels, the body and the entries.
func ShouldEach(id, sentence, source string, args ...any) {
	declareEach("SHOULD", id, sentence, source, args)
}

func declare(level, id, sentence, source string, args []any) {
	onStreams(It, id+": "+sentence, note(level, id, sentence, source, args), args)
}

func declareEach(level, id, sentence, source string, args []any) {
	table := func(text string, args ...any) bool { return DescribeTable(text, args...) }
	onStreams(table, id+": "+sentence, note(level, id, sentence, source, args), args)
}

// onStreams declares a clause once, or once for each stream if its body takes one.
func onStreams(node func(text string, args ...any) bool, text string, marks, args []any) {
	body := slices.IndexFunc(args, takesStream)
	if body < 0 {
		node(text, append(marks, args...)...)
		return
	}
	for _, on := range streams {
		bound := slices.Clone(args)
		bound[body] = bind(args[body], on)
		node(text+" ("+on.name+" stream)", slices.Concat(marks, []any{Label(on.name)}, bound)...)
	}
}

// clauses are those of the tree, by id. The tree is built once, before any of them runs.
var clauses = map[string]clause{}

// note keeps the clause and returns what marks its node: the labels, and the line where it is declared.
func note(level, id, sentence, source string, args []any) []any {
	if _, known := clauses[id]; known {
		panic("the clause " + id + " is declared twice")
	}
	has := func(label Labels) bool {
		return slices.ContainsFunc(args, func(arg any) bool {
			given, ok := arg.(Labels)
			return ok && slices.Equal(given, label)
		})
	}
	clauses[id] = clause{id, level, sentence, source, has(assumed), has(controlled)}
	return []any{Label(id, level), Offset(3)}
}

// clauseOf finds the clause that a spec proves, by its labels and those of its table.
func clauseOf(labels []string) clause {
	for _, label := range labels {
		if c, ok := clauses[label]; ok {
			return c
		}
	}
	return clause{}
}

// What each spec is about goes into its report whether it runs or not.
var _ = ReportBeforeEach(func(spec SpecReport) {
	c := clauseOf(spec.Labels())
	AddReportEntry("clause", c, ReportEntryVisibilityNever)
	if why := under.unprovable(c); why != "" {
		AddReportEntry(notProvableEntry, why, ReportEntryVisibilityNever)
	}
})
