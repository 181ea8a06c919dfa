// Client, safety: what a caller hands in, and what nobody may read.
package contract_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"example.com/docusign-monitor/api"
)

var _ = Describe("Client safety", Label("client"), func() {
	MustEach("CLI-SECRET-4", "The client sends nothing in the clear, but to a loopback address",
		"api, Environment; RFC 6750, section 5.3",
		func(ctx SpecContext, on stream, url string, spoil func(*api.Environment, string)) {
			h := against(on)
			h.mute = true
			spoil(&h.grant.Environment, url)

			made, err := h.make()
			if err == nil {
				err = take(made.Pages(ctx, api.Query{})).Err
			}

			Expect(err).To(MatchError(ContainSubstring("https")))
		},
		Entry("the stream", "http://monitor.example.com", ofStream), Entry("the tokens", "http://account.example.com", ofTokens),
		Entry("a name that begins like a loopback one", "http://localhost.example.com", ofStream),
		Entry("an address that begins like a loopback one", "http://127.0.0.1.example.com", ofStream))

	Must("CLI-SECRET-5", "The client shows no key and no token in any form in which it can be printed",
		"api, JWTGrant and Client", func(ctx SpecContext, on stream) {
			h := against(on, on.page("c1"), on.page("c1"))
			Expect(h.walk(ctx, api.Query{}).Err).NotTo(HaveOccurred())

			for _, text := range append(forms(h.made), forms(h.grant)...) {
				Expect(text).NotTo(ContainSubstring(h.bearer(1)))
				Expect(text).NotTo(ContainSubstring(registeredKey().D.String()[:32]))
			}
		})

	Must("CLI-SECRET-6", "The client logs no token, no assertion, no cursor and no event",
		"api, WithLogger", func(ctx SpecContext, on stream) {
			var log bytes.Buffer
			h := against(on, on.page("canary-cursor", `{"canary":"event"}`), refusal(http.StatusServiceUnavailable, `{"message":"canary"}`),
				refusal(http.StatusUnauthorized, ""), on.page("canary-cursor"))
			h.logger = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))

			Expect(h.walk(ctx, api.Query{}).Err).NotTo(HaveOccurred())

			Expect(log.Len()).NotTo(BeZero(), "Nothing is logged, so nothing is proved")
			for _, secret := range []string{h.bearer(1), h.bearer(2), h.grants[0].form.Get("assertion"), "canary-cursor", `"event"`} {
				Expect(log.String()).NotTo(ContainSubstring(secret))
			}
		})

	Must("CLI-CALLER-1", "The client changes nothing that its caller hands in",
		"api, package documentation, safety", func(ctx SpecContext, on stream) {
			jar, err := cookiejar.New(nil)
			Expect(err).NotTo(HaveOccurred())
			h := against(on, on.page("c1"), on.page("c1"))
			given := &http.Client{Transport: h.http.Transport, Jar: jar, Timeout: time.Minute}
			h.given = given

			Expect(h.walk(ctx, api.Query{}).Err).NotTo(HaveOccurred())

			Expect(given.Transport).To(BeIdenticalTo(h.http.Transport))
			Expect(given.CheckRedirect).To(BeNil())
			Expect(given.Jar).To(BeIdenticalTo(jar))
			Expect(given.Timeout).To(Equal(time.Minute))
		})

	Must("CLI-CALLER-2", "The client logs nothing unless it is given a logger",
		"api, WithLogger", func(ctx SpecContext, on stream) {
			var log bytes.Buffer
			before := slog.Default()
			slog.SetDefault(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
			DeferCleanup(slog.SetDefault, before)
			h := against(on, on.page("c1"), refusal(http.StatusServiceUnavailable, ""), on.page("c1"))

			Expect(h.walk(ctx, api.Query{}).Err).NotTo(HaveOccurred())

			Expect(log.String()).To(BeEmpty())
		})

	Must("CLI-CALLER-3", "The client asks no more once its caller's context has ended",
		"context, package documentation", func(ctx SpecContext, on stream) {
			h := against(on)
			h.mute = true
			ended, end := context.WithCancel(ctx)
			end()

			Expect(h.walk(ended, api.Query{}).Err).To(MatchError(context.Canceled))

			Expect(h.asked).To(BeEmpty())
		})
})

func ofStream(e *api.Environment, url string) { e.DatasetURL, e.OrganizationURL = url, url }

func ofTokens(e *api.Environment, url string) { e.AuthURL = url }
