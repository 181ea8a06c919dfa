package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/docusign-monitor/internal/settings"
)

// What each flag of the command sandbox does, to a client that is pointed at it by what it prints.

// token is an access token of the user whom the settings are of.
func (r running) token(t *testing.T) string {
	t.Helper()
	found, err := settings.Read(r.env.lookup)
	if err != nil {
		t.Fatal(err)
	}
	token, err := found.Grant.TokenSource().Token()
	if err != nil {
		t.Fatal(err)
	}
	return token.AccessToken
}

// get asks for something with a token, and tells status, body and the headers of the answer.
func (r running) get(t *testing.T, token, target string) (status int, body string, h http.Header) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.env[settings.MonitorURL]+target, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text), answer.Header
}

const datasetStream = "/api/v2.0/datasets/monitor/stream"

func TestSandboxRole(t *testing.T) {
	const events = "200 200"
	for role, want := range map[string]string{
		"administrator":     events,
		"security-reports":  events,
		"none":              "403 403 User is not an administrator of the organization",
		"no-consent":        "consent_required",
		"no-entitlement":    "403 403 Organization does not have Monitor entitlement",
		"two-organizations": "403 200",
	} {
		t.Run(role, func(t *testing.T) {
			r := runSandbox(t, "--role", role, "--organization", "--events", "5")
			found, err := settings.Read(r.env.lookup)
			if err != nil {
				t.Fatal(err)
			}
			token, err := found.Grant.TokenSource().Token()
			if err != nil {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("no token: %v, want %s", err, want)
				}
				return
			}
			dataset, _, _ := r.get(t, token.AccessToken, datasetStream)
			organization, body, _ := r.get(t, token.AccessToken, "/v1/organizations/"+r.env[settings.OrganizationID]+"/stream")
			var problem struct{ Error string }
			if err := json.Unmarshal([]byte(body), &problem); err != nil {
				t.Errorf("%s: %v", body, err)
			}
			if got := strings.TrimSpace(fmt.Sprint(dataset, " ", organization, " ", problem.Error)); got != want {
				t.Errorf("dataset and organization stream: %s, want %s", got, want)
			}
		})
	}
	if len(roles) != 6 {
		t.Errorf("there are %d roles, and this is about 6", len(roles))
	}
	checkComplaint(t, try(t, system{}, "sandbox", "--role", "boss"), misuse, 1, "--role", "boss", "two-organizations")
}

// The other organization of the administrator of two has events of its own.
func TestSandboxOfTwoOrganizations(t *testing.T) {
	r := runSandbox(t, "--role", "two-organizations", "--organization", "--events", "5")
	_, body, _ := r.get(t, r.token(t), "/oauth/userinfo")
	ids := regexp.MustCompile(`"organization_id":"([^"]+)"`).FindAllStringSubmatch(body, -1)
	if len(ids) != 2 || ids[0][1] != r.env[settings.OrganizationID] {
		t.Fatalf("organizations %v, want two, and that of the settings first", ids)
	}
	var drained []string
	for _, id := range ids {
		got := try(t, system{lookup: r.env.with(env{settings.OrganizationID: id[1]}).lookup}, "stream")
		if got.status != success {
			t.Fatalf("exit status %d: %s", got.status, got.stderr)
		}
		drained = append(drained, got.stdout)
	}
	if first, second := strings.Count(drained[0], "\n"), strings.Count(drained[1], "\n"); first != 5 || second != 1000 || strings.Contains(drained[1], drained[0][:100]) {
		t.Errorf("%d and %d events, want 5 and 1000 others", first, second)
	}
}

func TestSandboxTLS(t *testing.T) {
	r := runSandbox(t, "--tls", "--events", "1")
	for _, name := range []string{settings.AuthURL, settings.MonitorURL} {
		if !strings.HasPrefix(r.env[name], "https://127.0.0.1:") {
			t.Errorf("%s=%s, want https", name, r.env[name])
		}
	}
	ca, err := os.ReadFile(r.env["SSL_CERT_FILE"])
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(ca) {
		t.Fatalf("SSL_CERT_FILE holds no certificate: %s", ca)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	answer, err := client.Get(r.env[settings.MonitorURL] + datasetStream)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.ProtoMajor != 2 || answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("%s %s, want HTTP/2 and 401", answer.Proto, answer.Status)
	}
	if got := try(t, system{lookup: r.env.lookup}, "stream"); got.status != failure || !strings.Contains(got.stderr, "certificate") {
		t.Errorf("who does not trust the CA: exit status %d, %s", got.status, got.stderr)
	}
}

func TestSandboxLimits(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		want []string // status, and what is left
	}{
		"hourly":     {[]string{"--hourly-limit", "2"}, []string{"200 1", "200 0", "429 0"}},
		"burst":      {[]string{"--burst-limit", "1"}, []string{"200 0", "429 0"}},
		"as 400":     {[]string{"--hourly-limit", "1", "--assume", "LimitAs400"}, []string{"200 0", "400 0"}},
		"no headers": {[]string{"--burst-limit", "1", "--assume", "NoLimitHeaders"}, []string{"200 ", "429 "}},
		"none":       {nil, []string{"200 ", "200 ", "200 "}},
	} {
		t.Run(name, func(t *testing.T) {
			begun := time.Now() // and it stays so late, else a window might end meanwhile
			r := runSandboxOn(t, system{now: func() time.Time { return begun }}, append(test.args, "--events", "1")...)
			token := r.token(t)
			var got []string
			for range test.want {
				status, _, h := r.get(t, token, datasetStream)
				got = append(got, fmt.Sprint(status, " ", h.Get("X-RateLimit-Remaining")+h.Get("X-BurstLimit-Remaining")))
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
