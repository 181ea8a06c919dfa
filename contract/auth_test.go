// Auth: what an access token opens, for whom, and what is refused without one.
package contract_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"example.com/docusign-monitor/contract/sandbox"
	"example.com/docusign-monitor/gen/oauth"
)

var _ = Describe("Auth", Label("auth"), func() {
	Must("SRV-AUTH-1", "The service gives a bearer token for an assertion that the registered key has signed",
		"spec/oauth, createToken, 200", func(ctx SpecContext, on stream) {
			s := provider(on)

			a := s.ask(ctx, s.assertion())

			var token oauth.Token
			Expect(a).To(HaveStatus(http.StatusOK))
			Expect(json.Unmarshal([]byte(a.Body), &token)).To(Succeed())
			Expect(token.TokenType).To(Equal("Bearer"), a.String)
			Expect(token.ExpiresIn).To(BeNumerically("<=", 3600), a.String)
			s.newToken(ctx) // another one ends nothing
			s.token = token.AccessToken
			Expect(s.get(ctx, start, 1)).To(HaveStatus(http.StatusOK))
		})

	MustEach("SRV-AUTH-2", "The service answers 401 to a stream request without an access token that it gave",
		"spec/dataset, getStream, security and 401",
		func(ctx SpecContext, on stream, is declaration, edit func(*http.Request)) {
			s := provider(on)

			for _, query := range []string{"", "limit=2000&cursor=" + url.QueryEscape(*s.anchor(ctx))} {
				Expect(s.do(declared(ctx, is), http.MethodGet, s.stream(query), edit)).To(HaveStatus(http.StatusUnauthorized))
			}
		},
		noTokens,
		Entry("a token in the URL", invalid, func(r *http.Request) { r.URL.RawQuery = "access_token=" + strings.Repeat("nobody", 9) }))

	MustEach("SRV-AUTH-3", "The service answers 401 once the access token has expired",
		"spec/oauth, Token, expires_in; spec/dataset, getStream, 401", controlled, func(ctx SpecContext, on stream, lifetime time.Duration) {
			clock := sandbox.NewClock(time.Now())
			s, _ := controlledProvider(on, sandbox.Config{Clock: clock.Now, TokenLifetime: lifetime})
			var token oauth.Token
			Expect(json.Unmarshal([]byte(s.ask(ctx, s.assertion()).Body), &token)).To(Succeed())
			life := time.Duration(token.ExpiresIn) * time.Second
			s.token = token.AccessToken
			first := s.page(ctx, start, 1)

			clock.Advance(life - edge)
			for range 10 {
				s.newToken(ctx) // another one ends nothing
			}
			Expect(s.get(ctx, start, 1)).To(HaveStatus(http.StatusOK))

			clock.Advance(2 * edge)
			for _, cursor := range []*string{start, after(first.EndCursor), atTime(s.now().Add(-time.Hour))} {
				Expect(s.get(ctx, cursor, 1)).To(HaveStatus(http.StatusUnauthorized))
			}
			for _, of := range []string{s.auth + "/oauth/userinfo", s.monitor + "/api/v2/datasets/monitor/stream"} {
				Expect(s.do(ctx, http.MethodGet, of, s.bearer(ctx))).To(HaveStatus(http.StatusUnauthorized))
			}
		},
		Entry("after an hour", time.Hour), Entry("after twenty minutes", 20*time.Minute))

	Must("SRV-AUTH-10", "The service tells at userinfo who the user of a token is",
		"spec/oauth, getUserInfo, 200", func(ctx SpecContext) {
			s := accountServer()

			user := s.userInfo(ctx)

			Expect(strings.ToLower(user.Sub)).To(Equal(strings.ToLower(s.user)))
			if s.organization != "" { // it is what the organization stream is asked for with
				Expect(organizationsOf(user)).To(ContainElement(strings.ToLower(s.organization)))
			}
		})

	MustEach("SRV-AUTH-11", "The service answers 401 at userinfo without an access token that it gave",
		"spec/oauth, getUserInfo, 401",
		func(ctx SpecContext, is declaration, edit func(*http.Request)) {
			s := accountServer()

			a := s.do(declared(ctx, is), http.MethodGet, s.auth+"/oauth/userinfo", edit)

			Expect(a).To(HaveStatus(http.StatusUnauthorized))
		},
		noTokens)

	Should("SRV-AUTH-12", "The service reads the scheme Bearer in any case",
		"RFC 9110, section 11.1", assumed, func(ctx SpecContext, on stream) {
			s := provider(on)
			token := s.newToken(ctx)

			for _, of := range []string{s.auth + "/oauth/userinfo", s.stream("limit=1")} { // nor is a token used up by a look at its user
				Expect(s.do(ctx, http.MethodGet, of, authorization("bEARER "+token))).To(HaveStatus(http.StatusOK))
			}
		})

	MustEach("SRV-AUTH-13", "The service takes nothing for an access token but the whole of one that it gave, under the scheme Bearer",
		"RFC 6750, section 2.1; RFC 9110, section 11.6.2",
		func(ctx SpecContext, on stream, is declaration, alter func(r *http.Request, s *service)) {
			s := provider(on)
			s.bearer(ctx)
			Expect(s.get(ctx, start, 1)).To(HaveStatus(http.StatusOK))

			for _, of := range []string{s.stream("limit=1"), s.auth + "/oauth/userinfo"} { // to the letter what was answered before
				a := s.do(declared(ctx, is), http.MethodGet, of, func(r *http.Request) { alter(r, s) })

				Expect(a).To(HaveStatus(http.StatusUnauthorized))
			}
		},
		Entry("without its end", valid, func(r *http.Request, s *service) {
			r.Header.Set("Authorization", "Bearer "+s.token[:len(s.token)-1])
		}),
		Entry("its first half", valid, func(r *http.Request, s *service) {
			r.Header.Set("Authorization", "Bearer "+s.token[:len(s.token)/2])
		}),
		Entry("without its beginning", valid, func(r *http.Request, s *service) {
			r.Header.Set("Authorization", "Bearer "+s.token[1:])
		}),
		Entry("with more behind it", valid, func(r *http.Request, s *service) {
			r.Header.Set("Authorization", "Bearer "+s.token+"A")
		}),
		Entry("with a word behind it", valid, func(r *http.Request, s *service) {
			r.Header.Set("Authorization", "Bearer "+s.token+" A")
		}),
		Entry("with a comma and another behind it", valid, func(r *http.Request, s *service) {
			r.Header.Set("Authorization", "Bearer "+s.token+", Bearer nobody")
		}),
		Entry("in one of two headers", invalid, func(r *http.Request, s *service) {
			r.Header["Authorization"] = []string{"Bearer nobody", "Bearer " + s.token}
		}),
		Entry("twice", valid, func(r *http.Request, s *service) {
			r.Header.Set("Authorization", "Bearer "+s.token+s.token)
		}),
		Entry("its first half in another case", valid, func(r *http.Request, s *service) {
			half := len(s.token) / 2
			r.Header.Set("Authorization", "Bearer "+inAnotherCase(s.token[:half])+s.token[half:])
		}),
		Entry("its second half in another case", valid, func(r *http.Request, s *service) {
			half := len(s.token) / 2
			r.Header.Set("Authorization", "Bearer "+s.token[:half]+inAnotherCase(s.token[half:]))
		}),
		Entry("one letter in another case", valid, func(r *http.Request, s *service) {
			last := strings.LastIndexFunc(s.token, unicode.IsLetter)
			r.Header.Set("Authorization", "Bearer "+s.token[:max(last, 0)]+inAnotherCase(s.token[max(last, 0):]))
		}),
		Entry("with a comma behind it", valid, func(r *http.Request, s *service) { r.Header.Set("Authorization", "Bearer "+s.token+",") }),
		Entry("in the first of two headers", invalid, func(r *http.Request, s *service) {
			r.Header["Authorization"] = []string{"Bearer " + s.token, "Bearer nobody"}
		}),
		Entry("null, as a program writes it that has none", valid, authorizationOf(func(*service) string { return "Bearer null" })),
		Entry("the user's id", valid, authorizationOf(func(s *service) string { return "Bearer " + s.user })),
		Entry("under OAuth", invalid, authorizationOf(func(s *service) string { return "OAuth " + s.token })),
		Entry("as a password", invalid, authorizationOf(func(s *service) string {
			return "Basic " + base64.StdEncoding.EncodeToString([]byte(s.integrationKey+":"+s.token))
		})),
		Entry("in headers of other names", invalid, func(r *http.Request, s *service) {
			for _, name := range []string{"X-Authorization", "X-Access-Token", "X-Auth-Token", "Token"} {
				r.Header.Set(name, "Bearer "+s.token)
			}
		}),
		Entry("in the URL by other names", invalid, func(r *http.Request, s *service) {
			r.URL.RawQuery = url.Values{"token": {s.token}, "bearer_token": {s.token}, "oauth_token": {s.token}}.Encode()
		}),
		Entry("another character at its beginning", valid, otherCharacter(func(int) int { return 0 })),
		Entry("another character in its midst", valid, otherCharacter(func(n int) int { return n / 2 })),
		Entry("another character at its end", valid, otherCharacter(func(n int) int { return n - 1 })),
		Entry("with no blank before it", invalid, func(r *http.Request, s *service) { r.Header.Set("Authorization", "Bearer"+s.token) }),
		Entry("in quotes", valid, func(r *http.Request, s *service) { r.Header.Set("Authorization", `Bearer "`+s.token+`"`) }),
		Entry("the integration key", valid, func(r *http.Request, s *service) { r.Header.Set("Authorization", "Bearer "+s.integrationKey) }),
		Entry("what it was asked for with", valid, func(r *http.Request, s *service) { r.Header.Set("Authorization", "Bearer "+s.assertion()) }),
		Entry("under Basic", invalid, func(r *http.Request, s *service) { r.Header.Set("Authorization", "Basic "+s.token) }),
		Entry("under Token", invalid, func(r *http.Request, s *service) { r.Header.Set("Authorization", "Token "+s.token) }),
		Entry("without a scheme", invalid, func(r *http.Request, s *service) { r.Header.Set("Authorization", s.token) }),
		Entry("in the URL", invalid, func(r *http.Request, s *service) { r.URL.RawQuery = "access_token=" + url.QueryEscape(s.token) }),
		Entry("in a cookie", invalid, func(r *http.Request, s *service) { r.AddCookie(&http.Cookie{Name: "access_token", Value: s.token}) }))

	MustEach("SRV-AUTH-14", "The service gives a user the events of those organizations alone that the user administers",
		"spec/dataset, getStream, description; spec/organization, getStream, 403", controlled,
		func(ctx SpecContext, user sandbox.User, entitled bool) {
			const mine, other = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
			user.Organizations = []string{mine}
			log := event(time.Now(), 1)
			s, box := controlledProvider(organizationStream, sandbox.Config{
				Events:        sandbox.Raw([]byte(log)),
				Organizations: []sandbox.Organization{{ID: mine, NotEntitled: !entitled}, {ID: other, Events: sandbox.Raw()}},
				Users:         []sandbox.User{user, {Organizations: []string{other}}},
			})
			foreign := event(time.Now(), 2)
			Expect(box.AppendTo(other, []byte(foreign))).To(Succeed())

			s.organization = other
			Expect(s.get(ctx, start, 1).Status).To(BeElementOf(http.StatusForbidden, http.StatusNotFound))
			s.organization = mine
			Expect(s.userInfo(ctx).Sub).To(Equal(s.user)) // who a user is does not depend on it
			for range streams {
				if user.Role == sandbox.NoRole || !entitled {
					for _, cursor := range []*string{start, atTime(s.now().Add(-time.Hour))} {
						Expect(s.get(ctx, cursor, 1)).To(HaveStatus(http.StatusForbidden))
					}
				} else {
					Expect(s.drain(ctx, start, 10).Events()).To(HoldEvents([]string{log}))
				}
				s.turn()
			}
			s.organization = other
			s.become(box.CredentialsOf(1).UserID)
			for range streams { // one of them knows whose events are meant by the token alone
				Expect(s.drain(ctx, start, 10).Events()).To(HoldEvents([]string{foreign}))
				s.turn()
			}
		},
		Entry("an administrator", sandbox.User{}, true),
		Entry("a user who may read security reports", sandbox.User{Role: sandbox.SecurityReports}, true),
		Entry("a user without a role", sandbox.User{Role: sandbox.NoRole}, true),
		Entry("an administrator of an organization that has no Monitor", sandbox.User{}, false))

	MustEach("SRV-AUTH-16", "The service gives a user of several organizations the events of the one in the URL, and answers 403 on the dataset stream, whose URL names none",
		"spec/dataset, getStream, 403; spec/organization, getStream, organizationId", controlled, func(ctx SpecContext, role sandbox.Role) {
			several := []string{"11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"}
			s, box := controlledProvider(datasetStream, sandbox.Config{
				Organizations: []sandbox.Organization{{ID: several[0], Events: sandbox.Raw()}, {ID: several[1], Events: sandbox.Raw()}},
				Users:         []sandbox.User{{Organizations: several, Role: role}},
			})

			Expect(s.get(ctx, start, 1)).To(HaveStatus(http.StatusForbidden))
			s.turn()
			for i, id := range several {
				log := event(time.Now(), i)
				Expect(box.AppendTo(id, []byte(log))).To(Succeed())
				s.organization = id
				Expect(s.drain(ctx, start, 10).Events()).To(HoldEvents([]string{log}))
			}
		},
		Entry("an administrator", sandbox.Administrator), Entry("a user who may read security reports", sandbox.SecurityReports))

	Must("SRV-AUTH-19", "The service tells each user at userinfo of all organizations of that user, and of no other",
		"spec/oauth, getUserInfo, 200", controlled, func(ctx SpecContext) {
			several := []string{"11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"}
			s, box := controlledProvider(datasetStream, sandbox.Config{
				Organizations: []sandbox.Organization{{ID: several[0]}, {ID: several[1]}},
				Users:         []sandbox.User{{Organizations: several[:1]}, {Organizations: several}},
			})

			for i, own := range [][]string{several[:1], several} {
				s.become(box.CredentialsOf(i).UserID)
				user := s.userInfo(ctx)

				Expect(user.Sub).To(Equal(s.user))
				Expect(organizationsOf(user)).To(ConsistOf(own))
			}
		})
})

// userInfo asks who the user of the token is.
func (s *service) userInfo(ctx context.Context) (user oauth.UserInfo) {
	GinkgoHelper()
	a := s.do(ctx, http.MethodGet, s.auth+"/oauth/userinfo", s.bearer(ctx))
	Expect(a).To(HaveStatus(http.StatusOK))
	Expect(json.Unmarshal([]byte(a.Body), &user)).To(Succeed())
	return user
}

// organizationsOf are those that a user has, in lower case.
func organizationsOf(user oauth.UserInfo) (all []string) {
	for _, account := range user.Accounts {
		if account.Organization != nil {
			all = append(all, strings.ToLower(account.Organization.OrganizationID))
		}
	}
	return all
}
