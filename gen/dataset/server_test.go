package dataset_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/docusign-monitor/gen/dataset"
)

// handlerFunc is a strict server of one function.
type handlerFunc func(dataset.GetStreamRequestObject) (dataset.GetStreamResponseObject, error)

func (s server) GetStream(_ context.Context, request dataset.GetStreamRequestObject) (dataset.GetStreamResponseObject, error) {
	return s.get(request)
}

// server has one operation. Those that a later document adds are not called.
type server struct {
	dataset.StrictServerInterface
	get handlerFunc
}

// echo answers with the parameters that reached it, as the cursor of an empty page.
var echo = handlerFunc(func(request dataset.GetStreamRequestObject) (dataset.GetStreamResponseObject, error) {
	bound := fmt.Sprintf("version=%s dataSetName=%s", request.Version, request.DataSetName)
	if cursor := request.Params.Cursor; cursor != nil {
		bound += fmt.Sprintf(" cursor=%q", *cursor)
	}
	if limit := request.Params.Limit; limit != nil {
		bound += fmt.Sprintf(" limit=%d", *limit)
	}
	return dataset.GetStream200JSONResponse{Body: dataset.CursoredResult{EndCursor: bound, Data: []dataset.Event{}}}, nil
})

// A segment that mixes text and a parameter shows its failure when the handler is built, not when it is compiled.
func TestRouting(t *testing.T) {
	const stream = "/api/v2.0/datasets/monitor/stream"

	tests := []struct {
		name   string
		method string // GET if empty
		target string
		status int
		header http.Header // of the answer, as far as it matters
		bound  string      // the parameters that reached the server, if the status is 200
	}{
		{name: "version 2.0", target: stream, status: 200, bound: "version=2.0 dataSetName=monitor"},
		{name: "version 2", target: "/api/v2/datasets/monitor/stream", status: 200, bound: "version=2 dataSetName=monitor"},
		{name: "version that begins with a v", target: "/api/vv2/datasets/monitor/stream", status: 200, bound: "version=v2 dataSetName=monitor"},
		{name: "escaped version", target: "/api/%762%2E0/datasets/monitor/stream", status: 200, bound: "version=2.0 dataSetName=monitor"},
		{name: "version outside the enum, which is not checked", target: "/api/v9/datasets/monitor/stream", status: 200, bound: "version=9 dataSetName=monitor"},
		{name: "no v", target: "/api/2.0/datasets/monitor/stream", status: 404},
		{name: "other letter", target: "/api/x2/datasets/monitor/stream", status: 404},
		{name: "capital V", target: "/api/V2.0/datasets/monitor/stream", status: 404},
		{name: "nothing after the v", target: "/api/v/datasets/monitor/stream", status: 404},
		{name: "literal parameter", target: "/api/v%7Bversion%7D/datasets/monitor/stream", status: 200, bound: "version={version} dataSetName=monitor"},
		{name: "slash in the data set", target: "/api/v2.0/datasets/a%2Fb/stream", status: 200, bound: "version=2.0 dataSetName=a/b"},
		{name: "final slash", target: stream + "/", status: 404},
		{name: "no data set", target: "/api/v2.0/datasets/stream", status: 404},
		{name: "empty data set", target: "/api/v2.0/datasets//stream", status: 307, header: http.Header{"Location": {"/api/v2.0/datasets/stream"}}},
		{name: "two slashes in front", target: "//api/v2.0/datasets/monitor/stream", status: 307, header: http.Header{"Location": {stream}}},
		{name: "more below", target: stream + "/more", status: 404},
		{name: "root", target: "/", status: 404},

		{name: "HEAD", method: "HEAD", target: stream, status: 200, bound: "version=2.0 dataSetName=monitor"}, // net/http drops the body
		{name: "POST", method: "POST", target: stream, status: 405, header: http.Header{"Allow": {"GET, HEAD"}}},
		{name: "OPTIONS", method: "OPTIONS", target: stream, status: 405, header: http.Header{"Allow": {"GET, HEAD"}}},

		{name: "both parameters", target: stream + "?cursor=c&limit=7", status: 200, bound: `version=2.0 dataSetName=monitor cursor="c" limit=7`},
		{name: "empty cursor", target: stream + "?cursor=", status: 200, bound: `version=2.0 dataSetName=monitor cursor=""`},
		{name: "cursor with escapes", target: stream + "?cursor=x%3D%3D%26y+%2B", status: 200, bound: `version=2.0 dataSetName=monitor cursor="x==&y +"`},
		{name: "unknown parameter", target: stream + "?other=1", status: 200, bound: "version=2.0 dataSetName=monitor"},
		{name: "limit that is no number", target: stream + "?limit=abc", status: 400},
		{name: "limit with a fraction", target: stream + "?limit=1.5", status: 400},
		{name: "limit beyond 32 bits", target: stream + "?limit=2147483648", status: 400},
		{name: "empty limit", target: stream + "?limit=", status: 400},
		{name: "two limits", target: stream + "?limit=1&limit=2", status: 400},
		{name: "limit below the minimum, which is not checked", target: stream + "?limit=0", status: 200, bound: "version=2.0 dataSetName=monitor limit=0"},
		{name: "limit above the maximum, which is not checked", target: stream + "?limit=2001", status: 200, bound: "version=2.0 dataSetName=monitor limit=2001"},
	}
	handler := dataset.Handler(dataset.NewStrictHandler(server{get: echo}, nil))
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
			var page dataset.CursoredResult
			if err := json.Unmarshal(answer.Body.Bytes(), &page); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.bound, page.EndCursor); diff != "" {
				t.Errorf("bound parameters (-want +got):\n%s", diff)
			}
		})
	}
}

