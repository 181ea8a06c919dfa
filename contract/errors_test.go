// Errors: what a refusal tells, and what it must not.
package contract_test

import (
	"context"
	"net/http"
	"strings"

	"github.com/golang-jwt/jwt/v5"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("Errors", Label("errors"), func() {
	ShouldEach("SRV-ERROR-1", "The service puts a trace token on an answer",
		"the captured answer; the publisher's samples read it from failed ones",
		func(ctx SpecContext, on stream, ask func(context.Context, *service) *answer) {
			s := provider(on)

			a := ask(ctx, s)

			Expect(a.Header.Get("X-DocuSign-TraceToken")).NotTo(BeEmpty(), a.String)
		}, answers)

	ShouldEach("SRV-ERROR-2", "The service repeats no token and no assertion in a refusal",
		"undocumented; logs hold refusals", assumed,
		func(ctx SpecContext, on stream, ask func(context.Context, *service) *answer) {
			s := provider(on)

			a := ask(ctx, s)

			Expect(s.carried).NotTo(BeEmpty(), "No secret was sent, so nothing is proved")
			for _, secret := range s.carried {
				Expect(strings.Contains(a.Body, secret)).To(BeFalse(), "a secret of %d characters is in the answer", len(secret))
				for name, values := range a.Header {
					Expect(strings.Contains(strings.Join(values, " "), secret)).To(BeFalse(), "a secret of %d characters is in %s", len(secret), name)
				}
			}
		}, refusals)

	Should("SRV-ERROR-3", "The service says in errorCode and message why it refuses a stream request",
		"the platform's 401 and rate limit; undocumented for Monitor", assumed, func(ctx SpecContext, on stream) {
			s := provider(on)

			a := s.do(ctx, http.MethodGet, s.stream(""), authorization("Bearer "+strings.Repeat("nobody", 9)))

			Expect(member(a.Body, "errorCode")).NotTo(BeEmpty(), a.String)
			Expect(member(a.Body, "message")).NotTo(BeEmpty(), a.String)
		})

	ShouldEach("SRV-ERROR-4", "The service says in WWW-Authenticate, with a 401, that it wants a bearer token",
		"RFC 9110, section 11.6.1; RFC 6750, section 3", assumed,
		func(ctx SpecContext, on stream, is declaration, edit func(*http.Request)) {
			s := provider(on)

			for _, of := range []string{s.stream(""), s.auth + "/oauth/userinfo"} {
				a := s.do(declared(ctx, is), http.MethodGet, of, edit)

				Expect(strings.ToLower(a.Header.Get("WWW-Authenticate"))).To(HavePrefix("bearer"), a.String)
			}
		},
		Entry("to a token that nobody gave", valid, authorization("Bearer "+strings.Repeat("nobody", 9))),
		Entry("to another scheme", invalid, authorization("Basic dXNlcjpwYXNzd29yZA==")),
		Entry("to no token", invalid, func(*http.Request) {}))
})

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
