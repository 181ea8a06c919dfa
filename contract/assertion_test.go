package contract_test

import (
	"crypto"
	"maps"
	"time"

	"github.com/golang-jwt/jwt/v5"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// claims are those that the documentation asks for, with the given ones in their place. A nil takes a claim away.
func (s *service) claims(change jwt.MapClaims) jwt.MapClaims {
	now := s.now()
	claims := jwt.MapClaims{
		"iss":   s.integrationKey,
		"sub":   s.user,
		"aud":   s.audience,
		"iat":   now.Unix(),
		"exp":   now.Add(30 * time.Minute).Unix(),
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
	signed, err := jwt.NewWithClaims(method, claims).SignedString(key)
	Expect(err).NotTo(HaveOccurred())
	return signed
}
