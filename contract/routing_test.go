// Routing: which paths and methods there are.
package contract_test

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// nobody is the id of an organization that there is not.
const nobody = "00000000-0000-4000-8000-000000000000"

var _ = Describe("Routing", Label("routing"), func() {
	Should("SRV-ROUTE-1", "The service is the same under v2 as under v2.0",
		"spec/dataset, getStream, version; the samples send one, an integration the other", assumed, func(ctx SpecContext) {
			s := accountServer()
			long := s.page(ctx, start, 5)

			a := s.do(ctx, http.MethodGet, s.monitor+"/api/v2/datasets/monitor/stream?limit=5", s.bearer(ctx))

			Expect(a).To(HaveStatus(http.StatusOK))
			short := s.readPage(a)
			one, other := shared(short.Events, long.Events)
			Expect(one).To(HoldEvents(other))

			next := s.page(ctx, after(short.EndCursor), 5) // each goes on from where the other has come to
			a = s.do(ctx, http.MethodGet, s.monitor+"/api/v2/datasets/monitor/stream?limit=5&cursor="+url.QueryEscape(long.EndCursor), s.bearer(ctx))
			if len(short.Events) == len(long.Events) { // how long a page is, no one promises
				one, other = shared(s.readPage(a).Events, next.Events)
				Expect(one).To(HoldEvents(other))
			}

			date := atTime(s.now().Add(-24 * time.Hour))
			next = s.page(ctx, date, 5)
			a = s.do(ctx, http.MethodGet, s.monitor+"/api/v2/datasets/monitor/stream?limit=5&cursor="+url.QueryEscape(*date), s.bearer(ctx))
			one, other = shared(s.readPage(a).Events, next.Events)
			Expect(one).To(HoldEvents(other))

			a = s.do(ctx, http.MethodGet, s.monitor+"/api/v2/datasets/monitor/stream", authorization("Bearer "+strings.Repeat("nobody", 9)))
			Expect(a).To(HaveStatus(http.StatusUnauthorized))
		})

	ShouldEach("SRV-ROUTE-2", "The service answers 404 for a version or a data set that there is not",
		"spec/dataset, getStream, version and dataSetName; the status is assumed", assumed,
		func(ctx SpecContext, is declaration, path string) {
			s := accountServer()

			path = strings.Replace(path, nobody, cmp.Or(s.organization, nobody), 1) // else there is nothing for another reason
			a := s.do(declared(ctx, is), http.MethodGet, s.monitor+path, s.bearer(ctx))

			Expect(a).To(HaveStatus(http.StatusNotFound))
		},
		Entry("version 9", invalid, "/api/v9/datasets/monitor/stream"),
		Entry("version 2.1", invalid, "/api/v2.1/datasets/monitor/stream"),
		Entry("version 1", invalid, "/api/v1/datasets/monitor/stream"),
		Entry("a word for a version", invalid, "/api/vtwo/datasets/monitor/stream"),
		Entry("a long version", invalid, "/api/v"+oversized+"/datasets/monitor/stream"),
		Entry("version 3", invalid, "/api/v3/datasets/monitor/stream"),
		Entry("a longer data set", invalid, "/api/v2.0/datasets/monitoring/stream"),
		Entry("a longer path", outside, "/api/v2.0/datasets/monitor/streams"),
		Entry("another data set", invalid, "/api/v2.0/datasets/other/stream"),
		Entry("a number for a data set", invalid, "/api/v2.0/datasets/5/stream"),
		Entry("a long data set", invalid, "/api/v2.0/datasets/"+oversized+"/stream"),
		Entry("another letter", outside, "/api/x2.0/datasets/monitor/stream"),
		Entry("no letter", outside, "/api/2.0/datasets/monitor/stream"),
		Entry("no version", outside, "/api/v/datasets/monitor/stream"),
		Entry("a slash at the end", outside, "/api/v2.0/datasets/monitor/stream/"),
		Entry("two slashes", outside, "/api/v2.0//datasets/monitor/stream"),
		Entry("a slash within a segment", invalid, "/api/v2.0/datasets/monitor%2Fother/stream"),
		Entry("an encoded slash between segments", outside, "/api/v2.0/datasets%2Fmonitor/stream"),
		Entry("another case", outside, "/API/v2.0/datasets/monitor/stream"),
		Entry("no data set", outside, "/api/v2.0/datasets/stream"),
		Entry("a slash at the end, of the organization stream", outside, "/v1/organizations/"+nobody+"/stream/"),
		Entry("two slashes, of the organization stream", outside, "/v1//organizations/"+nobody+"/stream"),
		Entry("an encoded slash, of the organization stream", outside, "/v1/organizations%2F"+nobody+"/stream"),
		Entry("another version, of the organization stream", outside, "/v2/organizations/"+nobody+"/stream"))

	ShouldEach("SRV-ROUTE-3", "The service answers 405 with Allow to a method that an operation does not have",
		"RFC 9110, section 15.5.6", assumed,
		func(ctx SpecContext, method, path, allowed string) {
			s := accountServer()
			base := s.monitor
			if path == "/oauth/token" || path == "/oauth/userinfo" {
				base = s.auth
			}

			a := s.do(declared(ctx, outside), method, base+path, s.bearer(ctx))

			Expect(a).To(HaveStatus(http.StatusMethodNotAllowed))
			Expect(strings.Join(a.Header.Values("Allow"), ", ")).To(And(ContainSubstring(allowed), Not(ContainSubstring(method))))
		},
		Entry("TRACE stream", http.MethodTrace, "/api/v2.0/datasets/monitor/stream", http.MethodGet), // whose answer would show the token
		Entry("a method that there is not", "READ", "/api/v2.0/datasets/monitor/stream", http.MethodGet),
		Entry("POST stream", http.MethodPost, "/api/v2.0/datasets/monitor/stream", http.MethodGet),
		Entry("PUT stream", http.MethodPut, "/api/v2.0/datasets/monitor/stream", http.MethodGet),
		Entry("PATCH stream", http.MethodPatch, "/api/v2.0/datasets/monitor/stream", http.MethodGet),
		Entry("DELETE stream", http.MethodDelete, "/api/v2.0/datasets/monitor/stream", http.MethodGet),
		Entry("POST organization stream", http.MethodPost, "/v1/organizations/00000000-0000-4000-8000-000000000000/stream", http.MethodGet),
		Entry("PUT organization stream", http.MethodPut, "/v1/organizations/00000000-0000-4000-8000-000000000000/stream", http.MethodGet),
		Entry("PATCH organization stream", http.MethodPatch, "/v1/organizations/00000000-0000-4000-8000-000000000000/stream", http.MethodGet),
		Entry("DELETE organization stream", http.MethodDelete, "/v1/organizations/00000000-0000-4000-8000-000000000000/stream", http.MethodGet),
		Entry("GET token", http.MethodGet, "/oauth/token", http.MethodPost),
		Entry("PUT token", http.MethodPut, "/oauth/token", http.MethodPost),
		Entry("DELETE token", http.MethodDelete, "/oauth/token", http.MethodPost),
		Entry("HEAD token", http.MethodHead, "/oauth/token", http.MethodPost),
		Entry("PUT userinfo", http.MethodPut, "/oauth/userinfo", http.MethodGet),
		Entry("POST userinfo", http.MethodPost, "/oauth/userinfo", http.MethodGet),
		Entry("DELETE userinfo", http.MethodDelete, "/oauth/userinfo", http.MethodGet))

	ShouldEach("SRV-ROUTE-4", "The service answers 400, 403 or 404 for an organization that is not the user's",
		"spec/organization, getStream, organizationId; the status is assumed", assumed, Label(organizationStream.name),
		func(ctx SpecContext, is declaration, id string) {
			s := provider(organizationStream)

			a := s.do(declared(ctx, is), http.MethodGet, s.monitor+organizationStream.path(id), s.bearer(ctx))

			Expect(a.Status).To(BeElementOf(http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound), a.String)
		},
		Entry("a GUID that nobody has", valid, "00000000-0000-4000-8000-000000000000"),
		Entry("no GUID", invalid, "mine"),
		Entry("a number", invalid, "5"),
		Entry("a long text", invalid, oversized),
		Entry("a GUID cut off", invalid, "00000000-0000-4000-8000-00000000000"),
		Entry("the GUID of nothing", valid, "00000000-0000-0000-0000-000000000000"),
		Entry("a blank", invalid, "%20"))

	ShouldEach("SRV-ROUTE-5", "The service answers HEAD with the status of GET, or with 405",
		"RFC 9110, sections 9.3.2 and 15.5.6", assumed,
		func(ctx SpecContext, on stream, target func(*service) string) {
			s := provider(on)

			a := s.do(declared(ctx, outside), http.MethodHead, target(s), s.bearer(ctx))

			Expect(a.Status).To(BeElementOf(http.StatusOK, http.StatusMethodNotAllowed), a.String)
			a = s.do(declared(ctx, outside), http.MethodHead, target(s), authorization("Bearer "+strings.Repeat("nobody", 9)))
			Expect(a.Status).To(BeElementOf(http.StatusUnauthorized, http.StatusMethodNotAllowed), a.String)
		},
		Entry("of the stream", func(s *service) string { return s.stream("limit=1") }),
		Entry("of userinfo", func(s *service) string { return s.auth + "/oauth/userinfo" }))

	ShouldEach("SRV-ROUTE-6", "The service says in Allow, to OPTIONS, which methods an operation has",
		"RFC 9110, sections 9.3.7 and 15.5.6", assumed,
		func(ctx SpecContext, on stream, target func(*service) string, allowed string) {
			s := provider(on)

			a := s.do(declared(ctx, outside), http.MethodOptions, target(s), s.bearer(ctx))

			Expect(a.Status).To(BeElementOf(http.StatusOK, http.StatusNoContent, http.StatusMethodNotAllowed), a.String)
			Expect(a.Header.Get("Allow")).To(ContainSubstring(allowed))
		},
		Entry("of the stream", func(s *service) string { return s.stream("limit=1") }, http.MethodGet),
		Entry("of userinfo", func(s *service) string { return s.auth + "/oauth/userinfo" }, http.MethodGet),
		Entry("of the token", func(s *service) string { return s.auth + "/oauth/token" }, http.MethodPost))
})
