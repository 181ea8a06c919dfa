// Command prepare makes the document that code is generated from out of the one that was published, and checks it:
//
//	prepare [-o OUT] PUBLISHED OVERLAY...
//	prepare -validate DOCUMENT...
//
// The first form applies the overlays in order and strictly: an action that hits nothing, that changes nothing, or that
// adds to a list what stands there already is an error, since it most likely means that the publisher has mended the
// flaw; there is a line for each. The result goes to OUT, or to standard output; nothing is written if an action fails.
//
// The second form validates documents, which oapi-codegen does not do. It is a form of its own so that a prepared
// document that is not valid lies there to be looked at.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"gopkg.in/yaml.v3"

	"example.com/docusign-monitor/spec/internal/document"
)

const usage = `usage: prepare [-o OUT] PUBLISHED OVERLAY...   applies the overlays and writes the result to OUT
       prepare -validate DOCUMENT...          checks that the documents are valid OpenAPI
`

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		all := []error{err}
		if several, ok := err.(interface{ Unwrap() []error }); ok {
			all = several.Unwrap()
		}
		for _, err := range all {
			fmt.Fprintln(os.Stderr, "prepare:", oneLine(err))
		}
		os.Exit(1)
	}
}

// oneLine makes one line of an error, which the libraries may spread over several.
func oneLine(err error) string {
	return strings.Join(strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' }), "; ")
}

func run(args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("prepare", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	out := flags.String("o", "", "")
	check := flags.Bool("validate", false, "")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		_, err = io.WriteString(stdout, usage)
		return err
	case err != nil:
		return fmt.Errorf("%w; prepare -h shows the usage", err)
	case flags.NArg() == 0:
		return errors.New("no document given; prepare -h shows the usage")
	case *check && *out != "":
		return errors.New("-validate writes nothing, so it takes no -o; prepare -h shows the usage")
	case *check:
		return validate(flags.Args())
	case flags.NArg() == 1:
		return errors.New("no overlay given; prepare -h shows the usage")
	}

	prepared, err := prepare(flags.Arg(0), flags.Args()[1:])
	if err != nil {
		return err
	}
	if *out == "" {
		_, err = stdout.Write(prepared)
		return err
	}
	return os.WriteFile(*out, prepared, 0o644)
}

// prepare returns the published document with the overlays applied. Comments and the order of keys survive, so that the
// difference between the two texts is what the overlays say and nothing else. Every action that misses is in the error.
func prepare(published string, overlays []string) ([]byte, error) {
	d, err := document.Load(context.Background(), published)
	switch {
	case err != nil:
		return nil, err
	case d.Swagger != "":
		return nil, fmt.Errorf("%s is Swagger %s, and the generator takes nothing older than OpenAPI 3.0; make update converts it", published, d.Swagger)
	}

	var missed []error
	for _, path := range overlays {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		misses, err := document.Apply(d.Root, text)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		for _, miss := range misses {
			missed = append(missed, fmt.Errorf("%s: %w%s", path, miss, advice(miss.Err)))
		}
	}
	if err := errors.Join(missed...); err != nil {
		return nil, err
	}
	unfold(d.Root)
	d.Root.HeadComment = document.PreparedComment(filepath.Base(published))
	return document.Encode(d.Root)
}

// unfold gives large objects and lists a line for each member, whatever they were merged into.
func unfold(node *yaml.Node) {
	const large = 12
	if len(node.Content) > 2*large {
		node.Style &^= yaml.FlowStyle
	}
	for _, child := range node.Content {
		unfold(child)
	}
}

// advice goes on from how an action missed.
func advice(err error) string {
	switch err {
	case document.ErrNoTarget, document.ErrNoChange, document.ErrRepeats:
		return "; if the publisher has mended the flaw, remove the action and its entry in the ledger"
	}
	return ""
}

func validate(paths []string) error {
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		document, err := openapi3.NewLoader().LoadFromData(text)
		if err == nil {
			err = document.Validate(context.Background())
		}
		if err != nil {
			return fmt.Errorf("%s is not a valid OpenAPI document: %w; mend it, or the overlays that it comes from", path, err)
		}
	}
	return nil
}
