package contract_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3filter"
)

// exchange is what the report keeps of a request and its answer. It holds no secret, and of a page no event: those are
// personal data, and a page is large.
type exchange struct {
	Operation   string      `json:"operation"` // as the document calls it; empty if it has none
	Declared    declaration `json:"declared"`
	Method      string      `json:"method"`
	URL         string      `json:"url"`
	Status      int         `json:"status"`
	ContentType string      `json:"contentType"`
	TraceToken  string      `json:"traceToken,omitempty"`
	Bytes       int         `json:"bytes"`          // of the body
	Body        string      `json:"body,omitempty"` // of a refusal, at most 1 KiB
}

const hidden = "[hidden]"

// record describes an exchange.
func (j *judge) record(a asked, res *http.Response, body []byte) exchange {
	e := exchange{
		Method:      a.Method,
		URL:         j.hide(a.URL.Redacted()),
		Status:      res.StatusCode,
		ContentType: res.Header.Get("Content-Type"),
		TraceToken:  j.hide(res.Header.Get("X-DocuSign-TraceToken")),
		Bytes:       len(body),
	}
	if res.StatusCode >= 300 {
		e.Body = shorten(j.hide(string(body)), 1<<10)
	}
	return e
}

// learn keeps what must not be shown: the token that a request carries, its assertion, and the token of an answer.
func (j *judge) learn(a asked, body []byte) {
	var out struct {
		Token string `json:"access_token"`
	}
	json.Unmarshal(body, &out) // whatever else it is, it has no token

	j.mu.Lock()
	defer j.mu.Unlock()
	j.carried = append(j.carried, carriedBy(a)...)
	j.secrets = append(j.secrets, carriedBy(a)...)
	if out.Token != "" {
		j.secrets = append(j.secrets, out.Token)
	}
}

// carriedBy are the secrets in a request.
func carriedBy(a asked) (found []string) {
	for _, value := range a.Header.Values("Authorization") {
		_, token, _ := strings.Cut(value, " ")
		found = append(found, value, token)
	}
	form, _ := url.ParseQuery(string(a.body))
	found = append(found, form["assertion"]...)
	found = append(found, a.URL.Query()["assertion"]...)
	return slices.DeleteFunc(found, func(secret string) bool { return len(secret) < 8 }) // that might be part of any word
}

// hide takes the secrets out of a text.
func (j *judge) hide(text string) string {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, secret := range j.secrets {
		text = strings.NewReplacer(secret, hidden, url.QueryEscape(secret), hidden).Replace(text)
	}
	return text
}

func operation(input *openapi3filter.RequestValidationInput) string {
	if input == nil {
		return ""
	}
	return input.Route.Operation.OperationID
}
