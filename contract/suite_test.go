// Package contract_test holds what the service, the client and the documents owe each other, one clause an It. README.md
// beside it lists the clauses and says how to run them against another server.
package contract_test

import (
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var (
	// under is the service under test. It is set once, before the first clause runs, and is the suite's one global.
	under *target

	// standalone is set by the linker in the binary that is handed to others. It runs the clauses alone, with a report.
	standalone string

	// reportFolder is where the report goes; empty is none. A run with a report ends by the results of the clauses, so
	// that a SHOULD that failed is reported and fails nothing.
	reportFolder string
)

func init() {
	flag.StringVar(&reportFolder, "report", "", "write the report to this `FOLDER`, and end by the results of the clauses")
}

func TestMain(m *testing.M) {
	if standalone != "" {
		flag.Set("test.run", "^TestContract$")
		flag.Set("report", "build/contract")
	}
	flag.Parse()
	code := m.Run()
	if code != 0 && under != nil && under.end.Status != 0 {
		code = under.end.Status
	}
	os.Exit(code)
}

func TestContract(t *testing.T) {
	var err error
	if os.Getenv(targetVariable) == processTarget {
		under, err = startProcess(t)
	} else {
		under, err = readTarget(os.LookupEnv)
	}
	if err == nil {
		seeded, err = readDefect(os.LookupEnv)
	}
	if err == nil {
		under.tape, err = startTape()
	}
	if err != nil {
		endUnstarted(t, err)
	}
	RegisterFailHandler(func(message string, skip ...int) {
		Fail(secrets.ReplaceAllString(message, "[hidden]"), append(skip, 0)[0]+1) // what a clause compares may hold some
	})
	config, reporter := GinkgoConfiguration()
	config.RandomizeAllSpecs = true
	if under.replay != nil {
		config.RandomSeed = under.replay.Seed // what is drawn from it is asked for again
	}
	config.FailOnEmpty = true // a filter that matches nothing proves nothing
	config.LabelFilter = under.filter(config.LabelFilter)
	reporter.Succinct = reportFolder != ""
	go func() { // what many clauses need, made ready beside the first of them
		seconds()
		registeredKey()
		if seeded.name == "" { // the proof does without
			published()
		}
	}()
	var ginkgo asGinkgoSays
	RunSpecs(&ginkgo, "Contract of "+under.String(), config, reporter)
	switch {
	case reportFolder != "" && config.ParallelProcess > 1: // the first process has the results of all
	case reportFolder != "" && under.end.Sentence != "":
		fmt.Println("\n" + under.end.Sentence)
		if under.end.Status != 0 {
			t.Fail()
		}
	case ginkgo.failed:
		t.Fail()
	}
}

// endUnstarted ends a run of which nothing is known. Its report says so, in the place of that of an earlier run.
func endUnstarted(t *testing.T, why error) {
	under = &target{kind: noTarget, end: ending{Status: 2, Sentence: why.Error()}}
	if reportFolder != "" {
		config, _ := GinkgoConfiguration()
		unstarted := newReport([]outcome{}, Report{SuiteConfig: config, StartTime: time.Now()})
		unstarted.Coverage = []covered{} // rather than that each cell was left out
		if err := writeReport(reportFolder, unstarted); err != nil {
			t.Error(err)
		}
	}
	t.Fatal(why)
}

// asGinkgoSays hears whether anything failed.
type asGinkgoSays struct{ failed bool }

func (g *asGinkgoSays) Fail() { g.failed = true }
