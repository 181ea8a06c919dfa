// Command mutants spoils package api in one place at a time and demands that a test notices:
//
//	go run ./.ci/mutants [part of a name]...
//
// Each mutant of table.go is tested by the tests of api and, should it survive them, by the clauses of the contract that
// are about the client. The tree is never touched: the go command is given the spoiled file as an overlay. It fails if a
// mutant survives, does not compile (which proves nothing), or names a place that is not there exactly once.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// mutant is one way to spoil the code.
type mutant struct {
	name string // what is broken
	file string // in api
	old  string // stands there once
	new  string
}

func main() {
	log.SetFlags(0)
	chosen := slices.DeleteFunc(mutants, func(m mutant) bool {
		return len(os.Args) > 1 && !slices.ContainsFunc(os.Args[1:], func(part string) bool { return strings.Contains(m.name, part) })
	})
	if len(chosen) == 0 {
		log.Fatal("no mutant has such a name")
	}
	dir, err := os.MkdirTemp("", "mutants")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	// Tests that fail anyway kill every mutant and prove nothing.
	none := filepath.Join(dir, "none.json")
	if err := os.WriteFile(none, []byte(`{}`), 0o600); err != nil {
		log.Fatal(err)
	}
	if killer, err := test(none); err != nil || killer != "" {
		log.Fatalf("before anything is spoiled: %s fails: %v", killer, err)
	}

	failed := 0
	for _, m := range chosen {
		killer, err := m.try(dir)
		switch {
		case err != nil:
			failed++
			killer = "ERROR: " + err.Error()
		case killer == "":
			failed++
			killer = "SURVIVES"
		}
		fmt.Printf("%-15s %-58s %s\n", m.file, m.name, killer)
	}
	fmt.Printf("%d mutants, %d killed\n", len(chosen), len(chosen)-failed)
	if failed > 0 {
		os.RemoveAll(dir)
		os.Exit(1)
	}
}

// try returns the tests or clauses that a mutant is killed by, or nothing if it survives.
func (m mutant) try(dir string) (killer string, err error) {
	path, err := filepath.Abs(filepath.Join("api", m.file))
	if err != nil {
		return "", err
	}
	code, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	if n := bytes.Count(code, []byte(m.old)); n != 1 {
		return "", fmt.Errorf("the place is there %d times: %q", n, m.old)
	}
	spoiled := filepath.Join(dir, m.file)
	if err := os.WriteFile(spoiled, bytes.Replace(code, []byte(m.old), []byte(m.new), 1), 0o600); err != nil {
		return "", err
	}
	text, err := json.Marshal(map[string]map[string]string{"Replace": {path: spoiled}})
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(overlay, text, 0o600); err != nil {
		return "", err
	}
	return test(overlay)
}

// Lines that name what has failed: a test at the top, the test that was running at a timeout, a clause.
var failing = regexp.MustCompile(`(?m)^(?:--- FAIL: |\t+)((?:Test|Fuzz|Example)\w*)|^\s*\[(?:FAIL|PANICKED|TIMEDOUT)\].*?(CLI-[A-Z]+-\d+)`)

// test runs the tests of api and, if all pass, the clauses about the client.
func test(overlay string) (killer string, err error) {
	if out, err := exec.Command("go", "build", "-overlay", overlay, "./api").CombinedOutput(); err != nil {
		return "", fmt.Errorf("does not compile: %s", bytes.TrimSpace(out))
	}
	for _, args := range [][]string{
		// What these two look at is not reached by an overlay.
		{"./api", "-skip=^(TestOutsideModule|TestDependencies)$"},
		{"./contract", "-run=^TestContract$", "-ginkgo.label-filter=client", "-ginkgo.no-color", "-ginkgo.fail-fast"},
	} {
		args = append([]string{"test", "-count=1", "-vet=off", "-failfast", "-timeout=60s", "-overlay=" + overlay}, args...)
		out, err := exec.Command("go", args...).CombinedOutput()
		if err == nil {
			continue
		}
		var names []string
		for _, found := range failing.FindAllSubmatch(out, -1) {
			names = append(names, string(found[1])+string(found[2]))
		}
		slices.Sort(names)
		if names = slices.Compact(names); len(names) == 0 {
			return "", errors.New("no test is named: " + string(out[max(0, len(out)-500):]))
		}
		return strings.Join(names, " "), nil
	}
	return "", nil
}
