// Classes of a parameter: what kinds of values it has been tried with.
package contract_test

import (
	"encoding/json"
	"maps"
	"math/big"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/google/go-cmp/cmp"
	uuid "github.com/oapi-codegen/runtime/types"
)

// The classes of a parameter's values.
const (
	anAbsent    = "absent"
	aValid      = "valid"
	aBoundary   = "boundary"   // at a bound of the schema or one beside it; an empty text
	aMalformed  = "malformed"  // what the schema does not allow; if it allows every text, what the service refuses
	aRepeated   = "repeated"   // given more than once
	anOversized = "oversized"  // a text of more than 4096 bytes; a number further beyond a bound
	aWrongType  = "wrong type" // what would be JSON of another type
)

// inHeader is where a token goes. The documents have it as a security scheme, and no parameter.
const inHeader = openapi3.ParameterInHeader + " Authorization"

// field is a parameter, a field of a form, or the header of a token.
type field struct {
	name   string // as in the cells
	schema *openapi3.Schema
	inPath bool
}

// classes are those that the field can be tried with. A path without one is another path.
func (f field) classes() []string {
	if f.inPath {
		return []string{aValid, aMalformed, anOversized, aWrongType}
	}
	return []string{anAbsent, aValid, aBoundary, aMalformed, aRepeated, anOversized, aWrongType}
}

// fieldsOfRequest are the fields of an operation's requests.
func fieldsOfRequest(item *openapi3.PathItem, operation *openapi3.Operation) (all []field) {
	for _, p := range slices.Concat(item.Parameters, operation.Parameters) {
		all = append(all, field{p.Value.In + " " + p.Value.Name, schemaOf(p.Value.Schema), p.Value.In == openapi3.ParameterInPath})
	}
	if operation.Security == nil || len(*operation.Security) > 0 {
		all = append(all, field{inHeader, &openapi3.Schema{Type: &openapi3.Types{openapi3.TypeString}}, false})
	}
	if operation.RequestBody != nil {
		for kind, content := range operation.RequestBody.Value.Content {
			properties := schemaOf(content.Schema).Properties
			for _, name := range slices.Sorted(maps.Keys(properties)) {
				all = append(all, field{kind + " " + name, schemaOf(properties[name]), false})
			}
		}
	}
	return all
}

// schemaOf is a schema, one that allows all if there is none.
func schemaOf(ref *openapi3.SchemaRef) *openapi3.Schema {
	if ref == nil || ref.Value == nil {
		return openapi3.NewSchema()
	}
	return ref.Value
}

// given are the values of a field in a request.
func (f field) given(input *openapi3filter.RequestValidationInput, sent []byte) []string {
	in, name, _ := strings.Cut(f.name, " ")
	switch in {
	case openapi3.ParameterInPath:
		return []string{input.PathParams[name]}
	case openapi3.ParameterInQuery:
		return input.Request.URL.Query()[name]
	case openapi3.ParameterInHeader:
		return input.Request.Header.Values(name)
	}
	return parseForm(sent)[name]
}

// classesOf are the classes of the fields of a request, by their names. A text that no schema constrains is malformed if
// the service refuses the request and nothing else in it can be why: with 401 a token, with 400 anything else.
func classesOf(input *openapi3filter.RequestValidationInput, sent []byte, status int) map[string]string {
	classes, suspects, alone := map[string]string{}, []string{}, true
	for _, f := range fieldsOfRequest(input.Route.PathItem, input.Route.Operation) {
		class := f.class(f.given(input, sent))
		classes[f.name] = class
		switch isToken := f.name == inHeader; {
		case isToken != (status == http.StatusUnauthorized): // that is not what is refused
		case class == aValid && isOpen(f.schema):
			suspects = append(suspects, f.name)
		case class != aValid && class != anAbsent:
			alone = false
		}
	}
	if alone && len(suspects) == 1 && (status == http.StatusBadRequest || status == http.StatusUnauthorized) {
		classes[suspects[0]] = aMalformed
	}
	return classes
}

