// Client, tokens: when the client asks for one, with which key, and who waits for it.
package contract_test

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/oauth2"

	"example.com/docusign-monitor/api"
)

var _ = Describe("Client tokens", Label("client"), func() {
	Must("CLI-TOKEN-1", "The client asks for one token however many requests wait for it",
		"api, New", func(ctx SpecContext, on stream) {
			const waiting = 8
			h := against(on, slicesOf(waiting, on.page("c1"))...)
			release := make(chan struct{})
			h.tokens = []reply{{hold: release}}
			h.twist = func(got received, r reply) reply {
				if r.hold != nil {
					r = token(h.bearer(1))
					r.hold = release
				}
				return r
			}

			seen := newWatch(waiting, func() { close(release) })
			var all sync.WaitGroup
			found := make([]error, waiting)
			client := h.client()
			for n := range waiting {
				all.Go(func() { _, found[n] = client.Page(seen.context(ctx), api.Query{}) })
			}
			all.Wait()

			Expect(errors.Join(found...)).NotTo(HaveOccurred())
			Expect(h.grants).To(HaveLen(1))
		})

	Must("CLI-TOKEN-2", "The client lets each request wait for a token as long as its own context does",
		"api, Client; context, package documentation", func(ctx SpecContext, on stream) {
			h := against(on, on.page("c1"))
			release := make(chan struct{})
			h.twist = func(got received, r reply) reply {
				if got.form != nil {
					r.hold = release
				}
				return r
			}
			leaving, leave := context.WithCancel(ctx)
			client := h.client()
			var left, stayed error
			var all sync.WaitGroup

			seen := newWatch(2, leave)
			all.Go(func() {
				defer close(release) // so that the one who stays has a token only after the other has left
				_, left = client.Page(seen.context(leaving), api.Query{})
			})
			all.Go(func() { _, stayed = client.Page(seen.context(ctx), api.Query{}) })
			all.Wait()

			Expect(left).To(MatchError(context.Canceled))
			Expect(stayed).NotTo(HaveOccurred())
		})

	Must("CLI-TOKEN-3", "The client renews a token before its life is over",
		"api, New; spec/oauth, Token, expires_in", func(ctx SpecContext, on stream) {
			inTime(on, []reply{on.page("c1"), on.page("c2"), on.page("c2")}, func(h *hostile) {
				life := max(h.retry.Stall, 100*time.Millisecond) // of less, the last fifth is over before a late client is seen to be late
				h.source, h.retry.Stall = &shortLived{life: life}, time.Minute
				late := make(chan struct{})
				time.AfterFunc(life*17/20, func() { close(late) })
				h.twist = func(_ received, r reply) reply {
					if len(h.asked) == 1 {
						r.hold = late // the next request comes in the last fifth of the life, or after it
					}
					return r
				}

				Expect(h.walk(ctx, api.Query{}).Err).NotTo(HaveOccurred())

				Expect(h.asked[0].header.Get("Authorization")).To(Equal("Bearer " + h.bearer(1)))
				Expect(h.asked[1].header.Get("Authorization")).NotTo(Equal("Bearer " + h.bearer(1)))
			})
		})

	Must("CLI-TOKEN-4", "The client names the page on which to consent, with %20 for a space and every part escaped",
		"spec/oauth, createToken, 400; the platform's consent URL", func(ctx SpecContext, on stream) {
			h := against(on)
			h.tokens = []reply{refusal(http.StatusBadRequest, `{"error":"consent_required"}`)}

			err := h.walk(ctx, api.Query{}).Err

			page := h.server.URL + "/oauth/auth?response_type=code&scope=signature%20impersonation&client_id=" + hostileKey
			Expect(err).To(MatchError(ContainSubstring(page + "&redirect_uri=")))
			Expect(h.grant.ConsentURL("https://example.com/back?a=1&b=2")).To(
				Equal(page + "&redirect_uri=https%3A%2F%2Fexample.com%2Fback%3Fa%3D1%26b%3D2"))
		})

	MustEach("CLI-TOKEN-5", "The client takes no token from an answer that holds none, and asks neither again nor for a page",
		"spec/oauth, Token; HTML and plain text have been seen",
		func(ctx SpecContext, on stream, answer reply) {
			h := against(on)
			h.tokens = []reply{answer}

			err := h.walk(ctx, api.Query{}).Err

			var e *api.Error
			Expect(errors.As(err, &e)).To(BeTrue(), "The error is no *api.Error: %v", err)
			Expect(e.Op).To(Equal("token"))
			Expect(e.StatusCode).To(Equal(answer.status))
			Expect(h.grants).To(HaveLen(1))
			Expect(h.asked).To(BeEmpty())
		},
		Entry("HTML with 200", reply{status: http.StatusOK, body: "<html>Sign in</html>"}),
		Entry("HTML with 400", reply{status: http.StatusBadRequest, body: "<html>Bad Request</html>"}),
		Entry("plain text", reply{status: http.StatusBadRequest, body: "Bad Request"}),
		Entry("no token", ok(`{"token_type":"Bearer","expires_in":3600}`)),
		Entry("an empty token", ok(`{"access_token":"","token_type":"Bearer","expires_in":3600}`)),
		Entry("a token that no header can carry", ok(`{"access_token":"a\r\nb: c","token_type":"Bearer","expires_in":3600}`)),
		Entry("another kind of token", ok(`{"access_token":"abcdefghijkl","token_type":"mac","expires_in":3600}`)))

	Must("CLI-TOKEN-6", "The client signs with a key that never leaves its store",
		"api, JWTGrant.PrivateKey; crypto.Signer", func(ctx SpecContext, on stream) {
			h := against(on, on.page("c1"), on.page("c1"))
			h.grant.PrivateKey = sealed{registeredKey()}

			Expect(h.walk(ctx, api.Query{}).Err).NotTo(HaveOccurred())

			h.assertion(0) // is verified
		})

	MustEach("CLI-TOKEN-7", "The client reads a key in every form in which it is handed on",
		"api, ParsePrivateKey",
		func(ctx SpecContext, on stream, form func(*rsa.PrivateKey) string) {
			h := against(on, on.page("c1"), on.page("c1"))
			h.keyFile(form(registeredKey()))

			Expect(h.walk(ctx, api.Query{}).Err).NotTo(HaveOccurred())

			h.assertion(0) // is verified
		},
		Entry("PKCS#1", pkcs1), Entry("PKCS#8", pkcs8),
		Entry("CRLF", func(key *rsa.PrivateKey) string { return strings.ReplaceAll(pkcs1(key), "\n", "\r\n") }),
		Entry("spaces for newlines", func(key *rsa.PrivateKey) string { return strings.ReplaceAll(pkcs1(key), "\n", " ") }),
		Entry("PKCS#8 with spaces for newlines", func(key *rsa.PrivateKey) string { return strings.ReplaceAll(pkcs8(key), "\n", " ") }),
		Entry("escaped newlines", func(key *rsa.PrivateKey) string { return strings.ReplaceAll(pkcs1(key), "\n", `\n`) }),
		Entry("text around it", func(key *rsa.PrivateKey) string { return "Key of the app:\n\n" + pkcs1(key) + "\nEnd.\n" }))

	Must("CLI-TOKEN-8", "The client reads the key file again after a grant that was refused",
		"api, JWTGrant.PrivateKeyFile", func(ctx SpecContext, on stream) {
			h := against(on, on.page("c1"), on.page("c1"))
			h.tokens = []reply{refusal(http.StatusBadRequest, `{"error":"invalid_grant","error_description":"no_valid_keys_or_signatures"}`)}
			file := h.keyFile(pkcs1(foreignKey()))
			Expect(h.walk(ctx, api.Query{}).Err).To(MatchError(api.ErrWrongKey))

			Expect(os.WriteFile(file, []byte(pkcs1(registeredKey())), 0o600)).To(Succeed())

			Expect(h.walk(ctx, api.Query{}).Err).NotTo(HaveOccurred())
			h.assertion(1) // is verified
		})

	Must("CLI-TOKEN-9", "The client shows nothing of a key that it cannot read",
		"api, ParsePrivateKey", func(ctx SpecContext, on stream) {
			h := against(on)
			h.mute = true
			broken := pkcs1(registeredKey())
			h.keyFile(strings.Replace(broken, "\n", "\n!", 3))

			err := h.walk(ctx, api.Query{}).Err

			Expect(err).To(HaveOccurred())
			for _, line := range strings.Split(broken, "\n")[1:4] {
				Expect(err).To(KeepSecret(line))
			}
		})

	Must("CLI-TOKEN-10", "The client lists the organizations that userinfo names, in their order and each once",
		"spec/oauth, getUserInfo, 200", func(ctx SpecContext, on stream) {
			h := against(on)
			h.user = ok(`{"sub":"` + hostileUser + `","accounts":[
				{"account_id":"a1","account_name":"One","is_default":true,"organization":{"organization_id":"o2"}},
				{"account_id":"a2","account_name":"Two"},
				{"account_id":"a3","account_name":"Three","organization":{"organization_id":"o1"}},
				{"account_id":"a4","account_name":"Four","organization":{"organization_id":"o2"}}]}`)

			Expect(h.client().Organizations(ctx)).To(Equal([]api.Organization{
				{ID: "o2", Accounts: []api.Account{{ID: "a1", Name: "One", Default: true}, {ID: "a4", Name: "Four"}}},
				{ID: "o1", Accounts: []api.Account{{ID: "a3", Name: "Three"}}},
			}))
		})

	MustEach("CLI-TOKEN-11", "The client asks userinfo again after a failure that may pass, and once with a new token",
		"api, Client.Organizations and Retry",
		func(ctx SpecContext, on stream, failure reply) {
			h := against(on)
			h.user = ok(`{"sub":"` + hostileUser + `","accounts":[{"account_id":"a1","organization":{"organization_id":"o1"}}]}`)
			failed := false
			h.twist = func(got received, r reply) reply {
				if got.form == nil && !failed {
					failed = true
					return failure
				}
				return r
			}

			found, err := h.client().Organizations(ctx)

			Expect(err).NotTo(HaveOccurred())
			Expect(found).To(HaveLen(1))
		},
		Entry("401", refusal(http.StatusUnauthorized, "")), Entry("429", refusal(http.StatusTooManyRequests, "")),
		Entry("502 in HTML", reply{status: http.StatusBadGateway, body: "<html></html>"}),
		Entry("cut off", ok(`{"sub":"u","accounts":[`)))
})

