package dataset_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/docusign-monitor/gen/dataset"
)

func TestRequest(t *testing.T) {
	tests := []struct {
		name   string
		server string
		params dataset.GetStreamParams
		want   string
	}{
		{
			name:   "absent parameters stay absent",
			server: "https://lens.example",
			want:   "https://lens.example/api/v2.0/datasets/monitor/stream",
		},
		{
			name:   "empty cursor is sent",
			server: "https://lens.example",
			params: dataset.GetStreamParams{Cursor: new("")},
			want:   "https://lens.example/api/v2.0/datasets/monitor/stream?cursor=",
		},
		{
			name:   "limit of zero is sent",
			server: "https://lens.example",
			params: dataset.GetStreamParams{Limit: new(int32(0))},
			want:   "https://lens.example/api/v2.0/datasets/monitor/stream?limit=0",
		},
		{
			name:   "cursor as seen",
			server: "https://lens.example",
			params: dataset.GetStreamParams{Cursor: new("aa_638000000000000000_638000000000000000_7"), Limit: new(int32(2000))},
			want:   "https://lens.example/api/v2.0/datasets/monitor/stream?cursor=aa_638000000000000000_638000000000000000_7&limit=2000",
		},
		{
			name:   "date as cursor",
			server: "https://lens.example",
			params: dataset.GetStreamParams{Cursor: new("2022-01-01T00:00:00Z")},
			want:   "https://lens.example/api/v2.0/datasets/monitor/stream?cursor=2022-01-01T00%3A00%3A00Z",
		},
		{
			name:   "cursor that needs escaping",
			server: "https://lens.example",
			params: dataset.GetStreamParams{Cursor: new("x==&y +")},
			want:   "https://lens.example/api/v2.0/datasets/monitor/stream?cursor=x%3D%3D%26y+%2B",
		},
		{
			name:   "cursor beyond ASCII",
			server: "https://lens.example",
			params: dataset.GetStreamParams{Cursor: new("a/ü?#%\n")},
			want:   "https://lens.example/api/v2.0/datasets/monitor/stream?cursor=a%2F%C3%BC%3F%23%25%0A",
		},
		{
			name:   "final slash",
			server: "https://lens.example/",
			want:   "https://lens.example/api/v2.0/datasets/monitor/stream",
		},
		{
			name:   "base path",
			server: "https://proxy.example:8443/docusign/monitor",
			want:   "https://proxy.example:8443/docusign/monitor/api/v2.0/datasets/monitor/stream",
		},
		{
			name:   "base path with final slash",
			server: "https://proxy.example:8443/docusign/monitor/",
			want:   "https://proxy.example:8443/docusign/monitor/api/v2.0/datasets/monitor/stream",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var sent *http.Request
			client, err := dataset.NewClient(test.server, dataset.WithHTTPClient(doer(func(r *http.Request) (*http.Response, error) {
				sent = r
				return httptest.NewRecorder().Result(), nil
			})))
			if err != nil {
				t.Fatal(err)
			}
			answer, err := client.GetStream(t.Context(), dataset.Version20, dataset.Monitor, &test.params)
			if err != nil {
				t.Fatal(err)
			}
			answer.Body.Close()

			if diff := cmp.Diff("GET "+test.want, sent.Method+" "+sent.URL.String()); diff != "" {
				t.Errorf("request (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(http.Header{}, sent.Header); diff != "" {
				t.Errorf("header (-want +got):\n%s", diff)
			}
			if sent.Body != nil {
				t.Error("the request has a body")
			}
		})
	}
}

