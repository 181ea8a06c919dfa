// Command prepare makes the document that code is generated from out of the one that was published:
//
//	prepare [-o OUT] PUBLISHED [OVERLAY...]
//
// It applies the overlays in order and strictly: an action that hits nothing, or that changes nothing, is an error, since
// it most likely means that the publisher has mended the flaw. The result is validated, which oapi-codegen does not do,
// and written to OUT, or to standard output. Without overlays there is nothing to write: the document is validated.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/speakeasy-api/openapi/overlay/loader"
	"gopkg.in/yaml.v3"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "prepare:", err)
		}
		os.Exit(1)
	}
}

func run(args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("prepare", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprintln(stderr, "usage: prepare [-o OUT] PUBLISHED [OVERLAY...]")
		flags.PrintDefaults()
	}
	out := flags.String("o", "", "write the prepared document to `OUT` instead of standard output")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() == 0 {
		return errors.New("no document given; -h shows the usage")
	}

	prepared, err := prepare(flags.Arg(0), flags.Args()[1:])
	if err != nil {
		return err
	}
	if err := validate(prepared); err != nil {
		return fmt.Errorf("%s, prepared, is not a valid OpenAPI document: %w", flags.Arg(0), err)
	}
	switch {
	case flags.NArg() == 1:
		return nil
	case *out == "":
		_, err = stdout.Write(prepared)
		return err
	default:
		return os.WriteFile(*out, prepared, 0o644)
	}
}

// prepare returns the published document with the overlays applied. Comments and the order of keys survive, so that the
// difference between the two texts is what the overlays say and nothing else.
func prepare(published string, overlays []string) ([]byte, error) {
	text, err := os.ReadFile(published)
	if err != nil {
		return nil, err
	}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, fmt.Errorf("%s: %w", published, err)
	}
	if document.Kind != yaml.DocumentNode {
		return nil, fmt.Errorf("%s: the document is empty", published)
	}

	for _, path := range overlays {
		if err := apply(&document, path); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	if len(overlays) > 0 {
		document.HeadComment = fmt.Sprintf("Made by spec/prepare from %s and its overlays. DO NOT EDIT.", filepath.Base(published))
	}

	var prepared bytes.Buffer
	encoder := yaml.NewEncoder(&prepared)
	encoder.SetIndent(2)
	if err := encoder.Encode(&document); err != nil {
		return nil, err
	}
	return prepared.Bytes(), encoder.Close()
}

func apply(document *yaml.Node, path string) error {
	o, err := loader.LoadOverlay(path)
	if err != nil {
		return err
	}
	if err := o.Validate(); err != nil {
		return err
	}
	// The library reports an action that changes nothing as a mere warning.
	warnings, err := o.ApplyToStrict(document)
	if len(warnings) > 0 {
		err = errors.Join(err, errors.New(strings.Join(warnings, "\n")))
	}
	return err
}

func validate(document []byte) error {
	doc, err := openapi3.NewLoader().LoadFromData(document)
	if err != nil {
		return err
	}
	return doc.Validate(context.Background())
}
