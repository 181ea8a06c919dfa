package main

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"example.com/docusign-monitor/spec"
)

func newVersion(sys system) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Show the version, how it was built, and the document it was made from",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(sys.stdout, version())
			return ofOutput(err)
		},
	}
}

// version names the program, how it was built, and the published document that its client was made from. The go command
// stamps version and commit from the repository that it builds in; nothing else has to pass them.
func version() string {
	name, settings := "devel", map[string]string{}
	if info, ok := debug.ReadBuildInfo(); ok {
		name = cmp.Or(strings.Trim(info.Main.Version, "()"), name)
		for _, s := range info.Settings {
			settings[s.Key] = s.Value
		}
	}
	commit := cmp.Or(settings["vcs.revision"], "unknown")
	if settings["vcs.modified"] == "true" {
		commit += ", modified"
	}
	return fmt.Sprintf("%s %s\ncommit %s\nbuilt by %s for %s/%s\nspec sha256 %s",
		progName, name, commit, runtime.Version(), runtime.GOOS, runtime.GOARCH, spec.PublishedDatasetSHA256())
}
