//go:build tools

// Package tools pins, by their import, the programs that generate and check this module, so that go.mod names the
// version of each.
package tools

import (
	_ "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen"
	_ "honnef.co/go/tools/cmd/staticcheck"
)
