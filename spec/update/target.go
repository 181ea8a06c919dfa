package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"unicode"

	"example.com/docusign-monitor/spec/internal/document"
	"example.com/docusign-monitor/spec/internal/drift"
)

// A target is what an update of a stream replaces.
type target struct {
	stream document.Stream
	file   string // the document, below the module
}

var targets = map[document.Stream]target{
	document.Dataset:      {document.Dataset, "spec/dataset/docusign-monitor-openapi-original.yml"},
	document.Organization: {document.Organization, "spec/organization/openapi.yaml"},
}

func sum(text []byte) string {
	hash := sha256.Sum256(text)
	return hex.EncodeToString(hash[:])
}

// kept is the text that the module keeps of a document. That of the dataset stream is kept byte for byte, unless it is
// Swagger, of which the conversion is kept. That of the organization stream has no prepared form beside it, so it is
// kept with the overlay applied; one that the overlay finds nothing to do in is kept as it is. Either says in its first
// line what it was made from.
func (t target) kept(root string, d *document.Document) ([]byte, []document.Miss, error) {
	kind := "OpenAPI " + d.Version()
	if d.Swagger != "" {
		kind = "Swagger " + d.Swagger
	}
	if t.stream == document.Dataset {
		if d.Swagger == "" {
			return d.Text, nil, nil
		}
		tree := document.Clone(d.Root)
		tree.HeadComment = document.ConvertedComment(sum(d.Text), kind)
		text, err := document.Encode(tree)
		return text, nil, err
	}

	if d.Prepared() {
		return d.Text, nil, nil
	}
	overlays, err := drift.Overlays(root, t.stream)
	if err != nil {
		return nil, nil, err
	}
	tree := document.Clone(d.Root)
	var missed []document.Miss
	for _, path := range overlays {
		overlay, err := os.ReadFile(path)
		if err != nil {
			return nil, nil, err
		}
		misses, err := document.Apply(tree, overlay)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", path, err)
		}
		missed = append(missed, misses...)
	}
	if err := document.Check(tree); err != nil {
		return nil, nil, fmt.Errorf("the document, overlay applied, %w", err)
	}
	tree.HeadComment = document.UpdatedComment(sum(d.Text), kind)
	text, err := document.Encode(tree)
	return text, missed, err
}

// watch fails if the document differs from the one that is kept in anything but white space.
func (u *updater) watch(t target, source string, d *document.Document) error {
	here, err := os.ReadFile(filepath.Join(u.root, t.file))
	if err != nil {
		return err
	}
	text, _, err := t.kept(u.root, d)
	if err != nil {
		return err
	}
	if bytes.Equal(squeeze(here), squeeze(text)) {
		u.say("%s is what is here", source)
		return nil
	}
	return fmt.Errorf("%s differs from %s; make drift OLD=%s NEW=%s shows in what, make update SPEC=%s takes it", source, t.file, t.file, source, source)
}

// squeeze leaves out white space.
func squeeze(text []byte) []byte {
	return bytes.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, text)
}

// note writes the hash of the new document where the old one's stands, and drafts the entry of the changelog.
func (t target) note(tree string, before, after []byte, report *drift.Report) error {
	old, now := sum(before), sum(after)
	if t.stream == document.Dataset {
		if err := replace(filepath.Join(tree, "spec/README.md"), "sha256 `"+old+"`", "sha256 `"+now+"`"); err != nil {
			return err
		}
		if err := replace(filepath.Join(tree, "README.md"), "sha256 `"+old[:12]+"`", "sha256 `"+now[:12]+"`"); err != nil {
			return err
		}
	}

	path := filepath.Join(tree, "CHANGELOG.md")
	changelog, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	section := regexp.MustCompile(`(?s)\n## Unreleased\n\n.*?(\n\n## |\n*$)`).FindSubmatchIndex(changelog)
	if section == nil {
		return fmt.Errorf("CHANGELOG.md has no section Unreleased to add to")
	}
	entry := "\n" + entry(t, now, report)
	changed := string(changelog[:section[2]]) + entry + string(changelog[section[2]:])
	return os.WriteFile(path, []byte(changed), 0o644)
}

// maxFindings is how many findings of an axis the entry of the changelog names.
const maxFindings = 10

func entry(t target, hash string, r *drift.Report) string {
	var text strings.Builder
	fmt.Fprintf(&text, "- The document of the %s stream is now that with the sha256\n  `%s`.\n  Against the one before: wire %s, Go API %s, meaning %s.",
		t.stream, hash, r.Wire.Verdict, r.GoAPI.Verdict, r.Meaning.Verdict)
	for _, axis := range []struct {
		name string
		drift.Axis
	}{{"wire", r.Wire}, {"Go API", r.GoAPI}, {"meaning", r.Meaning}} {
		for i, f := range axis.Findings {
			if i == maxFindings {
				fmt.Fprintf(&text, "\n  - %s: %d more", axis.name, len(axis.Findings)-i)
				break
			}
			mark := ""
			if f.Breaking {
				mark = ", breaking"
			}
			fmt.Fprintf(&text, "\n  - %s%s: %s: %s", axis.name, mark, f.Where, f.Text)
		}
	}
	return text.String()
}

// replace replaces a text that stands in the file once.
func replace(path, old, text string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if n := strings.Count(string(content), old); n != 1 {
		return fmt.Errorf("%s has %s %d times, want once", path, old, n)
	}
	return os.WriteFile(path, []byte(strings.Replace(string(content), old, text, 1)), 0o644)
}
