package oauth_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/docusign-monitor/gen/oauth"
)

// echo is a strict server that issues the form that reached it as an access token.
type echo struct{}

func (echo) CreateToken(_ context.Context, request oauth.CreateTokenRequestObject) (oauth.CreateTokenResponseObject, error) {
	bound := fmt.Sprintf("%s %s", request.Body.GrantType, request.Body.Assertion)
	return oauth.CreateToken200JSONResponse{Body: oauth.Token{AccessToken: bound, TokenType: "Bearer", ExpiresIn: 3600}}, nil
}

func (echo) GetUserInfo(context.Context, oauth.GetUserInfoRequestObject) (oauth.GetUserInfoResponseObject, error) {
	return oauth.GetUserInfo200JSONResponse{Body: oauth.UserInfo{Sub: "user"}}, nil
}

func TestRouting(t *testing.T) {
	const (
		form  = "application/x-www-form-urlencoded"
		grant = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=a.b.c"
		bound = "urn:ietf:params:oauth:grant-type:jwt-bearer a.b.c"
	)
	tests := []struct {
		name           string
		method, target string
		contentType    string
		body           string
		status         int
		allow          string
		bound          string // what the server saw of a token request
	}{
		{name: "token request", method: "POST", target: "/oauth/token", contentType: form, body: grant, status: 200, bound: bound},
		{name: "type with a charset", method: "POST", target: "/oauth/token", contentType: form + "; charset=utf-8", body: grant, status: 200, bound: bound},
		{name: "token by GET", method: "GET", target: "/oauth/token?" + grant, status: 405, allow: "POST"},
		{name: "form that does not parse", method: "POST", target: "/oauth/token", contentType: form, body: "assertion=%zz", status: 400},
		{name: "final slash", method: "POST", target: "/oauth/token/", contentType: form, body: grant, status: 404},
		{name: "two slashes", method: "POST", target: "/oauth//token", contentType: form, body: grant, status: 307},

		// What the generated server lets through, so that a server has to look itself: see the package doc.
		{name: "parameters in the URL", method: "POST", target: "/oauth/token?" + grant, contentType: form, status: 200, bound: bound},
		{name: "body as JSON", method: "POST", target: "/oauth/token", contentType: "application/json", body: `{"assertion":"a.b.c"}`, status: 200, bound: " "},
		{name: "other grant", method: "POST", target: "/oauth/token", contentType: form, body: "grant_type=password&assertion=a", status: 200, bound: "password a"},
		{name: "no parameters", method: "POST", target: "/oauth/token", contentType: form, status: 200, bound: " "},

		{name: "user info", method: "GET", target: "/oauth/userinfo", status: 200},
		{name: "user info by POST", method: "POST", target: "/oauth/userinfo", status: 405, allow: "GET, HEAD"},
		{name: "other endpoint", method: "GET", target: "/oauth/auth", status: 404},
	}
	handler := oauth.Handler(oauth.NewStrictHandler(echo{}, nil))
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			request := httptest.NewRequest(test.method, test.target, strings.NewReader(test.body))
			request.Header.Set("Content-Type", test.contentType)
			answer := httptest.NewRecorder()
			handler.ServeHTTP(answer, request)

			if answer.Code != test.status {
				t.Errorf("status %d, want %d; body: %s", answer.Code, test.status, answer.Body)
			}
			if diff := cmp.Diff(test.allow, answer.Header().Get("Allow")); diff != "" {
				t.Errorf("Allow (-want +got):\n%s", diff)
			}
			if test.bound == "" {
				return
			}
			var token oauth.Token
			if err := json.Unmarshal(answer.Body.Bytes(), &token); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.bound, token.AccessToken); diff != "" {
				t.Errorf("bound parameters (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTokenRequest(t *testing.T) {
	for _, server := range []string{"https://account.example", "https://account.example/", "https://proxy.example/docusign", "https://proxy.example/docusign/"} {
		t.Run(server, func(t *testing.T) {
			request, body := send(t, server, func(client *oauth.Client) (*http.Response, error) {
				return client.CreateTokenWithFormdataBody(t.Context(), oauth.TokenRequest{GrantType: oauth.JWTBearer, Assertion: "a-_.b+/.c=&"})
			})

			if diff := cmp.Diff("POST "+strings.TrimSuffix(server, "/")+"/oauth/token", request); diff != "" {
				t.Errorf("request (-want +got):\n%s", diff)
			}
			const want = "assertion=a-_.b%2B%2F.c%3D%26&grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer"
			if diff := cmp.Diff(want, body); diff != "" {
				t.Errorf("body (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUserInfoRequest(t *testing.T) {
	request, body := send(t, "https://account.example", func(client *oauth.Client) (*http.Response, error) {
		return client.GetUserInfo(t.Context())
	})
	if diff := cmp.Diff("GET https://account.example/oauth/userinfo", request); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
	if body != "" {
		t.Errorf("body %q, want none", body)
	}
}

func TestTokenResponse(t *testing.T) {
	tests := []struct {
		name        string
		status      int
		contentType string
		body        string
		token       *oauth.Token
		refused     *oauth.OAuthError // with 400
		failed      *oauth.Problem    // with any other status
	}{
		{
			name: "token", status: 200, contentType: "application/json",
			body: `{"access_token":"t","token_type":"Bearer","expires_in":3600,"scope":"signature impersonation","other":98765432109876543210}`,
			token: &oauth.Token{
				AccessToken: "t", TokenType: "Bearer", ExpiresIn: 3600, Scope: new("signature impersonation"),
				AdditionalProperties: map[string]json.RawMessage{"other": json.RawMessage("98765432109876543210")},
			},
		},
		{
			name: "consent", status: 400, contentType: "application/json",
			body:    `{"error":"consent_required"}`,
			refused: &oauth.OAuthError{Error: "consent_required"},
		},
		{
			name: "grant", status: 400, contentType: "application/json; charset=utf-8",
			body:    `{"error":"invalid_grant","error_description":"user_not_found"}`,
			refused: &oauth.OAuthError{Error: "invalid_grant", ErrorDescription: new("user_not_found")},
		},
		{name: "plain text, which is nil without an error", status: 400, contentType: "text/plain", body: "Bad Request"},
		{name: "page of a proxy, which is nil without an error", status: 200, contentType: "text/html", body: "<p>"},
		{
			name: "undocumented status", status: 429, contentType: "application/json",
			body:   `{"error":"slow_down"}`,
			failed: &oauth.Problem{Error: new("slow_down")},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			client, err := oauth.NewClientWithResponses("https://account.example", oauth.WithHTTPClient(doer(func(*http.Request) (*http.Response, error) {
				return &http.Response{
					StatusCode: test.status,
					Header:     http.Header{"Content-Type": {test.contentType}},
					Body:       io.NopCloser(strings.NewReader(test.body)),
				}, nil
			})))
			if err != nil {
				t.Fatal(err)
			}
			answer, err := client.CreateTokenWithFormdataBodyWithResponse(t.Context(), oauth.TokenRequest{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.token, answer.JSON200); diff != "" {
				t.Errorf("token (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.refused, answer.JSON400); diff != "" {
				t.Errorf("refusal (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.failed, answer.JSONDefault); diff != "" {
				t.Errorf("failure (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUserInfoRoundTrip(t *testing.T) {
	const text = `{"sub":"u","email":"a@example.com","accounts":[` +
		`{"account_id":"1","is_default":true,"base_uri":"https://demo.example","organization":{"organization_id":"o","links":[{"rel":"self","href":"https://o.example"}]}},` +
		`{"account_id":"2","other":2.50}],"phone":null}`

	var user oauth.UserInfo
	if err := json.Unmarshal([]byte(text), &user); err != nil {
		t.Fatal(err)
	}
	want := oauth.UserInfo{
		Sub:   "u",
		Email: new("a@example.com"),
		Accounts: []oauth.Account{
			{
				AccountID: new("1"), IsDefault: new(true), BaseURI: new("https://demo.example"),
				Organization: &oauth.Organization{OrganizationID: "o", Links: []oauth.Link{{Rel: new("self"), Href: new("https://o.example")}}},
			},
			{AccountID: new("2"), AdditionalProperties: map[string]json.RawMessage{"other": json.RawMessage("2.50")}},
		},
		AdditionalProperties: map[string]json.RawMessage{"phone": json.RawMessage("null")},
	}
	if diff := cmp.Diff(want, user); diff != "" {
		t.Errorf("decoded (-want +got):\n%s", diff)
	}

	out, err := json.Marshal(user)
	if err != nil {
		t.Fatal(err)
	}
	var again oauth.UserInfo
	if err := json.Unmarshal(out, &again); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, again); diff != "" {
		t.Errorf("decoded, encoded and decoded (-want +got):\n%s", diff)
	}
}

// send returns the request line and the body of what call sends.
func send(t *testing.T, server string, call func(*oauth.Client) (*http.Response, error)) (request, body string) {
	t.Helper()
	client, err := oauth.NewClient(server, oauth.WithHTTPClient(doer(func(r *http.Request) (*http.Response, error) {
		request = r.Method + " " + r.URL.String()
		if r.Body != nil {
			text, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			body = string(text)
			if diff := cmp.Diff("application/x-www-form-urlencoded", r.Header.Get("Content-Type")); diff != "" {
				t.Errorf("Content-Type (-want +got):\n%s", diff)
			}
		}
		return httptest.NewRecorder().Result(), nil
	})))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := call(client)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	return request, body
}

// doer is an HTTP client of one function.
type doer func(*http.Request) (*http.Response, error)

func (d doer) Do(r *http.Request) (*http.Response, error) { return d(r) }
