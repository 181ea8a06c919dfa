package sandbox_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"example.com/docusign-monitor/contract/sandbox"
)

func newClock() *sandbox.Clock {
	return sandbox.NewClock(time.Date(2026, 2, 3, 4, 5, 6, 789_012_300, time.UTC))
}

// answer is what a test looks at of an HTTP answer.
type answer struct {
	Status int
	Header http.Header
	Body   string
}

// send sends a request as it is, without following redirects.
func send(t *testing.T, r *http.Request) answer {
	t.Helper()
	response, err := http.DefaultTransport.RoundTrip(r.WithContext(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, string(body)}
}

const streamPath = "/api/v2.0/datasets/monitor/stream"

// get asks for something with a token.
func get(t *testing.T, s *sandbox.Server, token, target string) answer {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, s.URL()+target, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	return send(t, r)
}

// page is a page of the stream, with the bytes of its events.
type page struct {
	EndCursor string
	Data      []json.RawMessage
}

// stream asks for a page that must be there.
func stream(t *testing.T, s *sandbox.Server, token, query string) page {
	t.Helper()
	a := get(t, s, token, streamPath+"?"+query)
	if a.Status != http.StatusOK {
		t.Fatalf("status %d for %s: %s", a.Status, query, a.Body)
	}
	var p page
	if err := json.Unmarshal([]byte(a.Body), &p); err != nil {
		t.Fatal(err)
	}
	return p
}

// drain reads the stream from a query on until the cursor comes back unchanged.
func drain(t *testing.T, s *sandbox.Server, token, query, limit string) []string {
	t.Helper()
	p := stream(t, s, token, query+"&limit="+limit)
	events := texts(p.Data)
	for {
		sent := p.EndCursor
		p = stream(t, s, token, "limit="+limit+"&cursor="+url.QueryEscape(sent))
		events = append(events, texts(p.Data)...)
		if p.EndCursor == sent {
			return events
		}
	}
}

func texts[T ~[]byte](events []T) []string {
	out := make([]string, len(events))
	for i, e := range events {
		out[i] = string(e)
	}
	return out
}

// held are the events that a sandbox says it holds.
func held(s *sandbox.Server) []string { return texts(slices.Collect(s.Events())) }

// claims are those of a good assertion for a sandbox whose clock shows now, with some changed; nil removes one.
func claims(s *sandbox.Server, now time.Time, changed jwt.MapClaims) jwt.MapClaims {
	c := jwt.MapClaims{
		"iss":   s.Credentials().IntegrationKey,
		"sub":   s.Credentials().UserID,
		"aud":   strings.TrimPrefix(s.URL(), "http://"),
		"iat":   now.Unix(),
		"exp":   now.Add(time.Hour).Unix(),
		"scope": "signature impersonation",
	}
	maps.Copy(c, changed)
	maps.DeleteFunc(c, func(_ string, value any) bool { return value == nil })
	return c
}

// sign makes an assertion.
func sign(t *testing.T, method jwt.SigningMethod, key any, c jwt.Claims) string {
	t.Helper()
	assertion, err := jwt.NewWithClaims(method, c).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return assertion
}

const jwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer"

// post sends a body to the token endpoint.
func post(t *testing.T, s *sandbox.Server, query, contentType, body string) answer {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, s.URL()+"/oauth/token"+query, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	return send(t, r)
}

const formType = "application/x-www-form-urlencoded"

// exchange sends an assertion as it should be sent.
func exchange(t *testing.T, s *sandbox.Server, assertion string) answer {
	t.Helper()
	return post(t, s, "", formType, url.Values{"grant_type": {jwtBearer}, "assertion": {assertion}}.Encode())
}

// login is an access token of the first user.
func login(t *testing.T, s *sandbox.Server, now time.Time) string {
	t.Helper()
	return tokenOf(t, exchange(t, s, sign(t, jwt.SigningMethodRS256, s.Credentials().PrivateKey, claims(s, now, nil))))
}

// tokenOf is the access token of an answer that must have one.
func tokenOf(t *testing.T, a answer) string {
	t.Helper()
	var token struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(a.Body), &token); err != nil || token.AccessToken == "" {
		t.Fatalf("no token: %d %s", a.Status, a.Body)
	}
	return token.AccessToken
}
