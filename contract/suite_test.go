// Package contract_test holds what the service, the client and the documents owe each other, one clause an It. README.md
// beside it lists the clauses and says how to run them against another server.
package contract_test

import (
	"os"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// under is the service under test. It is set once, before the first clause runs, and is the suite's one global.
var under *target

func TestContract(t *testing.T) {
	var err error
	if under, err = readTarget(os.LookupEnv); err != nil {
		t.Fatal(err)
	}
	if seeded, err = readDefect(os.LookupEnv); err != nil {
		t.Fatal(err)
	}
	RegisterFailHandler(Fail)
	config, reporter := GinkgoConfiguration()
	config.RandomizeAllSpecs = true
	config.FailOnEmpty = true // a filter that matches nothing proves nothing
	config.LabelFilter = under.filter(config.LabelFilter)
	RunSpecs(t, "Contract of "+under.String(), config, reporter)
}
