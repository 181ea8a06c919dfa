package api

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// canaries are the forms in which a secret could show: as it is, encoded, and for a key its numbers.
func canaries(token, assertion string) map[string]string {
	der := x509.MarshalPKCS1PrivateKey(testKey())
	block := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: der}))
	parts := strings.Split(assertion, ".")
	plain := map[string]string{
		"token":         token,
		"assertion":     assertion,
		"signature":     parts[2],
		"key line":      strings.Split(block, "\n")[5],
		"key exponent":  testKey().D.String(),
		"key prime":     testKey().Primes[0].String(),
		"key prime hex": hex.EncodeToString(testKey().Primes[0].Bytes()),
	}
	all := map[string]string{}
	for name, secret := range plain {
		all[name] = secret
		all[name+", escaped"] = url.QueryEscape(secret)
		all[name+", base64"] = strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(secret)), "=")
		all[name+", base64url"] = base64.RawURLEncoding.EncodeToString([]byte(secret))
	}
	return all
}

// shown are the ways in which a program may print a value.
func shown(value any) string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%v\n%+v\n%#v\n%s\n%q\n", value, value, value, value, value)
	if data, err := json.Marshal(value); err == nil {
		b.Write(data)
	}
	for _, handler := range []slog.Handler{slog.NewJSONHandler(&b, nil), slog.NewTextHandler(&b, nil)} {
		slog.New(handler).Info("value", "value", value)
	}
	if e, ok := value.(*Error); ok {
		fmt.Fprintf(&b, "%s\n%+v\n", e.Body, *e)
	}
	return b.String()
}

// A server that sends secrets back, in every place and form, does not get them printed.
func TestNoSecretIsShown(t *testing.T) { eachStream(t, testNoSecretIsShown) }

func testNoSecretIsShown(t *testing.T, s under) {
	const token = "canary/token+with=odd~characters"
	echo := func(status int, format string, headers ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			secret := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
			if secret == "" {
				secret = r.PostForm.Get("assertion")
			}
			var all []string
			parts := append(strings.Split(secret, "."), secret)
			slices.Reverse(parts[:len(parts)-1]) // the signature first, lest it is cut off with the rest of the body
			for _, part := range parts {
				all = append(all, part, url.QueryEscape(part), url.PathEscape(part), strings.ReplaceAll(part, "/", `\/`),
					base64.StdEncoding.EncodeToString([]byte(part)), base64.RawURLEncoding.EncodeToString([]byte(part)))
			}
			text := strings.Join(all, " ")
			for _, name := range headers {
				w.Header().Set(name, strings.ReplaceAll(text, "\n", " "))
			}
			if status/100 == 3 {
				w.Header().Set("Location", "http://elsewhere.example/"+url.PathEscape(text))
			}
			w.WriteHeader(status)
			fmt.Fprintf(w, format, text)
		}
	}
	tests := map[string]http.HandlerFunc{
		"text":             echo(400, "%s"),
		"message":          echo(403, `{"errorCode":"A","message":"%s"}`),
		"code":             echo(400, `{"errorCode":"%s"}`),
		"error":            echo(400, `{"error":"invalid_grant","error_description":"%s"}`),
		"sentence":         echo(403, `{"error":"%s"}`),
		"HTML":             echo(404, "<html>%s</html>"),
		"trace token":      echo(404, "", "X-DocuSign-TraceToken"),
		"redirect":         echo(302, "%s"),
		"401":              echo(401, "%s"),
		"503":              echo(503, "%s", "Retry-After"),
		"200, not a page":  echo(200, "%s"),
		"200, a bad page":  echo(200, `{"endCursor":"%s"}`, "X-DocuSign-TraceToken"),
		"200, cut":         echo(200, `{"endCursor":"%s`),
		"bad redirect":     echo(302, "%s", "Location"),
		"not even HTTP":    func(w http.ResponseWriter, r *http.Request) { hijackAndSay(w, r, "%s") },
		"a wrong protocol": func(w http.ResponseWriter, r *http.Request) { hijackAndSay(w, r, "HTTP/9.9 %s\r\n\r\n") },
		"odd headers":      func(w http.ResponseWriter, r *http.Request) { hijackAndSay(w, r, "HTTP/1.1 200 OK\r\n%s\r\n\r\n") },
		"odd length": func(w http.ResponseWriter, r *http.Request) {
			hijackAndSay(w, r, "HTTP/1.1 200 OK\r\nContent-Length: %s\r\n\r\n")
		},
		"odd encoding": func(w http.ResponseWriter, r *http.Request) {
			hijackAndSay(w, r, "HTTP/1.1 200 OK\r\nTransfer-Encoding: %s\r\n\r\n")
		},
	}
	for name, handler := range tests {
		for _, op := range []string{"stream", "token"} {
			t.Run(op+", "+name, func(t *testing.T) {
				f := s.fake(t, handler)
				f.token = answer(200, fmt.Sprintf(`{"access_token":%q,"token_type":"Bearer","expires_in":3600}`, token))
				if op == "token" {
					f.token = handler
				}
				var logged bytes.Buffer
				log := slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
				c, _ := f.client(t, WithLogger(log))
				_, err := c.Page(t.Context(), Query{Cursor: "c"})
				if err == nil {
					t.Fatal("no error")
				}

				text := shown(err) + logged.String() + shown(c) + shown(*c) + shown(f.grant()) + shown(f.grant().TokenSource())
				for cause := err; cause != nil; cause = errors.Unwrap(cause) {
					text += shown(cause)
				}
				for what, canary := range canaries(token, f.forms[len(f.forms)-1].Get("assertion")) {
					if strings.Contains(text, canary) {
						t.Errorf("%s is shown", what)
					}
				}
			})
		}
	}
}

