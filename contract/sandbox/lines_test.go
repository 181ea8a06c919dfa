package sandbox_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"example.com/docusign-monitor/contract/sandbox"
)

func TestLines(t *testing.T) {
	long := `{"x":"` + strings.Repeat("y", 16<<20-len(`{"x":""}`)) + `"}`
	tests := map[string]struct {
		input string
		want  []string
	}{
		"nothing":                    {"", nil},
		"one without newline":        {"{}", []string{"{}"}},
		"one with newline":           {"{}\n", []string{"{}"}},
		"the same twice":             {"{\"eventId\":\"1\"}\n{\"eventId\":\"1\"}\n", []string{`{"eventId":"1"}`, `{"eventId":"1"}`}},
		"space inside":               {`{ "a" :` + "\t" + `1 }` + "\n", []string{`{ "a" :` + "\t" + `1 }`}},
		"carriage return inside":     {"{\"a\":\r1}\n", []string{"{\"a\":\r1}"}},
		"escapes and lone surrogate": {`{"a":"\u00e9\/\ud800"}`, []string{`{"a":"\u00e9\/\ud800"}`}},
		"numbers":                    {`{"a":12345678901234567890,"b":2.50,"c":1E400}`, []string{`{"a":12345678901234567890,"b":2.50,"c":1E400}`}},
		"names twice":                {`{"a":1,"a":2}`, []string{`{"a":1,"a":2}`}},
		"brackets in a string":       {`{"a":"\"` + strings.Repeat("[", 20000) + `"}`, []string{`{"a":"\"` + strings.Repeat("[", 20000) + `"}`}},
		"line separator, mark":       {"{\"a\":\"\u2028\uFEFF\"}", []string{"{\"a\":\"\u2028\uFEFF\"}"}},
		"as deep as can be":          {nested(9998), []string{nested(9998)}},
		"wide, not deep":             {`{"a":[` + strings.Repeat("[],", 10000) + `[]]}`, []string{`{"a":[` + strings.Repeat("[],", 10000) + `[]]}`}},
		"as long as can be":          {long + "\n{}", []string{long, "{}"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			source, err := sandbox.Lines(iotest.HalfReader(strings.NewReader(test.input)))
			if err != nil {
				t.Fatal(err)
			}
			s, _, token := startWith(t, sandbox.Config{Events: source})

			if got := held(s); !cmp.Equal(test.want, got, equateEmpty) {
				t.Errorf("holds %d events, not those of the lines", len(got))
			}
			if got := drain(t, s, token, "", "2000"); !cmp.Equal(test.want, got, equateEmpty) {
				t.Errorf("streams %d events, not those of the lines", len(got))
			}
		})
	}
}

// equateEmpty takes no events for an empty list of them.
var equateEmpty = cmp.FilterValues(
	func(a, b []string) bool { return len(a) == 0 && len(b) == 0 },
	cmp.Comparer(func(_, _ []string) bool { return true }),
)

// nested is an object of n levels.
func nested(n int) string {
	return `{"a":` + strings.Repeat("[", n-1) + strings.Repeat("]", n-1) + "}"
}

func TestLinesRefused(t *testing.T) {
	tests := map[string]struct{ input, want string }{
		"blank first":          {"\n{}", "line 1: blank line"},
		"blank between":        {"{}\n\n{}", "line 2: blank line"},
		"blank last":           {"{}\n\n", "line 2: blank line"},
		"blank with spaces":    {"{}\n \t\n", "line 2: blank line"},
		"CRLF":                 {"{}\r\n{}\r\n", "line 1: white space after the object"},
		"CR on a blank line":   {"{}\n\r\n", "line 2: blank line"},
		"space before":         {"{}\n {}", "line 2: white space before the object"},
		"space after":          {"{}\n{} ", "line 2: white space after the object"},
		"tab before":           {"\t{}", "line 1: white space before the object"},
		"byte order mark":      {"\uFEFF{}", "line 1: byte order mark before the object"},
		"a list":               {"[]", "line 1: not a JSON object"},
		"null":                 {"{}\nnull", "line 2: not a JSON object"},
		"a text":               {`"x"`, "line 1: not a JSON object"},
		"two objects":          {"{}{}", "line 1: not a JSON object"},
		"two with a space":     {"{} {}", "line 1: not a JSON object"},
		"object in two lines":  {"{\n}", "line 1: not a JSON object"},
		"comma after":          {"{},\n{}", "line 1: not a JSON object"},
		"comment":              {"{}\n// x", "line 2: not a JSON object"},
		"no-break space after": {"{}\u00a0", "line 1: not a JSON object"},
		"not JSON inside":      {`{"a":01}`, "line 1: not a JSON object"},
		"NUL":                  {"{}\x00", "line 1: not a JSON object"},
		"not UTF-8":            {"{}\n{\"a\":\"\xff\"}", "line 2: not UTF-8"},
		"half a surrogate":     {"{\"a\":\"\xed\xa0\x80\"}", "line 1: not UTF-8"},
		"UTF-16":               {"{\x00}\x00", "line 1: not a JSON object"},
		"too deep":             {"{}\n" + nested(9999), "line 2: nested more than 9998 levels deep, so no page can carry it"},
		"much too deep":        {nested(100000), "line 1: nested more than 9998 levels deep, so no page can carry it"},
		"too long":             {"{}\n" + strings.Repeat(" ", 16<<20+1), "line 2: longer than 16777216 bytes"},
		"too long, more after": {`{"a":"` + strings.Repeat("y", 16<<20) + "\"}\n{}", "line 1: longer than 16777216 bytes"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := sandbox.Lines(strings.NewReader(test.input))
			if err == nil {
				t.Fatal("no error")
			}
			if diff := cmp.Diff(test.want, err.Error()); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLinesOfABrokenReader(t *testing.T) {
	broken := errors.New("disk on fire")

	_, err := sandbox.Lines(io.MultiReader(strings.NewReader("{}\n{}\n"), iotest.ErrReader(broken)))

	if !errors.Is(err, broken) || !strings.HasPrefix(err.Error(), "line 3: ") {
		t.Errorf("got %v", err)
	}
}
