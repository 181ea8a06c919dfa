package main

import (
	"fmt"
	"runtime/debug"

	"example.com/docusign-monitor/spec"
)

// version names the program and the published document that its client was made from.
func version() string {
	version := "devel"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		version = info.Main.Version
	}
	return fmt.Sprintf("%s %s (spec %.12s)", progName, version, spec.PublishedDatasetSHA256())
}
