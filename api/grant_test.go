package api

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
)

func TestGrantOnTheWire(t *testing.T) { eachStream(t, testGrantOnTheWire) }

func testGrantOnTheWire(t *testing.T, s under) {
	for name, audience := range map[string]string{"by the URL": "", "overridden": "account.example"} {
		t.Run(name, func(t *testing.T) {
			f := s.fake(t, s.page("a"))
			grant := f.grant()
			grant.Audience = audience
			before := time.Now().Truncate(time.Second)
			token, err := grant.TokenSource().Token()
			if err != nil {
				t.Fatal(err)
			}
			if token.AccessToken != "token-1" || token.TokenType != "Bearer" || time.Until(token.Expiry) < 59*time.Minute {
				t.Errorf("token of type %q until %v", token.TokenType, token.Expiry)
			}

			form := f.forms[0]
			if got := form.Get("grant_type"); got != "urn:ietf:params:oauth:grant-type:jwt-bearer" || len(form) != 2 {
				t.Errorf("grant_type %q among %d fields", got, len(form))
			}
			claims := jwt.MapClaims{}
			parsed, err := jwt.ParseWithClaims(form.Get("assertion"), claims, func(*jwt.Token) (any, error) { return testKey().Public(), nil },
				jwt.WithValidMethods([]string{"RS256"}))
			if err != nil {
				t.Fatal(err)
			}
			issued, _ := claims.GetIssuedAt()
			expires, _ := claims.GetExpirationTime()
			if issued.Before(before) || issued.After(time.Now()) || expires.Sub(issued.Time) != 30*time.Minute {
				t.Errorf("issued %v, expires %v", issued, expires)
			}
			delete(claims, "iat")
			delete(claims, "exp")
			if audience == "" {
				audience = strings.TrimPrefix(f.URL, "http://")
			}
			want := jwt.MapClaims{"iss": "integration-key", "sub": "user", "aud": audience, "scope": "signature impersonation"}
			if diff := cmp.Diff(want, claims); diff != "" {
				t.Errorf("claims (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(map[string]any{"alg": "RS256", "typ": "JWT"}, parsed.Header); diff != "" {
				t.Errorf("header (-want +got):\n%s", diff)
			}
		})
	}
}

// sealed signs without giving the key away, like a key in hardware.
type sealed struct{ key crypto.Signer }

func (s sealed) Public() crypto.PublicKey { return s.key.Public() }
func (s sealed) Sign(r io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	return s.key.Sign(r, digest, opts)
}

type broken struct{ sealed }

func (broken) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, errors.New("locked")
}

func TestGrantKeys(t *testing.T) { eachStream(t, testGrantKeys) }

func testGrantKeys(t *testing.T, s under) {
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		key  crypto.Signer
		want string
	}{
		"a signer":        {sealed{testKey()}, ""},
		"none":            {nil, "needs one private key"},
		"elliptic":        {ec, "not an RSA key"},
		"does not sign":   {broken{sealed{testKey()}}, "does not sign: locked"},
		"an RSA key, too": {testKey(), ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := s.fake(t, s.page("a"))
			grant := f.grant()
			grant.PrivateKey = test.key
			_, err := grant.TokenSource().Token()
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v does not say %q", err, test.want)
			}
			if err != nil && f.tokens > 0 {
				t.Error("a token was asked for")
			}
		})
	}
}

