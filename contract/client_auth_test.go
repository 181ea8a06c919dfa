// Client, auth: how the client gets a token, and how it keeps its secrets.
package contract_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"example.com/docusign-monitor/api"
	"example.com/docusign-monitor/gen/oauth"
)

var _ = Describe("Client auth", Label("client"), func() {
	Must("CLI-AUTH-1", "The client signs an assertion with the claims that the documentation asks for",
		"spec/oauth, createToken, description", func(ctx SpecContext, on stream) {
			h := against(on, on.page("c1"), on.page("c1"))
			begun := time.Now()

			Expect(h.walk(ctx, api.Query{}).Err).NotTo(HaveOccurred())

			claims, assertion := h.assertion(0)
			issued, err := claims.GetIssuedAt()
			Expect(err).NotTo(HaveOccurred())
			expires, err := claims.GetExpirationTime()
			Expect(err).NotTo(HaveOccurred())
			Expect(h.grants[0].form["grant_type"]).To(Equal([]string{string(oauth.JWTBearer)}))
			Expect(assertion.Header).To(Equal(map[string]any{"alg": "RS256", "typ": "JWT"}))
			Expect(claims).To(And(
				HaveKeyWithValue("iss", hostileKey), HaveKeyWithValue("sub", hostileUser),
				HaveKeyWithValue("aud", strings.TrimPrefix(h.server.URL, "http://")),
				HaveKeyWithValue("scope", "signature impersonation")))
			Expect(issued.Time).To(BeTemporally("~", begun, 5*time.Second))
			Expect(expires.Sub(issued.Time)).To(And(BeNumerically(">", 0), BeNumerically("<=", time.Hour)))
		})

	Must("CLI-AUTH-2", "The client asks for one token and uses it for all the pages of a walk",
		"spec/oauth, Token, expires_in", func(ctx SpecContext, on stream) {
			h := against(on, on.page("c1"), on.page("c2"), on.page("c2"))

			Expect(h.walk(ctx, api.Query{}).Err).NotTo(HaveOccurred())

			Expect(h.grants).To(HaveLen(1))
		})

	Must("CLI-AUTH-3", "The client answers a 401 with one new token and the same request",
		"spec/dataset, getStream, 401; spec/oauth, createToken, description", func(ctx SpecContext, on stream) {
			h := against(on, on.page("c1"), refusal(http.StatusUnauthorized, ""), on.page("c2", `{"n":1}`), on.page("c2"))

			d := h.walk(ctx, api.Query{})

			Expect(d.Err).NotTo(HaveOccurred())
			Expect(h.sentCursors()).To(Equal([]string{"absent", "c1", "c1", "c2"}))
			var used []string
			for _, got := range h.asked {
				used = append(used, got.header.Get("Authorization"))
			}
			Expect(used).To(Equal([]string{
				"Bearer " + h.bearer(1), "Bearer " + h.bearer(1), "Bearer " + h.bearer(2), "Bearer " + h.bearer(2),
			}))
		})

	Must("CLI-AUTH-4", "The client reports a 401 that a new token has not mended",
		"api, ErrUnauthorized", func(ctx SpecContext, on stream) {
			h := against(on, refusal(http.StatusUnauthorized, ""), refusal(http.StatusUnauthorized, ""))

			d := h.walk(ctx, api.Query{})

			Expect(d.Err).To(MatchError(api.ErrUnauthorized))
			Expect(h.asked).To(HaveLen(2))
			Expect(h.grants).To(HaveLen(2))
		})

	MustEach("CLI-AUTH-5", "The client tells the refusals of an assertion apart, and does not repeat it",
		"spec/oauth, createToken, 400",
		func(ctx SpecContext, on stream, body string, want error) {
			h := against(on)
			h.tokens = []reply{refusal(http.StatusBadRequest, body)}

			d := h.walk(ctx, api.Query{})

			Expect(d.Err).To(MatchError(want))
			Expect(h.grants).To(HaveLen(1))
			Expect(h.asked).To(BeEmpty())
		},
		Entry("consent", `{"error":"consent_required"}`, api.ErrConsentRequired),
		Entry("user", `{"error":"invalid_grant","error_description":"user_not_found"}`, api.ErrUserNotFound),
		Entry("integration key", `{"error":"invalid_grant","error_description":"issuer_not_found"}`, api.ErrIssuerNotFound),
		Entry("key", `{"error":"invalid_grant","error_description":"no_valid_keys_or_signatures"}`, api.ErrWrongKey),
		Entry("clock", `{"error":"invalid_grant","error_description":"expired_grant"}`, api.ErrExpiredGrant),
		Entry("subject", `{"error":"invalid_grant","error_description":"invalid_subject"}`, api.ErrInvalidSubject),
		Entry("grant type", `{"error":"invalid_grant","error_description":"unsupported_grant_type"}`, api.ErrInvalidGrant),
		Entry("no reason", `{"error":"invalid_grant"}`, api.ErrInvalidGrant))
})

