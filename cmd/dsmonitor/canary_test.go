package main

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"example.com/docusign-monitor/internal/settings"
)

// canaryToken has characters that change when it is escaped.
const canaryToken = "canary+token/that=must~never.be.seen"

// hostile answers as a test wants and puts the secrets that it was sent into the answer, in each form it can think of.
type hostile struct {
	token, stream func(w http.ResponseWriter, leak string)

	mu   sync.Mutex
	came []string
}

// assertions are those that came.
func (h *hostile) assertions() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.came)
}

func (h *hostile) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/": // is asked for by doctor, to see whether somebody answers
		return
	case "/oauth/token":
	default:
		h.stream(w, leak(r.Header.Get("Authorization"), canaryToken))
		return
	}
	assertion := r.PostFormValue("assertion")
	h.mu.Lock()
	h.came = append(h.came, assertion)
	h.mu.Unlock()
	h.token(w, leak(assertion))
}

func leak(secrets ...string) string {
	var b strings.Builder
	for _, secret := range secrets {
		for _, form := range forms(secret) {
			b.WriteString(form + " ")
		}
	}
	return b.String()
}

// forms are those in which a secret is looked for.
func forms(secret string) []string {
	return []string{
		secret,
		url.QueryEscape(secret),
		url.PathEscape(secret),
		base64.RawStdEncoding.EncodeToString([]byte(secret)),
		base64.RawURLEncoding.EncodeToString([]byte(secret)),
	}
}

func answer(status int, format string) func(http.ResponseWriter, string) {
	return func(w http.ResponseWriter, leak string) {
		w.Header().Set("X-DocuSign-TraceToken", leak)
		w.Header().Set("Location", "https://127.0.0.1:1/"+url.PathEscape(leak))
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprintf(w, strings.ReplaceAll(format, "LEAK", "%[1]s"), leak)
	}
}

// No key, no token and no assertion is printed, whatever goes wrong and however much is logged.
func TestNoSecretIsPrinted(t *testing.T) {
	const errorBody = `{"error":"invalid_grant","error_description":"LEAK","errorCode":"LEAK","message":"LEAK"}`
	granted := func(w http.ResponseWriter, _ string) {
		fmt.Fprintf(w, `{"access_token":%q,"token_type":"Bearer","expires_in":3600}`, canaryToken)
	}
	caughtUp := answer(200, `{"endCursor":"end","data":[],"x":"LEAK"}`)
	hangUp := func(http.ResponseWriter, string) { panic(http.ErrAbortHandler) }

	for _, test := range []struct {
		name          string
		token, stream func(http.ResponseWriter, string)
	}{
		{"all well", granted, caughtUp},
		{"grant refused", answer(400, errorBody), caughtUp},
		{"grant refused in plain text", answer(400, "LEAK"), caughtUp},
		{"account server broken", answer(500, errorBody), caughtUp},
		{"account server elsewhere", answer(302, ""), caughtUp},
		{"token that is none", answer(200, `{"access_token":"LEAK\n","token_type":"LEAK","expires_in":"LEAK"}`), caughtUp},
		{"account server hangs up", hangUp, caughtUp},
		{"unauthorized", granted, answer(401, errorBody)},
		{"not entitled", granted, answer(403, `{"error":"LEAK"}`)},
		{"limited", granted, answer(429, errorBody)},
		{"stream broken", granted, answer(503, "LEAK")},
		{"stream elsewhere", granted, answer(307, "LEAK")},
		{"malformed page", granted, answer(200, `{"endCursor":"end","data":"LEAK"}`)},
		{"page that is no JSON", granted, answer(200, `LEAK`)},
		{"stream hangs up", granted, hangUp},
	} {
		for _, args := range [][]string{
			{"stream", "--log-level", "debug", "--log-format", "text"},
			{"stream", "--log-level", "debug", "--log-format", "json"},
			{"stream", "--log-level", "debug", "--stream", "organization"}, // looked up, so that userinfo answers likewise
			{"doctor"},
			{"doctor", "--json"},
		} {
			t.Run(test.name+" "+strings.Join(args, " "), func(t *testing.T) {
				server := &hostile{token: test.token, stream: test.stream}
				listening := httptest.NewServer(server)
				t.Cleanup(listening.Close)

				r := try(t, system{lookup: env{
					settings.IntegrationKey: "11111111-2222-3333-4444-555555555555",
					settings.UserID:         "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
					settings.PrivateKey:     newKey(),
					settings.AuthURL:        listening.URL,
					settings.MonitorURL:     listening.URL,
				}.lookup}, args...)

				want := test.name != "all well" || slices.Contains(args, "organization")
				if (r.status == failure) != want || (r.stderr == "") != (args[0] == "doctor") {
					t.Errorf("exit status %d, standard error %q", r.status, r.stderr)
				}
				assertions := server.assertions()
				if len(assertions) == 0 {
					t.Error("no assertion was sent, so nothing is proved")
				}
				checkNoSecret(t, r, append(assertions, canaryToken)...)
			})
		}
	}

	t.Run("settings", func(t *testing.T) {
		for _, variable := range []string{
			settings.IntegrationKey, settings.UserID, settings.PrivateKeyFile, settings.Environment, settings.OrganizationID,
			settings.AuthURL, settings.MonitorURL, settings.Audience,
		} {
			t.Run(variable, func(t *testing.T) {
				flag := "--" + strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(variable, "DOCUSIGN_")), "_", "-")
				byFlag := try(t, system{}, "stream", flag, newKey())
				byVariable := try(t, system{lookup: env{variable: newKey()}.lookup}, "stream")
				if byFlag.status != misuse || byVariable.status != misuse {
					t.Errorf("exit status %d and %d, want %d", byFlag.status, byVariable.status, misuse)
				}
				checkNoSecret(t, byFlag)
				checkNoSecret(t, byVariable)
			})
		}
		cutOff := try(t, system{lookup: env{settings.PrivateKey: newKey()[:900]}.lookup}, "stream")
		checkNoSecret(t, cutOff)
	})
}

// checkNoSecret looks for the private key and other secrets in what was printed, whole and in parts.
func checkNoSecret(t *testing.T, r result, secrets ...string) {
	t.Helper()
	secrets = append(secrets, keyLines(newKey())...)
	for _, secret := range secrets {
		if i := strings.LastIndexByte(secret, '.'); len(secret)-i > 40 {
			secret = secret[i+1:] // the signature of an assertion
		}
		for _, form := range forms(secret) {
			if strings.Contains(r.stdout+r.stderr, form) {
				t.Errorf("%.12s… is printed as %.20s…:\n%s%s", secret, form, r.stdout, r.stderr)
			}
		}
	}
}

// keyLines are the lines of a key in PEM form, without those that say what it is.
func keyLines(pem string) (lines []string) {
	for line := range strings.Lines(pem) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "-----") {
			lines = append(lines, line)
		}
	}
	return lines
}
