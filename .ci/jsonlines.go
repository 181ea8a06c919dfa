//go:build ignore

// Command jsonlines fails unless standard input is exactly N lines, each of them a JSON object:
//
//	go run .ci/jsonlines.go N
package main

import (
	"bytes"
	"encoding/json"
	"io"
	"log"
	"os"
	"strconv"
)

func main() {
	log.SetFlags(0)
	want, err := strconv.Atoi(os.Args[len(os.Args)-1])
	if err != nil {
		log.Fatal("usage: go run .ci/jsonlines.go N")
	}
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		log.Fatal(err)
	}
	lines := bytes.SplitAfter(text, []byte("\n"))
	if last := len(lines) - 1; len(lines[last]) == 0 {
		lines = lines[:last]
	}
	for i, line := range lines {
		var object map[string]json.RawMessage
		if err := json.Unmarshal(line, &object); err != nil || object == nil || line[len(line)-1] != '\n' {
			log.Fatalf("line %d is not a JSON object: %.200q", i+1, line)
		}
	}
	if len(lines) != want {
		log.Fatalf("%d lines, want %d", len(lines), want)
	}
}
