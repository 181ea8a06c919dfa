package contract_test

import (
	"crypto"
	"maps"
	"sync/atomic"
	"time"

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
