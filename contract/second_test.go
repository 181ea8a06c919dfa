package contract_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/config"
	"github.com/pb33f/libopenapi-validator/content"
	"github.com/pb33f/libopenapi-validator/errors"
)

// The second opinion: a validator that shares no code with the oracle's reads the same documents and judges the same
// exchanges. Where the two do not agree, differences_test.go lists it, or it is a breach.

// seconds are the validators of the documents, of which at most one knows a path. They are built once and may be used by
// many at a time. Their strict mode tells what a document does not declare, which is growth and no fault.
var seconds = sync.OnceValues(func() ([]validator.Validator, error) {
	var all []validator.Validator
	for _, text := range []string{documents().Dataset, documents().Organization, documents().OAuth} {
		document, err := libopenapi.NewDocument([]byte(text))
		if err != nil {
			return nil, err
		}
		options := []config.Option{
			config.WithFormatAssertions(),
			config.WithRejectUndeclaredRequestBody(),
			config.WithBodyDecoder("application/x-www-form-urlencoded", content.FormDecoder()),
			config.WithAuthenticationFunc(func(_ context.Context, input *config.AuthenticationInput) error {
				return carriesToken(input.Request) // without it, nobody asks for the token of an oauth2 scheme
			}),
		}
		if seeded.kind() != "server" { // the growth of a service turns no clause red, and to find it takes a fifth of the time
			options = append(options, config.WithStrictMode())
		}
		v, found := validator.NewValidator(document, options...)
		if len(found) > 0 {
			return nil, found[0]
		}
		all = append(all, v)
	}
	return all, nil
})

// opinion is what the second validator says of an exchange.
type opinion struct {
	Request declaration
	Answer  declaration // valid or invalid; empty if the request is outside of the documents
	Reasons []string

	// Where there is something that the document does not declare: in the request, and in the answer.
	Asked []string
	Grown []string
}

// secondOpinion judges a request and its answer.
func secondOpinion(a asked, res *http.Response, received []byte) (opinion, error) {
	o := opinion{Request: outside}
	all, err := seconds()
	if err != nil {
		return o, err
	}
	for _, v := range all {
		r := a.again()
		_, found := v.ValidateHttpRequestSync(r)
		if len(found) > 0 && (found[0].IsPathMissingError() || found[0].IsOperationMissingError()) {
			continue
		}
		o.Request = o.sift(found, &o.Asked)

		got := *res
		got.Body = io.NopCloser(bytes.NewReader(received))
		_, found = v.ValidateHttpResponse(r, &got)
		o.Answer = o.sift(found, &o.Grown)
		break
	}
	return o, nil
}

// sift tells growth from faults.
func (o *opinion) sift(found []*errors.ValidationError, grown *[]string) declaration {
	result := valid
	for _, e := range found {
		if e.ValidationType == errors.StrictValidationType {
			if place := grownAt(e); !anything.MatchString(place) {
				*grown = append(*grown, place)
			}
			continue
		}
		result = invalid
		reason := e.Error()
		if len(e.SchemaValidationErrors) > 0 {
			reason = e.SchemaValidationErrors[0].Error()
		}
		o.Reasons = append(o.Reasons, brief(reason))
	}
	return result
}

var (
	namedPlace = regexp.MustCompile(`'[^']*' at '(.+)' is not declared`)
	anything   = regexp.MustCompile(`^\$\.body\.(data|resultData)\[\*\]\.data[.[]`) // the data of an event is declared to be so
	itemNumber = regexp.MustCompile(`\[\d+\]`)
)

// grownAt is the place of something undeclared, as a JSONPath: the validator tells it in its message alone. The items of
// an array have one place.
func grownAt(e *errors.ValidationError) string {
	if at := namedPlace.FindStringSubmatch(e.Message); at != nil {
		return itemNumber.ReplaceAllString(at[1], "[*]")
	}
	return "$.headers." + strings.ToLower(e.ParameterName)
}
