package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// work is where a run keeps its things, below the module: git does not look there.
const work = "build/update"

// The journal is there exactly while files are being put in place. It lists them, a line each; the old files lie in the
// folder old. Whoever finds it puts them back.
const journal = "journal"

// swap puts the changed files of the tree in the place of those of the module: all of them, or, if it fails, none. If it
// is killed, undo does what is left to do.
func swap(root, tree string, changed []string, at func(point string)) error {
	folder := filepath.Join(root, work)
	old := filepath.Join(folder, "old")
	if err := os.RemoveAll(old); err != nil {
		return err
	}
	for _, name := range changed {
		at("save " + name)
		err := copyFile(filepath.Join(old, name), filepath.Join(root, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // a new file has no old one
			return fmt.Errorf("step swap: %w; nothing has changed", err)
		}
	}
	if err := syncAll(old, changed); err != nil {
		return fmt.Errorf("step swap: %w; nothing has changed", err)
	}
	at("journal")
	if err := writeFile(root, filepath.Join(work, journal), []byte(strings.Join(changed, "\n")+"\n")); err != nil {
		return fmt.Errorf("step swap: %w; nothing has changed", err)
	}

	for _, name := range changed {
		at("place " + name)
		text, err := os.ReadFile(filepath.Join(tree, name))
		if err == nil {
			err = writeFile(root, name, text)
		}
		if err != nil {
			if _, undoErr := undo(root); undoErr != nil {
				return fmt.Errorf("step swap: %w; and the old state cannot be restored: %w", err, undoErr)
			}
			return fmt.Errorf("step swap: %w; the old state has been restored", err)
		}
	}
	at("commit")
	if err := os.Remove(filepath.Join(folder, journal)); err != nil {
		return err
	}
	at("clean")
	return os.RemoveAll(folder)
}

// syncAll makes sure that the files are on the disk, those of them that there are.
func syncAll(folder string, names []string) error {
	for _, name := range names {
		file, err := os.OpenFile(filepath.Join(folder, name), os.O_RDWR, 0)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = errors.Join(file.Sync(), file.Close())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// undo puts back the old files if a run was killed while it put the new ones in place, and says whether one was. What
// other killed runs have left behind is removed.
func undo(root string) (bool, error) {
	folder := filepath.Join(root, work)
	list, err := os.ReadFile(filepath.Join(folder, journal))
	if errors.Is(err, fs.ErrNotExist) {
		return false, os.RemoveAll(folder)
	}
	if err != nil {
		return false, err
	}
	for name := range strings.Lines(string(list)) {
		name = strings.TrimSpace(name)
		text, err := os.ReadFile(filepath.Join(folder, "old", name))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			if err := os.Remove(filepath.Join(root, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return false, err
			}
			continue
		case err != nil:
			return false, err
		}
		if err := writeFile(root, name, text); err != nil {
			return false, err
		}
	}
	if err := os.Remove(filepath.Join(folder, journal)); err != nil {
		return false, err
	}
	return true, os.RemoveAll(folder)
}

// writeFile writes a file of the module, which is there whole or not at all: elsewhere, synced, renamed.
func writeFile(root, name string, text []byte) error {
	path := filepath.Join(root, name)
	for _, folder := range []string{filepath.Dir(path), filepath.Join(root, work)} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
	}
	file, err := os.CreateTemp(filepath.Join(root, work), "new-*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // fails once it is renamed
	_, err = file.Write(text)
	if err = errors.Join(err, file.Chmod(0o644), file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}
