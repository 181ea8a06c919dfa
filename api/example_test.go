package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"example.com/docusign-monitor/api"
	"example.com/docusign-monitor/contract/sandbox"
)

// What the examples are given. In a program of yours these come from its settings.
var (
	ctx                         = context.Background()
	environment                 api.Environment
	integrationKey, userID, pem = "", "", []byte(nil)
	saved                       api.Cursor
)

// TestMain starts a sandbox for the examples, with two events in it. In a child process of a benchmark it is the server.
func TestMain(m *testing.M) {
	if os.Getenv(benchServer) != "" {
		serveBench()
		return
	}
	server, err := sandbox.New(sandbox.Config{Events: sandbox.Raw(
		[]byte(`{"timestamp":"2026-02-03T07:17:05.3000409Z","eventId":"7d0753e5-f6e5-477a-aee0-5f69614d292e","object":"User","action":"Login","result":"Failed"}`),
		[]byte(`{"timestamp":"2026-02-03T07:16:22.7654321Z","eventId":"c470d28b-4801-4f5e-8863-91da6bca5daa","object":"Group","action":"Deleted","score":2.50}`),
	)})
	if err != nil {
		log.Fatal(err)
	}
	environment = api.Environment{AuthURL: server.URL(), DatasetURL: server.URL(), OrganizationURL: server.URL()}
	credentials := server.Credentials()
	integrationKey, userID, pem = credentials.IntegrationKey, credentials.UserID, credentials.PEM()
	status := m.Run()
	server.Close()
	os.Exit(status)
}

// A drain: everything that there is, and the position to go on from next time.
func Example() {
	key, err := api.ParsePrivateKey(pem)
	if err != nil {
		log.Fatal(err)
	}
	grant := api.JWTGrant{IntegrationKey: integrationKey, UserID: userID, PrivateKey: key, Environment: environment}
	client, err := api.New(environment, grant.TokenSource())
	if err != nil {
		log.Fatal(err)
	}
	for page, err := range client.Pages(ctx, api.Query{Cursor: saved}) {
		if err != nil {
			log.Fatal(err)
		}
		for _, event := range page.Events {
			fmt.Printf("%s\n", event.Raw)
		}
		saved = page.Next // once the events are where they have to be
	}
	// Output:
	// {"timestamp":"2026-02-03T07:17:05.3000409Z","eventId":"7d0753e5-f6e5-477a-aee0-5f69614d292e","object":"User","action":"Login","result":"Failed"}
	// {"timestamp":"2026-02-03T07:16:22.7654321Z","eventId":"c470d28b-4801-4f5e-8863-91da6bca5daa","object":"Group","action":"Deleted","score":2.50}
}

func newClient(opts ...api.Option) *api.Client {
	key, err := api.ParsePrivateKey(pem)
	if err != nil {
		log.Fatal(err)
	}
	grant := api.JWTGrant{IntegrationKey: integrationKey, UserID: userID, PrivateKey: key, Environment: environment}
	client, err := api.New(environment, grant.TokenSource(), opts...)
	if err != nil {
		log.Fatal(err)
	}
	return client
}

func ExampleClient_Page() {
	page, err := newClient().Page(ctx, api.Query{Since: time.Now().Add(-time.Hour), Limit: 1})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(page.Events), "event, caught up:", page.CaughtUp)
	// Output: 1 event, caught up: false
}

// A run that ends early, and one that goes on from where it was.
func ExampleClient_Pages() {
	var saved api.Cursor
	for range 2 {
		for page, err := range newClient().Pages(ctx, api.Query{Cursor: saved, Limit: 1}) {
			if err != nil {
				log.Fatal(err)
			}
			fmt.Println(page.Events[0].ID())
			saved = page.Next
			break
		}
	}
	// Output:
	// 7d0753e5-f6e5-477a-aee0-5f69614d292e
	// c470d28b-4801-4f5e-8863-91da6bca5daa
}