func pkcs1(key *rsa.PrivateKey) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
}

func pkcs8(key *rsa.PrivateKey) string {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// keyFile has the client read its key from a file that holds this.
func (h *hostile) keyFile(text string) (name string) {
	GinkgoHelper()
	name = filepath.Join(GinkgoT().TempDir(), "key.pem")
	Expect(os.WriteFile(name, []byte(text), 0o600)).To(Succeed())
	h.grant.PrivateKey, h.grant.PrivateKeyFile = nil, name
	return name
}

// sealed is a key that signs and shows itself in no other way.
type sealed struct{ key crypto.Signer }

func (s sealed) Public() crypto.PublicKey { return s.key.Public() }

func (s sealed) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	return s.key.Sign(random, digest, opts)
}

// shortLived is a source of tokens that do not live long.
type shortLived struct {
	life  time.Duration
	given int
}

func (s *shortLived) Token() (*oauth2.Token, error) {
	s.given++
	return &oauth2.Token{AccessToken: (*hostile)(nil).bearer(s.given), TokenType: "Bearer", Expiry: time.Now().Add(s.life)}, nil
}

// watch tells when so many contexts are waited on.
type watch struct {
	left sync.WaitGroup
}

func newWatch(n int, then func()) *watch {
	w := &watch{}
	w.left.Add(n)
	go func() {
		w.left.Wait()
		then()
	}()
	return w
}

// context is one that tells when it is first waited on.
func (w *watch) context(parent context.Context) context.Context {
	return &watched{Context: parent, waited: sync.OnceFunc(w.left.Done)}
}

type watched struct {
	context.Context
	waited func()
}

func (w *watched) Done() <-chan struct{} {
	w.waited()
	return w.Context.Done()
}

// slicesOf is n times the same.
func slicesOf(n int, r reply) (all []reply) {
	for range n {
		all = append(all, r)
	}
	return all
}
