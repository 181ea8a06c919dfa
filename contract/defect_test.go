package contract_test

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/types"
	. "github.com/onsi/gomega"
	"gopkg.in/yaml.v3"

	"example.com/docusign-monitor/contract/sandbox"
	"example.com/docusign-monitor/spec"
)

// A defect is a breach that somebody commits on purpose, so that the suite can be seen to notice it. One at a time is
// switched on, by its name in defectVariable, for a run of the suite in a child process; see proof_test.go.

// defectVariable names the defect of a run. It is for the proof of the suite alone.
const defectVariable = "DOCUSIGN_CONTRACT_DEFECT"

// defect is a row of the table: what is wrong, which clauses say so, and how it is committed.
type defect struct {
	name     string   // its kind, a slash, and its own: server/skipped-event
	sentence string   // what the server, the client or the document does wrong
	kills    []string // the clauses that must go red, the one that it is about first
	may      []string // those that may as well; a * at the end stands for any rest

	// One of these commits it.
	server   sandbox.Defect                            // every sandbox of the provider clauses has it
	client   func(http.RoundTripper) http.RoundTripper // comes between the client under test and the judge
	made     func(h *hostile)                          // changes what the client under test is made of
	consumer func(h *hostile, next consumer) consumer  // comes between the client under test and the clause
	document func(name, text string) string            // makes the text of a document that the suite reads, by its name in texts
	code     func(*generated)                          // changes the generated code that the suite looks at
}

// seeded is the defect of this run. It is set once, before the tree of clauses is built; the zero value is none.
var seeded defect

// defects are all of them, in the order of the matrix. Those of a server stand in contract/sandbox, where they are
// committed; the others in the file that is named for their kind.
func defects() []defect {
	var all []defect
	for _, d := range sandbox.Defects() {
		all = append(all, defect{
			name: "server/" + d.Name(), sentence: d.Sentence(), kills: []string{d.Clause()}, may: d.Also(), server: d,
		})
	}
	return slices.Concat(all, clientDefects, documentDefects)
}

// kind is what is defective: server, client or document.
func (d defect) kind() string {
	kind, _, _ := strings.Cut(d.name, "/")
	return kind
}

// reach is the filter of the clauses that a defect of a kind can turn red. A hostile server is for clauses of the client
// alone, and a sandbox for those of a service, as both make sure in every run. The judge of every exchange reads the
// prepared documents, and so a defect in what it reads there can show anywhere; all else is for the clauses about documents.
func (d defect) reach() string {
	switch {
	case d.kind() == "client":
		return "client"
	case d.kind() == "server":
		return "!client && !documents"
	case d.document == nil, d.judgedAlike("dataset", spec.Dataset) && d.judgedAlike("organization", spec.Organization) &&
		d.judgedAlike("oauth", spec.OAuth):
		return "documents"
	}
	return ""
}

// judgedAlike tells whether a document says to the judge what it would say without the defect.
func (d defect) judgedAlike(name, text string) bool {
	spoilt := d.document(name, text)
	return spoilt == text || reflect.DeepEqual(judgedBy(spoilt), judgedBy(text))
}

// judgedBy is what the judge reads of a document: not whose it is, where it is served and what it tells people and tools.
func judgedBy(text string) any {
	var document any
	if err := yaml.Unmarshal([]byte(text), &document); err != nil {
		panic(fmt.Sprintf("the defect leaves no document: %v", err))
	}
	return withoutTexts(onTheWire(document), "info", "servers", "deprecated")
}

// expectReach fails a clause in which something can be defective that the proof takes to be out of its reach.
func expectReach(kind string) {
	GinkgoHelper()
	matches, err := types.ParseLabelFilter(defect{name: kind}.reach())
	Expect(err).NotTo(HaveOccurred())
	Expect(matches(CurrentSpecReport().Labels())).To(BeTrue(), "A clause with these labels has no "+kind+" to judge")
}

// readDefect finds the defect that is asked for.
func readDefect(lookup func(string) (string, bool)) (defect, error) {
	name, set := lookup(defectVariable)
	if !set {
		return defect{}, nil
	}
	all := defects()
	i := slices.IndexFunc(all, func(d defect) bool { return d.name == name })
	switch {
	case i < 0:
		return defect{}, fmt.Errorf("%s: there is no defect %q", defectVariable, name)
	case under.remote():
		return defect{}, fmt.Errorf("%s is for the sandbox in process alone; unset %s", defectVariable, targetVariable)
	}
	return all[i], nil
}

// transport is what the client under test sends by.
func (d defect) transport(next http.RoundTripper) http.RoundTripper {
	if d.client == nil {
		return next
	}
	return d.client(next)
}

// prepare changes what the client under test is made of.
func (d defect) prepare(h *hostile) {
	if d.made != nil {
		d.made(h)
	}
}

// wrap is the client under test as a clause has it.
func (d defect) wrap(h *hostile, next consumer) consumer {
	if d.consumer == nil {
		return next
	}
	return d.consumer(h, next)
}

// allows tells whether a clause may go red under the defect.
func (d defect) allows(id string) bool {
	return slices.Contains(d.kills, id) || slices.ContainsFunc(d.may, func(pattern string) bool {
		prefix, any := strings.CutSuffix(pattern, "*")
		return pattern == id || any && strings.HasPrefix(id, prefix)
	})
}

// tripper is a client's transport as a function.
type tripper func(*http.Request) (*http.Response, error)

func (t tripper) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }
