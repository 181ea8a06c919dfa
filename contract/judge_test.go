package contract_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// breachEntry is the name of a report entry that holds a breach.
const breachEntry = "breach"

// Judging makes garbage by the megabyte in a process that lives for seconds: to collect it less often takes a second off.
func init() { debug.SetGCPercent(800) }

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

	chronicle *chronicle       // of the service; nil for what the suite makes up itself
	now       func() time.Time // the time of the service

	kept []recorded // the exchanges, if the run is recorded

	// void: what came of the exchanges does not count, as they are tried again.
	void bool

	pending sync.WaitGroup // verdicts that are not reached yet

	mu       sync.Mutex
	verdicts []verdict
	left     int      // requests that the client broke off, of which nobody knows whether they were answered
	carried  []string // the secrets that requests have carried
	secrets  []string // those and the ones of answers
	given    []string // the tokens that answers have given
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

	// What is reported and breaks nothing.
	Grown       []string // where there is something that the document does not declare
	AsPublished []string // what the published document, made valid and no more, has against it
	Exercised   []cell   // of the documents
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
	sent := time.Now()
	res, err := j.wire.RoundTrip(a.again())
	if err != nil {
		if errors.Is(r.Context().Err(), context.Canceled) {
			j.mu.Lock()
			j.left++
			j.mu.Unlock()
		}
		return nil, err
	}
	if j.ofClient { // how the client takes an answer that comes slowly, or not to its end, is what is proved
		res.Body = &overheard{ReadCloser: res.Body, heard: func(body []byte) { j.pass(a, res, body, "") }}
		return res, nil
	}
	body, cut := io.ReadAll(res.Body)
	res.Body.Close()
	res.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), failing{cut}))
	j.keep(a, sent, res, body, cut != nil)
	j.pass(a, res, body, j.chronicle.enter(a.Request, res.StatusCode, body, sent, j.now()))
	return res, nil
}

// pass has an exchange judged, beside what goes on. What it contradicts other answers in is known already.
func (j *judge) pass(a asked, res *http.Response, body []byte, contradiction string) {
	j.learn(a, body)
	seen, answer := j.asDocumented(a), *res
	answer.Header = res.Header.Clone()

	j.mu.Lock()
	at := len(j.verdicts)
	j.verdicts = append(j.verdicts, verdict{})
	j.mu.Unlock()
	j.pending.Go(func() {
		v := j.weigh(a, seen, &answer, body)
		if contradiction != "" {
			v.Breaches = append(v.Breaches, breach{oneLog, v.Exchange.Operation, res.StatusCode, j.hide(contradiction)})
		}
		j.mu.Lock()
		defer j.mu.Unlock()
		j.verdicts[at] = v
	})
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

// weigh reaches a verdict by what both validators say.
func (j *judge) weigh(a asked, seen *http.Request, res *http.Response, body []byte) verdict {
	first, input, reason := judgeRequest(repaired, seen)
	e := judged{request: seen, sent: a.body, answer: res, received: body}
	v := verdict{Exchange: j.record(a, res, body)}

	var second opinion
	var err error
	var beside sync.WaitGroup // the validators share nothing, so neither waits for the other
	beside.Go(func() { second, err = secondOpinion(asked{seen, a.body}, res, body) })
	if input != nil {
		e.reason = firstAnswer(input, res, body)
		if j.ofClient || seeded.name == "" { // of a service, the proof looks at what breaks something alone
			v.Exercised, v.Grown = exercised(input, a.body, res, body)
		}
	}
	beside.Wait()
	e.opinion = second

	v.Exchange.Operation, v.Exchange.Declared = operation(input), declarationOf(a.Context())
	charge := func(clause, reason string) {
		v.Breaches = append(v.Breaches, breach{clause, operation(input), res.StatusCode, j.hide(reason)})
	}
	if err != nil {
		charge(agreement, err.Error())
	}
	if !j.ofClient {
		j.heed(a, res, body, charge)
	}

	found, listed := settle(ofRequest, e, first, second.Request)
	if !listed {
		charge(agreement, fmt.Sprintf("%s %s is %s by one validator (%s) and %s by the other (%s)",
			a.Method, a.URL.RequestURI(), first, why(reason), second.Request, strings.Join(second.Reasons, "; ")))
	}
	if claim := v.Exchange.Declared; found != claim && !(claim == invalid && found == valid && inGap(seen, a.body)) {
		objection := fmt.Sprintf("%s %s is declared %s and found %s: %s", a.Method, a.URL.RequestURI(), claim, found,
			why(errors.Join(reason, errors.New(strings.Join(second.Reasons, "; ")))))
		if j.ofClient {
			charge("CLI-REQUEST-1", objection)
		} else {
			v.Objection = j.hide(objection)
		}
	}

	if input != nil && second.Answer != "" {
		ofService := charge
		if j.ofClient { // the suite has made the answer up
			ofService = func(string, string) {}
		}
		answer, listed := judgeAnswer(input, e, second, ofService)
		if !listed {
			charge(agreement, fmt.Sprintf("the answer to %s %s is %s", a.Method, a.URL.RequestURI(), answer))
		}
	}
	if j.ofClient && found == valid && len(second.Asked) > 0 {
		charge("CLI-REQUEST-1", fmt.Sprintf("%s %s has what the document does not declare: %s",
			a.Method, a.URL.RequestURI(), strings.Join(second.Asked, ", ")))
	}
	if !j.ofClient && seeded.name == "" {
		v.AsPublished = asPublished(e, found)
	}
	return v
}

func why(reason error) string {
	if reason == nil {
		return "the validator has nothing against it"
	}
	return brief(reason.Error())
}

// Verdicts are those on all the exchanges, in the order of the answers.
func (j *judge) Verdicts() []verdict {
	j.pending.Wait()
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
