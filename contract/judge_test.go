package contract_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
)

// breachEntry is the name of a report entry that holds a breach.
const breachEntry = "breach"

// judge is the transport that every exchange of a clause goes through. Each request on the wire is judged once: that it
// is what its clause declares it to be, and that its answer is one that the document has.
type judge struct {
	wire wire
	base []*url.URL // whose paths the documents know nothing of

	// ofClient: the requests are those of the client under test, so that a bad one is a breach, and the answers are
	// made up by the clause.
	ofClient bool

	// mute: the clause is about requests that are not sent.
	mute bool

	mu       sync.Mutex
	verdicts []verdict
	carried  []string // the secrets that requests have carried
	secrets  []string // those and the ones of answers
}

// wire counts the requests that were answered, apart from the judge.
type wire struct {
	http.RoundTripper
	answered atomic.Int64
}

// RoundTrip counts.
func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := w.RoundTripper.RoundTrip(r)
	if err == nil {
		w.answered.Add(1)
	}
	return res, err
}

// verdict is what was found in one exchange.
type verdict struct {
	Exchange  exchange
	Objection string // why the request is not what it is declared to be
	Breaches  []breach
}

type declarationKey struct{}

// declared says what the requests of ctx are by the documents. Without it they are valid.
func declared(ctx context.Context, d declaration) context.Context {
	return context.WithValue(ctx, declarationKey{}, d)
}

func declarationOf(ctx context.Context) declaration {
	if d, ok := ctx.Value(declarationKey{}).(declaration); ok {
		return d
	}
	return valid
}

// RoundTrip sends the request as it is; the validator gets a copy.
func (j *judge) RoundTrip(r *http.Request) (*http.Response, error) {
	a, err := readRequest(r)
	if err != nil {
		return nil, err
	}
	res, err := j.wire.RoundTrip(a.again())
	if err != nil {
		return nil, err
	}
	if j.ofClient { // how the client takes an answer that comes slowly, or not to its end, is what is proved
		res.Body = &overheard{ReadCloser: res.Body, heard: func(body []byte) { j.pass(a, res, body) }}
		return res, nil
	}
	body, cut := io.ReadAll(res.Body)
	res.Body.Close()
	res.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), failing{cut}))
	j.pass(a, res, body)
	return res, nil
}

// pass keeps the verdict on an exchange.
func (j *judge) pass(a asked, res *http.Response, body []byte) {
	j.learn(a, body)
	v := j.weigh(a, res, body)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.verdicts = append(j.verdicts, v)
}

// overheard tells at its end what was read of a body, at most 1 MiB.
type overheard struct {
	io.ReadCloser
	body  []byte
	heard func([]byte)
	once  sync.Once
}

func (o *overheard) Read(p []byte) (int, error) {
	n, err := o.ReadCloser.Read(p)
	o.body = append(o.body, p[:min(n, max(0, 1<<20-len(o.body)))]...)
	return n, err
}

func (o *overheard) Close() error {
	o.once.Do(func() { o.heard(o.body) })
	return o.ReadCloser.Close()
}

// weigh reaches a verdict.
func (j *judge) weigh(a asked, res *http.Response, body []byte) verdict {
	seen := j.asDocumented(a)
	found, input, reason := judgeRequest(seen)
	v := verdict{Exchange: j.record(a, res, body)}
	v.Exchange.Operation, v.Exchange.Declared = operation(input), declarationOf(a.Context())

	if claim := v.Exchange.Declared; found != claim && !(claim == invalid && found == valid && inGap(seen, a.body)) {
		v.Objection = j.hide(fmt.Sprintf("%s %s is declared %s and found %s: %s",
			a.Method, a.URL.RequestURI(), claim, found, why(reason)))
	}
	switch {
	case j.ofClient && v.Objection != "":
		v.Breaches = []breach{{"CLI-REQUEST-1", operation(input), 0, v.Objection}}
		v.Objection = ""
	case !j.ofClient && input != nil:
		v.Breaches = judgeAnswer(input, res, body)
	}
	for i := range v.Breaches {
		v.Breaches[i].Reason = j.hide(v.Breaches[i].Reason)
	}
	return v
}

func why(reason error) string {
	if reason == nil {
		return "the validator has nothing against it"
	}
	return brief(reason.Error())
}

// Verdicts are those that were reached, in the order of the answers.
func (j *judge) Verdicts() []verdict {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]verdict(nil), j.verdicts...)
}

// Breaches are those that are charged to a clause.
func (j *judge) Breaches(of string) (found []breach) {
	for _, v := range j.Verdicts() {
		for _, b := range v.Breaches {
			if b.Clause == of {
				found = append(found, b)
			}
		}
	}
	return found
}

// asked is a request whose body has been read.
type asked struct {
	*http.Request
	body []byte
}

func readRequest(r *http.Request) (asked, error) {
	if r.Body == nil {
		return asked{Request: r}, nil
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	return asked{r, body}, err
}

// again is the request with a body that has not been read.
func (a asked) again() *http.Request {
	r := a.Clone(a.Context())
	if a.body != nil {
		r.Body = io.NopCloser(bytes.NewReader(a.body))
	}
	return r
}

// asDocumented is the request as the documents see it: without the path of the base URL.
func (j *judge) asDocumented(a asked) *http.Request {
	c := a.again()
	for _, base := range j.base {
		prefix := strings.TrimSuffix(base.EscapedPath(), "/")
		if rest, ok := strings.CutPrefix(c.URL.EscapedPath(), prefix); ok && prefix != "" && c.URL.Host == base.Host {
			c.URL.Path, _ = url.PathUnescape(rest)
			c.URL.RawPath = rest
			break
		}
	}
	return c
}

// failing is the end of a body: that of the wire.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) {
	if f.err == nil {
		return 0, io.EOF
	}
	return 0, f.err
}
