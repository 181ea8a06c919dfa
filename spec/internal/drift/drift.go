// Package drift says what changes between two versions of a document, on three axes: on the wire, in the Go API that is
// generated and written here, and in the meaning that api relies on. Each axis has a verdict of its own.
package drift

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"crypto/sha256"
	"encoding/hex"

	"github.com/getkin/kin-openapi/openapi3"
	"gopkg.in/yaml.v3"

	"example.com/docusign-monitor/spec/internal/document"
)

// A Verdict is what an axis comes to.
type Verdict string

// The verdicts. Only breaking ones ask for work; compatible changes can be taken as they come.
const (
	None       Verdict = "none"
	Compatible Verdict = "compatible"
	Breaking   Verdict = "breaking"
)

// A Finding is one change.
type Finding struct {
	Breaking bool   `json:"breaking"`
	Where    string `json:"where"`          // an operation, a package, an assumption
	Text     string `json:"text"`           // what has changed
	Rule     string `json:"rule,omitempty"` // by which check of oasdiff it was found, or by ours
	Place    string `json:"place,omitempty"`
}

// An Axis is a verdict and the findings that lead to it, the breaking ones first.
type Axis struct {
	Verdict  Verdict   `json:"verdict"`
	Findings []Finding `json:"findings"`
}

func axis(findings []Finding) Axis {
	slices.SortStableFunc(findings, func(a, b Finding) int {
		if a.Breaking != b.Breaking {
			return map[bool]int{true: -1, false: 1}[a.Breaking]
		}
		return cmp.Or(cmp.Compare(a.Where, b.Where), cmp.Compare(a.Text, b.Text))
	})
	a := Axis{None, slices.CompactFunc(findings, func(a, b Finding) bool { return a.Where == b.Where && a.Text == b.Text })}
	if len(a.Findings) > 0 {
		a.Verdict = Compatible
	}
	if slices.ContainsFunc(a.Findings, func(f Finding) bool { return f.Breaking }) {
		a.Verdict = Breaking
	}
	return a
}

// A Side is one of the two documents.
type Side struct {
	Source  string          `json:"source"`
	SHA256  string          `json:"sha256"`
	Stream  document.Stream `json:"stream"`
	Swagger string          `json:"swagger,omitempty"` // the version of Swagger that it was converted from
	Invalid string          `json:"invalid,omitempty"` // why it is not valid, overlays applied

	published *openapi3.T // as it stands, but for what keeps it from loading
	prepared  *openapi3.T // with the overlays
	text      []byte      // of prepared
	raw       *yaml.Node
	ours      bool // overlays are in it already
}

// A Miss is an action of an overlay that had nothing to do in a document.
type Miss struct {
	Document string `json:"document"` // old or new
	Overlay  string `json:"overlay"`
	Action   int    `json:"action"`
	Target   string `json:"target"`
	How      string `json:"how"`
	Reason   string `json:"reason"`
}

// A Report is the comparison of two documents.
type Report struct {
	Old         Side         `json:"old"`
	New         Side         `json:"new"`
	Verdict     Verdict      `json:"verdict"` // the worst of the three
	Wire        Axis         `json:"wire"`
	GoAPI       Axis         `json:"goAPI"`
	Meaning     Axis         `json:"meaning"`
	Assumptions []Assumption `json:"assumptions"`
	Moves       []Move       `json:"moves,omitempty"` // between two streams
	Text        []Rewording  `json:"text"`
	Missed      []Miss       `json:"missedActions"`
}

// Comparer compares documents. It holds what does not depend on them: the overlays, the assumptions, and what the Go
// code is checked against.
type Comparer struct {
	root        string // of the module
	assumptions []assumption
	code        *workshop
}

// New returns a Comparer for the module whose folder is given.
func New(root string) (*Comparer, error) {
	assumptions, err := readAssumptions(root)
	if err != nil {
		return nil, err
	}
	code, err := newWorkshop(root)
	if err != nil {
		return nil, err
	}
	return &Comparer{root, assumptions, code}, nil
}

