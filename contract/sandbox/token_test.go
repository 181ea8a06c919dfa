package sandbox_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"example.com/docusign-monitor/contract/sandbox"
)

const (
	consenting = "11111111-2222-4333-8444-555555555555"
	refusing   = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"
	stranger   = "99999999-2222-4333-8444-555555555555"
)

var twoUsers = []sandbox.User{{ID: consenting}, {ID: refusing, NoConsent: true}}

func TestTokenGranted(t *testing.T) {
	c := newClock()
	s := sandbox.Start(t, sandbox.Config{Clock: c.Now, Users: twoUsers})
	now := c.Now()
	host := strings.TrimPrefix(s.URL(), "http://")
	tests := map[string]jwt.MapClaims{
		"as documented":               nil,
		"GUIDs in upper case":         {"iss": strings.ToUpper(s.Credentials().IntegrationKey), "sub": strings.ToUpper(consenting)},
		"aud as a list of one":        {"aud": []string{host}},
		"scopes in another order":     {"scope": "impersonation extended signature"},
		"short lived":                 {"exp": now.Add(time.Minute).Unix()},
		"signed 59 seconds from now":  {"iat": now.Add(59 * time.Second).Unix(), "exp": now.Add(time.Hour).Unix()},
		"expired 59 seconds ago":      {"iat": now.Add(-time.Hour).Unix(), "exp": now.Add(-59 * time.Second).Unix()},
		"valid since now":             {"nbf": now.Unix()},
		"valid 59 seconds from now":   {"nbf": now.Add(59 * time.Second).Unix()},
		"claims that mean nothing":    {"jti": "1", "nonce": nil, "x": map[string]any{"sub": stranger}},
		"an hour by the second exact": {"iat": now.Unix() - 5, "exp": now.Unix() - 5 + 3600},
	}
	for name, changed := range tests {
		t.Run(name, func(t *testing.T) {
			a := exchange(t, s, sign(t, jwt.SigningMethodRS256, s.Credentials().PrivateKey, claims(s, now, changed)))

			var body map[string]any
			if err := json.Unmarshal([]byte(a.Body), &body); err != nil || a.Status != http.StatusOK {
				t.Fatalf("status %d, %s", a.Status, a.Body)
			}
			token, _ := body["access_token"].(string)
			delete(body, "access_token")
			want := map[string]any{"token_type": "Bearer", "expires_in": 3600.0, "scope": "signature impersonation"}
			if diff := cmp.Diff(want, body); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
			if got := get(t, s, token, streamPath).Status; got != http.StatusOK {
				t.Errorf("stream with the token: status %d", got)
			}
		})
	}
}

func TestTokensDiffer(t *testing.T) {
	c := newClock()
	s := sandbox.Start(t, sandbox.Config{Clock: c.Now})
	if a, b := login(t, s, c.Now()), login(t, s, c.Now()); a == b {
		t.Error("two grants gave the same token")
	}
}

