package sandbox_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/docusign-monitor/contract/sandbox"
)

func TestParseAssumptions(t *testing.T) {
	for text, want := range map[string]sandbox.Assumptions{
		"":                              {},
		" ":                             {},
		"ClampLimit":                    {ClampLimit: true},
		"ClampLimit=false":              {},
		"DateReach=168h , NullArray":    {DateReach: 168 * time.Hour, NullArray: true},
		"OrganizationLimit=500":         {OrganizationLimit: 500},
		"ShortPages=5/1/3,Site=NA1":     {ShortPages: []int{5, 1, 3}, Site: "NA1"},
		"ErrorBody=HTMLBody":            {ErrorBody: sandbox.HTMLBody},
		"TokenErrorBody=CodeAlone":      {TokenErrorBody: sandbox.CodeAlone},
		"HeadCursor=CursorMoves":        {HeadCursor: sandbox.CursorMoves},
		"HeadEndCursor=NullEndCursor":   {HeadEndCursor: sandbox.NullEndCursor},
		"Lag=NoLag,DatasetGone=410":     {Lag: sandbox.NoLag, DatasetGone: 410},
		"Retention=0s,EmptyPageEvery=7": {EmptyPageEvery: 7},
	} {
		got, err := sandbox.ParseAssumptions(text)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%q: %v (-want +got):\n%s", text, err, diff)
		}
	}
}

func TestParseAssumptionsRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"ClampLimits":              "there are ExclusiveDates, DatesByEventTime",
		"clampLimit":               `there is no "clampLimit"`,
		"ClampLimit,":              `there is no ""`,
		"ClampLimit=yes":           "neither true nor false",
		"ClampLimit,ClampLimit":    "there already",
		"DateReach":                "duration such as 168h",
		"DateReach=week":           "duration such as 168h",
		"DateReach=-1h":            "less than nothing",
		"OrganizationLimit=-1":     "not a number",
		"ShortPages=5/":            "not a number",
		"ShortPages=0":             "would look like the end",
		"HeadCursor=2":             "CursorRests or CursorMovesOnce or CursorMoves",
		"ErrorBody=html":           "PlatformError or",
		"DatasetGone=500":          "neither 404 nor 410",
		"NoLimitHeaders,Lag=never": `assumption "Lag=never"`,
	} {
		if _, err := sandbox.ParseAssumptions(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v does not say %q", text, err, want)
		}
	}
}

// Each constant of the assumptions can be written by its name, and each field in one way or another.
func TestEachAssumptionCanBeWritten(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "assumptions.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	fields := map[string]string{
		"ErrorBody": "ErrorBody", "TokenErrorBody": "TokenErrorBody", "HeadCursor": "HeadCursor", "EndCursor": "HeadEndCursor", "Lag": "Lag",
	}
	for _, decl := range file.Decls {
		group, ok := decl.(*ast.GenDecl)
		if !ok || group.Tok != token.CONST {
			continue
		}
		of := fields[group.Specs[0].(*ast.ValueSpec).Type.(*ast.Ident).Name]
		for i, spec := range group.Specs {
			name := spec.(*ast.ValueSpec).Names[0].Name
			got, err := sandbox.ParseAssumptions(of + "=" + name)
			if want := fmt.Sprintf("%s:%d", of, i); err != nil || i > 0 && !strings.Contains(fmt.Sprintf("%+v", got), want) {
				t.Errorf("%s=%s: %+v, %v", of, name, got, err)
			}
		}
	}
	for _, name := range sandbox.AssumptionNames() {
		read := false
		for _, value := range []string{"true", "404", "1h", "5/1", "CursorMoves", "HTMLBody", "CodeAlone", "NoLag", "NullEndCursor"} {
			_, err := sandbox.ParseAssumptions(name + "=" + value)
			read = read || err == nil
		}
		if !read {
			t.Errorf("%s cannot be written", name)
		}
	}
}
