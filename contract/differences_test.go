// Differences: what the two validators of the suite make of the same documents.
package contract_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// agreement is the clause that a difference between the validators is charged to, unless it is listed.
const agreement = "DOC-8"

// judged is an exchange as the validators see it.
type judged struct {
	request  *http.Request
	sent     []byte
	answer   *http.Response
	received []byte
	reason   error   // what the first validator has against the answer
	opinion  opinion // of the second
}

// A difference is about one part of an exchange.
const (
	ofRequest = "request"
	ofAnswer  = "answer"
)

// dispute is a kind of exchange that the two validators are known to judge differently.
type dispute struct {
	name                 string
	part                 string
	first, second, right declaration // what each says, and what holds
	match                func(judged) bool
	shown                specimen // an exchange that shows it
}

// specimen is an exchange of the dataset stream, or of another operation if it says so.
type specimen struct {
	method, path, form string
	status             int
	contentType, body  string
}

// differences are all that are known. What is not among them is a breach of a clause, and so is one that is gone.
var differences = []dispute{
	{"a limit in the form of a fraction or with an exponent", ofRequest, invalid, valid, invalid,
		func(e judged) bool { return strings.ContainsAny(e.request.URL.Query().Get("limit"), ".eE") },
		specimen{path: datasetPath + "?limit=1e3"}},
	{"an empty segment in the place of a parameter", ofRequest, outside, invalid, outside,
		func(e judged) bool {
			return strings.Contains(e.request.URL.Path, "//") || strings.HasPrefix(e.request.URL.Path, "/api/v/")
		},
		specimen{path: "/api/v/datasets/monitor/stream"}},
	{"a slash too many", ofRequest, outside, valid, outside,
		func(e judged) bool {
			return strings.Contains(e.request.URL.Path, "//") || strings.HasSuffix(e.request.URL.Path, "/")
		},
		specimen{path: "//api/v2.0/datasets/monitor/stream"}},
	{"HEAD in the place of GET", ofRequest, outside, valid, outside,
		func(e judged) bool { return e.request.Method == http.MethodHead },
		specimen{method: http.MethodHead}},
	{"a path value that is percent-encoded without need", ofRequest, invalid, valid, valid,
		func(e judged) bool { return strings.Contains(e.request.URL.EscapedPath(), "%2E") },
		specimen{path: "/api/v2%2E0/datasets/monitor/stream"}},
	{"a path value with a space around it", ofRequest, invalid, valid, invalid,
		func(e judged) bool { return strings.Contains(e.request.URL.EscapedPath(), "%20") },
		specimen{path: "/api/v2.0%20/datasets/monitor/stream"}},
	{"an organization that is no GUID", ofRequest, valid, invalid, invalid,
		func(e judged) bool { return strings.HasPrefix(e.request.URL.Path, "/v1/organizations/") },
		specimen{path: "/v1/organizations/mine/stream"}},
	{"a field of a form that is given twice", ofRequest, valid, invalid, invalid,
		func(e judged) bool { return repeated(parseForm(e.sent)) },
		specimen{method: http.MethodPost, path: "/oauth/token", form: goodForm + "&assertion=y"}},

	{"no JSON value at all", ofAnswer, invalid, valid, invalid,
		func(e judged) bool { return len(bytes.TrimSpace(e.received)) == 0 },
		specimen{status: 503}},
	{"null in the place of the whole", ofAnswer, invalid, valid, invalid,
		func(e judged) bool { return string(bytes.TrimSpace(e.received)) == "null" },
		specimen{body: `null`}},
	{"null as a member that the document does not declare", ofAnswer, invalid, valid, valid,
		func(e judged) bool {
			return e.reason != nil && strings.HasSuffix(why(e.reason), "Value is not nullable")
		},
		specimen{body: `{"endCursor":"c","data":[{"riskContext":null}]}`}},
	{"bytes after the JSON value", ofAnswer, valid, invalid, invalid,
		func(e judged) bool { _, err := readJSON(e.received); return err != nil },
		specimen{body: `{"endCursor":"c","data":[]} {}`}},
	{"a number that no float can hold", ofAnswer, valid, invalid, valid,
		func(e judged) bool {
			return strings.Contains(strings.Join(e.opinion.Reasons, ""), "cannot unmarshal number")
		},
		specimen{body: `{"endCursor":"c","data":[{"n":1e400}]}`}},
	{"a date-time in small letters", ofAnswer, invalid, valid, valid,
		func(e judged) bool {
			return e.reason != nil && strings.Contains(e.reason.Error(), `format "date-time"`)
		},
		specimen{body: `{"endCursor":"c","data":[{"timestamp":"2026-01-02t03:04:05z"}]}`}},
	{"a day that the month does not have", ofAnswer, valid, invalid, invalid,
		func(e judged) bool {
			return strings.Contains(strings.Join(e.opinion.Reasons, ""), "is not valid date-time")
		},
		specimen{body: `{"endCursor":"c","data":[{"timestamp":"2026-02-30T03:04:05Z"}]}`}},
	{"a redirect whose body is not that of the default", ofAnswer, valid, invalid, invalid,
		func(e judged) bool { return e.answer.StatusCode/100 == 3 },
		specimen{status: 301, body: `[]`}},
	{"a Content-Type that is none", ofAnswer, invalid, valid, invalid,
		func(e judged) bool { return !strings.Contains(e.answer.Header.Get("Content-Type"), "/") },
		specimen{status: 503, contentType: "json", body: `{}`}},
}

