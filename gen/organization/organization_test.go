package organization_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/oapi-codegen/runtime/types"

	"example.com/docusign-monitor/gen/organization"
)

// handlerFunc is a strict server of one function.
type handlerFunc func(organization.GetStreamRequestObject) (organization.GetStreamResponseObject, error)

func (s server) GetStream(_ context.Context, request organization.GetStreamRequestObject) (organization.GetStreamResponseObject, error) {
	return s.get(request)
}

// server has one operation. Those that a later document adds are not called.
type server struct {
	organization.StrictServerInterface
	get handlerFunc
}

// echo answers with the parameters that reached it, as the cursor of an empty page.
var echo = handlerFunc(func(request organization.GetStreamRequestObject) (organization.GetStreamResponseObject, error) {
	bound := request.OrganizationID.String()
	if cursor := request.Params.Cursor; cursor != nil {
		bound += fmt.Sprintf(" cursor=%q", *cursor)
	}
	if limit := request.Params.Limit; limit != nil {
		bound += fmt.Sprintf(" limit=%d", *limit)
	}
	return organization.GetStream200JSONResponse{Body: organization.StreamResponse{EndCursor: &bound}}, nil
})

func TestRouting(t *testing.T) {
	const (
		id     = "3ceaaf30-8142-48ea-b1d9-3080f9b439fc"
		stream = "/v1/organizations/" + id + "/stream"
	)
	tests := []struct {
		name   string
		method string // GET if empty
		target string
		status int
		header http.Header // of the answer, as far as it matters
		bound  string      // the parameters that reached the server, if the status is 200
	}{
		{name: "stream", target: stream, status: 200, bound: id},
		{name: "capitals", target: "/v1/organizations/3CEAAF30-8142-48EA-B1D9-3080F9B439FC/stream", status: 200, bound: id},
		{name: "no hyphens, which the parser accepts", target: "/v1/organizations/3ceaaf30814248eab1d93080f9b439fc/stream", status: 200, bound: id},
		{name: "braces, which the parser accepts", target: "/v1/organizations/%7B" + id + "%7D/stream", status: 200, bound: id},
		{name: "no UUID", target: "/v1/organizations/monitor/stream", status: 400},
		{name: "UUID cut short", target: "/v1/organizations/3ceaaf30-8142-48ea-b1d9-3080f9b439f/stream", status: 400},
		{name: "other letter in the UUID", target: "/v1/organizations/3ceaaf30-8142-48ea-b1d9-3080f9b439fg/stream", status: 400},
		{name: "two UUIDs", target: "/v1/organizations/" + id + "," + id + "/stream", status: 400},
		{name: "slash in the UUID", target: "/v1/organizations/3ceaaf30%2F8142/stream", status: 400},
		{name: "empty UUID", target: "/v1/organizations//stream", status: 307, header: http.Header{"Location": {"/v1/organizations/stream"}}},
		{name: "no UUID at all", target: "/v1/organizations/stream", status: 404},
		{name: "final slash", target: stream + "/", status: 404},
		{name: "other version", target: "/v2/organizations/" + id + "/stream", status: 404},
		{name: "path of the other stream", target: "/api/v2.0/datasets/monitor/stream", status: 404},

		{name: "HEAD", method: "HEAD", target: stream, status: 200, bound: id},
		{name: "POST", method: "POST", target: stream, status: 405, header: http.Header{"Allow": {"GET, HEAD"}}},
		{name: "OPTIONS", method: "OPTIONS", target: stream, status: 405, header: http.Header{"Allow": {"GET, HEAD"}}},

		{name: "both parameters", target: stream + "?cursor=c&limit=7", status: 200, bound: id + ` cursor="c" limit=7`},
		{name: "empty cursor", target: stream + "?cursor=", status: 200, bound: id + ` cursor=""`},
		{name: "cursor with escapes", target: stream + "?cursor=x%3D%3D%26y+%2B", status: 200, bound: id + ` cursor="x==&y +"`},
		{name: "limit that is no number", target: stream + "?limit=abc", status: 400},
		{name: "limit beyond 32 bits", target: stream + "?limit=2147483648", status: 400},
		{name: "limit above the maximum, which is not checked", target: stream + "?limit=2001", status: 200, bound: id + " limit=2001"},
	}
	handler := organization.Handler(organization.NewStrictHandler(server{get: echo}, nil))
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			answer := httptest.NewRecorder()
			handler.ServeHTTP(answer, httptest.NewRequest(test.method, test.target, nil))

			if answer.Code != test.status {
				t.Fatalf("status %d, want %d; body: %s", answer.Code, test.status, answer.Body)
			}
			for name := range test.header {
				if diff := cmp.Diff(test.header[name], answer.Header()[name]); diff != "" {
					t.Errorf("%s (-want +got):\n%s", name, diff)
				}
			}
			if test.status != 200 {
				return
			}
			var page organization.StreamResponse
			if err := json.Unmarshal(answer.Body.Bytes(), &page); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&test.bound, page.EndCursor); diff != "" {
				t.Errorf("bound parameters (-want +got):\n%s", diff)
			}
		})
	}
}

