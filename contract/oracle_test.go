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

	"example.com/docusign-monitor/spec"
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
	given := input.RequestValidationInput.Request.Header.Values("Authorization")
	if len(given) != 1 {
		return fmt.Errorf("%d Authorization headers, want 1", len(given))
	}
	scheme, token, _ := strings.Cut(given[0], " ")
	if !strings.EqualFold(scheme, "Bearer") || strings.TrimSpace(token) == "" {
		return errors.New("the Authorization header carries no bearer token")
	}
	return nil
}

// routes are the routers of the documents, of which at most one knows a path.
var routes = sync.OnceValues(func() ([]routers.Router, error) {
	var all []routers.Router
	for _, text := range []string{spec.Dataset, spec.Organization, spec.OAuth} {
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
})

// declaration is what a clause says of a request that it sends.
type declaration string

const (
	valid   declaration = "valid"
	invalid declaration = "invalid"
	outside declaration = "outside the document" // a path or a method that no document has
)

// judgeRequest finds the operation of a request and what its document says of it. The reason is that of the validator,
// nil for a valid one. The body is read, and there again afterwards.
func judgeRequest(r *http.Request) (found declaration, input *openapi3filter.RequestValidationInput, reason error) {
	all, err := routes()
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

// judgeAnswer finds what is wrong with the answer to a request of a known operation.
func judgeAnswer(input *openapi3filter.RequestValidationInput, res *http.Response, body []byte) (found []breach) {
	operation := input.Route.Operation
	charge := func(clause, reason string) {
		found = append(found, breach{clause, operation.OperationID, res.StatusCode, reason})
	}

	answer := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: res.StatusCode, Header: res.Header, Options: options,
	}
	if err := openapi3filter.ValidateResponse(input.Request.Context(), answer.SetBodyBytes(body)); err != nil {
		charge(byDocument, brief(err.Error()))
	}
	// The default is for failures; the validator takes it for anything, and passes over some redirects altogether.
	if res.StatusCode < 400 && operation.Responses.Status(res.StatusCode) == nil {
		charge(byDocument, "the document has no such status")
	}

	if kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type")); kind != "application/json" {
		return found
	}
	names, err := readJSON(body)
	if err != nil {
		charge(exactJSON, err.Error())
	}
	seen := map[string]bool{}
	for _, name := range names {
		if seen[name] {
			charge(namedOnce, fmt.Sprintf("the member %q is there twice", name))
		}
		seen[name] = true
	}
	return found
}

// readJSON demands exactly one JSON value in UTF-8, and returns the names of its members if it is an object. What is
// inside an event is the event's own business.
func readJSON(body []byte) (names []string, err error) {
	if !utf8.Valid(body) {
		return nil, errors.New("the body is not UTF-8")
	}
	dec := jsontext.NewDecoder(bytes.NewReader(body), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	value, err := dec.ReadValue()
	if err != nil {
		return nil, fmt.Errorf("the body is not JSON: %w", err)
	}
	members := jsontext.NewDecoder(bytes.NewReader(value), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if token, err := members.ReadToken(); err == nil && token.Kind() == '{' {
		for members.PeekKind() == '"' {
			name, _ := members.ReadToken()
			names = append(names, name.String())
			if err := members.SkipValue(); err != nil {
				return names, err
			}
		}
	}
	if rest := bytes.TrimSpace(body[dec.InputOffset():]); len(rest) > 0 {
		return names, fmt.Errorf("%d bytes follow the JSON value", len(rest))
	}
	return names, nil
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
