package contract_test

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/onsi/ginkgo/v2/types"
)

var update = flag.Bool("update", false, "write the table of clauses to README.md, and make the recording in testdata anew")

const (
	tableBegin = "<!-- clauses -->\n"
	tableEnd   = "<!-- /clauses -->\n"
)

// The table is made from the suite: go test ./contract -run TestReadme -update.
func TestReadmeListsTheClauses(t *testing.T) {
	want := table(t, declaredClauses(t))
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	head, rest, begun := strings.Cut(string(readme), tableBegin)
	got, tail, ended := strings.Cut(rest, tableEnd)
	if !begun || !ended {
		t.Fatalf("README.md has no lines %q and %q", tableBegin, tableEnd)
	}
	if *update && got != want {
		if err := os.WriteFile("README.md", []byte(head+tableBegin+want+tableEnd+tail), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("the table is not that of the suite; -update writes it (-want +got):\n%s", diff)
	}
}

var (
	clauseForm   = regexp.MustCompile(`^(SRV|CLI|DOC)(-[A-Z]+)?-[1-9][0-9]*$`)
	sentenceForm = regexp.MustCompile(`^The (service|client|document|published document|prepared document|generated client|generated event) [a-z]`)
)

func TestClausesAreWellFormed(t *testing.T) {
	all := declaredClauses(t)
	if len(all) < 30 {
		t.Errorf("%d clauses, want at least 30", len(all))
	}
	for _, c := range all {
		if !clauseForm.MatchString(c.ID) {
			t.Errorf("%s: the id is not of the form SRV-CURSOR-1", c.ID)
		}
		if !sentenceForm.MatchString(c.Sentence) || strings.Contains(c.Sentence, "should") || strings.HasSuffix(c.Sentence, ".") {
			t.Errorf("%s: the sentence does not say what the service, the client or the document does: %s", c.ID, c.Sentence)
		}
		if c.Source == "" {
			t.Errorf("%s has no source", c.ID)
		}
		if c.Assumed && c.Level != "SHOULD" {
			t.Errorf("%s is assumed and a MUST", c.ID)
		}
	}
}

// declaredClauses are those of the tree, in the order of their ids, read from the report of a dry run.
func declaredClauses(t *testing.T) []clause {
	t.Helper()
	report := dryRun(t)
	byID := map[string]clause{}
	for _, spec := range report.SpecReports.WithLeafNodeType(types.NodeTypeIt) {
		var c clause
		entry(t, spec, "clause", &c)
		byID[c.ID] = c
	}
	var all []clause
	for _, c := range byID {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b clause) int { return compareIDs(a.ID, b.ID) })
	return all
}

// compareIDs orders clauses by kind, subject and number.
func compareIDs(a, b string) int {
	kinds := []string{"SRV", "CLI", "DOC"}
	subjectA, numberA := split(a)
	subjectB, numberB := split(b)
	return cmp.Or(cmp.Compare(slices.Index(kinds, a[:3]), slices.Index(kinds, b[:3])),
		cmp.Compare(subjectA, subjectB), cmp.Compare(numberA, numberB))
}

// split takes the number off an id.
func split(id string) (subject string, number int) {
	i := strings.LastIndexByte(id, '-')
	number, _ = strconv.Atoi(id[i+1:])
	return id[:i], number
}

func table(t *testing.T, all []clause) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("| id | level | sentence | source |\n|---|---|---|---|\n")
	for _, c := range all {
		level := c.Level
		if c.Assumed {
			level += ", assumed"
		}
		if c.Controlled {
			level += ", controlled"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", c.ID, level, c.Sentence, c.Source)
	}
	return b.String()
}