func TestRequestPathIsEscaped(t *testing.T) {
	request, err := dataset.NewGetStreamRequest("https://lens.example/", "2/0", "a/b c?", nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("https://lens.example/api/v2%2F0/datasets/a%2Fb%20c%3F/stream", request.URL.String()); diff != "" {
		t.Errorf("URL (-want +got):\n%s", diff)
	}
}

func TestResponse(t *testing.T) {
	tests := []struct {
		name        string
		status      int
		contentType string
		body        string
		page        *dataset.CursoredResult
		problem     *dataset.Problem // by whichever field it has come
		wantErr     string
	}{
		{
			name: "page", status: 200, contentType: "application/json; charset=utf-8",
			body: `{"endCursor":"c","data":[{"eventId":"e"}]}`,
			page: &dataset.CursoredResult{EndCursor: "c", Data: []dataset.Event{{EventID: new("e")}}},
		},
		{
			name: "empty page", status: 200, contentType: "application/json",
			body: `{"endCursor":"c","data":[]}`,
			page: &dataset.CursoredResult{EndCursor: "c", Data: []dataset.Event{}},
		},
		{
			name: "page without anything, which is not refused", status: 200, contentType: "application/json",
			body: `{}`,
			page: &dataset.CursoredResult{},
		},
		{
			name: "page of another type, which is nil without an error", status: 200, contentType: "text/html",
			body: `<p>Hello.</p>`,
		},
		{
			name: "page cut short", status: 200, contentType: "application/json",
			body:    `{"endCursor":"c","data":[{"eventId":"e"}`,
			wantErr: "unexpected end of JSON input",
		},
		{
			name: "platform's error", status: 400, contentType: "application/json",
			body:    `{"errorCode":"HOURLY_APIINVOCATION_LIMIT_EXCEEDED","message":"Wait."}`,
			problem: &dataset.Problem{ErrorCode: new("HOURLY_APIINVOCATION_LIMIT_EXCEEDED"), Message: new("Wait.")},
		},
		{
			name: "error as a sentence", status: 403, contentType: "application/json",
			body:    `{"error":"Organization does not have Monitor entitlement"}`,
			problem: &dataset.Problem{Error: new("Organization does not have Monitor entitlement")},
		},
		{
			name: "error of an unknown status", status: 503, contentType: "application/problem+json",
			body:    `{"error":"e","error_description":"d"}`,
			problem: &dataset.Problem{Error: new("e"), ErrorDescription: new("d")},
		},
		{name: "empty error", status: 403},
		{name: "error that is not JSON", status: 429, contentType: "text/plain", body: "Slow down."},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			client, err := dataset.NewClientWithResponses("https://lens.example", dataset.WithHTTPClient(doer(func(*http.Request) (*http.Response, error) {
				return &http.Response{
					StatusCode: test.status,
					Header:     http.Header{"Content-Type": {test.contentType}, "X-Docusign-Tracetoken": {"trace"}},
					Body:       io.NopCloser(strings.NewReader(test.body)),
				}, nil
			})))
			if err != nil {
				t.Fatal(err)
			}

			answer, err := client.GetStreamWithResponse(t.Context(), dataset.Version20, dataset.Monitor, nil)
			if test.wantErr != "" {
				if err == nil || err.Error() != test.wantErr {
					t.Errorf("error %v, want %s", err, test.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.page, answer.JSON200); diff != "" {
				t.Errorf("page (-want +got):\n%s", diff)
			}
			problems := map[int]*dataset.Problem{400: answer.JSON400, 401: answer.JSON401, 403: answer.JSON403, 429: answer.JSON429}
			problem, declared := problems[test.status]
			if !declared {
				problem = answer.JSONDefault
			}
			if diff := cmp.Diff(test.problem, problem); diff != "" {
				t.Errorf("problem (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.body, string(answer.Body)); diff != "" {
				t.Errorf("body (-want +got):\n%s", diff)
			}
		})
	}
}

func TestResponseHeaders(t *testing.T) {
	client, err := dataset.NewClientWithResponses("https://lens.example", dataset.WithHTTPClient(doer(func(*http.Request) (*http.Response, error) {
		answer := httptest.NewRecorder()
		answer.Header().Set("Retry-After", "30")
		answer.Header().Set("X-DocuSign-TraceToken", "trace")
		answer.Header().Set("X-RateLimit-Limit", "3000")
		answer.Header().Set("X-RateLimit-Remaining", "0")
		answer.Header().Set("X-RateLimit-Reset", "1767225600")
		answer.WriteHeader(429)
		return answer.Result(), nil
	})))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := client.GetStreamWithResponse(t.Context(), dataset.Version20, dataset.Monitor, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := &dataset.GetStreamHTTPResponse429Headers{
		RetryAfter:          new("30"),
		XDocuSignTraceToken: new("trace"),
		XRateLimitLimit:     new(3000),
		XRateLimitRemaining: new(0),
		XRateLimitReset:     new(int64(1767225600)),
	}
	if diff := cmp.Diff(want, answer.Headers429); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
}

// doer is an HTTP client of one function.
type doer func(*http.Request) (*http.Response, error)

func (d doer) Do(r *http.Request) (*http.Response, error) { return d(r) }
