package sandbox

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Defect is a promise that the sandbox breaks: a server that has it is wrong, and a contract suite must notice. That is
// all it is for. A client that has to survive a defect is not thereby wrong; what a client must survive is a [Fault].
type Defect struct {
	name, sentence string
	clause         string   // that notices it
	also           []string // those that may notice it too

	// How it is committed: in one or more of these ways.
	skips   check                                // something is not checked
	assume  func(*Assumptions)                   // something undocumented is as a clause says that it is not
	request func(r *http.Request)                // a request is read otherwise
	page    func(a asking, p *page)              // a page is made otherwise
	event   func(of stream, event []byte) []byte // an event is served otherwise
	answer  func(r *http.Request, got *captured) // an answer is sent otherwise
}

// Name is what the defect is called: words with hyphens between them.
func (d Defect) Name() string { return d.name }

// Sentence says what the server does wrong, as the end of a sentence that begins with The service.
func (d Defect) Sentence() string { return d.sentence }

// Clause is the id of the clause of the contract that notices it.
func (d Defect) Clause() string { return d.clause }

// Also are the ids of the clauses that may notice it too, without promise. A * at the end stands for any rest.
func (d Defect) Also() []string { return slices.Clone(d.also) }

// Defects are all that a sandbox can have, each a value for Config.Defects.
func Defects() []Defect {
	return slices.Concat(pageDefects, eventDefects, answerDefects, routeDefects, authDefects)
}

// DefectByName finds a defect; ok is false if there is none of that name.
func DefectByName(name string) (d Defect, ok bool) {
	all := Defects()
	i := slices.IndexFunc(all, func(d Defect) bool { return d.name == name })
	if i < 0 {
		return Defect{}, false
	}
	return all[i], true
}

// check is something that the sandbox checks, unless it has a defect that skips it.
type check int

const (
	noCheck check = iota
	tokenExpiry
	tokenEnd
	lastCharacter
	tokenOrigin
	audience
	signature
	algorithm
	keyOwner
	assertionTimes
	laterAssertions
	assertionEnd
	consent
	consenter
	grantEnd
	form
	membership
	pathOrganization
	infoUser
	infoAccounts
	cursorForm
	seventhDay
	quotas
	quotaOwner
)

// skips tells whether a defect leaves something unchecked.
func (s *Server) skips(what check) bool {
	return slices.ContainsFunc(s.config.Defects, func(d Defect) bool { return d.skips == what })
}

// asking is a request for a page, as a defect sees it.
type asking struct {
	stream
	cursor string // that was sent, empty for none
	limit  int    // in force
}

// spoil has the defects make a page otherwise.
func (s *Server) spoil(a asking, p *page) {
	for _, d := range s.config.Defects {
		if d.page != nil {
			d.page(a, p)
		}
		if d.event != nil {
			p.rewrite = func(event []byte) []byte { return d.event(a.stream, event) }
		}
	}
}

// defective is the layer in which defects change requests and answers. It is outside of all others, so that an answer is
// changed as it would be sent.
func (s *Server) defective(next http.Handler) http.Handler {
	if !slices.ContainsFunc(s.config.Defects, func(d Defect) bool { return d.request != nil || d.answer != nil }) {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked := r.Clone(r.Context())
		asked.Header.Del("Accept-Encoding") // an answer is spoilt as it reads, not as it is packed
		for _, d := range s.config.Defects {
			if d.request != nil {
				d.request(asked)
			}
		}
		got := capture(next, w, asked)
		for _, d := range s.config.Defects {
			if d.answer != nil {
				d.answer(r, &got)
			}
		}
		if got.header.Get("Content-Length") != "" && r.Method != http.MethodHead {
			got.header.Set("Content-Length", strconv.Itoa(len(got.body)))
		}
		got.send(w)
	})
}

// isStream tells whether a request is to one of the streams, whatever its method.
func isStream(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/stream") }