func TestConsentURL(t *testing.T) {
	grant := JWTGrant{IntegrationKey: "a key", Environment: Demo}
	got := grant.ConsentURL("https://host/back?x=1&y")
	want := "https://account-d.docusign.com/oauth/auth?response_type=code&scope=signature%20impersonation&client_id=a+key&redirect_uri=https%3A%2F%2Fhost%2Fback%3Fx%3D1%26y"
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestGrantRefused(t *testing.T) { eachStream(t, testGrantRefused) }

func testGrantRefused(t *testing.T, s under) {
	tests := map[string]struct {
		answer http.HandlerFunc
		want   error
		says   string
	}{
		"consent":         {answer(400, `{"error":"consent_required"}`), ErrConsentRequired, "/oauth/auth?response_type=code&scope=signature%20impersonation&client_id=integration-key&redirect_uri=REDIRECT_URI"},
		"user":            {answer(400, `{"error":"invalid_grant","error_description":"user_not_found"}`), ErrUserNotFound, "check the user id"},
		"issuer":          {answer(400, `{"error":"invalid_grant","error_description":"issuer_not_found"}`), ErrIssuerNotFound, "check the integration key"},
		"key":             {answer(400, `{"error":"invalid_grant","error_description":"no_valid_keys_or_signatures"}`), ErrWrongKey, "private key"},
		"expired":         {answer(400, `{"error":"invalid_grant","error_description":"expired_grant"}`), ErrExpiredGrant, "clock"},
		"subject":         {answer(400, `{"error":"invalid_grant","error_description":"invalid_subject"}`), ErrInvalidSubject, "not the e-mail address"},
		"no description":  {answer(400, `{"error":"invalid_grant"}`), ErrInvalidGrant, "check integration key"},
		"another":         {answer(400, `{"error":"invalid_grant","error_description":"unsupported_grant_type"}`), ErrInvalidGrant, "check integration key"},
		"another code":    {answer(400, `{"error":"invalid_request"}`), nil, "invalid_request"},
		"HTML":            {answer(400, `<html>`), nil, "check the auth URL"},
		"plain text":      {answer(400, `Bad Request`), nil, "check the auth URL"},
		"not found":       {answer(404, ``), nil, "check the auth URL"},
		"HTML as a token": {answer(200, `<html>`), nil, "not JSON at byte 0; check the auth URL"},
		"no token":        {answer(200, `{"token_type":"Bearer"}`), nil, "no usable bearer token"},
		"token in lines":  {answer(200, `{"access_token":"a\nb","token_type":"Bearer"}`), nil, "no usable bearer token"},
		"another type":    {answer(200, `{"access_token":"a","token_type":"mac"}`), nil, "no usable bearer token"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := s.fake(t, s.page("a"))
			f.token = test.answer
			c, waits := f.client(t)
			_, err := c.Page(t.Context(), Query{})
			var e *Error
			if !errors.As(err, &e) || e.Op != "token" || e.Attempts != 1 || test.want != nil && !errors.Is(err, test.want) {
				t.Errorf("error %+v", err)
			}
			if err != nil && !strings.Contains(err.Error(), test.says) {
				t.Errorf("error %q does not say %q", err, test.says)
			}
			if f.tokens != 1 || len(f.requests) > 0 || len(waits.list()) > 0 {
				t.Errorf("%d tokens, %d requests, waited %v", f.tokens, len(f.requests), waits.list())
			}
		})
	}
}

func TestGrantRetried(t *testing.T) { eachStream(t, testGrantRetried) }

func testGrantRetried(t *testing.T, s under) {
	tests := map[string]http.HandlerFunc{
		"503":        answer(503, ``, "Retry-After: 5"),
		"429":        answer(429, ``),
		"cut":        hangUp(100, `{"access_`),
		"ends early": answer(200, `{"access_token":"a`),
		"nothing":    answer(200, ``),
	}
	for name, failure := range tests {
		t.Run(name, func(t *testing.T) {
			f := s.fake(t, s.page("a"))
			good := answer(200, `{"access_token":"token","token_type":"bearer","expires_in":3600}`)
			f.token = func(w http.ResponseWriter, r *http.Request) {
				if f.tokens == 1 {
					failure(w, r)
					return
				}
				good(w, r)
			}
			c, waits := f.client(t)
			if _, err := c.Page(t.Context(), Query{}); err != nil {
				t.Error(err)
			}
			if len(waits.list()) != 1 || f.tokens != 2 || len(f.requests) != 1 {
				t.Errorf("waited %v, %d tokens, %d requests", waits.list(), f.tokens, len(f.requests))
			}
			first, second := f.forms[0].Get("assertion"), f.forms[1].Get("assertion")
			if first == "" || second == "" {
				t.Error("an attempt had no assertion")
			}
		})
	}
}

// What the token endpoint does not answer is tried within the bounds once, not once more for each attempt at the page.
func TestGrantOutage(t *testing.T) { eachStream(t, testGrantOutage) }

func testGrantOutage(t *testing.T, s under) {
	f := s.fake(t, s.page("a"))
	f.token = answer(503, ``)
	c, waits := f.client(t)
	_, err := c.Page(t.Context(), Query{})
	var e *Error
	if !errors.As(err, &e) || e.Op != "token" || e.StatusCode != 503 {
		t.Errorf("error %v", err)
	}
	var sum time.Duration
	for _, d := range waits.list() {
		sum += d
	}
	if sum > 5*time.Minute {
		t.Errorf("waited %v in all", sum)
	}
}

func TestReadToken(t *testing.T) {
	now := at(0)
	tests := map[string]struct {
		body   string
		expiry time.Time
	}{
		"an hour":       {`{"access_token":"a","token_type":"Bearer","expires_in":3600,"scope":"s"}`, at(3600)},
		"a second":      {`{"access_token":"a","token_type":"BEARER","expires_in":1}`, at(1)},
		"without end":   {`{"access_token":"a","token_type":"Bearer"}`, time.Time{}},
		"for ever":      {`{"access_token":"a","token_type":"Bearer","expires_in":9223372036854775807}`, now.Add(365 * 24 * time.Hour)},
		"unknown field": {`{"x":[1],"access_token":"a","token_type":"Bearer","expires_in":60}`, at(60)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := readToken([]byte(test.body), now)
			if err != nil {
				t.Fatal(err)
			}
			if got.AccessToken != "a" || !got.Expiry.Equal(test.expiry) {
				t.Errorf("token until %v, want %v", got.Expiry, test.expiry)
			}
		})
	}
}

