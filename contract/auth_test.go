// Auth: who gets a token, and what is refused without one.
package contract_test

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/golang-jwt/jwt/v5"
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

	Must("SRV-AUTH-16", "The service gives a user of several organizations the events of the one in the URL, and answers 403 on the dataset stream, whose URL names none",
		"spec/dataset, getStream, 403; spec/organization, getStream, organizationId", controlled, func(ctx SpecContext) {
			several := []string{"11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"}
			s, box := controlledProvider(datasetStream, sandbox.Config{
				Organizations: []sandbox.Organization{{ID: several[0], Events: sandbox.Raw()}, {ID: several[1], Events: sandbox.Raw()}},
				Users:         []sandbox.User{{Organizations: several}},
			})

			Expect(s.get(ctx, start, 1)).To(HaveStatus(http.StatusForbidden))
			s.turn()
			for i, id := range several {
				log := event(time.Now(), i)
				Expect(box.AppendTo(id, []byte(log))).To(Succeed())
				s.organization = id
				Expect(s.drain(ctx, start, 10).Events()).To(HoldEvents([]string{log}))
			}
		})

	MustEach("SRV-AUTH-17", "The service takes an assertion with all that the documentation allows",
		"spec/oauth, createToken, description; RFC 7519, section 4; RFC 6749, section 3.3",
		func(ctx SpecContext, change func(now time.Time) jwt.MapClaims) {
			s := accountServer()

			Expect(s.ask(ctx, sign(jwt.SigningMethodRS256, s.key, s.claims(change(s.now()))))).To(HaveStatus(http.StatusOK))
		},
		Entry("a life of one minute", func(now time.Time) jwt.MapClaims {
			return jwt.MapClaims{"iat": now.Unix(), "exp": now.Unix() + 60}
		}),
		Entry("a life of one hour", func(now time.Time) jwt.MapClaims {
			return jwt.MapClaims{"iat": now.Unix(), "exp": now.Unix() + 3600}
		}),
		Entry("an iat ten minutes ago", func(now time.Time) jwt.MapClaims {
			return jwt.MapClaims{"iat": now.Add(-10 * time.Minute).Unix(), "exp": now.Add(20 * time.Minute).Unix()}
		}),
		Entry("nbf", func(now time.Time) jwt.MapClaims { return jwt.MapClaims{"nbf": now.Unix()} }),
		Entry("a claim that it does not know", func(time.Time) jwt.MapClaims { return jwt.MapClaims{"jti": "1"} }),
		Entry("the scopes the other way round", func(time.Time) jwt.MapClaims {
			return jwt.MapClaims{"scope": "impersonation signature"}
		}))

	Must("SRV-AUTH-18", "The service takes the key of an integration for assertions of this integration alone",
		"spec/oauth, createToken, 400", controlled, func(ctx SpecContext) {
			s, _ := controlledProvider(datasetStream, sandbox.Config{Integrations: []sandbox.Integration{{}, {Key: otherKey, PrivateKey: foreignKey()}}})
			foreign := func(*service) string { return sign(jwt.SigningMethodRS256, foreignKey(), s.claims(nil)) }

			Expect(s.ask(ctx, s.assertion())).To(HaveStatus(http.StatusOK))
			Expect(s.ask(ctx, foreign(s))).To(BeRefusal("invalid_grant", ""))
			s.integrationKey = otherKey
			Expect(s.ask(ctx, foreign(s))).To(HaveStatus(http.StatusOK))
			Expect(s.ask(ctx, s.assertion())).To(BeRefusal("invalid_grant", ""))
		})

	ShouldEach("SRV-AUTH-15", "The service reads the grant from a form alone, whatever else has its bytes",
		"spec/oauth, TokenRequest; RFC 6749, appendix B; the status is assumed", assumed,
		func(ctx SpecContext, mediaType string) {
			s := accountServer()
			form := url.Values{"grant_type": {string(oauth.JWTBearer)}, "assertion": {s.assertion()}}

			a := s.post(declared(ctx, invalid), "", form, func(r *http.Request) {
				r.Header.Del("Content-Type")
				if mediaType != "" {
					r.Header.Set("Content-Type", mediaType)
				}
			})

			Expect(a.Status).To(BeElementOf(http.StatusBadRequest, http.StatusUnsupportedMediaType), a.String)
		},
		Entry("JSON", "application/json"), Entry("text", "text/plain"), Entry("no media type", ""))

	Must("SRV-AUTH-3", "The service answers 401 once the access token has expired",
		"spec/oauth, Token, expires_in; spec/dataset, getStream, 401", controlled, func(ctx SpecContext, on stream) {
			clock := newClock()
			s, _ := controlledProvider(on, sandbox.Config{Clock: clock.now, TokenLifetime: time.Hour})
			var token oauth.Token
			Expect(json.Unmarshal([]byte(s.ask(ctx, s.assertion()).Body), &token)).To(Succeed())
			life := time.Duration(token.ExpiresIn) * time.Second
			s.token = token.AccessToken
			Expect(s.get(ctx, start, 1)).To(HaveStatus(http.StatusOK))

			clock.advance(life - edge)
			s.newToken(ctx) // another one ends nothing
			Expect(s.get(ctx, start, 1)).To(HaveStatus(http.StatusOK))

			clock.advance(2 * edge)
			Expect(s.get(ctx, start, 1)).To(HaveStatus(http.StatusUnauthorized))
			Expect(s.do(ctx, http.MethodGet, s.auth+"/oauth/userinfo", s.bearer(ctx))).To(HaveStatus(http.StatusUnauthorized))
		})

	MustEach("SRV-AUTH-4", "The service refuses a forged, foreign or expired assertion with 400 and invalid_grant",
		"spec/oauth, createToken, 400", refuses("invalid_grant"), forgeries,
		Entry("without a signature, though it names RS256", func(s *service) string {
			a := s.assertion()
			return a[:strings.LastIndexByte(a, '.')+1]
		}, ""),
		Entry("with half of its signature", func(s *service) string {
			head, signature := cutLast(s.assertion())
			return head + "." + signature[:len(signature)/2]
		}, ""),
		Entry("in four parts", func(s *service) string { return s.assertion() + ".e30" }, ""),
		Entry("signed by a key that it brings along itself", func(s *service) string {
			t := jwt.NewWithClaims(jwt.SigningMethodRS256, s.claims(nil))
			t.Header["jwk"] = map[string]string{
				"kty": "RSA", "e": "AQAB", "n": base64.RawURLEncoding.EncodeToString(foreignKey().N.Bytes()),
			}
			text, err := t.SignedString(foreignKey())
			Expect(err).NotTo(HaveOccurred())
			return text
		}, ""),
		Entry("not signed (alg None)", unsignedAs("None"), ""), Entry("not signed (alg NONE)", unsignedAs("NONE"), ""),
		Entry("signed by HS256 with the public key as a key file has it", func(s *service) string {
			der, err := x509.MarshalPKIXPublicKey(&s.key.PublicKey)
			Expect(err).NotTo(HaveOccurred())
			return sign(jwt.SigningMethodHS256, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), s.claims(nil))
		}, ""),
		Entry("signed by HS256 with the integration key", func(s *service) string {
			return sign(jwt.SigningMethodHS256, []byte(s.integrationKey), s.claims(nil))
		}, ""),
		Entry("for the URL of the endpoint", withClaim("aud", func(s *service) any { return s.auth + "/oauth/token" }), ""),
		Entry("for the audience with a slash", withClaim("aud", func(s *service) any { return s.audience + "/" }), ""),
		Entry("for a host whose name begins with the audience", withClaim("aud", func(s *service) any { return s.audience + ".example.com" }), ""),
		Entry("for a host whose name ends with the audience", withClaim("aud", func(s *service) any { return "not-" + s.audience }), ""),
		Entry("without aud", withClaim("aud", func(*service) any { return nil }), ""),
		Entry("without iss", withClaim("iss", func(*service) any { return nil }), ""),
		Entry("without sub", withClaim("sub", func(*service) any { return nil }), ""),
		Entry("for the audience with a blank", withClaim("aud", func(s *service) any { return s.audience + " " }), ""),
		Entry("for the audience with another scheme", withClaim("aud", func(s *service) any { return "http://" + s.audience }), ""),
		Entry("for the audience with the path of the endpoint", withClaim("aud", func(s *service) any { return s.audience + "/oauth/token" }), ""),
		Entry("for the demo environment, or for production", withClaim("aud", func(s *service) any {
			return map[bool]string{true: "account.docusign.com", false: "account-d.docusign.com"}[s.audience == "account-d.docusign.com"]
		}), ""),
		Entry("for the integration", withClaim("aud", func(s *service) any { return s.integrationKey }), ""),
		Entry("with an empty aud", withClaim("aud", func(*service) any { return "" }), ""),
		Entry("with an aud of nothing", withClaim("aud", func(*service) any { return []string{} }), ""),
		Entry("with an empty sub", withClaim("sub", func(*service) any { return "" }), ""),
		Entry("for the beginning of a user's id", withClaim("sub", func(s *service) any { return s.user[:len(s.user)/2] }), ""),
		Entry("for the integration as a user", withClaim("sub", func(s *service) any { return s.integrationKey }), ""),
		Entry("with a list for iss", withClaim("iss", func(s *service) any { return []string{s.integrationKey} }), ""),
		Entry("with a text for exp", withClaim("exp", func(s *service) any { return fmt.Sprint(s.now().Add(time.Hour / 2).Unix()) }), ""),
		Entry("expired since three minutes", withClaim("exp", func(s *service) any { return s.now().Add(-3 * time.Minute).Unix() }), ""),
		Entry("valid from an hour ahead", withClaim("nbf", func(s *service) any { return s.now().Add(time.Hour).Unix() }), ""),
		Entry("with one bit of its signature changed", func(s *service) string {
			head, signature := cutLast(s.assertion())
			raw, err := base64.RawURLEncoding.DecodeString(signature)
			Expect(err).NotTo(HaveOccurred())
			raw[len(raw)-1] ^= 1
			return head + "." + base64.RawURLEncoding.EncodeToString(raw)
		}, ""),
		Entry("with another header than was signed", withHeader(`{"typ":"JWT","alg":"RS256","kid":"1"}`), ""),
		Entry("with a signature, though it names none", withHeader(`{"typ":"JWT","alg":"none"}`), ""),
		Entry("with no alg", withHeader(`{"typ":"JWT"}`), ""),
		Entry("signed by HS256 with nothing", func(s *service) string { return sign(jwt.SigningMethodHS256, []byte{}, s.claims(nil)) }, ""),
		Entry("signed by HS256 with a word", func(s *service) string { return sign(jwt.SigningMethodHS256, []byte("secret"), s.claims(nil)) }, ""),
		Entry("signed by HS256 with the user's id", func(s *service) string {
			return sign(jwt.SigningMethodHS256, []byte(s.user), s.claims(nil))
		}, ""),
		Entry("a number", func(*service) string { return "5" }, anyForm),
		Entry("a text as long as a book page", func(*service) string { return strings.Repeat("nothing", 700) }, anyForm))

	ShouldEach("SRV-AUTH-5", "The service says in error_description what is wrong with an assertion",
		"spec/oauth, createToken, 400; third parties have seen it missing", describes("invalid_grant"), forgeries)

	MustEach("SRV-AUTH-6", "The service answers consent_required for a user who has not consented",
		"spec/oauth, createToken, 400", controlled, func(ctx SpecContext, user sandbox.User) {
			s, _ := controlledProvider(datasetStream, sandbox.Config{
				Integrations: []sandbox.Integration{{}, {Key: otherKey, PrivateKey: foreignKey()}}, Users: []sandbox.User{user, {}},
			})

			for range 2 {
				Expect(s.ask(ctx, s.assertion())).To(BeRefusal("consent_required", ""))
			}
		},
		Entry("to any integration", sandbox.User{NoConsent: true}),
		Entry("but to another integration", sandbox.User{Integrations: []string{otherKey}}))

	MustEach("SRV-AUTH-7", "The service takes no other grant_type for the JWT grant",
		"spec/oauth, TokenRequest, grant_type", func(ctx SpecContext, other string) {
			s := accountServer()

			a := s.post(declared(ctx, invalid), "", url.Values{"grant_type": {other}, "assertion": {s.assertion()}})

			Expect(a).To(BeRefusal("invalid_grant", "")) // the description is sometimes missing
		},
		Entry("misspelt", "jwt-bearer"), Entry("that of another grant", "client_credentials"),
		Entry("that of another assertion", "urn:ietf:params:oauth:grant-type:saml2-bearer"),
		Entry("of a password", "password"), Entry("of a code", "authorization_code"), Entry("of a refresh token", "refresh_token"),
		Entry("with a blank behind it", string(oauth.JWTBearer)+" "),
		Entry("with more behind it", string(oauth.JWTBearer)+"2"), Entry("in capitals", strings.ToUpper(string(oauth.JWTBearer))),
		Entry("a number", "5"), Entry("a long one", oversized))

	ShouldEach("SRV-AUTH-8", "The service reads grant_type and assertion from the form alone, and refuses one that is missing, empty or twice",
		"RFC 6749, sections 2.3.1 and 3.2", assumed,
		func(ctx SpecContext, query, form []string) {
			s := accountServer()
			values := url.Values{"grant_type": {string(oauth.JWTBearer)}, "assertion": {s.assertion()}}
			pick := func(names []string) url.Values {
				picked := url.Values{}
				for _, name := range names {
					name, empty := strings.CutSuffix(name, "=")
					if picked.Add(name, values.Get(name)); empty {
						picked.Set(name, "")
					}
				}
				return picked
			}

			a := s.post(declared(ctx, invalid), pick(query).Encode(), pick(form))

			Expect(a).To(HaveStatus(http.StatusBadRequest))
		},
		Entry("the assertion in the URL", []string{"assertion"}, []string{"grant_type"}),
		Entry("both in the URL", []string{"grant_type", "assertion"}, nil),
		Entry("the assertion twice", nil, []string{"grant_type", "assertion", "assertion"}),
		Entry("the grant_type twice", nil, []string{"grant_type", "grant_type", "assertion"}),
		Entry("an empty assertion", nil, []string{"grant_type", "assertion="}),
		Entry("an empty grant_type", nil, []string{"grant_type=", "assertion"}),
		Entry("no assertion", nil, []string{"grant_type"}),
		Entry("no grant_type", nil, []string{"assertion"}))

	ShouldEach("SRV-AUTH-9", "The service refuses an assertion that claims more than the documentation allows",
		"spec/oauth, createToken, description; one integration asks for two hours and gets a token", assumed,
		func(ctx SpecContext, change func(now time.Time) jwt.MapClaims, code string) {
			s := accountServer()

			a := s.ask(ctx, sign(jwt.SigningMethodRS256, s.key, s.claims(change(time.Now()))))

			Expect(a).To(BeRefusal(code, ""))
		},
		Entry("an exp two hours ahead", func(now time.Time) jwt.MapClaims {
			return jwt.MapClaims{"exp": now.Add(2 * time.Hour).Unix()}
		}, "invalid_grant"),
		Entry("an iat ten minutes ahead", func(now time.Time) jwt.MapClaims {
			return jwt.MapClaims{"iat": now.Add(10 * time.Minute).Unix()}
		}, "invalid_grant"),
		Entry("a scope without impersonation", func(time.Time) jwt.MapClaims {
			return jwt.MapClaims{"scope": "signature"}
		}, "consent_required"),
		Entry("no scope", func(time.Time) jwt.MapClaims { return jwt.MapClaims{"scope": nil} }, "consent_required"))

	Must("SRV-AUTH-10", "The service tells at userinfo who the user of a token is",
		"spec/oauth, getUserInfo, 200", func(ctx SpecContext) {
			s := accountServer()

			user, organizations := s.userInfo(ctx)

			Expect(user).To(Equal(strings.ToLower(s.user)))
			if s.organization != "" { // it is what the organization stream is asked for with
				Expect(organizations).To(ContainElement(strings.ToLower(s.organization)))
			}
		})

	Must("SRV-AUTH-19", "The service tells each user at userinfo of all organizations of that user, and of no other",
		"spec/oauth, getUserInfo, 200", controlled, func(ctx SpecContext) {
			several := []string{"11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"}
			s, box := controlledProvider(datasetStream, sandbox.Config{
				Organizations: []sandbox.Organization{{ID: several[0]}, {ID: several[1]}},
				Users:         []sandbox.User{{Organizations: several[:1]}, {Organizations: several}},
			})

			for i, own := range [][]string{several[:1], several} {
				s.become(box.CredentialsOf(i).UserID)
				user, organizations := s.userInfo(ctx)

				Expect(user).To(Equal(s.user))
				Expect(organizations).To(ConsistOf(own))
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
})

// otherKey is that of an integration beside the suite's own.
const otherKey = "33333333-3333-4333-8333-333333333333"

// userInfo asks who the user of the token is, and which organizations that user has, in lower case.
func (s *service) userInfo(ctx context.Context) (user string, organizations []string) {
	GinkgoHelper()
	a := s.do(ctx, http.MethodGet, s.auth+"/oauth/userinfo", s.bearer(ctx))
	var info oauth.UserInfo
	Expect(a).To(HaveStatus(http.StatusOK))
	Expect(json.Unmarshal([]byte(a.Body), &info)).To(Succeed())
	for _, account := range info.Accounts {
		if account.Organization != nil {
			organizations = append(organizations, strings.ToLower(account.Organization.OrganizationID))
		}
	}
	return strings.ToLower(info.Sub), organizations
}

// post sends a form to the token endpoint as it is.
func (s *service) post(ctx context.Context, query string, form url.Values, edit ...func(*http.Request)) *answer {
	GinkgoHelper()
	client, err := oauth.NewClient(s.auth, oauth.WithHTTPClient(s.http))
	Expect(err).NotTo(HaveOccurred())
	return s.answer(client.CreateTokenWithBody(ctx, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()),
		func(_ context.Context, r *http.Request) error {
			r.URL.RawQuery = query
			for _, change := range edit {
				change(r)
			}
			return nil
		}))
}
