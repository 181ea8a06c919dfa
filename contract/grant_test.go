// Grant: what an access token is given for, and what is refused instead of one.
package contract_test

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"example.com/docusign-monitor/contract/sandbox"
	"example.com/docusign-monitor/gen/oauth"
)

var _ = Describe("Grant", Label("auth"), func() {
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
			return signWith(map[string]any{"jwk": map[string]string{
				"kty": "RSA", "e": "AQAB", "n": base64.RawURLEncoding.EncodeToString(foreignKey().N.Bytes()),
			}}, foreignKey(), s.claims(nil))
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
		Entry("for the demo environment, or for production", forEnvironment("account-d.docusign.com", "account.docusign.com"), ""),
		Entry("for production, or for the demo environment", forEnvironment("account.docusign.com", "account-d.docusign.com"), ""),
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
			s, box := controlledProvider(datasetStream, sandbox.Config{
				Integrations: []sandbox.Integration{{}, {Key: otherKey, PrivateKey: foreignKey()}}, Users: []sandbox.User{user, {}},
			})

			mine := s.user
			for range 2 { // nor does it help that another user has
				Expect(s.ask(ctx, s.assertion())).To(BeRefusal("consent_required", ""))
				s.become(box.CredentialsOf(1).UserID)
				Expect(s.ask(ctx, s.assertion())).To(HaveStatus(http.StatusOK))
				s.become(mine)
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
		Entry("an exp an hour and three minutes ahead", func(now time.Time) jwt.MapClaims {
			return jwt.MapClaims{"exp": now.Add(time.Hour + 3*time.Minute).Unix()}
		}, "invalid_grant"),
		Entry("no iat, from which the hour counts", func(time.Time) jwt.MapClaims { return jwt.MapClaims{"iat": nil} }, "invalid_grant"),
		Entry("an exp a day ahead", func(now time.Time) jwt.MapClaims {
			return jwt.MapClaims{"exp": now.Add(24 * time.Hour).Unix()}
		}, "invalid_grant"),
		Entry("an exp in milliseconds", func(now time.Time) jwt.MapClaims {
			return jwt.MapClaims{"exp": now.Add(time.Hour / 2).UnixMilli()}
		}, "invalid_grant"),
		Entry("an empty scope", func(time.Time) jwt.MapClaims { return jwt.MapClaims{"scope": ""} }, "consent_required"),
		Entry("scopes with a comma between", func(time.Time) jwt.MapClaims {
			return jwt.MapClaims{"scope": "signature,impersonation"}
		}, "consent_required"),
		Entry("scopes in capitals", func(time.Time) jwt.MapClaims {
			return jwt.MapClaims{"scope": "SIGNATURE IMPERSONATION"}
		}, "consent_required"),
		Entry("a scope without impersonation", func(time.Time) jwt.MapClaims {
			return jwt.MapClaims{"scope": "signature"}
		}, "consent_required"),
		Entry("no scope", func(time.Time) jwt.MapClaims { return jwt.MapClaims{"scope": nil} }, "consent_required"))

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
		Entry("JSON", "application/json"), Entry("text", "text/plain"), Entry("bytes", "application/octet-stream"), Entry("no media type", ""))

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
			for range 3 { // however often it is tried
				Expect(s.ask(ctx, foreign(s))).To(BeRefusal("invalid_grant", ""))
			}
			s.integrationKey = otherKey
			Expect(s.ask(ctx, foreign(s))).To(HaveStatus(http.StatusOK))
			Expect(s.ask(ctx, s.assertion())).To(BeRefusal("invalid_grant", ""))
		})

	ShouldEach("SRV-AUTH-20", "The service takes no assertion but one by RS256, for the GUID of a user, of which it understands all",
		"spec/oauth, createToken, description; RFC 7515, section 4.1.11", assumed,
		func(ctx SpecContext, forge func(s *service, user oauth.UserInfo) string) {
			s := accountServer()
			user := s.userInfo(ctx)

			Expect(s.ask(ctx, forge(s, user))).To(HaveStatus(http.StatusBadRequest))
		},
		Entry("by RS384", by(jwt.SigningMethodRS384)), Entry("by RS512", by(jwt.SigningMethodRS512)),
		Entry("by PS256", by(jwt.SigningMethodPS256)),
		Entry("with an extension that it has to understand", func(s *service, _ oauth.UserInfo) string {
			return signWith(map[string]any{"crit": []string{"extension"}, "extension": true}, s.key, s.claims(nil))
		}),
		Entry("for the e-mail address of the user", func(s *service, user oauth.UserInfo) string {
			if user.Email == nil {
				notProvableHere("userinfo tells no e-mail address")
			}
			return sign(jwt.SigningMethodRS256, s.key, s.claims(jwt.MapClaims{"sub": *user.Email}))
		}),
		Entry("with = behind its parts", func(s *service, _ oauth.UserInfo) string {
			method := jwt.SigningMethodRS256
			signing, err := jwt.NewWithClaims(method, s.claims(nil)).SigningString()
			Expect(err).NotTo(HaveOccurred())
			head, claims, _ := strings.Cut(signing, ".")
			signing = padded(head) + "." + padded(claims)
			signature, err := method.Sign(signing, s.key)
			Expect(err).NotTo(HaveOccurred())
			return signing + "." + base64.URLEncoding.EncodeToString(signature)
		}),
		Entry("for the GUID with a blank behind it", func(s *service, _ oauth.UserInfo) string {
			return sign(jwt.SigningMethodRS256, s.key, s.claims(jwt.MapClaims{"sub": s.user + " "}))
		}),
		Entry("for the GUID in braces", func(s *service, _ oauth.UserInfo) string {
			return sign(jwt.SigningMethodRS256, s.key, s.claims(jwt.MapClaims{"sub": "{" + s.user + "}"}))
		}),
		Entry("for the GUID without its hyphens", func(s *service, _ oauth.UserInfo) string {
			return sign(jwt.SigningMethodRS256, s.key, s.claims(jwt.MapClaims{"sub": strings.ReplaceAll(s.user, "-", "")}))
		}))

	ShouldEach("SRV-AUTH-21", "The service takes a grant in any writing that the standards let a client choose",
		"RFC 9110, section 8.3.1; RFC 6749, section 3.2 and appendix B; RFC 7515, section 4.1", assumed,
		func(ctx SpecContext, edit func(*http.Request), header map[string]any) {
			s := accountServer()
			form := url.Values{"grant_type": {string(oauth.JWTBearer)}, "assertion": {signWith(header, s.key, s.claims(nil))}}

			Expect(s.post(ctx, "", form, edit)).To(HaveStatus(http.StatusOK))
		},
		Entry("its charset named", sentAs("application/x-www-form-urlencoded; charset=utf-8"), nil),
		Entry("its media type in capitals", sentAs("Application/X-WWW-Form-Urlencoded"), nil),
		Entry("a parameter that it does not know, and colons as they are", func(r *http.Request) {
			form, _ := io.ReadAll(r.Body)
			assertion, _, _ := strings.Cut(string(form), "&")
			text := "grant_type=" + string(oauth.JWTBearer) + "&" + assertion + "&client=1"
			r.Body, r.ContentLength, r.GetBody = io.NopCloser(strings.NewReader(text)), int64(len(text)), nil
		}, nil),
		Entry("the key named", asItIs, map[string]any{"kid": "1"}),
		Entry("no typ", asItIs, map[string]any{"typ": nil}))
})

// otherKey is that of an integration beside the suite's own.
const otherKey = "33333333-3333-4333-8333-333333333333"

// padded is base64url in a length that is divided by four.
func padded(text string) string { return text + strings.Repeat("=", -len(text)&3) }

// sentAs is a change to a request: its media type.
func sentAs(mediaType string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Content-Type", mediaType) }
}

// asItIs changes nothing in a request.
func asItIs(*http.Request) {}

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