// isOpen tells whether a schema allows every text, but perhaps an empty one.
func isOpen(schema *openapi3.Schema) bool {
	return schema.Type.Is(openapi3.TypeString) && schema.Enum == nil && schema.Pattern == "" && schema.Format == ""
}

var wholeNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`)

// class is that of the values of a field.
func (f field) class(values []string) string {
	const long = 4096
	switch {
	case len(values) == 0:
		return anAbsent
	case len(values) > 1:
		return aRepeated
	}
	value := values[0]
	var as any
	isJSON := json.Unmarshal([]byte(value), &as) == nil
	if f.schema.Type.Is(openapi3.TypeInteger) {
		switch {
		case wholeNumber.MatchString(value):
			return f.classOfNumber(value)
		case isJSON:
			return aWrongType
		}
		return aMalformed
	}
	_, isText := as.(string)
	switch {
	case value == "":
		return aBoundary
	case len(value) > long:
		return anOversized
	case !isOpen(f.schema) && fits(f.schema, value):
		return aValid
	case isJSON && !isText:
		return aWrongType
	case isOpen(f.schema):
		return aValid
	}
	return aMalformed
}

// fits tells whether a schema allows a text. The validator does not know the format of a GUID.
func fits(schema *openapi3.Schema, text string) bool {
	if schema.Format == "uuid" {
		var guid uuid.UUID
		return guid.UnmarshalText([]byte(text)) == nil
	}
	return schema.VisitJSON(text) == nil
}

// classOfNumber is that of a whole number.
func (f field) classOfNumber(value string) string {
	n, _ := new(big.Float).SetString(value)
	for _, bound := range []struct {
		at   *float64
		side int // of a number beyond it
	}{{f.schema.Min, -1}, {f.schema.Max, +1}} {
		if bound.at == nil {
			continue
		}
		distance := new(big.Float).Sub(n, big.NewFloat(*bound.at))
		if new(big.Float).Abs(distance).Cmp(big.NewFloat(1)) <= 0 {
			return aBoundary
		}
		if distance.Sign() == bound.side {
			return anOversized
		}
	}
	return aValid
}

func TestClassOf(t *testing.T) {
	least, most := 1.0, 2000.0
	limit := field{schema: &openapi3.Schema{Type: &openapi3.Types{openapi3.TypeInteger}, Min: &least, Max: &most}}
	text := field{schema: openapi3.NewStringSchema()}
	word := field{schema: openapi3.NewStringSchema().WithEnum("2.0", "2")}
	for _, test := range []struct {
		name   string
		field  field
		class  string
		values []string
	}{
		{"a number", limit, aValid, []string{"3", "1998"}},
		{"a number", limit, aBoundary, []string{"0", "1", "2", "1999", "2000", "2001"}},
		{"a number", limit, anOversized, []string{"-1", "2002", "4294967301", strings.Repeat("9", 400)}},
		{"a number", limit, aWrongType, []string{"1.5", "true", "null", `"5"`, "[5]", "1e3"}},
		{"a number", limit, aMalformed, []string{"", "abc", "+5", "05", "0x5", " 5x"}},
		{"a text", text, aValid, []string{"x", "2026-01-02", `"5"`}},
		{"a text", text, aBoundary, []string{""}},
		{"a text", text, aWrongType, []string{"5", "null", "{}"}},
		{"a text", text, anOversized, []string{strings.Repeat("x", 4097)}},
		{"a word", word, aValid, []string{"2.0", "2"}},
		{"a word", word, aWrongType, []string{"9", "true"}},
		{"a word", word, aMalformed, []string{"x", "v2"}},
	} {
		for _, value := range test.values {
			if got := test.field.class([]string{value}); got != test.class {
				t.Errorf("%s, %.20q: %s, want %s", test.name, value, got, test.class)
			}
		}
	}
	if diff := cmp.Diff([]string{anAbsent, aRepeated}, []string{text.class(nil), text.class([]string{"a", "b"})}); diff != "" {
		t.Error(diff)
	}
}
