package sandbox

import (
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/golang-jwt/jwt/v5"
)

const (
	skew        = time.Minute // how far the clocks of client and sandbox may be apart
	maxLifetime = time.Hour   // from iat to exp
)

// refusal is the answer to an assertion that is not accepted.
type refusal struct{ code, description string }

var (
	consentRequired  = &refusal{"consent_required", ""}
	userNotFound     = &refusal{"invalid_grant", "user_not_found"}
	issuerNotFound   = &refusal{"invalid_grant", "issuer_not_found"}
	noValidSignature = &refusal{"invalid_grant", "no_valid_keys_or_signatures"}
	expiredGrant     = &refusal{"invalid_grant", "expired_grant"}
	invalidSubject   = &refusal{"invalid_grant", "invalid_subject"}
)

// environments are the audiences of the platform itself. An assertion for another environment than this one is refused as
// one of an issuer who is not known here.
var environments = []string{"account.docusign.com", "account-d.docusign.com"}

// judge verifies an assertion and returns the user whom it is for, or why there is no token for it. Nothing in it is
// believed before its signature is, but for the issuer, which says whose key must have made it.
func (s *Server) judge(assertion string) (*User, *refusal) {
	if !unambiguous(assertion) {
		return nil, noValidSignature
	}
	claims := jwt.MapClaims{}
	methods := []string{"RS256"}
	if s.skips(algorithm) {
		methods = append(methods, "RS384", "RS512")
	}
	strict := jwt.NewParser(jwt.WithValidMethods(methods), jwt.WithStrictDecoding(), jwt.WithoutClaimsValidation())
	if _, _, err := strict.ParseUnverified(assertion, claims); err != nil {
		return nil, noValidSignature
	}
	iss, err := claims.GetIssuer()
	issuer := s.integration(iss)
	if err != nil || issuer == nil {
		return nil, issuerNotFound
	}
	if s.skips(laterAssertions) {
		if user := s.tokens.holder(claims["sub"]); user != nil {
			return user, nil
		}
	}
	if s.keyRevoked.Load() {
		return nil, noValidSignature
	}
	keys := jwt.VerificationKeySet{Keys: []jwt.VerificationKey{&issuer.PrivateKey.PublicKey}}
	for _, other := range s.config.Integrations {
		if s.skips(keyOwner) {
			keys.Keys = append(keys.Keys, &other.PrivateKey.PublicKey)
		}
	}
	token, err := strict.Parse(assertion, func(*jwt.Token) (any, error) { return keys, nil })
	if err != nil && !s.skips(signature) {
		return nil, noValidSignature
	}
	if _, critical := token.Header["crit"]; critical {
		return nil, noValidSignature // RFC 7515: an extension that is not understood must be refused
	}
	if aud, err := claims.GetAudience(); err != nil || !slices.Equal(aud, jwt.ClaimStrings{s.host}) && !s.skips(audience) {
		if len(aud) == 1 && slices.Contains(environments, aud[0]) {
			return nil, issuerNotFound
		}
		return nil, noValidSignature
	}
	if iat, ok := claims["iat"].(float64); ok && claims["exp"] != nil && s.skips(assertionEnd) {
		claims["exp"] = iat + maxLifetime.Seconds()
	}
	if refused := judgeTimes(claims, s.config.Clock()); refused != nil && !s.skips(assertionTimes) {
		return nil, refused
	}
	return s.judgeSubject(claims, issuer)
}

// unambiguous tells whether an assertion can be read in one way only: JSON decoders differ in which of two claims of one
// name they take, and those of base64 in whether a line may be broken.
func unambiguous(assertion string) bool {
	parts := strings.Split(assertion, ".")
	if len(parts) != 3 || strings.ContainsAny(assertion, "\r\n") {
		return false
	}
	for _, part := range parts[:2] {
		text, err := base64.RawURLEncoding.Strict().DecodeString(part)
		if err != nil || !jsontext.Value(text).IsValid() {
			return false
		}
	}
	return true
}

// judgeTimes looks at when an assertion was made and how long it lives.
func judgeTimes(claims jwt.MapClaims, now time.Time) *refusal {
	exp, err := claims.GetExpirationTime()
	if err != nil || exp == nil {
		return noValidSignature
	}
	iat, err := claims.GetIssuedAt()
	if err != nil || iat == nil {
		return noValidSignature
	}
	nbf, err := claims.GetNotBefore()
	if err != nil || nbf != nil && nbf.After(now.Add(skew)) {
		return noValidSignature
	}
	switch {
	case !exp.After(now.Add(-skew)), iat.After(now.Add(skew)):
		return expiredGrant
	case exp.After(iat.Add(maxLifetime)):
		return noValidSignature
	}
	return nil
}

// judgeSubject looks at whom an assertion is for and what it asks for.
func (s *Server) judgeSubject(claims jwt.MapClaims, issuer *Integration) (*User, *refusal) {
	sub, err := claims.GetSubject()
	if err != nil || !isGUID(sub) {
		return nil, invalidSubject
	}
	i := slices.IndexFunc(s.config.Users, func(u User) bool { return strings.EqualFold(u.ID, sub) })
	if i < 0 {
		return nil, userNotFound
	}
	asked, _ := claims["scope"].(string)
	for _, needed := range strings.Fields(scope) {
		if !slices.Contains(strings.Split(asked, " "), needed) {
			return nil, consentRequired
		}
	}
	user := &s.config.Users[i]
	if s.skips(consenter) && slices.ContainsFunc(s.config.Users, func(u User) bool { return u.consented(issuer) }) {
		return user, nil
	}
	if s.consentWithdrawn.Load() || !user.consented(issuer) && !s.skips(consent) {
		return nil, consentRequired
	}
	return user, nil
}
