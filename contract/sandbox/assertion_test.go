package sandbox_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"example.com/docusign-monitor/contract/sandbox"
)

func TestAssertionRefused(t *testing.T) {
	c := newClock()
	s := sandbox.Start(t, sandbox.Config{Clock: c.Now, Users: twoUsers})
	key, now := s.Credentials().PrivateKey, c.Now()
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	pkix, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: pkix})
	host := strings.TrimPrefix(s.URL(), "http://")

	with := func(changed jwt.MapClaims) string {
		return sign(t, jwt.SigningMethodRS256, key, claims(s, now, changed))
	}
	in := func(d time.Duration) int64 { return now.Add(d).Unix() }
	headed := func(header map[string]any) string {
		token := jwt.NewWithClaims(jwt.SigningMethodRS256, claims(s, now, nil))
		for name, value := range header {
			token.Header[name] = value
		}
		text, err := token.SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	// raw signs text that no JSON encoder would write.
	raw := func(header, payload string) string {
		text := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(payload))
		signature, err := jwt.SigningMethodRS256.Sign(text, key)
		if err != nil {
			t.Fatal(err)
		}
		return text + "." + base64.RawURLEncoding.EncodeToString(signature)
	}
	good, err := json.Marshal(claims(s, now, nil))
	if err != nil {
		t.Fatal(err)
	}
	twice := func(member string) string { return string(good[:len(good)-1]) + "," + member + "}" }
	const header = `{"alg":"RS256","typ":"JWT"}`

	const (
		keys     = "invalid_grant no_valid_keys_or_signatures"
		issuer   = "invalid_grant issuer_not_found"
		expired  = "invalid_grant expired_grant"
		subject  = "invalid_grant invalid_subject"
		notFound = "invalid_grant user_not_found"
		consent  = "consent_required "
	)
	tests := []struct{ name, assertion, want string }{
		{"alg none", sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, claims(s, now, nil)), keys},
		{"alg none in another case", raw(`{"alg":"nOnE"}`, string(good)), keys},
		{"HS256 with the public key as PEM", sign(t, jwt.SigningMethodHS256, public, claims(s, now, nil)), keys},
		{"HS256 with the public key as DER", sign(t, jwt.SigningMethodHS256, pkix, claims(s, now, nil)), keys},
		{"RS384", sign(t, jwt.SigningMethodRS384, key, claims(s, now, nil)), keys},
		{"PS256", sign(t, jwt.SigningMethodPS256, key, claims(s, now, nil)), keys},
		{"another key", sign(t, jwt.SigningMethodRS256, other, claims(s, now, nil)), keys},
		{"another key, given in the header", headedBy(t, other, claims(s, now, nil)), keys},
		{"signature of nothing", with(nil)[:strings.LastIndexByte(with(nil), '.')+1], keys},
		{"signature cut", with(nil)[:len(with(nil))-4], keys},
		{"claims changed after signing", spliced(with(jwt.MapClaims{"sub": refusing}), with(nil)), keys},
		{"no JWT", "assertion", keys},
		{"two parts", "e30.e30", keys},
		{"four parts", with(nil) + ".e30", keys},
		{"signature broken into lines", with(nil)[:len(with(nil))-20] + "\r\n" + with(nil)[len(with(nil))-20:], keys},
		{"padded", with(nil) + "==", keys},
		{"header is null", raw("null", string(good)), keys},
		{"claims are null", raw(header, "null"), issuer},
		{"claims are a list", raw(header, "[]"), keys},
		{"sub twice", raw(header, twice(`"sub":"`+refusing+`"`)), keys},
		{"sub twice, the same", raw(header, twice(`"sub":"`+consenting+`"`)), keys},
		{"exp twice", raw(header, twice(`"exp":99999999999`)), keys},
		{"alg twice", raw(`{"alg":"none","alg":"RS256"}`, string(good)), keys},
		{"bytes after the claims", raw(header, string(good)+"{}"), keys},
		{"critical header", headed(map[string]any{"crit": []string{"b64"}, "b64": false}), keys},

		{"aud of another host", with(jwt.MapClaims{"aud": "account.example.com"}), keys},
		{"aud of the developer environment", with(jwt.MapClaims{"aud": "account-d.docusign.com"}), issuer},
		{"aud of the production environment", with(jwt.MapClaims{"aud": []string{"account.docusign.com"}}), issuer},
		{"aud with scheme", with(jwt.MapClaims{"aud": "http://" + host}), keys},
		{"aud with slash", with(jwt.MapClaims{"aud": host + "/"}), keys},
		{"aud without port", with(jwt.MapClaims{"aud": "127.0.0.1"}), keys},
		{"aud missing", with(jwt.MapClaims{"aud": nil}), keys},
		{"aud empty", with(jwt.MapClaims{"aud": ""}), keys},
		{"aud of several", with(jwt.MapClaims{"aud": []string{host, "account-d.docusign.com"}}), keys},
		{"aud a number", with(jwt.MapClaims{"aud": 1}), keys},

		{"exp missing", with(jwt.MapClaims{"exp": nil}), keys},
		{"exp text", with(jwt.MapClaims{"exp": "2099-01-01"}), keys},
		{"exp more than an hour after iat", with(jwt.MapClaims{"exp": in(time.Hour + 2*time.Minute)}), keys},
		{"exp two hours after iat, one ahead", with(jwt.MapClaims{"iat": in(-time.Hour), "exp": in(time.Hour)}), keys},
		{"exp beyond all measure", with(jwt.MapClaims{"exp": 1e300}), expired},
		{"expired two minutes ago", with(jwt.MapClaims{"iat": in(-time.Hour), "exp": in(-2 * time.Minute)}), expired},
		{"expired long ago", with(jwt.MapClaims{"iat": 1, "exp": 3601}), expired},
		{"exp negative", with(jwt.MapClaims{"exp": -1}), expired},
		{"iat two minutes from now", with(jwt.MapClaims{"iat": in(2 * time.Minute)}), expired},
		{"iat missing", with(jwt.MapClaims{"iat": nil}), keys},
		{"iat text", with(jwt.MapClaims{"iat": "now"}), keys},
		{"iat after exp", with(jwt.MapClaims{"iat": in(30 * time.Minute), "exp": in(10 * time.Minute)}), expired},
		{"nbf two minutes from now", with(jwt.MapClaims{"nbf": in(2 * time.Minute)}), keys},
		{"nbf text", with(jwt.MapClaims{"nbf": "now"}), keys},

		{"iss unknown", with(jwt.MapClaims{"iss": stranger}), issuer},
		{"iss missing", with(jwt.MapClaims{"iss": nil}), issuer},
		{"iss a list", with(jwt.MapClaims{"iss": []string{s.Credentials().IntegrationKey}}), issuer},
		{"iss in capital letters", with(jwt.MapClaims{"iss": nil, "ISS": s.Credentials().IntegrationKey}), issuer},

		{"sub an e-mail address", with(jwt.MapClaims{"sub": "ada@example.com"}), subject},
		{"sub missing", with(jwt.MapClaims{"sub": nil}), subject},
		{"sub a number", with(jwt.MapClaims{"sub": 1}), subject},
		{"sub in braces", with(jwt.MapClaims{"sub": "{" + consenting + "}"}), subject},
		{"sub with a character too many", with(jwt.MapClaims{"sub": consenting + "5"}), subject},
		{"sub with a letter beyond f", with(jwt.MapClaims{"sub": "g" + consenting[1:]}), subject},
		{"sub with its hyphens elsewhere", with(jwt.MapClaims{"sub": "1111111-12222-4333-8444-555555555555"}), subject},
		{"sub unknown", with(jwt.MapClaims{"sub": stranger}), notFound},

		{"user without consent", with(jwt.MapClaims{"sub": refusing}), consent},
		{"scope missing", with(jwt.MapClaims{"scope": nil}), consent},
		{"scope without impersonation", with(jwt.MapClaims{"scope": "signature"}), consent},
		{"scope without signature", with(jwt.MapClaims{"scope": "impersonation"}), consent},
		{"scope in one word", with(jwt.MapClaims{"scope": "signatureimpersonation"}), consent},
		{"scope a list", with(jwt.MapClaims{"scope": []string{"signature", "impersonation"}}), consent},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := exchange(t, s, test.assertion)

			if got := problemOf(t, a); a.Status != http.StatusBadRequest || got != test.want {
				t.Errorf("got %d %q, want 400 %q", a.Status, got, test.want)
			}
			for _, part := range strings.Split(test.assertion, ".") {
				if len(part) > 8 && strings.Contains(a.Body, part) {
					t.Error("the answer quotes the assertion")
				}
			}
		})
	}
}

// headedBy is an assertion that brings the key that verifies it along.
func headedBy(t *testing.T, key *rsa.PrivateKey, c jwt.MapClaims) string {
	t.Helper()
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, c)
	token.Header["jwk"] = map[string]any{"kty": "RSA", "e": "AQAB", "n": base64.RawURLEncoding.EncodeToString(key.N.Bytes())}
	text, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// spliced is one assertion with the signature of another.
func spliced(claims, signature string) string {
	return claims[:strings.LastIndexByte(claims, '.')] + signature[strings.LastIndexByte(signature, '.'):]
}

// problemOf is the code and the description of an error of the OAuth endpoints.
func problemOf(t *testing.T, a answer) string {
	t.Helper()
	var problem struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	if err := json.Unmarshal([]byte(a.Body), &problem); err != nil {
		t.Fatalf("%s: %v", a.Body, err)
	}
	return problem.Error + " " + problem.Description
}
