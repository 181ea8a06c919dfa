package contract_test

import (
	"cmp"
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"maps"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"example.com/docusign-monitor/gen/oauth"
	"github.com/golang-jwt/jwt/v5"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// signed counts the assertions of the run.
var signed atomic.Int64

// claims are those that the documentation asks for, with the given ones in their place. A nil takes a claim away. None are
// like those before: a service may take an assertion once only (RFC 7523, section 3).
func (s *service) claims(change jwt.MapClaims) jwt.MapClaims {
	now := s.now()
	life := 30*time.Minute - time.Duration(signed.Add(1)%600)*time.Second
	claims := jwt.MapClaims{
		"iss":   s.integrationKey,
		"sub":   s.user,
		"aud":   s.audience,
		"iat":   now.Unix(),
		"exp":   now.Add(life).Unix(),
		"scope": "signature impersonation",
	}
	maps.Copy(claims, change)
	maps.DeleteFunc(claims, func(_ string, value any) bool { return value == nil })
	return claims
}

// assertion is a good one.
func (s *service) assertion() string {
	GinkgoHelper()
	return sign(jwt.SigningMethodRS256, s.key, s.claims(nil))
}

// sign makes an assertion of any kind.
func sign(method jwt.SigningMethod, key crypto.PrivateKey, claims jwt.MapClaims) string {
	GinkgoHelper()
	text, err := jwt.NewWithClaims(method, claims).SignedString(key)
	Expect(err).NotTo(HaveOccurred())
	return text
}

// signWith makes an assertion with other members in its header. A nil takes one away.
func signWith(header map[string]any, key crypto.PrivateKey, claims jwt.MapClaims) string {
	GinkgoHelper()
	t := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	maps.Copy(t.Header, header)
	maps.DeleteFunc(t.Header, func(_ string, value any) bool { return value == nil })
	text, err := t.SignedString(key)
	Expect(err).NotTo(HaveOccurred())
	return text
}

// by makes an assertion by another algorithm with the right key.
func by(method jwt.SigningMethod) func(*service, oauth.UserInfo) string {
	return func(s *service, _ oauth.UserInfo) string { return sign(method, s.key, s.claims(nil)) }
}

// forEnvironment forges an assertion that is meant for a host, or for another if the service is that one.
func forEnvironment(host, other string) func(*service) string {
	return withClaim("aud", func(s *service) any {
		if s.audience == host {
			return other
		}
		return host
	})
}

// forgeries are assertions that no service may take, and what it says of them.
var forgeries = []TableEntry{
	Entry("signed by another key", func(s *service) string {
		return sign(jwt.SigningMethodRS256, foreignKey(), s.claims(nil))
	}, "no_valid_keys_or_signatures"),
	Entry("not signed (alg none)", func(s *service) string {
		return sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, s.claims(nil))
	}, "no_valid_keys_or_signatures"),
	Entry("signed by HS256 with the public key as the secret", func(s *service) string {
		public := pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&s.key.PublicKey)})
		return sign(jwt.SigningMethodHS256, public, s.claims(nil))
	}, "no_valid_keys_or_signatures"),
	Entry("changed after it was signed", func(s *service) string {
		// That it was taken as it was, if it was, vouches for nothing.
		good, other := strings.Split(cmp.Or(s.taken, s.assertion()), "."), strings.Split(sign(jwt.SigningMethodRS256, s.key,
			s.claims(jwt.MapClaims{"exp": time.Now().Add(20 * time.Minute).Unix()})), ".")
		return good[0] + "." + other[1] + "." + good[2]
	}, "no_valid_keys_or_signatures"),
	Entry("for another audience", func(s *service) string {
		return sign(jwt.SigningMethodRS256, s.key, s.claims(jwt.MapClaims{"aud": "account.example.com"}))
	}, "no_valid_keys_or_signatures"),
	Entry("for the audience with a scheme", func(s *service) string {
		return sign(jwt.SigningMethodRS256, s.key, s.claims(jwt.MapClaims{"aud": "https://" + s.audience}))
	}, "no_valid_keys_or_signatures"),
	Entry("without exp", func(s *service) string {
		return sign(jwt.SigningMethodRS256, s.key, s.claims(jwt.MapClaims{"exp": nil}))
	}, "no_valid_keys_or_signatures"),
	Entry("not yet valid (nbf)", func(s *service) string {
		return sign(jwt.SigningMethodRS256, s.key, s.claims(jwt.MapClaims{"nbf": time.Now().Add(10 * time.Minute).Unix()}))
	}, "no_valid_keys_or_signatures"),
	Entry("expired", func(s *service) string {
		now := time.Now()
		return sign(jwt.SigningMethodRS256, s.key,
			s.claims(jwt.MapClaims{"iat": now.Add(-20 * time.Minute).Unix(), "exp": now.Add(-10 * time.Minute).Unix()}))
	}, "expired_grant"),
	Entry("from an unknown integration key", func(s *service) string {
		return sign(jwt.SigningMethodRS256, s.key, s.claims(jwt.MapClaims{"iss": "00000000-0000-4000-8000-000000000000"}))
	}, "issuer_not_found"),
	Entry("for an unknown user", func(s *service) string {
		return sign(jwt.SigningMethodRS256, s.key, s.claims(jwt.MapClaims{"sub": "00000000-0000-4000-8000-000000000000"}))
	}, "user_not_found"),
	Entry("for an e-mail address", func(s *service) string {
		return sign(jwt.SigningMethodRS256, s.key, s.claims(jwt.MapClaims{"sub": "user@example.com"}))
	}, "invalid_subject"),
}

// unsignedAs forges an assertion that is not signed, and says so in these letters.
func unsignedAs(alg string) func(*service) string {
	return func(s *service) string {
		t := jwt.NewWithClaims(jwt.SigningMethodNone, s.claims(nil))
		t.Header["alg"] = alg
		text, err := t.SignedString(jwt.UnsafeAllowNoneSignatureType)
		Expect(err).NotTo(HaveOccurred())
		return text
	}
}

// withHeader forges an assertion by another header than the one that was signed.
func withHeader(header string) func(*service) string {
	return func(s *service) string {
		_, rest, _ := strings.Cut(s.assertion(), ".")
		return base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + rest
	}
}

// cutLast parts an assertion from its signature.
func cutLast(assertion string) (signed, signature string) {
	at := strings.LastIndexByte(assertion, '.')
	return assertion[:at], assertion[at+1:]
}

// withClaim forges an assertion by one claim.
func withClaim(name string, value func(*service) any) func(*service) string {
	return func(s *service) string {
		return sign(jwt.SigningMethodRS256, s.key, s.claims(jwt.MapClaims{name: value(s)}))
	}
}

// anyForm stands in the place of a description for what is so far from an assertion that a refusal of it may be no JSON.
const anyForm = "in any form"

// refuses is the body of a table of assertions, which looks at the error code.
func refuses(code string) func(SpecContext, func(*service) string, string) {
	return func(ctx SpecContext, forge func(*service) string, description string) {
		s := accountServer()
		want := BeRefusal(code, "")
		if description == anyForm {
			want = HaveStatus(http.StatusBadRequest)
		}
		s.newToken(ctx) // who has had a token is looked at no less
		Expect(s.ask(ctx, forge(s))).To(want)
	}
}

// describes looks at the description as well.
func describes(code string) func(SpecContext, func(*service) string, string) {
	return func(ctx SpecContext, forge func(*service) string, description string) {
		s := accountServer()
		Expect(s.ask(ctx, forge(s))).To(BeRefusal(code, description))
	}
}