// Both members of a page may be null, and both are always there.
func TestPages(t *testing.T) {
	tests := []struct {
		name string
		page organization.StreamResponse
		want string
	}{
		{"nothing", organization.StreamResponse{}, `{"endCursor":null,"resultData":null}`},
		{"empty page", organization.StreamResponse{EndCursor: new("c"), ResultData: []organization.StreamingEventRow{}}, `{"endCursor":"c","resultData":[]}`},
		{"empty row", organization.StreamResponse{EndCursor: new(""), ResultData: make([]organization.StreamingEventRow, 1)}, `{"endCursor":"","resultData":[{}]}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			handler := organization.Handler(organization.NewStrictHandler(server{get: func(organization.GetStreamRequestObject) (organization.GetStreamResponseObject, error) {
				return organization.GetStream200JSONResponse{Body: test.page}, nil
			}}, nil))
			answer := httptest.NewRecorder()
			handler.ServeHTTP(answer, httptest.NewRequest("GET", "/v1/organizations/3ceaaf30-8142-48ea-b1d9-3080f9b439fc/stream", nil))

			if diff := cmp.Diff(test.want+"\n", answer.Body.String()); diff != "" {
				t.Errorf("body (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRequest(t *testing.T) {
	const path = "/v1/organizations/3ceaaf30-8142-48ea-b1d9-3080f9b439fc/stream"
	var id types.UUID
	if err := id.UnmarshalText([]byte("3CEAAF30-8142-48EA-B1D9-3080F9B439FC")); err != nil {
		t.Fatal(err)
	}

	tests := []struct {
		name   string
		server string
		params organization.GetStreamParams
		want   string
	}{
		{"absent parameters stay absent", "https://api.example", organization.GetStreamParams{}, "https://api.example" + path},
		{"empty cursor is sent", "https://api.example", organization.GetStreamParams{Cursor: new("")}, "https://api.example" + path + "?cursor="},
		{"cursor that needs escaping", "https://api.example", organization.GetStreamParams{Cursor: new("x==&y +")}, "https://api.example" + path + "?cursor=x%3D%3D%26y+%2B"},
		{"limit", "https://api.example", organization.GetStreamParams{Limit: new(int32(2000))}, "https://api.example" + path + "?limit=2000"},
		{"base path", "https://proxy.example/docusign", organization.GetStreamParams{}, "https://proxy.example/docusign" + path},
		{"base path with final slash", "https://proxy.example/docusign/", organization.GetStreamParams{}, "https://proxy.example/docusign" + path},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var sent *http.Request
			client, err := organization.NewClient(test.server, organization.WithHTTPClient(doer(func(r *http.Request) (*http.Response, error) {
				sent = r
				return httptest.NewRecorder().Result(), nil
			})))
			if err != nil {
				t.Fatal(err)
			}
			answer, err := client.GetStream(t.Context(), id, &test.params)
			if err != nil {
				t.Fatal(err)
			}
			answer.Body.Close()

			if diff := cmp.Diff("GET "+test.want, sent.Method+" "+sent.URL.String()); diff != "" {
				t.Errorf("request (-want +got):\n%s", diff)
			}
			if sent.Body != nil || len(sent.Header) > 0 {
				t.Errorf("the request has a body or headers: %v", sent.Header)
			}
		})
	}
}

// doer is an HTTP client of one function.
type doer func(*http.Request) (*http.Response, error)

func (d doer) Do(r *http.Request) (*http.Response, error) { return d(r) }
