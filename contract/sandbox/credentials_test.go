package sandbox_test

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/docusign-monitor/contract/sandbox"
)

func TestCredentialsDoNotTellTheKey(t *testing.T) {
	c := sandbox.Start(t, sandbox.Config{}).Credentials()
	asJSON, err := json.Marshal(map[string]any{"value": c, "pointer": &c})
	if err != nil {
		t.Fatal(err)
	}
	var logged bytes.Buffer
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("json", "credentials", c)
	slog.New(slog.NewTextHandler(&logged, nil)).Info("text", "credentials", c)
	texts := map[string]string{"JSON": string(asJSON), "log": logged.String(), "String": c.String(), "GoString": c.GoString()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		texts[verb] = fmt.Sprintf(verb, c) + fmt.Sprintf(verb, &c) + fmt.Sprintf(verb, []sandbox.Credentials{c})
	}

	secrets := map[string]string{
		"d in decimal":        c.PrivateKey.D.String(),
		"d in hex":            c.PrivateKey.D.Text(16),
		"d in base64":         base64.StdEncoding.EncodeToString(c.PrivateKey.D.Bytes()),
		"a prime in decimal":  c.PrivateKey.Primes[0].String(),
		"a prime in hex":      c.PrivateKey.Primes[0].Text(16),
		"a line of the PEM":   strings.Split(string(c.PEM()), "\n")[3],
		"the modulus, public": c.PrivateKey.N.String(),
	}
	for how, text := range texts {
		for what, secret := range secrets {
			if strings.Contains(strings.ToLower(text), strings.ToLower(secret)) {
				t.Errorf("%s tells %s", how, what)
			}
		}
		if how != "%x" && !strings.Contains(text, c.IntegrationKey) {
			t.Errorf("%s does not tell the integration key: %s", how, text)
		}
	}
}

func TestPEM(t *testing.T) {
	c := sandbox.Start(t, sandbox.Config{}).Credentials()

	block, rest := pem.Decode(c.PEM())

	if block == nil || block.Type != "RSA PRIVATE KEY" || len(rest) > 0 {
		t.Fatalf("not one PEM block of PKCS#1: %v, rest %q", block != nil, rest)
	}
	key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if !key.Equal(c.PrivateKey) {
		t.Error("the PEM holds another key")
	}
}

func TestCredentialsAsJSON(t *testing.T) {
	got, err := json.Marshal(sandbox.Credentials{IntegrationKey: "i", UserID: "u", OrganizationID: "o"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(`{"integrationKey":"i","userId":"u","organizationId":"o"}`, string(got)); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
}
