// Client, errors: what the client makes of a refusal, and what it tries again.
package contract_test

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gstruct"

	"example.com/docusign-monitor/api"
)

var _ = Describe("Client errors", Label("client"), func() {
	MustEach("CLI-ERROR-1", "The client reads every shape in which a refusal comes",
		"the platform's errors, the OAuth errors and the captured ones",
		func(ctx SpecContext, on stream, body, code, message string) {
			r := refusal(http.StatusForbidden, body)
			r.header = map[string]string{"X-DocuSign-TraceToken": "trace-1"}
			h := against(on, r)

			err := h.walk(ctx, api.Query{}).Err

			var e *api.Error
			Expect(errors.As(err, &e)).To(BeTrue(), "The error is no *api.Error: %v", err)
			Expect(*e).To(gstruct.MatchFields(gstruct.IgnoreExtras, gstruct.Fields{
				"Op": Equal("stream"), "StatusCode": Equal(http.StatusForbidden),
				"Code": Equal(code), "Message": Equal(message), "TraceToken": Equal("trace-1"),
			}))
		},
		Entry("of the platform", `{"errorCode":"NOT_ALLOWED","message":"Not for you."}`, "NOT_ALLOWED", "Not for you."),
		Entry("a sentence", `{"error":"Organization does not have Monitor entitlement"}`, "", "Organization does not have Monitor entitlement"),
		Entry("of OAuth", `{"error":"invalid_grant","error_description":"user_not_found"}`, "invalid_grant", "user_not_found"),
		Entry("a code of OAuth alone", `{"error":"consent_required"}`, "consent_required", ""),
		Entry("nothing", ``, "", ""),
		Entry("HTML", `<html><title>403</title></html>`, "", ""),
		Entry("plain text", `Bad Request`, "", "Bad Request"))

	Must("CLI-ERROR-2", "The client calls a 403 of the stream a lack of entitlement, though it has no body",
		"spec/dataset, getStream, 403; observed empty", func(ctx SpecContext, on stream) {
			h := against(on, reply{status: http.StatusForbidden})

			Expect(h.walk(ctx, api.Query{}).Err).To(MatchError(api.ErrNotEntitled))
		})

	Must("CLI-ERROR-3", "The client calls a 400 to a cursor a bad cursor, and never begins anew by itself",
		"api, ErrBadCursor", func(ctx SpecContext, on stream) {
			h := against(on, refusal(http.StatusBadRequest, `{"errorCode":"X","message":"no"}`))

			Expect(h.walk(ctx, api.Query{Cursor: "c7"}).Err).To(MatchError(api.ErrBadCursor))

			Expect(h.sentCursors()).To(Equal([]string{"c7"}))
		})

	MustEach("CLI-ERROR-4", "The client repeats no request that was refused for good",
		"api, Retry",
		func(ctx SpecContext, on stream, status int) {
			h := against(on, refusal(status, ""))

			Expect(h.walk(ctx, api.Query{}).Err).To(HaveOccurred())

			Expect(h.asked).To(HaveLen(1))
			Expect(h.waits).To(BeEmpty())
		},
		Entry("400", http.StatusBadRequest), Entry("403", http.StatusForbidden), Entry("404", http.StatusNotFound),
		Entry("405", http.StatusMethodNotAllowed), Entry("410", http.StatusGone))
})

var _ = Describe("Client retries", Label("client"), func() {
	MustEach("CLI-RETRY-1", "The client repeats a request with the same cursor after a failure that may pass",
		"api, Retry",
		func(ctx SpecContext, on stream, failure reply) {
			h := against(on, on.page("c1"), failure, failure, on.page("c2", `{"n":1}`), on.page("c2"))

			d := h.walk(ctx, api.Query{})

			Expect(d.Err).NotTo(HaveOccurred())
			Expect(d.Events).To(HoldEvents([]string{`{"n":1}`}))
			Expect(h.sentCursors()).To(Equal([]string{"absent", "c1", "c1", "c1", "c2"}))
			Expect(h.waits).To(HaveLen(2))
		},
		Entry("429", refusal(http.StatusTooManyRequests, "")),
		Entry("500", refusal(http.StatusInternalServerError, "")),
		Entry("502 in HTML", reply{status: http.StatusBadGateway, body: "<html></html>"}),
		Entry("503", refusal(http.StatusServiceUnavailable, "")),
		Entry("400 for the hourly limit", refusal(http.StatusBadRequest, `{"errorCode":"HOURLY_APIINVOCATION_LIMIT_EXCEEDED","message":"m"}`)),
		Entry("400 for the burst limit", refusal(http.StatusBadRequest, `{"errorCode":"BURST_APIINVOCATION_LIMIT_EXCEEDED","message":"m"}`)))

	MustEach("CLI-RETRY-2", "The client waits as long as the server asks for",
		"RFC 9110, section 10.2.3; the platform's rate limit headers",
		func(ctx SpecContext, on stream, header func(now time.Time) map[string]string, want time.Duration) {
			failure := refusal(http.StatusTooManyRequests, "")
			failure.header = header(time.Now())
			h := against(on, failure, on.page("c1"), on.page("c1"))

			Expect(h.walk(ctx, api.Query{}).Err).NotTo(HaveOccurred())

			Expect(h.waits).To(ConsistOf(BeNumerically("~", want, 3*time.Second)))
		},
		Entry("in seconds", func(time.Time) map[string]string {
			return map[string]string{"Retry-After": "17"}
		}, 17*time.Second),
		Entry("in seconds, whatever else it says", func(now time.Time) map[string]string {
			return map[string]string{"Retry-After": "17", "X-BurstLimit-Remaining": "0", "X-RateLimit-Reset": fmt.Sprint(now.Add(time.Hour).Unix())}
		}, 17*time.Second),
		Entry("until a date of a clock that is a day slow", func(now time.Time) map[string]string {
			slow := now.Add(-24 * time.Hour).UTC()
			return map[string]string{"Date": slow.Format(http.TimeFormat), "Retry-After": slow.Add(40 * time.Second).Format(http.TimeFormat)}
		}, 40*time.Second),
		Entry("until a date", func(now time.Time) map[string]string {
			return map[string]string{"Retry-After": now.Add(40 * time.Second).UTC().Format(http.TimeFormat)}
		}, 40*time.Second),
		Entry("until the hour is over", func(now time.Time) map[string]string {
			return map[string]string{"X-RateLimit-Reset": fmt.Sprint(now.Add(20 * time.Minute).Unix())}
		}, 20*time.Minute),
		Entry("until the burst is over", func(time.Time) map[string]string {
			return map[string]string{"X-BurstLimit-Remaining": "0"}
		}, 30*time.Second))

	Must("CLI-RETRY-3", "The client gives up when failures have lasted for five minutes",
		"api, Retry.Outage", func(ctx SpecContext, on stream) {
			var failures []reply
			for range 500 {
				failures = append(failures, refusal(http.StatusServiceUnavailable, ""))
			}
			h := against(on, failures...)

			err := h.walk(ctx, api.Query{}).Err

			var waited time.Duration
			for _, d := range h.waits {
				waited += d
			}
			var e *api.Error
			Expect(errors.As(err, &e)).To(BeTrue(), "The error is no *api.Error: %v", err)
			Expect(e.StatusCode).To(Equal(http.StatusServiceUnavailable))
			Expect(waited).To(And(BeNumerically(">", 2*time.Minute), BeNumerically("<=", 5*time.Minute)))
		})
})