func TestTransportOfTheGrant(t *testing.T) { eachStream(t, testTransportOfTheGrant) }

func testTransportOfTheGrant(t *testing.T, s under) {
	f := s.fake(t, s.page("a"))
	var hosts []string
	c, _ := f.client(t, WithHTTPClient(&http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		hosts = append(hosts, r.Method+" "+r.URL.Path)
		return http.DefaultTransport.RoundTrip(r)
	})}))
	if _, err := c.Page(t.Context(), Query{}); err != nil {
		t.Fatal(err)
	}
	want := []string{"POST /oauth/token", "GET " + s.path}
	if diff := cmp.Diff(want, hosts); diff != "" {
		t.Errorf("requests through the client's transport (-want +got):\n%s", diff)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestURLs(t *testing.T) {
	tests := map[string]bool{
		"https://host":            true,
		"https://host/":           true,
		"https://host:8443/a/b":   true,
		"HTTPS://host":            true,
		"http://127.0.0.1:80":     true,
		"http://127.9.9.9":        true,
		"http://[::1]:80":         true,
		"http://localhost":        true,
		"http://host":             false,
		"http://localhost.evil":   false,
		"http://127.0.0.1.evil":   false,
		"http://10.0.0.1":         false,
		"ftp://127.0.0.1":         false,
		"host":                    false,
		"host:443":                false,
		"//host":                  false,
		"":                        false,
		"https://":                false,
		"https://:443":            false,
		"https://user@host":       false,
		"https://user:secret@h":   false,
		"https://host?q":          false,
		"https://host#f":          false,
		"https://ho st":           false,
		"https:opaque":            false,
		"https://host/%zz":        false,
		"https://host\r\nX: evil": false,
	}
	for raw, ok := range tests {
		t.Run(raw, func(t *testing.T) {
			_, err := New(Environment{DatasetURL: raw}, failingSource{})
			if (err == nil) != ok {
				t.Errorf("error %v, want it accepted: %v", err, ok)
			}
			if err != nil && raw != "" && strings.Contains(err.Error(), "secret") {
				t.Errorf("the error quotes the URL: %v", err)
			}
			if ok {
				return
			}
			if _, err := (JWTGrant{PrivateKey: testKey(), Environment: Environment{AuthURL: raw}}).TokenSource().Token(); err == nil {
				t.Error("a token was asked for")
			}
		})
	}
	if _, err := New(Demo, nil); err == nil {
		t.Error("a client without a token source is made")
	}
}

func TestBaseURLWithPath(t *testing.T) { eachStream(t, testBaseURLWithPath) }

func testBaseURLWithPath(t *testing.T, s under) {
	for _, base := range []string{"/prefix", "/prefix/"} {
		f := s.fake(t, s.page("a"))
		env := f.environment()
		env.DatasetURL += base
		env.OrganizationURL += base
		c := f.clientOf(t, env)
		if _, err := c.Page(t.Context(), Query{}); err != nil {
			t.Fatal(err)
		}
		if got, want := f.requests[0].URL.Path, "/prefix"+s.path; got != want {
			t.Errorf("path %s, want %s", got, want)
		}
	}
}

// The body of a token request is sent again whole when the connection was lost under it.
func TestTokenBodyIsRewound(t *testing.T) { eachStream(t, testTokenBodyIsRewound) }

func testTokenBodyIsRewound(t *testing.T, s under) {
	f := s.fake(t, s.page("a"))
	c, _ := f.client(t, WithHTTPClient(&http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		if r.Method == "POST" && r.GetBody == nil {
			t.Error("the body of a token request cannot be sent again")
		}
		return http.DefaultTransport.RoundTrip(r)
	})}))
	if _, err := c.Page(t.Context(), Query{}); err != nil {
		t.Error(err)
	}
}

// A key file that is replaced under a running program is the key of the next token.
func TestPrivateKeyFile(t *testing.T) { eachStream(t, testPrivateKeyFile) }

func testPrivateKeyFile(t *testing.T, s under) {
	path := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(path, []byte("rotating"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := s.fake(t, s.page("a"))
	grant := f.grant()
	grant.PrivateKey, grant.PrivateKeyFile = nil, path
	if _, err := grant.TokenSource().Token(); err == nil || f.tokens > 0 {
		t.Errorf("error %v, %d tokens", err, f.tokens)
	}
	if err := os.WriteFile(path, []byte(pkcs1PEM()), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := grant.TokenSource().Token(); err != nil {
		t.Error(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := grant.TokenSource().Token(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
	grant.PrivateKey = testKey()
	if _, err := grant.TokenSource().Token(); err == nil || !strings.Contains(err.Error(), "needs one private key") {
		t.Errorf("error %v", err)
	}
}
