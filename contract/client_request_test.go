// Client, requests: what the client puts on the wire.
package contract_test

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"example.com/docusign-monitor/api"
)

var _ = Describe("Client requests", Label("client"), func() {
	Must("CLI-REQUEST-1", "The client sends no request that the document does not have",
		"spec/dataset and spec/oauth, parameters and request bodies", func(ctx SpecContext, on stream) {
			h := against(on, on.page("c1", `{}`), refusal(http.StatusUnauthorized, ""), on.page("c2"), on.page("c2"))

			Expect(h.walk(ctx, api.Query{Limit: 5}).Err).NotTo(HaveOccurred())

			Expect(h.Breaches("CLI-REQUEST-1")).To(BeEmpty())
		})

	Must("CLI-REQUEST-2", "The client leaves a cursor that it does not have out of the request",
		"spec/dataset, getStream, cursor", func(ctx SpecContext, on stream) {
			h := against(on, on.page("c1"), on.page("c1"))

			Expect(h.walk(ctx, api.Query{}).Err).NotTo(HaveOccurred())

			Expect(h.asked).To(HaveLen(2))
			Expect(h.asked[0].query).NotTo(ContainSubstring("cursor"))
			Expect(h.asked[1].query).To(ContainSubstring("cursor=c1"))
		})

	MustEach("CLI-REQUEST-3", "The client sends a cursor back to the letter, whatever letters it has",
		"spec/dataset, getStream, cursor: it is opaque",
		func(ctx SpecContext, on stream, cursor string) {
			h := against(on, on.page(cursor), on.page(cursor))

			Expect(h.walk(ctx, api.Query{}).Err).NotTo(HaveOccurred())

			Expect(h.sentCursors()).To(Equal([]string{"absent", cursor}))
		},
		Entry("the form that was seen", "aa_638000000000000000_638000000000000000_12"),
		Entry("base64", "YWE+YmI/Y2M=="), Entry("the signs of a query", "a&b=c;d?e#f"),
		Entry("a percent sign and spaces", "100%25 of it "), Entry("a path", "../../x//y"),
		Entry("letters outside ASCII", "ключ-鍵"), Entry("the word null", "null"))

	Must("CLI-REQUEST-4", "The client carries its token in one Authorization header and nowhere else",
		"RFC 6750, section 2.1", func(ctx SpecContext, on stream) {
			h := against(on, on.page("c1"), on.page("c1"))

			Expect(h.walk(ctx, api.Query{}).Err).NotTo(HaveOccurred())

			for _, got := range h.asked {
				Expect(got.header["Authorization"]).To(Equal([]string{"Bearer " + h.bearer(1)}))
				delete(got.header, "Authorization")
				Expect(fmt.Sprint(got.rawPath, got.query, got.header)).NotTo(ContainSubstring("canary"))
			}
		})

	MustEach("CLI-REQUEST-5", "The client asks for as many events as it is told to, and for 2000 if it is not told",
		"spec/dataset, getStream, limit",
		func(ctx SpecContext, on stream, limit int, want string) {
			h := against(on, on.page("c1"), on.page("c1"))

			Expect(h.walk(ctx, api.Query{Limit: limit}).Err).NotTo(HaveOccurred())

			for _, got := range h.asked {
				Expect(url.ParseQuery(got.query)).To(HaveKeyWithValue("limit", []string{want}))
			}
		},
		Entry("one", 1, "1"), Entry("the most", 2000, "2000"), Entry("not told", 0, "2000"))

	Must("CLI-REQUEST-6", "The client begins at a time by a date-time cursor in UTC",
		"spec/dataset, getStream, cursor; the publisher's samples", func(ctx SpecContext, on stream) {
			h := against(on, on.page("c1"), on.page("c1"))
			since := time.Date(2026, 2, 3, 8, 9, 10, 999, time.FixedZone("", 2*60*60))

			Expect(h.walk(ctx, api.Query{Since: since}).Err).NotTo(HaveOccurred())

			Expect(h.sentCursors()).To(Equal([]string{"2026-02-03T06:09:10Z", "c1"}))
		})

	Must("CLI-REQUEST-7", "The client asks for version 2.0 of the data set monitor, or for the organization that it is given",
		"spec/dataset, getStream, version and dataSetName; the publisher's samples; spec/organization, getStream, organizationId", func(ctx SpecContext, on stream) {
			h := against(on, on.page("c1"), on.page("c1"))

			Expect(h.walk(ctx, api.Query{}).Err).NotTo(HaveOccurred())

			for _, got := range h.asked {
				Expect(got.rawPath).To(Equal(on.path(hostileOrganization)))
			}
		})

	Must("CLI-REQUEST-8", "The client asks for JSON, and says by name who asks",
		"RFC 9110, sections 12.5.1 and 10.1.5", func(ctx SpecContext, on stream) {
			h := against(on, on.page("c1"), on.page("c1"))

			Expect(h.walk(ctx, api.Query{}).Err).NotTo(HaveOccurred())

			for _, got := range append(h.asked, h.grants...) {
				Expect(got.header.Values("Accept")).To(Equal([]string{"application/json"}))
				Expect(got.header.Get("User-Agent")).To(HavePrefix("docusign-monitor"))
			}
		})
})

