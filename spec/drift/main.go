// Command drift says what a new version of a document breaks: on the wire, in the Go API, and in the meaning that api
// relies on, a verdict for each.
//
//	drift [--json|--markdown] [--fail-on change] OLD NEW
//
// A document is a path or an http or https URL: OpenAPI 3.0 or 3.1, JSON or YAML, or Swagger 2.0, of 2 MiB at most. Its
// references are not followed to other documents. Published documents get the overlays of this module for the comparison,
// and the actions that found nothing to do are listed. It runs inside the module.
//
// Exit status: 0 nothing breaks, 1 the documents could not be compared, 2 something breaks, or, with --fail-on change,
// anything changes.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"golang.org/x/term"

	"example.com/docusign-monitor/spec/internal/document"
	"example.com/docusign-monitor/spec/internal/drift"
	"example.com/docusign-monitor/spec/internal/guard"
	"example.com/docusign-monitor/spec/internal/module"
)

const usage = `usage: drift [--json|--markdown] [--fail-on change] OLD NEW    compares two documents, each a path or URL
exit status: 0 nothing breaks, 1 could not compare, 2 something breaks (with --fail-on change: or changes)
`

func main() {
	defer guard.Start("drift")()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	colour := term.IsTerminal(int(os.Stdout.Fd())) && os.Getenv("NO_COLOR") == ""
	status, err := run(ctx, os.Args[1:], os.Stdout, colour)
	if err != nil {
		fmt.Fprintln(os.Stderr, "drift:", strings.Join(strings.Fields(err.Error()), " "))
	}
	os.Exit(status)
}

func run(ctx context.Context, args []string, stdout io.Writer, colour bool) (status int, err error) {
	flags := flag.NewFlagSet("drift", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	asJSON := flags.Bool("json", false, "")
	asMarkdown := flags.Bool("markdown", false, "")
	failOn := flags.String("fail-on", "breaking", "")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		_, err = io.WriteString(stdout, usage)
		return 0, err
	case err != nil:
		return 1, fmt.Errorf("%w; drift -h shows the usage", err)
	case *asJSON && *asMarkdown:
		return 1, errors.New("--json and --markdown are two forms; give one")
	case *failOn != "breaking" && *failOn != "change":
		return 1, fmt.Errorf("--fail-on takes breaking or change, not %.40q", *failOn)
	case flags.NArg() != 2:
		return 1, errors.New("give two documents, the old one and the new one; drift -h shows the usage")
	}

	root, err := module.Root()
	if err != nil {
		return 1, err
	}
	before, err := document.Load(ctx, flags.Arg(0))
	if err != nil {
		return 1, err
	}
	after, err := document.Load(ctx, flags.Arg(1))
	if err != nil {
		return 1, err
	}
	comparer, err := drift.New(root)
	if err != nil {
		return 1, err
	}
	report, err := comparer.Compare(ctx, flags.Arg(0), before, flags.Arg(1), after)
	if err != nil {
		return 1, err
	}

	switch {
	case *asJSON:
		err = report.WriteJSON(stdout)
	case *asMarkdown:
		err = report.WriteMarkdown(stdout)
	default:
		err = report.WriteText(stdout, colour)
	}
	switch {
	case err != nil:
		return 1, err
	case report.Verdict == drift.Breaking, *failOn == "change" && report.Verdict != drift.None:
		return 2, nil
	}
	return 0, nil
}