const datasetPath = "/api/v2.0/datasets/monitor/stream"

// settle finds what holds of a part of an exchange when each validator has had its say, and whether it is known that they
// do not agree, if they do not.
func settle(part string, e judged, first, second declaration) (right declaration, listed bool) {
	if first == second {
		return first, true
	}
	for _, d := range differences {
		if d.part == part && d.first == first && d.second == second && d.match(e) {
			return d.right, true
		}
	}
	return first, false
}

var _ = Describe("Differences", Label("documents"), func() {
	MustEach(agreement, "The document means the same to two validators in every exchange, but where a difference is listed",
		"OpenAPI 3.0; contract, differences_test.go", func(d dispute) {
			first, second := d.shown.judge(d.part)

			Expect([]declaration{first, second}).To(Equal([]declaration{d.first, d.second}),
				"what the two validators say: a difference that is gone has no place in the list")
		}, eachDifference())
})

func eachDifference() (entries []TableEntry) {
	for _, d := range differences {
		entries = append(entries, Entry(d.name, d))
	}
	return entries
}

// judge has both validators judge the exchange that shows a difference, and demands that the list has it.
func (s specimen) judge(part string) (first, second declaration) {
	GinkgoHelper()
	e := s.exchange()
	a := asked{e.request, e.sent}
	first, input, _ := judgeRequest(repaired, a.again())
	opinion, err := secondOpinion(a, e.answer, e.received)
	Expect(err).NotTo(HaveOccurred())
	second, e.opinion = opinion.Request, opinion
	if part == ofAnswer {
		first, second = valid, opinion.Answer
		if e.reason = firstAnswer(input, e.answer, e.received); e.reason != nil {
			first = invalid
		}
	}
	_, listed := settle(part, e, first, second)
	Expect(listed).To(BeTrue(), "The entry does not match the exchange that shows it")
	return first, second
}

// exchange makes an exchange of the specimen; what is not said is good.
func (s specimen) exchange() judged {
	GinkgoHelper()
	or := func(value, otherwise string) string {
		if value == "" {
			return otherwise
		}
		return value
	}
	r, err := http.NewRequest(or(s.method, http.MethodGet), "http://localhost"+or(s.path, datasetPath), nil)
	Expect(err).NotTo(HaveOccurred())
	r.Header.Set("Authorization", "Bearer x")
	e := judged{request: r, received: []byte(s.body)}
	if s.form != "" {
		e.sent = []byte(s.form)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	e.answer = &http.Response{
		StatusCode: max(s.status, http.StatusOK),
		Header:     http.Header{"Content-Type": {or(s.contentType, "application/json")}},
		Body:       io.NopCloser(strings.NewReader("")),
	}
	return e
}
