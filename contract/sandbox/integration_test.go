package sandbox_test

import (
	"crypto/rsa"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"example.com/docusign-monitor/contract/sandbox"
)

// Each integration is known by its own key alone, and each user consents to it separately.
func TestIntegrations(t *testing.T) {
	c := newClock()
	const own = "AAAAAAAA-0000-4000-8000-000000000001"
	s := sandbox.Start(t, sandbox.Config{
		Clock:        c.Now,
		Integrations: []sandbox.Integration{{}, {Key: own}, {}},
		Users:        []sandbox.User{{}, {Integrations: []string{strings.ToUpper(own)}}, {Integrations: []string{}}, {NoConsent: true, Integrations: []string{own}}},
	})
	var keys [3]*rsa.PrivateKey
	for i := range keys {
		keys[i] = s.CredentialsFor(0, i).PrivateKey
	}
	if keys[0].Equal(keys[1]) || keys[1].Equal(keys[2]) || keys[0].Equal(keys[2]) {
		t.Error("two integrations have the same private key")
	}
	if got := s.CredentialsFor(0, 1).IntegrationKey; got != strings.ToLower(own) {
		t.Errorf("integration key %s", got)
	}
	const (
		granted   = ""
		consent   = "consent_required "
		signature = "invalid_grant no_valid_keys_or_signatures"
	)
	for _, test := range []struct {
		user, integration int
		key               *rsa.PrivateKey
		want              string
	}{
		{0, 0, keys[0], granted}, {0, 1, keys[1], granted}, {0, 2, keys[2], granted},
		{0, 0, keys[1], signature}, {0, 1, keys[0], signature}, {0, 2, keys[1], signature},
		{1, 0, keys[0], consent}, {1, 1, keys[1], granted}, {1, 2, keys[2], consent},
		{2, 0, keys[0], consent}, {2, 1, keys[1], consent},
		{3, 1, keys[1], consent},
	} {
		who := s.CredentialsFor(test.user, test.integration)
		a := exchange(t, s, sign(t, jwt.SigningMethodRS256, test.key,
			claims(s, c.Now(), jwt.MapClaims{"iss": who.IntegrationKey, "sub": who.UserID})))
		if got := problemOf(t, a); test.want == granted && a.Status != 200 || test.want != granted && got != test.want {
			t.Errorf("user %d by integration %d: %d %q, want %q", test.user, test.integration, a.Status, got, test.want)
		}
	}
}

// A key that is given is used, and GUIDs that are not stay the same.
func TestIntegrationKeys(t *testing.T) {
	a := sandbox.Start(t, sandbox.Config{Integrations: make([]sandbox.Integration, 2)})
	b := sandbox.Start(t, sandbox.Config{Integrations: []sandbox.Integration{{}, {PrivateKey: a.CredentialsFor(0, 0).PrivateKey}}})
	first, second := a.CredentialsFor(0, 1), b.CredentialsFor(0, 1)
	if first.IntegrationKey != second.IntegrationKey || !guid.MatchString(first.IntegrationKey) {
		t.Errorf("integration keys %q and %q; want one GUID", first.IntegrationKey, second.IntegrationKey)
	}
	if !second.PrivateKey.Equal(b.Credentials().PrivateKey) {
		t.Error("the private key that was given is not used")
	}
}
