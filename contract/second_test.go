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
	"github.com/pb33f/libopenapi-validator/cache"
	"github.com/pb33f/libopenapi-validator/config"
	"github.com/pb33f/libopenapi-validator/content"
	"github.com/pb33f/libopenapi-validator/errors"
)

// The second opinion: a validator that shares no code with the oracle's reads the same documents and judges the same
// exchanges. Where the two do not agree, differences_test.go lists it, or it is a breach.

// second is the validator of a document. For requests its strict mode tells what the document does not declare; for answers it
// would take longer than all the rest, and growth_test.go tells the same.
type second struct{ requests, answers validator.Validator }

// seconds are those of the documents, of which at most one knows a path. They are built once and may be used by many at a time.
var seconds = sync.OnceValues(func() (all []second, err error) {
	for _, text := range []string{documents().Dataset, documents().Organization, documents().OAuth} {
		document, err := libopenapi.NewDocument([]byte(text))
		if err != nil {
			return nil, err
		}
		model, err := document.BuildV3Model()
		if err != nil {
			return nil, err
		}
		options := []config.Option{
			config.WithSchemaCache(cache.NewDefaultCache()), // one for both
			config.WithFormatAssertions(),
			config.WithRejectUndeclaredRequestBody(),
			config.WithBodyDecoder("application/x-www-form-urlencoded", content.FormDecoder()),
			config.WithAuthenticationFunc(func(_ context.Context, input *config.AuthenticationInput) error {
				return carriesToken(input.Request) // without it, nobody asks for the token of an oauth2 scheme
			}),
		}
		all = append(all, second{
			requests: validator.NewValidatorFromV3Model(&model.Model, append(options, config.WithStrictMode())...),
			answers:  validator.NewValidatorFromV3Model(&model.Model, options...),
		})
	}
	return all, nil
})

// opinion is what the second validator says of an exchange.
type opinion struct {
	Request declaration
	Answer  declaration // valid or invalid; empty if the request is outside of the documents
	Reasons []string
	Asked   []string // where the request has something that the document does not declare
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
		_, found := v.requests.ValidateHttpRequestSync(r)
		if len(found) > 0 && (found[0].IsPathMissingError() || found[0].IsOperationMissingError()) {
			continue
		}
		o.Request = o.sift(found)

		got := *res
		got.Body = io.NopCloser(bytes.NewReader(received))
		_, found = v.answers.ValidateHttpResponse(r, &got)
		o.Answer = o.sift(found)
		break
	}
	return o, nil
}

// sift tells faults from what is undeclared.
func (o *opinion) sift(found []*errors.ValidationError) declaration {
	result := valid
	for _, e := range found {
		if e.ValidationType == errors.StrictValidationType {
			o.Asked = append(o.Asked, undeclaredAt(e))
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

var namedPlace = regexp.MustCompile(`'[^']*' at '(.+)' is not declared`)

// undeclaredAt is the place of something undeclared, as a JSONPath: the validator tells it in its message alone.
func undeclaredAt(e *errors.ValidationError) string {
	if at := namedPlace.FindStringSubmatch(e.Message); at != nil {
		return at[1]
	}
	return "$.headers." + strings.ToLower(e.ParameterName)
}
