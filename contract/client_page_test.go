// Client, pages: a page is delivered whole, exactly as it came, or not at all.
package contract_test

import (
	"net/http"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"example.com/docusign-monitor/api"
)

var _ = Describe("Client pages", Label("client"), func() {
	MustEach("CLI-PAGE-1", "The client delivers nothing of a page that is cut off, and asks for it again",
		"api, package documentation",
		func(ctx SpecContext, on stream, cut func(reply) reply) {
			second := on.page("c2", `{"n":2}`, `{"n":3}`)
			h := against(on, on.page("c1", `{"n":1}`), cut(second), second, on.page("c2"))

			d := h.walk(ctx, api.Query{})

			Expect(d.Err).NotTo(HaveOccurred())
			Expect(d.Events).To(HoldEvents([]string{`{"n":1}`, `{"n":2}`, `{"n":3}`}))
			Expect(h.sentCursors()).To(Equal([]string{"absent", "c1", "c1", "c2"}))
		},
		Entry("within the announced length", func(r reply) reply {
			r.framed, r.cutAt = true, len(r.body)-4
			return r
		}),
		Entry("between two chunks", func(r reply) reply {
			r.cutAt = len(r.body) - 4
			return r
		}),
		Entry("between two chunks, with all of the JSON there", func(r reply) reply {
			r.cutAt = len(r.body)
			return r
		}),
		Entry("within gzip", func(r reply) reply {
			r = compressed(r)
			r.body = r.body[:len(r.body)-10]
			return r
		}),
		Entry("by a server that frames a part as the whole", func(r reply) reply {
			r.body = r.body[:len(r.body)-4]
			return r
		}),
		Entry("to nothing", func(r reply) reply {
			r.body = ""
			return r
		}))

	MustEach("CLI-PAGE-2", "The client delivers the bytes of an event as they came",
		"api, Event.Raw",
		func(ctx SpecContext, on stream, text string) {
			h := against(on, on.page("c1", `{"n":1}`, text), on.page("c1"))

			d := h.walk(ctx, api.Query{})

			Expect(d.Err).NotTo(HaveOccurred())
			Expect(d.Events).To(HoldEvents([]string{`{"n":1}`, text}))
		}, oddEvents,
		Entry("a name twice", `{"a":1,"a":2}`),
		Entry("half of a surrogate pair", `{"a":"\ud83d"}`),
		Entry("a number beyond any float", `{"a":1e400,"b":-0}`),
		Entry("seven digits of fraction, the last two zeros", `{"timestamp":"2026-02-03T07:08:09.1234500Z"}`))

	MustEach("CLI-PAGE-3", "The client takes nothing from a 200 that is not one page of its stream, and asks no second time",
		"api, ErrMalformedPage",
		func(ctx SpecContext, on stream, body string) {
			h := against(on, ok(on.named(body)))

			d := h.walk(ctx, api.Query{})

			Expect(d.Err).To(MatchError(api.ErrMalformedPage))
			Expect(d.Events).To(BeEmpty())
		},
		Entry("HTML", `<html><body>Sign in</body></html>`),
		Entry("the array of the other stream", `{"endCursor":"c1","$others":[{"n":1}]}`),
		Entry("a second value", `{"endCursor":"c1","$events":[{"n":1}]}{}`),
		Entry("an array", `[{"n":1}]`),
		Entry("null", `null`),
		Entry("events that are no array", `{"endCursor":"c1","$events":{"n":1}}`),
		Entry("a comma too many", `{"endCursor":"c1","$events":[{"n":1},]}`),
		Entry("events twice", `{"endCursor":"c1","$events":[{"n":1}],"$events":[{"n":1}]}`),
		Entry("a stray byte", `{"endCursor":"c1","$events":[{"n":1}]}x`),
		Entry("not UTF-8", "{\"endCursor\":\"c1\",\"$events\":[{\"n\":\"\xff\"}]}"))

	Must("CLI-PAGE-4", "The client delivers the events of the page that ends the stream",
		"the publisher's samples discard them unread", func(ctx SpecContext, on stream) {
			h := against(on, on.page("c1", `{"n":1}`), on.page("c1", `{"n":2}`))

			Expect(h.walk(ctx, api.Query{}).Events).To(HoldEvents([]string{`{"n":1}`, `{"n":2}`}))
		})

	MustEach("CLI-PAGE-5", "The client delivers a page whatever is the matter with one of its events",
		"api, package documentation",
		func(ctx SpecContext, on stream, odd string) {
			h := against(on, on.page("c1", `{"n":1}`, odd, `{"n":2}`), on.page("c1"))

			d := h.walk(ctx, api.Query{})

			Expect(d.Err).NotTo(HaveOccurred())
			Expect(d.Events).To(HoldEvents([]string{`{"n":1}`, odd, `{"n":2}`}))
		},
		Entry("a timestamp that is none", `{"timestamp":"yesterday"}`),
		Entry("a timestamp without a zone", `{"timestamp":"2026-01-02T03:04:05"}`),
		Entry("a number where a text belongs", `{"eventId":7,"latitude":"north"}`),
		Entry("no object", `"event"`), Entry("null", `null`))

	MustEach("CLI-PAGE-6", "The client takes no page from a status other than 200",
		"spec/dataset, getStream, responses",
		func(ctx SpecContext, on stream, status int) {
			r := on.page("c1", `{"n":1}`)
			r.status = status
			h := against(on, r)

			d := h.walk(ctx, api.Query{})

			Expect(d.Err).To(HaveOccurred())
			Expect(d.Events).To(BeEmpty())
		},
		Entry("201", http.StatusCreated), Entry("206", http.StatusPartialContent),
		Entry("300", http.StatusMultipleChoices), Entry("404", http.StatusNotFound))

	Must("CLI-PAGE-10", "The client takes no page from a problem, though it comes with 200, and asks no second time",
		"api, ErrMalformedPage; RFC 9457, section 3", func(ctx SpecContext, on stream) {
			h := against(on, on.page("c1", `{"n":1}`), reply{
				status: http.StatusOK, header: map[string]string{"Content-Type": "application/problem+json"},
				body: `{"type":"about:blank","title":"Internal Server Error","status":500}`,
			})

			d := h.walk(ctx, api.Query{})

			Expect(d.Err).To(MatchError(api.ErrMalformedPage))
			Expect(d.Events).To(HoldEvents([]string{`{"n":1}`}))
		})
})
