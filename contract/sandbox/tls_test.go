package sandbox_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"example.com/docusign-monitor/contract/sandbox"
)

// secure starts a sandbox with TLS, and gives a token of it.
func secure(t *testing.T, cfg sandbox.Config) (s *sandbox.Server, token string) {
	t.Helper()
	cfg.TLS = true
	s = sandbox.Start(t, cfg)
	return s, s.AuthorizationCodeToken(0)
}

// over asks for the stream through a client, and tells the protocol, the status and the body, or how it failed.
func over(t *testing.T, client *http.Client, s *sandbox.Server, token string) string {
	t.Helper()
	r := newRequest(t, s.URL()+streamPath)
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Accept-Encoding", "identity")
	response, err := client.Do(r)
	if err != nil {
		return "failed"
	}
	defer response.Body.Close()
	told := fmt.Sprintf("%s %d", response.Proto, response.StatusCode)
	if body, err := io.ReadAll(response.Body); err != nil {
		told += " cut"
	} else if strings.HasSuffix(string(body), `"}]}`) {
		told += " whole"
	}
	return told
}

func TestTLS(t *testing.T) {
	s, token := secure(t, sandbox.Config{Events: numbered(2)})
	if !strings.HasPrefix(s.URL(), "https://127.0.0.1:") {
		t.Errorf("URL %s", s.URL())
	}
	if got, want := over(t, s.Client(), s, token), "HTTP/2.0 200 whole"; got != want {
		t.Errorf("by Client: %s, want %s", got, want)
	}
	one := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.CertPool(), NextProtos: []string{"http/1.1"}}}
	defer one.CloseIdleConnections()
	if got, want := over(t, &http.Client{Transport: one}, s, token), "HTTP/1.1 200 whole"; got != want {
		t.Errorf("by a client that knows no HTTP/2: %s, want %s", got, want)
	}

	_, err := new(http.Transport).RoundTrip(newRequest(t, s.URL()))
	if unknown := new(x509.UnknownAuthorityError); !errors.As(err, unknown) {
		t.Errorf("without the CA: %v", err)
	}
	other, _ := secure(t, sandbox.Config{})
	if got := over(t, other.Client(), s, token); got != "failed" {
		t.Errorf("with the CA of another sandbox: %s", got)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(s.CA()) || !pool.Equal(s.CertPool()) {
		t.Errorf("CA is not the certificate of CertPool: %s", s.CA())
	}

	assertion := sign(t, jwt.SigningMethodRS256, s.Credentials().PrivateKey, claims(s, time.Now(), jwt.MapClaims{
		"aud": strings.TrimPrefix(s.URL(), "https://"),
	}))
	response, err := s.Client().PostForm(s.URL()+"/oauth/token", url.Values{"grant_type": {jwtBearer}, "assertion": {assertion}})
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("the token endpoint: %d", response.StatusCode)
	}
}

func TestWithoutTLS(t *testing.T) {
	s := sandbox.Start(t, sandbox.Config{Events: numbered(1)})
	if s.CA() != nil || !s.CertPool().Equal(x509.NewCertPool()) {
		t.Errorf("there is a CA: %s", s.CA())
	}
	if got, want := over(t, s.Client(), s, s.AuthorizationCodeToken(0)), "HTTP/1.1 200 whole"; got != want {
		t.Errorf("by Client: %s, want %s", got, want)
	}
}

// The faults of a connection, over TLS: by HTTP/2 they happen to one stream of it, by HTTP/1.1 to all of it. GOAWAY loses
// nothing: the answer comes, and so does the next one, on another connection.
func TestFaultsOverTLS(t *testing.T) {
	for name, test := range map[string]struct {
		protocols []string
		want      map[string]string
	}{
		"HTTP/2.0": {nil, map[string]string{
			"reset": "failed", "hang-up": "failed", "go-away": "HTTP/2.0 200 whole", "truncated": "HTTP/2.0 200 cut",
			"truncated-chunks": "HTTP/2.0 200 cut", "cut": "HTTP/2.0 200", "html": "HTTP/2.0 502", "short": "HTTP/2.0 200 whole",
		}},
		"HTTP/1.1": {[]string{"http/1.1"}, map[string]string{
			"reset": "failed", "hang-up": "failed", "go-away": "HTTP/1.1 200 whole", "truncated": "HTTP/1.1 200 cut",
			"truncated-chunks": "HTTP/1.1 200 cut", "cut": "HTTP/1.1 200", "html": "HTTP/1.1 502", "short": "HTTP/1.1 200 whole",
		}},
	} {
		for fault, want := range test.want {
			t.Run(name+" "+fault, func(t *testing.T) {
				faults, err := sandbox.ParseFaults("1=" + fault)
				if err != nil {
					t.Fatal(err)
				}
				s, token := secure(t, sandbox.Config{Events: numbered(2), Faults: faults})
				transport := &http.Transport{
					ForceAttemptHTTP2: test.protocols == nil,
					TLSClientConfig:   &tls.Config{RootCAs: s.CertPool(), NextProtos: test.protocols},
				}
				defer transport.CloseIdleConnections()
				client := &http.Client{Transport: transport}
				if got := over(t, client, s, token); got != want {
					t.Errorf("%s, want %s", got, want)
				}
				if got, want := over(t, client, s, token), name+" 200 whole"; got != want {
					t.Errorf("the request after it: %s, want %s", got, want)
				}
			})
		}
	}
}

// A sandbox can be closed in the middle of an answer over HTTP/2.
func TestCloseOverHTTP2(t *testing.T) {
	s, token := secure(t, sandbox.Config{Events: numbered(2), Faults: sandbox.Faults{1: sandbox.Stall}})
	r := newRequest(t, s.URL()+streamPath)
	r.Header.Set("Authorization", "Bearer "+token)
	response, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()

	s.Close()

	if _, err := io.ReadAll(response.Body); err == nil {
		t.Error("the answer came to its end")
	}
}
