// Errors: what a refusal tells, and what it must not.
package contract_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/golang-jwt/jwt/v5"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// What holds for every answer is looked at in all of them, whichever clause has asked.
const (
	traced     = "SRV-ERROR-1"
	discreet   = "SRV-ERROR-2"
	challenged = "SRV-ERROR-4"
)

var _ = Describe("Errors", Label("errors"), func() {
	ShouldEach(traced, "The service puts a trace token on an answer",
		"the captured answer; the publisher's samples read it from failed ones",
		func(ctx SpecContext, on stream, ask func(context.Context, *service) *answer) {
			s := provider(on)

			ask(ctx, s)

			Expect(s.Breaches(traced)).To(BeEmpty())
		}, answers)

	ShouldEach(discreet, "The service repeats no token and no assertion in a refusal",
		"undocumented; logs hold refusals", assumed,
		func(ctx SpecContext, on stream, ask func(context.Context, *service) *answer) {
			s := provider(on)

			ask(ctx, s)

			Expect(s.carried).NotTo(BeEmpty(), "No secret was sent, so nothing is proved")
			Expect(s.Breaches(discreet)).To(BeEmpty())
		}, refusals)

	Should("SRV-ERROR-3", "The service says in errorCode and message why it refuses a stream request",
		"the platform's 401 and rate limit; undocumented for Monitor", assumed, func(ctx SpecContext, on stream) {
			s := provider(on)

			a := s.do(ctx, http.MethodGet, s.stream(""), authorization("Bearer "+strings.Repeat("nobody", 9)))

			Expect(member(a.Body, "errorCode")).NotTo(BeEmpty(), a.String)
			Expect(member(a.Body, "message")).NotTo(BeEmpty(), a.String)
		})

	ShouldEach(challenged, "The service says in WWW-Authenticate, with a 401, that it wants a bearer token",
		"RFC 9110, section 11.6.1; RFC 6750, section 3", assumed,
		func(ctx SpecContext, on stream, is declaration, edit func(*http.Request)) {
			s := provider(on)

			for _, of := range []string{s.stream(""), s.auth + "/oauth/userinfo"} {
				Expect(s.do(declared(ctx, is), http.MethodGet, of, edit)).To(HaveStatus(http.StatusUnauthorized))
			}

			Expect(s.Breaches(challenged)).To(BeEmpty())
		},
		Entry("to a token that nobody gave", valid, authorization("Bearer "+strings.Repeat("nobody", 9))),
		Entry("to another scheme", invalid, authorization("Basic dXNlcjpwYXNzd29yZA==")),
		Entry("to no token", invalid, func(*http.Request) {}))
})

// heed charges what an answer of the service lacks beside what the documents say, or has too much.
func (j *judge) heed(a asked, res *http.Response, body []byte, charge func(clause, reason string)) {
	if res.Header.Get("X-DocuSign-TraceToken") == "" && res.StatusCode != http.StatusNotFound && res.StatusCode != http.StatusMethodNotAllowed {
		charge(traced, "the answer has no trace token") // what is not there need not know of it
	}
	if res.StatusCode == http.StatusUnauthorized && !strings.HasPrefix(strings.ToLower(res.Header.Get("WWW-Authenticate")), "bearer") {
		charge(challenged, "the answer does not ask for a bearer token")
	}
	if res.StatusCode < 400 {
		return
	}
	for _, secret := range carriedBy(a) {
		if bytes.Contains(body, []byte(secret)) {
			charge(discreet, fmt.Sprintf("a secret of %d characters is in the answer", len(secret)))
		}
		for name, values := range res.Header {
			if strings.Contains(strings.Join(values, " "), secret) {
				charge(discreet, fmt.Sprintf("a secret of %d characters is in %s", len(secret), name))
			}
		}
	}
}

// refusals are requests that are to be refused, each of which carries a secret.
var refusals = []TableEntry{
	Entry("getStream 400", func(ctx context.Context, s *service) *answer {
		return s.do(declared(ctx, invalid), http.MethodGet, s.stream("limit=abc"), s.bearer(ctx))
	}),
	Entry("getStream 401", func(ctx context.Context, s *service) *answer {
		return s.do(ctx, http.MethodGet, s.stream(""), authorization("Bearer "+strings.Repeat("nobody", 9)))
	}),
	Entry("createToken 400", func(ctx context.Context, s *service) *answer {
		return s.ask(ctx, sign(jwt.SigningMethodRS256, foreignKey(), s.claims(nil)))
	}),
	Entry("getUserInfo 401", func(ctx context.Context, s *service) *answer {
		return s.do(ctx, http.MethodGet, s.auth+"/oauth/userinfo", authorization("Bearer "+strings.Repeat("nobody", 9)))
	}),
}

// answers are one request for each operation and status that any service can be brought to.
var answers = append([]TableEntry{
	Entry("getStream 200", func(ctx context.Context, s *service) *answer { return s.get(ctx, start, 2000) }),
	Entry("createToken 200", func(ctx context.Context, s *service) *answer { return s.ask(ctx, s.assertion()) }),
	Entry("getUserInfo 200", func(ctx context.Context, s *service) *answer {
		return s.do(ctx, http.MethodGet, s.auth+"/oauth/userinfo", s.bearer(ctx))
	}),
}, refusals...)