var _ = Describe("Client secrets", Label("client"), func() {
	MustEach("CLI-SECRET-1", "The client follows no redirect to another origin, and so gives no token away",
		"api, WithHTTPClient; RFC 6750, section 5.2",
		func(ctx SpecContext, on stream, status int, ofToken bool) {
			var reached atomic.Int32
			other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
			DeferCleanup(other.Close)
			away := reply{status: status, header: map[string]string{"Location": other.URL + "/elsewhere"}}
			h := against(on, away)
			if ofToken {
				h.tokens, h.stream = h.stream, nil
			}

			d := h.walk(ctx, api.Query{})

			Expect(reached.Load()).To(BeZero(), "The other origin has been asked")
			Expect(d.Err).To(HaveOccurred())
			Expect(len(h.asked)+len(h.grants)).To(BeNumerically("<=", 2), "The client goes on after the redirect")
		},
		Entry("302 of the stream", http.StatusFound, false), Entry("307 of the stream", http.StatusTemporaryRedirect, false),
		Entry("308 of the stream", http.StatusPermanentRedirect, false),
		Entry("302 of the token endpoint", http.StatusFound, true), Entry("307 of the token endpoint", http.StatusTemporaryRedirect, true))

	MustEach("CLI-SECRET-2", "The client shows no token and no assertion in an error, though the server sends them back",
		"api, Error",
		func(ctx SpecContext, on stream, echo func(secret string) reply) {
			h := against(on, reply{})
			h.twist = func(got received, r reply) reply {
				if got.form != nil {
					return r
				}
				return echo(h.bearer(1))
			}

			d := h.walk(ctx, api.Query{})

			Expect(d.Err).To(HaveOccurred())
			Expect(d.Err).To(KeepSecret(h.bearer(1)))
		},
		Entry("as a message", func(secret string) reply {
			return refusal(http.StatusForbidden, fmt.Sprintf(`{"errorCode":"X","message":"no access with %s"}`, secret))
		}),
		Entry("as a code", func(secret string) reply {
			return refusal(http.StatusForbidden, fmt.Sprintf(`{"errorCode":%q,"message":"no access"}`, secret))
		}),
		Entry("in HTML", func(secret string) reply {
			return reply{status: http.StatusForbidden, body: "<p>" + secret + "</p>"}
		}),
		Entry("in base64", func(secret string) reply {
			return refusal(http.StatusForbidden, `{"error":"`+base64.StdEncoding.EncodeToString([]byte(secret))+`"}`)
		}),
		Entry("escaped for a URL", func(secret string) reply {
			return refusal(http.StatusForbidden, `{"error":"`+url.QueryEscape(secret)+`"}`)
		}),
		Entry("as the trace token", func(secret string) reply {
			return reply{status: http.StatusForbidden, header: map[string]string{"X-DocuSign-TraceToken": secret}}
		}),
		Entry("in a page that is none", func(secret string) reply { return ok(`{"endCursor":` + secret) }),
		Entry("as the place of a redirect", func(secret string) reply {
			return reply{status: http.StatusFound, header: map[string]string{"Location": "http://127.0.0.1:1/" + secret}}
		}))

	MustEach("CLI-SECRET-3", "The client shows nothing of its assertion in an error of the token endpoint",
		"api, Error",
		func(ctx SpecContext, on stream, echo func(assertion string) reply) {
			h := against(on)
			h.twist = func(got received, _ reply) reply { return echo(got.form["assertion"][0]) }

			d := h.walk(ctx, api.Query{})

			sent := h.grants[0].form["assertion"][0]
			Expect(d.Err).To(HaveOccurred())
			Expect(d.Err).To(KeepSecret(sent))
			for _, part := range strings.Split(sent, ".") {
				Expect(d.Err).To(KeepSecret(part))
			}
		},
		Entry("as the error", func(assertion string) reply {
			return refusal(http.StatusBadRequest, fmt.Sprintf(`{"error":%q}`, assertion))
		}),
		Entry("as the description", func(assertion string) reply {
			return refusal(http.StatusBadRequest, fmt.Sprintf(`{"error":"invalid_grant","error_description":"bad %s"}`, assertion))
		}),
		Entry("its signature alone", func(assertion string) reply {
			return reply{status: http.StatusBadRequest, body: "signature " + assertion[strings.LastIndexByte(assertion, '.')+1:]}
		}),
		Entry("in a token that is none", func(assertion string) reply { return ok(`{"access_token":["` + assertion + `"]}`) }))
})

// forms are all in which a value may be printed.
func forms(value any) (all []string) {
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		all = append(all, fmt.Sprintf(verb, value))
	}
	text, _ := json.Marshal(value)
	all = append(all, string(text))
	err, _ := value.(error)
	for err != nil {
		text, _ := json.Marshal(err)
		all = append(all, string(text), fmt.Sprintf("%#v", err))
		switch wrapped := err.(type) {
		case interface{ Unwrap() error }:
			err = wrapped.Unwrap()
		case interface{ Unwrap() []error }:
			err = wrapped.Unwrap()[0]
		default:
			err = nil
		}
	}
	return all
}
