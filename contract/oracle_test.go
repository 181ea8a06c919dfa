package contract_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/go-json-experiment/json/jsontext"
)

// The oracle says what the documents say of a request and of an answer.

// options hold the validator to what it would otherwise pass over, and keep it from rewriting the request.
var options = &openapi3filter.Options{
	SkipSettingDefaults:               true,
	IncludeResponseStatus:             true,
	RejectWhenRequestBodyNotSpecified: true,
	MultiError:                        true,
	AuthenticationFunc:                carriesBearer,
}

// carriesBearer is all that a document can demand of a token; whether the token is good is the service's to say.
func carriesBearer(_ context.Context, input *openapi3filter.AuthenticationInput) error {
	return carriesToken(input.RequestValidationInput.Request)
}

func carriesToken(r *http.Request) error {
	given := r.Header.Values("Authorization")
	if len(given) != 1 {
		return fmt.Errorf("%d Authorization headers, want 1", len(given))
	}
	scheme, token, _ := strings.Cut(given[0], " ")
	if !strings.EqualFold(scheme, "Bearer") || strings.TrimSpace(token) == "" {
		return errors.New("the Authorization header carries no bearer token")
	}
	return nil
}

// reading is a set of documents, by their routers, of which at most one knows a path.
type reading func() ([]routers.Router, error)

// repaired is the reading that binds: the documents that the code is made from.
var repaired reading = sync.OnceValues(func() ([]routers.Router, error) {
	return read(documents().Dataset, documents().Organization, documents().OAuth)
})

func read(texts ...string) (all []routers.Router, err error) {
	for _, text := range texts {
		doc, err := openapi3.NewLoader().LoadFromData([]byte(text))
		if err != nil {
			return nil, err
		}
		doc.Servers = nil // those of the document are not where the service under test is
		router, err := gorillamux.NewRouter(doc)
		if err != nil {
			return nil, err
		}
		all = append(all, router)
	}
	return all, nil
}

// declaration is what a clause says of a request that it sends.
type declaration string

const (
	valid   declaration = "valid"
	invalid declaration = "invalid"
	outside declaration = "outside the document" // a path or a method that no document has
)

// judgeRequest finds the operation of a request and what its document says of it. The reason is that of the validator,
// nil for a valid one. The body is read, and there again afterwards.
func judgeRequest(documents reading, r *http.Request) (found declaration, input *openapi3filter.RequestValidationInput, reason error) {
	all, err := documents()
	if err != nil {
		return "", nil, err
	}
	for _, router := range all {
		route, params, err := router.FindRoute(r)
		if err != nil {
			reason = err
			continue
		}
		input = &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route, Options: options}
		if reason = openapi3filter.ValidateRequest(r.Context(), input); reason != nil {
			return invalid, input, reason
		}
		return valid, input, nil
	}
	return outside, nil, reason
}

// The clauses that a breach in the answer to any request is charged to.
const (
	byDocument = "SRV-SCHEMA-1"
	exactJSON  = "SRV-SCHEMA-2"
	namedOnce  = "SRV-SCHEMA-3"
)

// breach is a broken promise that shows in an exchange.
type breach struct {
	Clause    string `json:"clause"`
	Operation string `json:"operation"`
	Status    int    `json:"status"`
	Reason    string `json:"reason"`
}

// judgeAnswer charges what is wrong with the answer to a request of a known operation. It tells what the two validators
// say of it, and whether they agree or their difference is listed.
func judgeAnswer(input *openapi3filter.RequestValidationInput, e judged, second opinion, charge func(clause, reason string)) (told string, listed bool) {
	operation, status := input.Route.Operation, e.answer.StatusCode

	first, reason := valid, e.reason
	if reason != nil {
		first = invalid
	}
	found, listed := settle(ofAnswer, e, first, second.Answer)
	told = fmt.Sprintf("%s by one validator (%s) and %s by the other (%s)", first, why(reason), second.Answer, strings.Join(second.Reasons, "; "))
	if found == invalid && first == invalid {
		charge(byDocument, why(reason))
	} else if found == invalid {
		charge(byDocument, strings.Join(second.Reasons, "; "))
	}
	// The default is for failures; the validator takes it for anything, and passes over some redirects altogether.
	if status < 400 && operation.Responses.Status(status) == nil {
		charge(byDocument, "the document has no such status")
	}

	kind, parameters, _ := mime.ParseMediaType(e.answer.Header.Get("Content-Type"))
	if kind == "application/json" || strings.HasSuffix(kind, "+json") {
		if charset := parameters["charset"]; charset != "" && !strings.EqualFold(charset, "utf-8") {
			charge(exactJSON, "the body is said to be in "+charset)
		}
		repeated, err := readJSON(e.received)
		if err != nil {
			charge(exactJSON, err.Error())
		}
		if repeated != "" {
			charge(namedOnce, "the member "+repeated+" is there twice")
		}
	}
	return told, listed
}

// firstAnswer is what the validator has against an answer.
func firstAnswer(input *openapi3filter.RequestValidationInput, res *http.Response, body []byte) error {
	answer := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: res.StatusCode, Header: res.Header, Options: options,
	}
	return openapi3filter.ValidateResponse(input.Request.Context(), answer.SetBodyBytes(body))
}

// readJSON demands exactly one JSON value in UTF-8. If a name is there twice in one of its objects, however deep, it
// returns the place of the first such name, as a JSON pointer.
func readJSON(body []byte) (repeated string, err error) {
	if !utf8.Valid(body) {
		return "", errors.New("the body is not UTF-8")
	}
	// An escaped half of a surrogate pair is what the decoder calls invalid UTF-8 beside; it is a matter of the text.
	dec := jsontext.NewDecoder(bytes.NewReader(body), jsontext.AllowInvalidUTF8(true))
	_, err = dec.ReadValue()
	if errors.Is(err, jsontext.ErrDuplicateName) {
		var at *jsontext.SyntacticError
		errors.As(err, &at)
		repeated = string(at.JSONPointer)
		dec = jsontext.NewDecoder(bytes.NewReader(body), jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
		_, err = dec.ReadValue()
	}
	if err != nil {
		return repeated, fmt.Errorf("the body is not JSON: %w", err)
	}
	if rest := bytes.Trim(body[dec.InputOffset():], " \t\r\n"); len(rest) > 0 {
		return repeated, fmt.Errorf("%d bytes follow the JSON value", len(rest))
	}
	return repeated, nil
}

// brief keeps a reason to one short line: the validator quotes schemas and values in full.
func brief(text string) string {
	line := strings.Join(strings.Fields(text), " ")
	if i := strings.Index(line, " Schema: "); i > 0 {
		line = line[:i]
	}
	return shorten(line, 300)
}

func shorten(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