var _ = Describe("Client cursors", Label("client"), func() {
	Must("CLI-CURSOR-1", "The client ends at the cursor that it sent, and at no short or empty page",
		"spec/dataset, getStream, cursor and limit; the publisher's samples", func(ctx SpecContext, on stream) {
			h := against(on, on.page("c1", `{"n":1}`, `{"n":2}`), on.page("c2"), on.page("c3"), on.page("c4", `{"n":3}`), on.page("c4"))

			d := h.walk(ctx, api.Query{Limit: 2})

			Expect(d.Err).NotTo(HaveOccurred())
			Expect(h.sentCursors()).To(Equal([]string{"absent", "c1", "c2", "c3", "c4"}))
			Expect(d.Events).To(HoldEvents([]string{`{"n":1}`, `{"n":2}`, `{"n":3}`}))
		})

	MustEach("CLI-CURSOR-2", "The client delivers nothing of a page without a usable endCursor, and says so",
		"spec/dataset, CursoredResult, required; kept, such a cursor would begin the next run seven days ago",
		func(ctx SpecContext, on stream, body string) {
			h := against(on, on.page("c1", `{"n":1}`), ok(on.named(body)))

			d := h.walk(ctx, api.Query{})

			Expect(d.Err).To(MatchError(api.ErrMalformedPage))
			Expect(d.Events).To(HoldEvents([]string{`{"n":1}`}))
			Expect(d.Cursors).To(Equal([]string{"c1"}))
		},
		Entry("absent", `{"$events":[{"n":2}]}`), Entry("empty", `{"endCursor":"","$events":[{"n":2}]}`),
		Entry("null", `{"endCursor":null,"$events":[{"n":2}]}`), Entry("a number", `{"endCursor":7,"$events":[{"n":2}]}`),
		Entry("twice", `{"endCursor":"c2","$events":[{"n":2}],"endCursor":"c3"}`))

	Must("CLI-CURSOR-3", "The client stops when a cursor comes again that it had before the last one",
		"api, package documentation: the walk would not end", func(ctx SpecContext, on stream) {
			h := against(on, on.page("c1"), on.page("c2", `{}`), on.page("c1", `{}`))

			Expect(h.walk(ctx, api.Query{}).Err).To(MatchError(api.ErrLoop))
		})

	Must("CLI-CURSOR-4", "The client gives up after ten empty pages in a row whose cursors move on",
		"api, Client.Pages", func(ctx SpecContext, on stream) {
			var pages []reply
			for n := range 10 {
				pages = append(pages, on.page(fmt.Sprint("c", n)))
			}
			h := against(on, pages...)

			d := h.walk(ctx, api.Query{})

			Expect(d.Err).To(MatchError(api.ErrNotCaughtUp))
			Expect(d.Cursors).To(HaveLen(10))
		})
})
