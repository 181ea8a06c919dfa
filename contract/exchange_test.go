package contract_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3filter"
)

// exchangesEntry is the name of the report entry that holds the exchanges of a spec.
const exchangesEntry = "exchanges"

// exchange is what the report keeps of a request and its answer. It holds no secret, and of a page no event unless the
// sandbox has made it up: those of anyone else are personal data.
type exchange struct {
	Operation   string      `json:"operation"` // as the document calls it; empty if it has none
	Declared    declaration `json:"declared"`
	Method      string      `json:"method"`
	URL         string      `json:"url"`
	Curl        string      `json:"curl"` // repeats the request
	Status      int         `json:"status"`
	ContentType string      `json:"contentType"`
	TraceToken  string      `json:"traceToken,omitempty"`
	Bytes       int         `json:"bytes"`          // of the body
	Body        string      `json:"body,omitempty"` // its beginning
}

const hidden = "[hidden]"

// How much is kept of a body: of a refusal, which may have to be understood, and of a page that is made up.
const (
	mostRefusal = 1 << 10
	mostPage    = 400
)

// record describes an exchange.
func (j *judge) record(a asked, res *http.Response, body []byte) exchange {
	e := exchange{
		Method:      a.Method,
		URL:         j.hide(j.place(a.URL)),
		Curl:        j.curl(a),
		Status:      res.StatusCode,
		ContentType: res.Header.Get("Content-Type"),
		TraceToken:  j.hide(res.Header.Get("X-DocuSign-TraceToken")),
		Bytes:       len(body),
	}
	switch {
	case res.StatusCode >= 300:
		e.Body = j.beginning(body, mostRefusal)
	case !under.foreign():
		e.Body = j.beginning(body, mostPage)
	}
	return e
}

// beginning is that of a body, without secrets. A page is large, so no more of it is searched than what a secret that begins
// within it takes.
func (j *judge) beginning(body []byte, most int) string {
	const longestSecret = 4 << 10
	text := j.hide(string(body[:min(len(body), most+longestSecret)]))
	return shorten(text, most)
}

// place is a URL. A server that only ran for the clause, or was recorded, is named by a variable, since its address is of no
// use to anyone.
func (j *judge) place(u *url.URL) string {
	if under.remote() && under.replay == nil && !j.ofClient {
		return u.Redacted()
	}
	host := "$MONITOR"
	if strings.HasPrefix(u.Path, "/oauth/") {
		host = "$AUTH"
	}
	return host + u.RequestURI()
}

// curl is the line that repeats a request. What is secret in it is a variable of the shell.
func (j *judge) curl(a asked) string {
	words := []string{"curl", "-i"}
	switch {
	case a.Method == http.MethodHead:
		words[1] = "-I"
	case a.Method != http.MethodGet:
		words = append(words, "-X", a.Method)
	}
	if strings.Contains(a.URL.EscapedPath(), "//") {
		words = append(words, "--path-as-is")
	}
	words = append(words, quoted(j.hide(j.place(a.URL))))
	for _, value := range a.Header.Values("Authorization") {
		words = append(words, "-H "+quoted("Authorization: "+j.named(value)))
	}
	if kind := a.Header.Get("Content-Type"); kind != "" && kind != formType {
		words = append(words, "-H "+quoted("Content-Type: "+kind))
	}
	form, err := url.ParseQuery(string(a.body))
	switch {
	case len(a.body) == 0:
	case err != nil || a.Header.Get("Content-Type") != formType:
		words = append(words, "--data-raw "+quoted(j.hide(string(a.body))))
	default:
		for _, name := range slices.Sorted(maps.Keys(form)) {
			for _, value := range form[name] {
				if name == "assertion" && len(value) >= shortestSecret {
					value = "$ASSERTION"
				}
				words = append(words, "--data-urlencode "+quoted(name+"="+value))
			}
		}
	}
	return strings.Join(words, " ")
}

const formType = "application/x-www-form-urlencoded"

// named puts the name of a variable in the place of a token: of one that the service gave, or of another.
func (j *judge) named(authorization string) string {
	scheme, token, spaced := strings.Cut(authorization, " ")
	if !spaced && len(scheme) >= shortestSecret {
		return "$OTHER_TOKEN" // without a scheme
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case slices.Contains(j.given, token):
		return scheme + " $TOKEN"
	case len(token) >= shortestSecret:
		return scheme + " $OTHER_TOKEN"
	}
	return authorization
}

// quoted is a word of a POSIX shell in which the variables that stand for secrets and for hosts are replaced.
func quoted(text string) string {
	const variables = "$MONITOR $AUTH $TOKEN $OTHER_TOKEN $ASSERTION"
	inside := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "`", "\\`", "$", `\$`).Replace(text)
	for variable := range strings.FieldsSeq(variables) {
		inside = strings.ReplaceAll(inside, `\`+variable, variable)
	}
	return `"` + inside + `"`
}

// shortestSecret is how long a text is at least that is taken for one; a shorter one might be part of any word.
const shortestSecret = 8

// learn keeps what must not be shown: the token that a request carries, its assertion, and the token of an answer.
func (j *judge) learn(a asked, body []byte) {
	var out struct {
		Token string `json:"access_token"`
	}
	if bytes.Contains(body, []byte("access_token")) { // pages are large
		json.Unmarshal(body, &out) // whatever else it is, it has no token
	}

	j.mu.Lock()
	defer j.mu.Unlock()
	for _, secret := range carriedBy(a) {
		j.carried = with(j.carried, secret)
		j.secrets = with(j.secrets, secret)
	}
	if out.Token != "" {
		j.secrets = with(j.secrets, out.Token)
		j.given = with(j.given, out.Token)
	}
}

// with adds a text to others unless it is one of them.
func with(all []string, text string) []string {
	if slices.Contains(all, text) {
		return all
	}
	return append(all, text)
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
	return slices.DeleteFunc(found, func(secret string) bool { return len(secret) < shortestSecret })
}

// hide takes the secrets out of a text.
func (j *judge) hide(text string) string {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, secret := range j.secrets {
		text = strings.ReplaceAll(text, secret, hidden)
		if escaped := url.QueryEscape(secret); escaped != secret {
			text = strings.ReplaceAll(text, escaped, hidden)
		}
	}
	return text
}

func operation(input *openapi3filter.RequestValidationInput) string {
	if input == nil {
		return ""
	}
	return input.Route.Operation.OperationID
}

// String is an exchange in one line.
func (e exchange) String() string { return fmt.Sprintf("%s %s → %d", e.Method, e.URL, e.Status) }
