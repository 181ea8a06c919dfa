package main

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// complete tells the shell completion of each command what its flags take: words, if they take one of a few, else a file
// where -h says FILE, else nothing that a shell could know.
func complete(cmd *cobra.Command) {
	for _, sub := range cmd.Commands() {
		complete(sub)
	}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		values := cobra.NoFileCompletions
		switch name, _ := pflag.UnquoteUsage(f); {
		case name == "FILE":
			return
		case f.Name == "to":
			values = cobra.FixedCompletions([]string{"-", "file:", "splunk:"}, cobra.ShellCompDirectiveNoSpace|cobra.ShellCompDirectiveNoFileComp)
		case f.Name == "environment":
			values = cobra.FixedCompletions([]string{"demo", "production"}, cobra.ShellCompDirectiveNoFileComp)
		default:
			if c, ok := f.Value.(interface{ words() []string }); ok {
				values = cobra.FixedCompletions(c.words(), cobra.ShellCompDirectiveNoFileComp)
			}
		}
		if err := cmd.RegisterFlagCompletionFunc(f.Name, values); err != nil {
			panic(err) // a flag twice
		}
	})
}
