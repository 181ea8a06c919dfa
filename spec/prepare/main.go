// Command prepare makes the document that code is generated from out of the one that was published, and checks it:
//
//	prepare [-o OUT] PUBLISHED OVERLAY...
//	prepare -validate DOCUMENT...
//
// The first form applies the overlays in order and strictly: an action that hits nothing, that changes nothing, or that
// adds to a list what stands there already is an error, since it most likely means that the publisher has mended the
// flaw. The result goes to OUT, or to standard output; nothing is written if an action fails.
//
// The second form validates documents, which oapi-codegen does not do. It is a form of its own so that a prepared
// document that is not valid lies there to be looked at.
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
	"reflect"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/speakeasy-api/openapi/overlay"
	"gopkg.in/yaml.v3"
)

const usage = `usage: prepare [-o OUT] PUBLISHED OVERLAY...   applies the overlays and writes the result to OUT
       prepare -validate DOCUMENT...          checks that the documents are valid OpenAPI
`

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "prepare:", oneLine(err))
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
// difference between the two texts is what the overlays say and nothing else.
func prepare(published string, overlays []string) ([]byte, error) {
	text, err := os.ReadFile(published)
	if err != nil {
		return nil, err
	}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, fmt.Errorf("%s is not YAML: %w; give the published document as it was downloaded", published, err)
	}
	if err := checkVersion(&document); err != nil {
		return nil, fmt.Errorf("%s %w", published, err)
	}

	for _, path := range overlays {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		if err := apply(&document, text); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	document.HeadComment = fmt.Sprintf("Made by spec/prepare from %s and its overlays. DO NOT EDIT.", filepath.Base(published))

	var prepared bytes.Buffer
	encoder := yaml.NewEncoder(&prepared)
	encoder.SetIndent(2)
	if err := encoder.Encode(&document); err != nil {
		return nil, err
	}
	return prepared.Bytes(), encoder.Close()
}

// checkVersion tells an OpenAPI document from what else may have been downloaded in its place.
func checkVersion(document *yaml.Node) error {
	var versions struct{ OpenAPI, Swagger string }
	switch {
	case document.IsZero():
		return errors.New("is empty; give the published document")
	case document.Decode(&versions) != nil || versions.OpenAPI+versions.Swagger == "":
		return errors.New("is not an OpenAPI document: it has no member openapi; give the published document")
	case versions.OpenAPI == "":
		return fmt.Errorf("is Swagger %s; convert it to OpenAPI 3.0 first, since the generator takes nothing older", versions.Swagger)
	}
	return nil
}

func apply(document *yaml.Node, text []byte) error {
	o, err := overlay.ParseReader(bytes.NewReader(text))
	if err != nil {
		return err
	}
	if err := o.Validate(); err != nil {
		return err
	}
	// One action at a time, since the library goes on after one that hits nothing, and does not say which it was.
	for i, action := range o.Actions {
		single := *o
		single.Actions = []overlay.Action{action}
		if err := applySingle(document, &single); err != nil {
			return fmt.Errorf("action %d of %d, %s: %w", i+1, len(o.Actions), action.Target, err)
		}
	}
	return nil
}

// applySingle applies an overlay of one action.
func applySingle(document *yaml.Node, o *overlay.Overlay) error {
	const mended = "if the publisher has mended the flaw, remove the action and its entry in the ledger"

	target, err := o.NewPath(o.Actions[0].Target, nil)
	if err != nil {
		return err
	}
	if len(target.Query(document)) == 0 {
		return errors.New("hits nothing; " + mended)
	}

	before := value(document)
	warnings, err := o.ApplyToStrict(document)
	switch {
	case err != nil:
		return err
	case reflect.DeepEqual(before, value(document)):
		return errors.New("changes nothing; " + mended)
	case slices.ContainsFunc(target.Query(document), repeats):
		return errors.New("adds to a list what stands there already; " + mended)
	case len(warnings) > 0:
		return errors.New(strings.Join(warnings, "; "))
	}
	return nil
}

// repeats reports whether a list in the node, at any depth, holds an item twice.
func repeats(node *yaml.Node) bool {
	if node.Kind == yaml.SequenceNode {
		var seen []any
		for _, item := range node.Content {
			v := value(item)
			if slices.ContainsFunc(seen, func(other any) bool { return reflect.DeepEqual(v, other) }) {
				return true
			}
			seen = append(seen, v)
		}
	}
	return slices.ContainsFunc(node.Content, repeats)
}

// value returns what the node says, without how it is written. A node that cannot be decoded has the value nil.
func value(node *yaml.Node) (v any) {
	_ = node.Decode(&v)
	return v
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