// A test notes what a client would wait, and goes on at once.
func ExampleRetry() {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked++; asked == 1 {
			w.Header().Set("Retry-After", "30")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		io.WriteString(w, `{"endCursor":"c","data":[{"object":"User","action":"Login"}]}`)
	}))
	defer server.Close()
	source := oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "token"})
	client, err := api.New(api.Environment{DatasetURL: server.URL}, source, api.WithRetry(api.Retry{
		Wait: func(ctx context.Context, d time.Duration) error {
			fmt.Println("waits", d.Round(time.Second))
			return ctx.Err()
		},
	}))
	if err != nil {
		log.Fatal(err)
	}
	page, err := client.Page(ctx, api.Query{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", page.Events[0].Raw)
	// Output:
	// waits 30s
	// {"object":"User","action":"Login"}
}

// A key that lost its line ends on the way is read all the same. One that is no key is refused in words that hold none
// of it.
func ExampleParsePrivateKey() {
	key, err := api.ParsePrivateKey(bytes.ReplaceAll(pem, []byte("\n"), []byte(" ")))
	fmt.Println(key != nil, err)
	_, err = api.ParsePrivateKey([]byte("-----BEGIN RSA PRIVATE KEY-----\nTm90IGEga2V5\n"))
	fmt.Println(err)
	// Output:
	// true <nil>
	// docusign: the private key is not in PEM form, or cut off or damaged; give the RSA private key of the integration key, from BEGIN to END
}

// The organization stream of the user's only organization. A program that finds several lets a person choose.
func ExampleClient_Organizations() {
	organizations, err := newClient().Organizations(ctx)
	if err != nil || len(organizations) != 1 {
		log.Fatal(len(organizations), err)
	}
	client := newClient(api.WithOrganization(organizations[0].ID))
	page, err := client.Page(ctx, api.Query{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(organizations[0].Accounts[0].Name, "has", len(page.Events), "events")
	// Output: Example Account has 2 events
}

func ExampleClient_Events() {
	for event, err := range newClient().Events(ctx, api.Query{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(event.ID())
	}
	// Output:
	// 7d0753e5-f6e5-477a-aee0-5f69614d292e
	// c470d28b-4801-4f5e-8863-91da6bca5daa
}

func ExampleClient_Follow() {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	for page, err := range newClient().Follow(ctx, api.Query{}, api.PollInterval) {
		if errors.Is(err, context.Canceled) {
			break
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(len(page.Events), "events")
		if page.CaughtUp {
			stop() // a program would go on until it is told to end
		}
	}
	// Output:
	// 2 events
	// 0 events
}

func ExampleEvent_Decode() {
	event := api.Event{Raw: json.RawMessage(`{"object":"User","action":"Login","city":null,"attempt":2.50}`)}
	decoded, err := event.Decode()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(*decoded.Object, *decoded.Action, decoded.City == nil, string(decoded.AdditionalProperties["attempt"]))
	// Output: User Login true 2.50
}

func ExampleEvent_Timestamp() {
	event := api.Event{Raw: json.RawMessage(`{"timestamp":"2026-02-03T07:08:09.1234567Z"}`)}
	t, err := event.Timestamp()
	fmt.Println(t, err)
	// Output: 2026-02-03 07:08:09.1234567 +0000 UTC <nil>
}

func ExampleJWTGrant_ConsentURL() {
	grant := api.JWTGrant{IntegrationKey: "6709b347-bf02-43a3-9bc3-18aaf054e0b8", Environment: api.Demo}
	fmt.Println(grant.ConsentURL("https://localhost/callback"))
	// Output: https://account-d.docusign.com/oauth/auth?response_type=code&scope=signature%20impersonation&client_id=6709b347-bf02-43a3-9bc3-18aaf054e0b8&redirect_uri=https%3A%2F%2Flocalhost%2Fcallback
}

func ExampleError() {
	grant := api.JWTGrant{IntegrationKey: integrationKey, UserID: "00000000-0000-0000-0000-000000000000", Environment: environment}
	grant.PrivateKey, _ = api.ParsePrivateKey(pem)
	_, err := grant.TokenSource().Token()

	var failed *api.Error
	if errors.As(err, &failed) {
		fmt.Println(failed.StatusCode, failed.Code, failed.Message)
		fmt.Println(failed.Advice)
	}
	fmt.Println(errors.Is(err, api.ErrUserNotFound), errors.Is(err, api.ErrInvalidGrant))
	// Output:
	// 400 invalid_grant user_not_found
	// check the user id, and that it belongs to this environment (demo and production share nothing)
	// true true
}