// Compare compares two documents. The names are what the report calls them.
func (c *Comparer) Compare(ctx context.Context, oldName string, before *document.Document, newName string, after *document.Document) (*Report, error) {
	r := &Report{Missed: []Miss{}}
	var err error
	if r.Old, err = c.side(ctx, oldName, before, "old", r); err != nil {
		return nil, err
	}
	if r.New, err = c.side(ctx, newName, after, "new", r); err != nil {
		return nil, err
	}

	if r.Wire, err = c.wire(&r.Old, &r.New); err != nil {
		return nil, err
	}
	if r.GoAPI, err = c.code.compare(&r.Old, &r.New); err != nil {
		return nil, err
	}
	r.Text = rewordings(&r.Old, &r.New)
	r.Assumptions = c.assume(&r.Old, &r.New)
	r.Meaning = axis(meaningFindings(r.Assumptions, r.Text))

	if r.Old.Stream != r.New.Stream {
		r.Moves = moves(facts(r.Old.prepared), facts(r.New.prepared))
	}

	r.Verdict = None
	for _, a := range []Axis{r.Wire, r.GoAPI, r.Meaning} {
		if a.Verdict == Breaking || r.Verdict == None {
			r.Verdict = a.Verdict
		}
	}
	return r, nil
}

// side makes a side of a document: what it says by itself, and what it says with the overlays.
func (c *Comparer) side(ctx context.Context, name string, d *document.Document, which string, r *Report) (Side, error) {
	sum := sha256.Sum256(d.Text)
	s := Side{Source: name, SHA256: hex.EncodeToString(sum[:]), Stream: d.Stream, Swagger: d.Swagger, raw: d.Root, ours: d.Prepared()}

	var err error
	if s.published, err = document.Model(loadable(d.Root)); err != nil {
		return s, fmt.Errorf("%s is not an OpenAPI document that can be read: %w", name, err)
	}
	root := document.Clone(d.Root)
	if !s.ours {
		overlays, err := Overlays(c.root, d.Stream)
		if err != nil {
			return s, err
		}
		for _, path := range overlays {
			text, err := os.ReadFile(path)
			if err != nil {
				return s, err
			}
			misses, err := document.Apply(root, text)
			if err != nil {
				return s, fmt.Errorf("%s: %w", path, err)
			}
			for _, m := range misses {
				r.Missed = append(r.Missed, Miss{which, filepath.Base(path), m.Action, m.Target, m.Err.Error(), m.Reason})
			}
		}
	}
	if err := document.Check(root); err != nil {
		return s, fmt.Errorf("%s, overlays applied, %w", name, err)
	}
	if s.text, err = document.Encode(root); err != nil {
		return s, err
	}
	if s.prepared, err = document.Model(root); err != nil {
		// An overlay that misses may leave what does not load; then the document speaks for itself.
		s.Invalid = oneLine(err)
		s.prepared = s.published
		if s.text, err = document.Encode(loadable(d.Root)); err != nil {
			return s, err
		}
		return s, nil
	}
	if err := s.prepared.Validate(ctx); err != nil {
		s.Invalid = oneLine(err)
	}
	return s, nil
}

// loadable is the document without what says nothing about the API and may keep it from loading.
func loadable(root *yaml.Node) *yaml.Node {
	root = document.Clone(root)
	document.Remove(root, "info", "contact")
	document.Remove(root, "externalDocs")
	return root
}

// Overlays returns the paths of the overlays of a stream, in the order of their application.
func Overlays(module string, stream document.Stream) ([]string, error) {
	if stream == document.Organization {
		return []string{filepath.Join(module, "spec/organization/published.yaml")}, nil
	}
	text, err := os.ReadFile(filepath.Join(module, "generate.go"))
	if err != nil {
		return nil, err
	}
	var paths []string
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "//go:generate go run ./spec/prepare -o ") {
			continue
		}
		for _, word := range strings.Fields(line) {
			if strings.Contains(word, "/overlay/") {
				paths = append(paths, filepath.Join(module, word))
			}
		}
	}
	if paths == nil {
		return nil, fmt.Errorf("%s names no overlays", filepath.Join(module, "generate.go"))
	}
	return paths, nil
}

func oneLine(err error) string {
	return strings.Join(strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' }), "; ")
}
