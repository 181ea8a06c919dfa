package contract_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// gap is a kind of request that the documents forbid and both validators let pass.
type gap struct {
	name  string
	match func(r *http.Request, form url.Values) bool

	method, path, form string // a request that shows it
}

// gaps are the known differences between the documents and the validators' reading of them.
var gaps = []gap{
	{
		name: "a query parameter is given twice",
		match: func(r *http.Request, _ url.Values) bool {
			return repeated(r.URL.Query())
		},
		method: http.MethodGet, path: "/api/v2.0/datasets/monitor/stream?limit=1&limit=2",
	},
	{
		name: "a field of a form is in the URL as well",
		match: func(r *http.Request, form url.Values) bool {
			for name := range r.URL.Query() {
				if form.Has(name) {
					return true
				}
			}
			return false
		},
		method: http.MethodPost, path: "/oauth/token?assertion=x", form: goodForm,
	},
}

const goodForm = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=x"

func repeated(values url.Values) bool {
	for _, given := range values {
		if len(given) > 1 {
			return true
		}
	}
	return false
}

func parseForm(body []byte) url.Values {
	form, _ := url.ParseQuery(string(body)) // what can be read of it
	return form
}

// inGap tells whether it is known that the validators find nothing wrong with such a request.
func inGap(r *http.Request, body []byte) bool {
	form := parseForm(body)
	for _, g := range gaps {
		if g.match(r, form) {
			return true
		}
	}
	return false
}

// A gap that is gone must go from the list, lest it hide a real difference.
func TestGapsAreThere(t *testing.T) {
	for _, g := range gaps {
		t.Run(g.name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), g.method, "http://localhost"+g.path, strings.NewReader(g.form))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer x")
			if g.form != "" {
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			}

			a := asked{r, []byte(g.form)}
			if found, _, reason := judgeRequest(repaired, a.again()); found != valid {
				t.Errorf("a validator says %s (%v), so there is no gap", found, reason)
			}
			if second, err := secondOpinion(a, &http.Response{StatusCode: http.StatusForbidden}, nil); err != nil || second.Request != valid {
				t.Errorf("the other validator says %s (%v), so there is no gap", second.Request, second.Reasons)
			}
			if !inGap(r, []byte(g.form)) {
				t.Error("the gap does not match the request that shows it")
			}
		})
	}
}

// The requests beside the gaps are none.
func TestGapsAreNarrow(t *testing.T) {
	for _, g := range []gap{
		{method: http.MethodGet, path: "/api/v2.0/datasets/monitor/stream?limit=1&cursor=x"},
		{method: http.MethodPost, path: "/oauth/token", form: goodForm},
	} {
		t.Run(g.method+" "+g.path, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), g.method, "http://localhost"+g.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			if inGap(r, []byte(g.form)) {
				t.Error("a valid request is taken for one in a gap")
			}
		})
	}
}

// What no validator looks at is a check of the suite's own.
func TestReadJSON(t *testing.T) {
	tests := []struct{ name, body, repeated, want string }{
		{"an object", `{"a":{"b":[1,2.50,1e400,"\ud83d"]}} `, "", ""},
		{"a name twice", `{"a":1,"b":2,"a":3}`, "/a", ""},
		{"a name twice, escaped once", `{"a":1,"\u0061":3}`, "/a", ""},
		{"a name twice in depth", `{"data":[{},{"x":{"b":1,"b":2}}]}`, "/data/1/x/b", ""},
		{"the same name in two objects", `[{"a":1},{"a":1,"b":{"a":1}}]`, "", ""},
		{"two values", `{} {}`, "", "2 bytes follow the JSON value"},
		{"a letter behind", `{}x`, "", "1 bytes follow the JSON value"},
		{"a form feed behind", "{}\f", "", "1 bytes follow the JSON value"},
		{"an end too early", `{"a":`, "", "the body is not JSON"},
		{"nothing", ``, "", "the body is not JSON"},
		{"not UTF-8", "{\"a\":\"\xff\"}", "", "the body is not UTF-8"},
		{"a byte order mark", "\ufeff{}", "", "the body is not JSON"},
		{"a name twice and bytes behind", `{"a":1,"a":1}x`, "/a", "1 bytes follow the JSON value"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			repeated, err := readJSON([]byte(test.body))
			if repeated != test.repeated || (err == nil) != (test.want == "") || err != nil && !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("repeated %q, err %v; want %q and %q", repeated, err, test.repeated, test.want)
			}
		})
	}
}
