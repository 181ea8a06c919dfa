// Command dsmonitor brings the security events of Docusign Monitor to where they are wanted. dsmonitor -h says how.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

func main() {
	signal.Ignore(syscall.SIGPIPE) // so that a write to a reader who has gone returns an error
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program where it stands
	os.Exit(run(ctx, system{
		stdin:  os.Stdin,
		stdout: os.Stdout,
		stderr: os.Stderr,
		lookup: os.LookupEnv,
		now:    time.Now,

		barAfter: time.Second,
	}, os.Args[1:]))
}

// system is what the program sees of the machine that it runs on.
type system struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	lookup         func(name string) (value string, set bool)
	now            func() time.Time
	wait           func(context.Context, time.Duration) error // between attempts; nil: a timer

	stall    time.Duration    // how long doctor lets a server be silent; zero: what it thinks right
	barAfter time.Duration    // how long a run has to take to get a bar
	minute   <-chan time.Time // when progress is logged; nil: every minute
}

// The exit statuses.
const (
	success   = 0 // caught up, or stopped by a signal
	failure   = 1 // what a server says, and what fails on the way
	misuse    = 2 // what can be known without a network
	progName  = "dsmonitor"
	sayPrefix = progName + ": "
)

// run runs the command that args name, and returns the exit status. When ctx ends, it stops at the next page's border.
func run(ctx context.Context, sys system, args []string) int {
	begun := false
	root := &cobra.Command{
		Use:              progName,
		Short:            "Bring the security events of Docusign Monitor to where they are wanted",
		Args:             noSuchCommand,
		RunE:             never,
		PersistentPreRun: func(*cobra.Command, []string) { begun = true },
		Version:          version(),
		SilenceErrors:    true,
		SilenceUsage:     true,
	}
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetUsageFunc(usage)
	root.AddCommand(newStream(sys), newDoctor(sys), newSandbox(sys), newCheckpoint(sys), newVersion(sys))
	complete(root)
	root.SetIn(sys.stdin)
	root.SetOut(sys.stdout)
	root.SetErr(sys.stderr)
	root.SetArgs(append([]string{}, args...)) // nil would be taken for os.Args

	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return success
	}
	if !begun {
		err = usageError{fmt.Errorf("%w; %s -h shows the usage", err, cmd.CommandPath())}
	}
	if err != errUnwell {
		sys.say(err.Error())
	}
	if errors.As(err, new(usageError)) {
		return misuse
	}
	return failure
}

// noSuchCommand are the Args of a command that only has others below it, and never its RunE.
func noSuchCommand(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("there is no command %q", args[0])
	}
	return errors.New("a command is missing")
}

func never(*cobra.Command, []string) error { return nil }

// usageError is an error that can be known without a network.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func misused(format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...)}
}

// ofOutput is the error of a write to standard output; nil if it failed because nobody reads any more.
func ofOutput(err error) error {
	if err == nil || readerGone(err) {
		return nil
	}
	return fmt.Errorf("standard output: %w", err)
}

// say writes a message to standard error, each of its lines with the name of the program.
func (s system) say(message string) {
	var b strings.Builder
	for line := range strings.Lines(message) {
		b.WriteString(sayPrefix + printable(strings.TrimPrefix(strings.TrimSpace(line), "docusign: ")) + "\n")
	}
	io.WriteString(s.stderr, b.String())
}