func TestTokenRequestRefused(t *testing.T) {
	c := newClock()
	s := sandbox.Start(t, sandbox.Config{Clock: c.Now})
	assertion := sign(t, jwt.SigningMethodRS256, s.Credentials().PrivateKey, claims(s, c.Now(), nil))
	grantType := "grant_type=" + url.QueryEscape(jwtBearer)
	asserted := "assertion=" + assertion
	form := grantType + "&" + asserted
	const (
		unsupported = "invalid_grant unsupported_grant_type"
		noForm      = "invalid_request The body is not " + formType
	)
	tests := []struct{ name, query, contentType, body, want string }{
		{"grant_type misspelt", "", formType, "grant_type=jwt-bearer&" + asserted, unsupported},
		{"grant_type of another flow", "", formType, "grant_type=client_credentials&" + asserted, unsupported},
		{"grant_type in upper case", "", formType, "grant_type=" + url.QueryEscape(strings.ToUpper(jwtBearer)) + "&" + asserted, unsupported},
		{"grant_type missing", "", formType, asserted, "invalid_request"},
		{"grant_type empty", "", formType, "grant_type=&" + asserted, "invalid_request"},
		{"grant_type twice", "", formType, form + "&" + grantType, "invalid_request"},
		{"assertion missing", "", formType, grantType, "invalid_request"},
		{"assertion empty", "", formType, grantType + "&assertion=", "invalid_request"},
		{"assertion twice", "", formType, form + "&" + asserted, "invalid_request"},
		{"all in the URL", "?" + form, formType, "", "invalid_request"},
		{"assertion in the URL", "?" + asserted, formType, grantType, "invalid_request"},
		{"assertion in the URL too", "?" + asserted, formType, form, "invalid_request"},
		{"grant_type in the URL", "?" + grantType, formType, asserted, "invalid_request"},
		{"grant_type in the URL too", "?" + grantType, formType, form, "invalid_request"},
		{"URL that cannot be read", "?%zz", formType, form, "invalid_request"},
		{"JSON", "", "application/json", `{"grant_type":"` + jwtBearer + `","assertion":"` + assertion + `"}`, noForm},
		{"form that says it is JSON", "", "application/json", form, noForm},
		{"multipart", "", "multipart/form-data; boundary=x", "--x--", noForm},
		{"Content-Type missing", "", "", form, "invalid_request The request has no Content-Type"},
		{"Content-Type malformed", "", formType + "; =", form, noForm},
		{"body empty", "", formType, "", "invalid_request"},
		{"body that cannot be read", "", formType, form + "&%zz", "invalid_request"},
		{"body with semicolons", "", formType, grantType + ";" + asserted, "invalid_request"},
		{"body too large", "", formType, form + "&x=" + strings.Repeat("y", 1<<20), "invalid_request"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := post(t, s, test.query, test.contentType, test.body)

			if got := problemOf(t, a); a.Status != http.StatusBadRequest || !strings.HasPrefix(got, test.want) {
				t.Errorf("got %d %q, want 400 %q", a.Status, got, test.want)
			}
			if strings.Contains(a.Body, assertion[:20]) {
				t.Error("the answer quotes the assertion")
			}
		})
	}
	t.Run("form with a charset is taken", func(t *testing.T) {
		if a := post(t, s, "?x=1", formType+"; charset=utf-8", form+"&x=1"); a.Status != http.StatusOK {
			t.Errorf("got %d %s", a.Status, a.Body)
		}
	})
}

func TestTokenExpires(t *testing.T) {
	c := newClock()
	s := sandbox.Start(t, sandbox.Config{Clock: c.Now, TokenLifetime: 90 * time.Second})
	token := login(t, s, c.Now())
	for _, step := range []struct {
		move time.Duration
		want int
	}{{0, 200}, {90*time.Second - 1, 200}, {1, 401}, {time.Hour, 401}} {
		c.Advance(step.move)
		for _, path := range []string{streamPath, "/oauth/userinfo"} {
			if got := get(t, s, token, path).Status; got != step.want {
				t.Errorf("%s after %v more: status %d, want %d", path, step.move, got, step.want)
			}
		}
	}
}

func TestUserInfo(t *testing.T) {
	c := newClock()
	s := sandbox.Start(t, sandbox.Config{Clock: c.Now, Users: []sandbox.User{{}, {ID: consenting, Name: "Zoë Example"}}})
	second := jwt.MapClaims{"sub": consenting}
	granted := exchange(t, s, sign(t, jwt.SigningMethodRS256, s.Credentials().PrivateKey, claims(s, c.Now(), second)))

	a := get(t, s, tokenOf(t, granted), "/oauth/userinfo")

	var got struct {
		Sub, Name, Email string
		Accounts         []struct {
			IsDefault    bool `json:"is_default"`
			Organization struct {
				ID string `json:"organization_id"`
			}
		}
	}
	if err := json.Unmarshal([]byte(a.Body), &got); err != nil || a.Status != http.StatusOK {
		t.Fatalf("status %d, %s", a.Status, a.Body)
	}
	want := got
	want.Sub, want.Name, want.Email = consenting, "Zoë Example", "user-11111111@example.com"
	if len(want.Accounts) != 1 {
		t.Fatalf("got %d accounts, want 1", len(want.Accounts))
	}
	want.Accounts[0].IsDefault, want.Accounts[0].Organization.ID = true, s.Credentials().OrganizationID
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("userinfo (-want +got):\n%s", diff)
	}
}
