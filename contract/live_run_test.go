package contract_test

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"example.com/docusign-monitor/internal/settings"
)

// stranger is a server of the dataset stream that shares nothing with the sandbox: another hand's reading of the documents.
type stranger struct {
	audience string
	events   []string

	mu   sync.Mutex
	seen []*http.Request
}

const strangersToken = "canary-token-of-a-stranger"

func (s *stranger) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.seen = append(s.seen, r)
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("X-DocuSign-TraceToken", "5a0c1f7e-0000-4000-8000-000000000001")
	refuse := func(status int, body string) {
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
	authorized := r.Header.Get("Authorization") == "Bearer "+strangersToken
	switch path := r.URL.Path; {
	case path == "/oauth/token" && r.Method == http.MethodPost:
		_, err := jwt.Parse(r.PostFormValue("assertion"), func(*jwt.Token) (any, error) { return &registeredKey().PublicKey, nil },
			jwt.WithAudience(s.audience), jwt.WithIssuer(hostileKey), jwt.WithSubject(hostileUser), jwt.WithExpirationRequired())
		if err != nil {
			refuse(http.StatusBadRequest, `{"error":"invalid_grant"}`)
			return
		}
		fmt.Fprintf(w, `{"access_token":%q,"token_type":"Bearer","expires_in":3600,"scope":"signature impersonation"}`, strangersToken)
	case !authorized:
		w.Header().Set("WWW-Authenticate", "Bearer")
		refuse(http.StatusUnauthorized, `{"errorCode":"AUTHORIZATION_INVALID_TOKEN","message":"The access token provided is expired, revoked or malformed."}`)
	case path == "/oauth/userinfo":
		fmt.Fprintf(w, `{"sub":%q,"name":"A","given_name":"A","family_name":"B","created":"2026-01-02T03:04:05","email":"a@example.com","accounts":[]}`, hostileUser)
	case path == "/api/v2.0/datasets/monitor/stream" || path == "/api/v2/datasets/monitor/stream":
		limit, begin := 1000, 0
		if text := r.URL.Query().Get("limit"); text != "" {
			limit, _ = strconv.Atoi(text)
		}
		if cursor := r.URL.Query().Get("cursor"); cursor != "" {
			begin, _ = strconv.Atoi(strings.TrimPrefix(cursor, "after "))
		}
		end := min(begin+limit, len(s.events))
		fmt.Fprintf(w, `{"endCursor":"after %d","data":[%s]}`, end, strings.Join(s.events[begin:end], ","))
	default:
		refuse(http.StatusNotFound, `{"errorCode":"NOT_FOUND","message":"There is no such resource."}`)
	}
}

// madeUp are events with the fields that all public ones have.
func madeUp(t *testing.T, n int) (events []string) {
	t.Helper()
	for i := range n {
		event := map[string]any{
			"timestamp": time.Now().UTC().Add(time.Duration(i-n) * time.Minute).Format("2006-01-02T15:04:05.000000Z"),
			"eventId":   fmt.Sprintf("00000000-0000-4000-8000-%012d", i), "latitude": 0, "longitude": 0, "data": map[string]any{},
		}
		for name := range strings.FieldsSeq("site accountId organizationId userId userAgent ipAddress object action property field " +
			"result source referencedUserId proxyStatus proxyType proxyLevel city state country") {
			event[name] = ""
		}
		text, err := json.Marshal(event)
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, string(text))
	}
	return events
}

// settings are the variables with which the suite takes the stranger for Docusign.
func (s *stranger) start(t *testing.T) []string {
	t.Helper()
	server := httptest.NewUnstartedServer(s)
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	s.audience = server.Listener.Addr().String()
	folder := t.TempDir()
	ca, key := filepath.Join(folder, "ca.pem"), filepath.Join(folder, "key.pem")
	for name, block := range map[string]*pem.Block{
		ca:  {Type: "CERTIFICATE", Bytes: server.Certificate().Raw},
		key: {Type: "RSA " + "PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(registeredKey())},
	} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return []string{
		targetVariable + "=" + liveTarget, "SSL_CERT_FILE=" + ca,
		settings.IntegrationKey + "=" + hostileKey, settings.UserID + "=" + hostileUser, settings.PrivateKeyFile + "=" + key,
		settings.AuthURL + "=" + server.URL, settings.MonitorURL + "=" + server.URL,
	}
}

// A live run, rehearsed: it reads over TLS and HTTP/2, asks for what it may, and says what it leaves unproved.
func TestLiveRehearsed(t *testing.T) {
	s := &stranger{events: madeUp(t, 150)}
	r, status, output := runWithReport(t, s.start(t), "-pace=1ms", "-ginkgo.label-filter=!client && !documents")
	if status != 0 {
		t.Errorf("status %d, want 0\n%s", status, output)
	}
	for _, o := range r.Clauses {
		if want := notProvable; o.Kind == "service" && o.Result != passed && (o.Result != want || slices.Contains(polite, o.ID)) {
			t.Errorf("%s is %s: %v", o.ID, o.Result, o.Evidence)
		}
	}
	if r.Counts[passed] != len(polite) {
		t.Errorf("%d clauses passed, want the %d that a live run tries", r.Counts[passed], len(polite))
	}
	if n := len(s.seen); n == 0 || n > mostLive {
		t.Errorf("the server has seen %d requests, want some and at most %d", n, mostLive)
	}
	for _, asked := range s.seen {
		if asked.ProtoMajor != 2 || asked.TLS == nil {
			t.Errorf("%s %s came by %s", asked.Method, asked.URL.Path, asked.Proto)
		}
		if asked.Method != http.MethodGet && asked.URL.Path != "/oauth/token" {
			t.Errorf("a live run sends %s %s", asked.Method, asked.URL.Path)
		}
	}
	t.Logf("%d requests", len(s.seen))
}

// No more is sent than may be, and what is left is not called passed.
func TestLiveIsBounded(t *testing.T) {
	m := newManners()
	m.sent = mostLive
	if err := m.turn(t.Context()); err != errSpent {
		t.Errorf("the request after the last one is let through: %v", err)
	}
}
