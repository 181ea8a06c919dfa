package sandbox_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"example.com/docusign-monitor/contract/sandbox"
	"example.com/docusign-monitor/gen/dataset"
	"example.com/docusign-monitor/gen/oauth"
)

// A sandbox, a token from it through the generated client, and the first page of its stream.
func ExampleNew() {
	s, err := sandbox.New(sandbox.Config{Events: sandbox.Generate(3, 1)})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	ctx := context.Background()

	token, err := accessToken(ctx, s)
	if err != nil {
		log.Fatal(err)
	}
	client, err := dataset.NewClientWithResponses(s.URL())
	if err != nil {
		log.Fatal(err)
	}
	page, err := client.GetStreamWithResponse(ctx, dataset.Version20, dataset.Monitor, nil, bearer(token))
	if err != nil {
		log.Fatal(err)
	}

	fmt.Println(page.StatusCode(), len(page.JSON200.Data), "events")
	for _, r := range s.Requests() {
		fmt.Println(r.Status, r.Method, r.Path)
	}
	// Output:
	// 200 3 events
	// 200 POST /oauth/token
	// 200 GET /api/v2.0/datasets/monitor/stream
}

// The second request to the stream meets a limit, the first one for a token a proxy's error page.
func ExampleFaults() {
	s, err := sandbox.New(sandbox.Config{Faults: sandbox.Faults{
		2:                  sandbox.Throttle(30 * time.Second),
		sandbox.OfToken(1): sandbox.HTMLError,
	}})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	ctx := context.Background()

	_, err = accessToken(ctx, s)
	fmt.Println("first token:", err != nil)
	token, err := accessToken(ctx, s)
	if err != nil {
		log.Fatal(err)
	}
	client, err := dataset.NewClient(s.URL())
	if err != nil {
		log.Fatal(err)
	}
	for range 3 {
		answer, err := client.GetStream(ctx, dataset.Version20, dataset.Monitor, nil, bearer(token))
		if err != nil {
			log.Fatal(err)
		}
		answer.Body.Close()
		fmt.Printf("%d, again after %q\n", answer.StatusCode, answer.Header.Get("Retry-After"))
	}
	// Output:
	// first token: true
	// 200, again after ""
	// 429, again after "30"
	// 200, again after ""
}

func ExampleLines() {
	events, err := sandbox.Lines(strings.NewReader(`{"eventId":"1","object":"User","action":"Login"}
{"eventId":"2","object":"User", "action":"Logout"}`))
	if err != nil {
		log.Fatal(err)
	}
	s, err := sandbox.New(sandbox.Config{Events: events})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	if err := s.Append([]byte(`{"eventId":"3"}`)); err != nil {
		log.Fatal(err)
	}

	for event := range s.Events() {
		fmt.Println(string(event))
	}
	// Output:
	// {"eventId":"1","object":"User","action":"Login"}
	// {"eventId":"2","object":"User", "action":"Logout"}
	// {"eventId":"3"}
}

func ExampleLines_refused() {
	_, err := sandbox.Lines(strings.NewReader("{\"eventId\":\"1\"}\n\n{\"eventId\":\"2\"}\n"))
	fmt.Println(err)
	// Output: line 2: blank line
}

func ExampleServer_Credentials() {
	s, err := sandbox.New(sandbox.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()

	fmt.Println(s.Credentials()) // without the key, however it is printed
	// Output: integration key 7c2b5f1e-3d7a-4c55-9b0e-5a1f0c9e6d42, user b382a305-f441-4f5e-a31a-9154fbabf717, organization b9d4a0f6-52c8-4e13-8f77-1d6a3e90c2b5
}

// accessToken signs an assertion with the credentials of a sandbox and exchanges it for a token.
func accessToken(ctx context.Context, s *sandbox.Server) (string, error) {
	c, now := s.Credentials(), time.Now()
	assertion, err := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{
		"iss": c.IntegrationKey, "sub": c.UserID, "aud": strings.TrimPrefix(s.URL(), "http://"),
		"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "scope": "signature impersonation",
	}).SignedString(c.PrivateKey)
	if err != nil {
		return "", err
	}
	client, err := oauth.NewClientWithResponses(s.URL())
	if err != nil {
		return "", err
	}
	answer, err := client.CreateTokenWithFormdataBodyWithResponse(ctx,
		oauth.TokenRequest{GrantType: oauth.JWTBearer, Assertion: assertion})
	if err != nil {
		return "", err
	}
	if answer.JSON200 == nil {
		return "", fmt.Errorf("no token: %s", answer.Body)
	}
	return answer.JSON200.AccessToken, nil
}

// bearer puts an access token on a request of a generated client.
func bearer(token string) func(context.Context, *http.Request) error {
	return func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+token)
		return nil
	}
}

// A clock that is set by hand: the token expires when the test says so.
func ExampleClock() {
	clock := sandbox.NewClock(time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC))
	s, err := sandbox.New(sandbox.Config{Clock: clock.Now, TokenLifetime: 10 * time.Minute})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	token := s.AuthorizationCodeToken(0)

	for range 2 {
		status, err := ask(s, token)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(clock.Now().Format(time.TimeOnly), status)
		clock.Advance(10 * time.Minute)
	}
	// Output:
	// 04:05:06 200
	// 04:15:06 401
}

// A sandbox that breaks one promise on purpose: does your own code notice?
func ExampleDefectByName() {
	defect, ok := sandbox.DefectByName("skipped-event")
	if !ok {
		log.Fatal("there is no such defect")
	}
	s, err := sandbox.New(sandbox.Config{Defects: []sandbox.Defect{defect}})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()

	fmt.Println("This server", defect.Sentence()+".")
	// Output: This server leaves out the last event of a page and goes on behind it.
}

// With TLS, and so HTTP/2, a client has to trust the sandbox's own CA.
func ExampleServer_Client() {
	s, err := sandbox.New(sandbox.Config{TLS: true})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()

	answer, err := s.Client().Get(s.URL() + "/oauth/userinfo")
	if err != nil {
		log.Fatal(err)
	}
	answer.Body.Close()
	fmt.Println(answer.Proto, answer.StatusCode)
	// Output: HTTP/2.0 401
}

// ask asks for a page, and tells the status of the answer.
func ask(s *sandbox.Server, token string) (int, error) {
	r, err := http.NewRequest(http.MethodGet, s.URL()+"/api/v2.0/datasets/monitor/stream?limit=1", nil)
	if err != nil {
		return 0, err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	answer, err := s.Client().Do(r)
	if err != nil {
		return 0, err
	}
	return answer.StatusCode, answer.Body.Close()
}
