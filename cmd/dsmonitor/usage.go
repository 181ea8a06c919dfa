package main

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// settingFlag marks the flags that stand for a variable of the environment, with its name.
const settingFlag = "variable"

// usage writes what -h shows below the description of a command. The settings have a heading of their own.
func usage(cmd *cobra.Command) error {
	own, settings := pflag.NewFlagSet("", pflag.ContinueOnError), pflag.NewFlagSet("", pflag.ContinueOnError)
	own.SortFlags, settings.SortFlags = false, false
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if f.Annotations[settingFlag] != nil {
			settings.AddFlag(f)
		} else {
			own.AddFlag(f)
		}
	})

	var b strings.Builder
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "Usage:\n  %s COMMAND [FLAGS]\n\nCommands:\n", cmd.CommandPath())
		for _, sub := range cmd.Commands() {
			if sub.IsAvailableCommand() {
				fmt.Fprintf(&b, "  %-12s%s\n", sub.Name(), sub.Short)
			}
		}
		fmt.Fprintf(&b, "\n%s COMMAND -h shows the flags of a command.\n", cmd.CommandPath())
	} else {
		fmt.Fprintf(&b, "Usage:\n  %s%s [FLAGS]\n", cmd.CommandPath(), strings.TrimPrefix(cmd.Use, cmd.Name()))
	}
	fmt.Fprintf(&b, "\nFlags:\n%s", own.FlagUsages())
	if settings.HasAvailableFlags() {
		fmt.Fprintf(&b, settingsHelp, settings.FlagUsages())
	}
	_, err := fmt.Fprint(cmd.OutOrStderr(), b.String())
	return err
}

// choice is the value of a flag that takes one of a few words.
type choice struct {
	value   string
	allowed []string
}

func (c *choice) String() string { return c.value }

// Type is what -h shows in the place of the value.
func (c *choice) Type() string { return strings.Join(c.allowed, "|") }

// words are for the completion of a shell.
func (c *choice) words() []string { return c.allowed }

func (c *choice) Set(value string) error {
	for _, word := range c.allowed {
		if value == word {
			c.value = value
			return nil
		}
	}
	return fmt.Errorf("must be %s", strings.Join(c.allowed, " or "))
}

// maxLine is how many characters a line has at most, one word that is longer apart, such as a URL.
const maxLine = 100

// folded breaks a text at its spaces into lines. The first begins with one text, the others with another.
func folded(first, indent, text string) string {
	var lines strings.Builder
	line, words := first, 0
	for word := range strings.FieldsSeq(text) {
		if words > 0 && utf8.RuneCountInString(line)+utf8.RuneCountInString(word) > maxLine {
			lines.WriteString(strings.TrimRight(line, " ") + "\n")
			line, words = indent, 0
		}
		line += word + " "
		words++
	}
	return lines.String() + strings.TrimRight(line, " ")
}