// A token is one in the escapes of JSON too, in a body that is JSON and in one that is not.
func TestNoEscapedSecretIsShown(t *testing.T) { eachStream(t, testNoEscapedSecretIsShown) }

func testNoEscapedSecretIsShown(t *testing.T, s under) {
	const token = "canary+token/with=odd~characters"
	whole := ""
	for _, c := range []byte(token) {
		whole += fmt.Sprintf(`\u%04X`, c)
	}
	for name, written := range map[string]string{"in part": strings.ReplaceAll(token, "+", `\u002b`), "whole": whole} {
		for form, want := range map[string]string{`{"message":"%s","other":"é"}`: "[redacted]", `not JSON: %s`: "not JSON: [redacted]"} {
			t.Run(name+", "+form, func(t *testing.T) {
				f := s.fake(t, answer(404, fmt.Sprintf(form, written)))
				f.token = answer(200, fmt.Sprintf(`{"access_token":%q,"token_type":"Bearer"}`, token))
				c, _ := f.client(t)
				_, err := c.Page(t.Context(), Query{})
				e, ok := errors.AsType[*Error](err)
				if !ok || e.Message != want || string(e.Body) != fmt.Sprintf(form, "[redacted]") {
					t.Errorf("%v, body %s", err, e.Body)
				}
			})
		}
	}
}

// hijackAndSay answers with what is not HTTP, or hardly, and holds the secrets of the request.
func hijackAndSay(w http.ResponseWriter, r *http.Request, format string) {
	secret := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	if secret == "" {
		secret = r.PostForm.Get("assertion")
	}
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	fmt.Fprintf(conn, format, secret)
	conn.Close()
}

// A request that is logged says what happened without saying what was sent.
func TestLogged(t *testing.T) { eachStream(t, testLogged) }

func testLogged(t *testing.T, s under) {
	f := s.fake(t, answer(503, ""), s.page("a", `{"n":1}`))
	var logged bytes.Buffer
	c, _ := f.client(t, WithLogger(slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	if _, err := c.Page(t.Context(), Query{Cursor: "position"}); err != nil {
		t.Fatal(err)
	}
	text := logged.String()
	for _, want := range []string{"op=token status=200", "op=stream status=503", "level=WARN", "attempt=1", "op=stream status=200"} {
		if !strings.Contains(text, want) {
			t.Errorf("the log lacks %q:\n%s", want, text)
		}
	}
	for _, never := range []string{"position", `"n":1`, "token-1", "Bearer"} {
		if strings.Contains(text, never) {
			t.Errorf("the log holds %q:\n%s", never, text)
		}
	}
}

// A cursor is saved and shown, so one that is the token does not become one.
func TestTokenAsCursor(t *testing.T) { eachStream(t, testTokenAsCursor) }

func testTokenAsCursor(t *testing.T, s under) {
	f := s.fake(t, s.page("a-long-canary-token-b"))
	f.token = answer(200, `{"access_token":"long-canary-token","token_type":"Bearer"}`)
	c, _ := f.client(t)
	page, err := c.Page(t.Context(), Query{})
	if !errors.Is(err, ErrMalformedPage) || page != nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("page %v, error %v", page, err)
	}
}
