package sandbox

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// oddRequests are requests as they stand on the wire, with TOKEN for an access token.
var oddRequests = []string{
	"GET /api/v2.0/datasets/monitor/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer TOKEN\r\n\r\n",
	"GET /api/v2.0/datasets/monitor/stream?cursor=&limit= HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer TOKEN\r\n\r\n",
	"GET /api/v2.0/datasets/monitor/stream?cursor=aa_1_1_1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer TOKEN\r\n\r\n",
	"GET /api/v2.0/datasets/monitor/stream?cursor=_ HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer TOKEN\r\n\r\n",
	"GET /api/v2.0/datasets/monitor/stream?cursor=2026-02-03T04:05:06%2B23:59 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer TOKEN\r\n\r\n",
	"GET /api/v2.0/datasets/monitor/stream?cursor=0000-01-01 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer TOKEN\r\n\r\n",
	"GET /api/v2.0/datasets/monitor/stream?cursor[a]=1&cursor%5B%5D=1&limit[gt]=1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer TOKEN\r\n\r\n",
	"GET /api/v2.0/datasets/monitor/stream?cursor=null&limit=null HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer TOKEN\r\n\r\n",
	"GET /api/v2.0/datasets/monitor/stream?limit=%00&limit=%ff HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer TOKEN\r\n\r\n",
	"GET /api/v2.0/datasets/monitor/stream?limit=NaN HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer TOKEN\r\n\r\n",
	"GET /api/v2.0/datasets/monitor/stream?&&==&; HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer TOKEN\r\n\r\n",
	"GET /api/v%00/datasets/%ff/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer TOKEN\r\n\r\n",
	"GET /api/v2.0/datasets/monitor%2f..%2f/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer TOKEN\r\n\r\n",
	"GET http://elsewhere/api/v2.0/datasets/monitor/stream HTTP/1.0\r\nAuthorization: Bearer TOKEN\r\n\r\n",
	"HEAD /api/v2/datasets/monitor/stream HTTP/1.1\r\nHost: x\r\nAuthorization:\r\nAuthorization: Bearer TOKEN\r\n\r\n",
	"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n",
	"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
	"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	"GET /oauth/userinfo?access_token=TOKEN HTTP/1.1\r\nHost: x\r\n\r\n",
	"GET /oauth/../oauth//userinfo HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer TOKEN\r\n\r\n",
	"POST /oauth/token HTTP/1.1\r\nHost: x\r\n\r\n",
	"POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\n%zz",
	"POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 99\r\n\r\ngrant_type=",
	"POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
	"POST /oauth/token?%zz HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 0\r\n\r\n",
	"POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data\r\nContent-Length: 0\r\n\r\n",
	"POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded; charset=\xff\r\nContent-Length: 0\r\n\r\n",
	assertionRequest("e30.e30.e30"),
	assertionRequest("bnVsbA.bnVsbA."),
	assertionRequest("eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOnt9fQ.AA"),
	assertionRequest("eyJhbGciOm51bGx9.eyJpc3MiOiIifQ.AA"),
	assertionRequest("eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiI3YzJiNWYxZS0zZDdhLTRjNTUtOWIwZS01YTFmMGM5ZTZkNDIifQ.AA"),
	assertionRequest("eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiI3YzJiNWYxZS0zZDdhLTRjNTUtOWIwZS01YTFmMGM5ZTZkNDIifQ."),
	assertionRequest("..."),
	assertionRequest(".."),
	assertionRequest("%00.%ff.+"),
}

func assertionRequest(assertion string) string {
	return "POST /oauth/token HTTP/1.0\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n" +
		"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=" + assertion
}

// FuzzRequest: whatever is asked, the answer is none of a broken server, has a trace token, is JSON and is noted.
func FuzzRequest(f *testing.F) {
	for _, request := range oddRequests {
		f.Add([]byte(request))
	}
	s, err := New(Config{Events: Generate(20, 1)})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(s.Close)
	token := s.issue(&s.config.Users[0], false)

	f.Fuzz(func(t *testing.T, wire []byte) {
		head, body, _ := bytes.Cut(bytes.ReplaceAll(wire, []byte("TOKEN"), []byte(token)), []byte("\r\n\r\n"))
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(string(head) + "\r\n\r\n" + string(body))))
		if err != nil {
			t.Skip() // the HTTP library answers by itself
		}
		if r.ContentLength == 0 && len(body) > 0 { // without a length the body is what follows
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), -1
		}
		noted := len(s.Requests())
		w := httptest.NewRecorder()

		s.http.Handler.ServeHTTP(w, r)

		if w.Code < 200 || w.Code >= 500 || w.Code >= 300 && w.Code < 400 {
			t.Errorf("status %d", w.Code)
		}
		if !isGUID(w.Header().Get("X-DocuSign-TraceToken")) {
			t.Error("no trace token")
		}
		if !json.Valid(w.Body.Bytes()) {
			t.Errorf("body %q", w.Body)
		}
		if got := s.Requests(); len(got) != noted+1 || got[noted].Status != w.Code {
			t.Errorf("%d requests noted", len(got)-noted)
		}
		if w.Code >= 400 && strings.Contains(w.Body.String(), token) {
			t.Error("the answer quotes the token")
		}
	})
}

// FuzzCursor: a text is a position only if it is exactly what the log gives for that position.
func FuzzCursor(f *testing.F) {
	h, err := Generate(20, 1).open(home)
	if err != nil {
		f.Fatal(err)
	}
	v := view{past: h, born: noon}
	for _, text := range []string{v.cursor(0), v.cursor(7), v.cursor(20), "", "_", "aa_0_0_0", "aa_0_0_21", "aa_0_0_-1",
		strings.TrimSuffix(v.cursor(0), "0") + "-1",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, ok := v.position(text)
		if ok && (n < 0 || n > v.len() || v.cursor(n) != text) {
			t.Errorf("%q is taken for position %d", text, n)
		}
		if _, isDate := parseDate(text); ok && isDate {
			t.Errorf("%q is a cursor and a date", text)
		}
	})
}

// FuzzLines: lines that are taken come back byte for byte, and a page can carry them.
func FuzzLines(f *testing.F) {
	for _, text := range []string{
		"", "{}", "{}\n", "{}\n\n", "{}\r\n", "\uFEFF{}", " {}", "{}{}", `{"a":"\ud800"}` + "\n" + `{"a":1,"a":2}`, "{\"a\":\"\xff\"}",
		"null", "[]", `{"a":[[[{}]]]}`, `{"a":"\\\"[{"}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		source, err := Lines(bytes.NewReader(text))
		if err != nil {
			t.Skip()
		}
		h, err := source.open(origin{start: time.Now()})
		if err != nil {
			t.Fatalf("lines that were taken are refused: %v", err)
		}
		var back []byte
		v := view{past: h}
		for i := range v.len() {
			back = append(v.appendEvent(back, i), '\n')
		}
		if string(back) != string(text) && string(back) != string(text)+"\n" {
			t.Errorf("%q came back as %q", text, back)
		}
		w := httptest.NewRecorder()
		if err := (page{view: v, array: "data", to: v.len()}).VisitGetStreamResponse(w); err != nil || !json.Valid(w.Body.Bytes()) {
			t.Errorf("the page is no JSON: %s, %v", w.Body, err)
		}
	})
}