func TestHandlerOptions(t *testing.T) {
	var calls []string
	note := func(name string) dataset.MiddlewareFunc {
		return func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				calls = append(calls, name)
				next.ServeHTTP(w, r)
			})
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", func(http.ResponseWriter, *http.Request) {})
	handler := dataset.HandlerWithOptions(dataset.NewStrictHandler(server{get: echo}, nil), dataset.StdHTTPServerOptions{
		BaseURL:     "/monitor",
		BaseRouter:  mux,
		Middlewares: []dataset.MiddlewareFunc{note("inner"), note("outer")},
		ErrorHandlerFunc: func(w http.ResponseWriter, _ *http.Request, _ error) {
			http.Error(w, "bad", http.StatusTeapot)
		},
	})

	tests := []struct {
		name, target string
		status       int
		calls        []string
	}{
		{"under the prefix", "/monitor/api/v2.0/datasets/monitor/stream", 200, []string{"outer", "inner"}},
		{"without the prefix", "/api/v2.0/datasets/monitor/stream", 404, nil},
		{"a v is still asked for", "/monitor/api/x2.0/datasets/monitor/stream", 404, nil},
		{"parameter that does not bind", "/monitor/api/v2.0/datasets/monitor/stream?limit=abc", 418, nil},
		{"route of the caller's mux", "/health", 200, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			calls = nil
			answer := httptest.NewRecorder()
			handler.ServeHTTP(answer, httptest.NewRequest("GET", test.target, nil))

			if answer.Code != test.status {
				t.Errorf("status %d, want %d", answer.Code, test.status)
			}
			if diff := cmp.Diff(test.calls, calls); diff != "" {
				t.Errorf("middlewares (-want +got):\n%s", diff)
			}
		})
	}
}

func TestStrictHandlerAnswers(t *testing.T) {
	tests := []struct {
		name    string
		handler handlerFunc
		status  int
		header  http.Header
		body    string
	}{
		{
			name: "empty page keeps its array",
			handler: func(dataset.GetStreamRequestObject) (dataset.GetStreamResponseObject, error) {
				return dataset.GetStream200JSONResponse{Body: dataset.CursoredResult{EndCursor: "c", Data: []dataset.Event{}}}, nil
			},
			status: 200,
			header: http.Header{"Content-Type": {"application/json"}},
			body:   `{"data":[],"endCursor":"c"}` + "\n",
		},
		{
			name: "page without array says null",
			handler: func(dataset.GetStreamRequestObject) (dataset.GetStreamResponseObject, error) {
				return dataset.GetStream200JSONResponse{}, nil
			},
			status: 200,
			header: http.Header{"Content-Type": {"application/json"}},
			body:   `{"data":null,"endCursor":""}` + "\n",
		},
		{
			name: "absent fields are not written",
			handler: func(dataset.GetStreamRequestObject) (dataset.GetStreamResponseObject, error) {
				return dataset.GetStream200JSONResponse{Body: dataset.CursoredResult{Data: []dataset.Event{{Site: new("")}}}}, nil
			},
			status: 200,
			header: http.Header{"Content-Type": {"application/json"}},
			body:   `{"data":[{"site":""}],"endCursor":""}` + "\n",
		},
		{
			name: "declared error with headers",
			handler: func(dataset.GetStreamRequestObject) (dataset.GetStreamResponseObject, error) {
				return dataset.GetStream429JSONResponse{TooManyRequestsJSONResponse: dataset.TooManyRequestsJSONResponse{
					Body:    dataset.Problem{ErrorCode: new("HOURLY_APIINVOCATION_LIMIT_EXCEEDED")},
					Headers: dataset.TooManyRequestsResponseHeaders{RetryAfter: new("30"), XRateLimitReset: new(int64(1767225600))},
				}}, nil
			},
			status: 429,
			header: http.Header{"Content-Type": {"application/json"}, "Retry-After": {"30"}, "X-Ratelimit-Reset": {"1767225600"}},
			body:   `{"errorCode":"HOURLY_APIINVOCATION_LIMIT_EXCEEDED"}` + "\n",
		},
		{
			name: "error that is not JSON",
			handler: func(dataset.GetStreamRequestObject) (dataset.GetStreamResponseObject, error) {
				return dataset.GetStreamdefaultAsteriskResponse{StatusCode: 502, ContentType: "text/html", Body: strings.NewReader("<p>")}, nil
			},
			status: 502,
			header: http.Header{"Content-Type": {"text/html"}},
			body:   "<p>",
		},
		{
			name: "error of the handler, whose text goes out",
			handler: func(dataset.GetStreamRequestObject) (dataset.GetStreamResponseObject, error) {
				return nil, errors.New("broken")
			},
			status: 500,
			header: http.Header{"Content-Type": {"text/plain; charset=utf-8"}, "X-Content-Type-Options": {"nosniff"}},
			body:   "broken\n",
		},
		{
			name: "nil without an error, which package doc warns of",
			handler: func(dataset.GetStreamRequestObject) (dataset.GetStreamResponseObject, error) {
				return nil, nil
			},
			status: 200,
			header: http.Header{},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			answer := httptest.NewRecorder()
			handler := dataset.Handler(dataset.NewStrictHandler(server{get: test.handler}, nil))
			handler.ServeHTTP(answer, httptest.NewRequest("GET", "/api/v2.0/datasets/monitor/stream", nil))

			if answer.Code != test.status {
				t.Errorf("status %d, want %d", answer.Code, test.status)
			}
			if diff := cmp.Diff(test.header, answer.Header()); diff != "" {
				t.Errorf("header (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.body, answer.Body.String()); diff != "" {
				t.Errorf("body (-want +got):\n%s", diff)
			}
		})
	}
}
