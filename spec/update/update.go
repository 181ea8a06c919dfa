package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"example.com/docusign-monitor/spec/internal/document"
	"example.com/docusign-monitor/spec/internal/drift"
)

// A step is a command that the copy of the module has to pass.
type step struct {
	name string
	args []string
}

// steps are what follows the replacement of the document, in order.
var steps = []step{
	{"prepare", []string{"go", "generate", "-run", "/prepare -o", "."}},
	{"validate", []string{"go", "generate", "-run", "/prepare -validate", "."}},
	{"generate", []string{"go", "generate", "-run", "/oapi-codegen", "."}},
	{"build", []string{"go", "vet", "./..."}}, // tests too
	{"guide", []string{"go", "test", "-count=1", "-run", "^TestMigrationGuide$", "./spec/internal/drift", "-update"}},
	{"contract", []string{"go", "test", "-count=1", "./contract"}},
}

// update does all of it. Its errors name the step.
func (u *updater) update(ctx context.Context, t target, source string, d *document.Document) error {
	here, err := os.ReadFile(filepath.Join(u.root, t.file))
	if err != nil {
		return err
	}
	text, missed, err := t.kept(u.root, d)
	if err != nil {
		return fmt.Errorf("step read: %w; nothing has changed", err)
	}
	if bytes.Equal(here, text) {
		u.say("%s is the document that is here; nothing changes", source)
		return nil
	}

	u.at("drift")
	report, err := u.compare(ctx, u, t, here, source, d)
	if err != nil {
		return fmt.Errorf("step drift: %w; nothing has changed", err)
	}
	if err := stop(report); err != nil {
		return fmt.Errorf("step drift: %w; nothing has changed", err)
	}
	for _, miss := range missed {
		u.say("overlay: %v; it is passed over", miss)
	}

	u.at("replace")
	tree := filepath.Join(u.root, work, "tree")
	defer os.RemoveAll(tree)
	if err := copyTree(tree, u.root); err != nil {
		return fmt.Errorf("step replace: %w; nothing has changed", err)
	}
	if err := os.WriteFile(filepath.Join(tree, t.file), text, 0o644); err != nil {
		return fmt.Errorf("step replace: %w; nothing has changed", err)
	}
	if err := t.note(tree, here, text, report); err != nil {
		return fmt.Errorf("step replace: %w; nothing has changed", err)
	}
	for _, step := range steps {
		u.at(step.name)
		u.say("%s", step.name)
		if output, err := u.exec(ctx, tree, step.args...); err != nil {
			if ctx.Err() != nil {
				return fmt.Errorf("step %s: interrupted; nothing has changed", step.name)
			}
			return fmt.Errorf("step %s: %s: %w; nothing has changed%s", step.name, strings.Join(step.args, " "), err, u.tail(step.name, output))
		}
	}

	changed, err := differences(tree, u.root)
	if err != nil {
		return fmt.Errorf("step replace: %w; nothing has changed", err)
	}
	if err := swap(u.root, tree, changed, u.at); err != nil {
		return err
	}
	u.say("done; read what has changed, and what CHANGELOG.md says of it:")
	for _, path := range changed {
		fmt.Fprintln(u.stdout, "  "+path)
	}
	return nil
}

// showDrift compares the document that is here with the new one, and shows what it finds.
func showDrift(ctx context.Context, u *updater, t target, here []byte, source string, d *document.Document) (*drift.Report, error) {
	before, err := document.New(here)
	if err != nil {
		return nil, fmt.Errorf("%s %w", t.file, err)
	}
	comparer, err := drift.New(u.root)
	if err != nil {
		return nil, err
	}
	report, err := comparer.Compare(ctx, t.file, before, source, d)
	if err != nil {
		return nil, err
	}
	return report, report.WriteText(u.stdout, u.colour)
}

// stop is the error of a document without which api has no stream to walk: what follows could only fail, and this says
// what has to change.
func stop(report *drift.Report) error {
	var lost []string
	for _, a := range report.Assumptions {
		if a.State == drift.Broken && a.Essential {
			lost = append(lost, fmt.Sprintf("%s is not %s any more, and %s assumes it", a.Fact, a.Want, a.Place))
		}
	}
	if lost == nil {
		return nil
	}
	return fmt.Errorf("%s; change the code and api/assumptions.yaml first", strings.Join(lost, "; "))
}

// replaced are the files and folders that an update may change.
var replaced = []string{"CHANGELOG.md", "README.md", "gen", "spec"}

// copyTree copies the module, but for what does not belong to it.
func copyTree(to, from string) error {
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		switch {
		case entry.IsDir() && (name == ".git" || name == "build"):
			return filepath.SkipDir
		case entry.IsDir():
			return os.MkdirAll(filepath.Join(to, name), 0o755)
		case !entry.Type().IsRegular():
			return nil
		}
		return copyFile(filepath.Join(to, name), path)
	})
}

func copyFile(to, from string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	file, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, info.Mode().Perm())
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	return errors.Join(err, file.Close())
}

// differences returns the files below replaced that the tree has otherwise than the module.
func differences(tree, root string) ([]string, error) {
	var changed []string
	for _, top := range replaced {
		err := filepath.WalkDir(filepath.Join(tree, top), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			name, err := filepath.Rel(tree, path)
			if err != nil {
				return err
			}
			now, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			old, err := os.ReadFile(filepath.Join(root, name))
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			if err != nil || !bytes.Equal(old, now) {
				changed = append(changed, filepath.ToSlash(name))
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(changed)
	return changed, nil
}
