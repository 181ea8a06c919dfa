// Package module finds the module that a program of spec is run in, whose files it reads.
package module

import (
	"errors"
	"os"
	"path/filepath"
)

// Root returns the folder of the module: the nearest one, from the current folder upwards, that generates from spec.
func Root() (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(folder, "generate.go")); err == nil {
			return folder, nil
		}
		parent := filepath.Dir(folder)
		if parent == folder {
			return "", errors.New("run it inside the module, where generate.go is")
		}
		folder = parent
	}
}
