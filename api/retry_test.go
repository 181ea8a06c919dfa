package api

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Each of these passes: the page is asked for again, with the same cursor, and delivered once.
func TestRetried(t *testing.T) { eachStream(t, testRetried) }

func testRetried(t *testing.T, s under) {
	whole := s.body("end", `{"n":1}`)
	reset := func(d time.Duration) string { return fmt.Sprint(time.Now().Add(d).Unix()) }
	tests := map[string]struct {
		failure  http.HandlerFunc
		min, max time.Duration // of the wait
	}{
		"429":                        {answer(429, ``), 0, time.Second},
		"429, Retry-After":           {answer(429, ``, "Retry-After: 17"), 16 * time.Second, 17 * time.Second},
		"429, Retry-After 0":         {answer(429, ``, "Retry-After: 0"), 0, time.Second},
		"429, date":                  {answer(429, ``, "Retry-After: "+time.Now().Add(40*time.Second).UTC().Format(http.TimeFormat)), 37 * time.Second, 41 * time.Second},
		"429, reset":                 {answer(429, ``, "X-RateLimit-Reset: "+reset(30*time.Minute)), 29 * time.Minute, 31 * time.Minute},
		"429, reset in the past":     {answer(429, ``, "X-RateLimit-Reset: "+reset(-time.Minute)), 0, time.Second},
		"429, burst":                 {answer(429, ``, "X-BurstLimit-Remaining: 0", "X-RateLimit-Reset: "+reset(30*time.Minute)), 29 * time.Second, 30 * time.Second},
		"400, hourly limit":          {answer(400, `{"errorCode":"HOURLY_APIINVOCATION_LIMIT_EXCEEDED"}`, "Retry-After: 5"), 4 * time.Second, 5 * time.Second},
		"400, burst limit":           {answer(400, `{"errorCode":"BURST_APIINVOCATION_LIMIT_EXCEEDED"}`), 29 * time.Second, 30 * time.Second},
		"500":                        {answer(500, ``), 0, time.Second},
		"502, HTML":                  {answer(502, `<html>`, "Content-Type: text/html"), 0, time.Second},
		"503, Retry-After":           {answer(503, ``, "Retry-After: 3"), 2 * time.Second, 3 * time.Second},
		"cut, announced":             {hangUp(len(whole), whole[:20]), 0, time.Second},
		"cut, chunked":               {hangUp(0, whole[:20]), 0, time.Second},
		"cut, at a good end":         {hangUp(len(whole)+1, whole), 0, time.Second},
		"ends early, whole framing":  {answer(200, whole[:20]), 0, time.Second},
		"ends inside a character":    {answer(200, `{"endCursor":"`+"\xc3"), 0, time.Second},
		"nothing":                    {answer(200, ``), 0, time.Second},
		"no answer":                  {hangUpAtOnce, 0, time.Second},
		"gzip, cut":                  {cutGzip(whole), 0, time.Second},
		"an error that is cut short": {hangUpError, 0, time.Second},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := s.fake(t, s.page("a"), test.failure, answer(200, whole), answer(200, whole))
			c, waits := f.client(t)
			pages, err := drain(t.Context(), c, Query{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{`{"n":1}`, `{"n":1}`}, raws(pages...)); diff != "" { // the second is the fixed point's
				t.Errorf("events (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{"-", "a", "a", "end"}, f.cursors()); diff != "" {
				t.Errorf("cursors sent (-want +got):\n%s", diff)
			}
			got := waits.list()
			if len(got) != 1 || got[0] < test.min || got[0] > test.max {
				t.Errorf("waited %v, want once from %v to %v", got, test.min, test.max)
			}
			if f.tokens != 1 {
				t.Errorf("%d tokens were asked for", f.tokens)
			}
		})
	}
}

// hangUpAtOnce breaks the connection without an answer. net/http repeats a request on a connection that it had reused
// by itself, so both attempts meet it.
func hangUpAtOnce(w http.ResponseWriter, r *http.Request) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		conn.(*net.TCPConn).SetLinger(0)
		io.WriteString(conn, "HTTP/1.1 ") // a beginning, so that net/http does not repeat it by itself
		conn.Close()
	}
}

func hangUpError(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Length", "100")
	w.WriteHeader(500)
	io.WriteString(w, "so")
	w.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

func cutGzip(text string) http.HandlerFunc {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	io.WriteString(z, text)
	z.Close()
	return answer(200, b.String()[:b.Len()-6], "Content-Encoding: gzip")
}

// Each of these is final: nothing is sent again, and nothing of the page is delivered.
func TestNotRetried(t *testing.T) { eachStream(t, testNotRetried) }

func testNotRetried(t *testing.T, s under) {
	good := s.body("end", `{"n":1}`)
	tests := map[string]struct {
		answer http.HandlerFunc
		want   error
		status int
	}{
		"400 with a cursor": {answer(400, ``), ErrBadCursor, 400},
		"403":               {answer(403, ``), ErrNotEntitled, 403},
		"404":               {answer(404, ``), nil, 404},
		"405":               {answer(405, ``), nil, 405},
		"204":               {answer(204, ``), nil, 204},
		"201":               {answer(201, good), nil, 201},
		"304":               {answer(304, ``), nil, 304},
		"HTML":              {answer(200, `<html>`, "Content-Type: text/html"), ErrMalformedPage, 200},
		"another array":     {answer(200, `{"endCursor":"end","events":[{"n":1}]}`), ErrMalformedPage, 200},
		"the other's array": {others(s).page("end", `{"n":1}`), ErrMalformedPage, 200},
		"null cursor":       {answer(200, fmt.Sprintf(`{"endCursor":null,%q:[{"n":1}]}`, s.array)), ErrMalformedPage, 200},
		"a second value":    {answer(200, good+"{}"), ErrMalformedPage, 200},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := s.fake(t, s.page("a"), test.answer)
			c, waits := f.client(t)
			pages, err := drain(t.Context(), c, Query{})
			var e *Error
			if !errors.As(err, &e) || e.StatusCode != test.status || !errors.Is(err, test.want) && test.want != nil {
				t.Errorf("error %v", err)
			}
			if e != nil && e.Attempts != 1 {
				t.Errorf("%d attempts", e.Attempts)
			}
			if len(pages) != 1 || len(waits.list()) > 0 || len(f.requests) != 2 {
				t.Errorf("%d pages, %d requests, waited %v", len(pages), len(f.requests), waits.list())
			}
		})
	}
}

func TestOversizedPage(t *testing.T) { eachStream(t, testOversizedPage) }

func testOversizedPage(t *testing.T, s under) {
	f := s.fake(t, func(w http.ResponseWriter, r *http.Request) {
		block := bytes.Repeat([]byte(" "), 1<<20)
		for range maxAnswer/len(block) + 1 {
			w.Write(block)
		}
	})
	c, _ := f.client(t)
	if _, err := c.Page(t.Context(), Query{}); !errors.Is(err, ErrMalformedPage) || !strings.Contains(err.Error(), "64 MiB") {
		t.Errorf("error %v", err)
	}
}

// A 400 without a cursor is not the cursor's fault.
func TestBadRequestWithoutCursor(t *testing.T) { eachStream(t, testBadRequestWithoutCursor) }

func testBadRequestWithoutCursor(t *testing.T, s under) {
	f := s.fake(t, answer(400, ``))
	c, _ := f.client(t)
	if _, err := c.Page(t.Context(), Query{}); err == nil || errors.Is(err, ErrBadCursor) {
		t.Errorf("error %v", err)
	}
}

func TestUnauthorized(t *testing.T) { eachStream(t, testUnauthorized) }

func testUnauthorized(t *testing.T, s under) {
	f := s.fake(t, s.page("a"), answer(401, ``), s.page("a"))
	c, waits := f.client(t)
	if _, err := drain(t.Context(), c, Query{}); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range f.requests {
		got = append(got, r.Header.Get("Authorization"))
	}
	if diff := cmp.Diff([]string{"Bearer token-1", "Bearer token-1", "Bearer token-2"}, got); diff != "" {
		t.Errorf("tokens (-want +got):\n%s", diff)
	}
	if len(waits.list()) > 0 {
		t.Errorf("waited %v", waits.list())
	}
}

func TestUnauthorizedTwice(t *testing.T) { eachStream(t, testUnauthorizedTwice) }

func testUnauthorizedTwice(t *testing.T, s under) {
	f := s.fake(t, answer(401, ``))
	c, _ := f.client(t)
	if _, err := c.Page(t.Context(), Query{}); !errors.Is(err, ErrUnauthorized) {
		t.Errorf("error %v", err)
	}
	if len(f.requests) != 2 || f.tokens != 2 {
		t.Errorf("%d requests, %d tokens", len(f.requests), f.tokens)
	}
}

// The bounds hold for the waits that were asked for, however they were waited.
func TestRetryBounds(t *testing.T) { eachStream(t, testRetryBounds) }

func testRetryBounds(t *testing.T, s under) {
	sum := func(all []time.Duration) (d time.Duration) {
		for _, one := range all {
			d += one
		}
		return d
	}
	t.Run("outage", func(t *testing.T) {
		f := s.fake(t, answer(503, ``))
		c, waits := f.client(t)
		_, err := c.Page(t.Context(), Query{})
		var e *Error
		if !errors.As(err, &e) || e.StatusCode != 503 || e.Attempts != len(waits.list())+1 {
			t.Errorf("error %+v after %d waits", err, len(waits.list()))
		}
		if got := sum(waits.list()); got > 5*time.Minute || got < 3*time.Minute {
			t.Errorf("waited %v in all", got)
		}
		if first := waits.list()[:3]; slices.Equal(first, []time.Duration{time.Second, 2 * time.Second, 4 * time.Second}) {
			t.Errorf("waits %v are not random", first)
		}
		if longest := slices.Max(waits.list()); longest > time.Minute {
			t.Errorf("waited %v at once", longest)
		}
	})
	t.Run("announced waits are not counted as outage", func(t *testing.T) {
		f := s.fake(t)
		for range 50 {
			f.stream = append(f.stream, answer(429, ``, "Retry-After: 60"))
		}
		f.stream = append(f.stream, s.page("a"))
		c, waits := f.client(t)
		if _, err := c.Page(t.Context(), Query{}); err != nil {
			t.Error(err)
		}
		if len(waits.list()) != 50 {
			t.Errorf("%d waits", len(waits.list()))
		}
	})
	t.Run("announced waits end", func(t *testing.T) {
		f := s.fake(t, answer(429, ``, "Retry-After: 600"))
		c, waits := f.client(t)
		if _, err := c.Page(t.Context(), Query{}); !errors.Is(err, ErrRateLimited) {
			t.Errorf("error %v", err)
		}
		if got := sum(waits.list()); got > time.Hour || got < 50*time.Minute {
			t.Errorf("waited %v in all", got)
		}
	})
	t.Run("too long a wait is not begun", func(t *testing.T) {
		f := s.fake(t, answer(429, ``, "Retry-After: 7200"))
		c, waits := f.client(t)
		_, err := c.Page(t.Context(), Query{})
		var e *Error
		if !errors.As(err, &e) || time.Until(e.RetryAt) < 7100*time.Second || len(waits.list()) > 0 {
			t.Errorf("error %v after waits %v", err, waits.list())
		}
	})
	t.Run("a follower waits for no longer than the limit", func(t *testing.T) {
		f := s.fake(t, answer(429, ``, "Retry-After: 7200"), answer(403, ``))
		c, waits := f.client(t)
		for _, err := range c.Follow(t.Context(), Query{}, 0) {
			if !errors.Is(err, ErrNotEntitled) {
				t.Errorf("error %v", err)
			}
		}
		if diff := cmp.Diff([]time.Duration{time.Hour}, waits.list()); diff != "" {
			t.Errorf("waits (-want +got):\n%s", diff)
		}
	})
	t.Run("a follower outlasts an outage", func(t *testing.T) {
		f := s.fake(t)
		for range 200 {
			f.stream = append(f.stream, answer(503, ``))
		}
		f.stream = append(f.stream, answer(403, ``))
		c, waits := f.client(t)
		for _, err := range c.Follow(t.Context(), Query{}, 0) {
			if !errors.Is(err, ErrNotEntitled) {
				t.Errorf("error %v", err)
			}
		}
		if got := len(waits.list()); got != 200 {
			t.Errorf("%d waits", got)
		}
	})
	t.Run("nobody there", func(t *testing.T) {
		for _, follow := range []bool{false, true} {
			f := s.fake(t, s.page("a"))
			c, waits := f.client(t)
			f.Close()
			var err error
			if follow {
				for _, err = range c.Follow(t.Context(), Query{}, 0) {
				}
			} else {
				_, err = c.Page(t.Context(), Query{})
			}
			var e *Error
			if !errors.As(err, &e) || e.Op != "token" || e.StatusCode != 0 || e.Attempts < 2 || !strings.Contains(err.Error(), "check the host") {
				t.Errorf("error %v", err)
			}
			var op *net.OpError // the cause can be asked for
			if !errors.As(err, &op) || !errors.Is(err, op.Err) {
				t.Errorf("the cause of %v is hidden", err)
			}
			if got := sum(waits.list()); got > 10*time.Second {
				t.Errorf("waited %v", got)
			}
		}
	})
	t.Run("nobody there any more", func(t *testing.T) {
		f := s.fake(t, s.page("a"))
		c, waits := f.client(t)
		if _, err := c.Page(t.Context(), Query{}); err != nil {
			t.Fatal(err)
		}
		f.Close()
		if _, err := c.Page(t.Context(), Query{Cursor: "position"}); err == nil || strings.Contains(err.Error(), "position") {
			t.Errorf("error %v", err) // which is logged
		}
		if got := sum(waits.list()); got < 3*time.Minute {
			t.Errorf("waited %v alone", got)
		}
	})
}

func TestRetryWaitEnds(t *testing.T) { eachStream(t, testRetryWaitEnds) }

func testRetryWaitEnds(t *testing.T, s under) {
	f := s.fake(t, answer(503, ``, "Retry-After: 3000"))
	c := f.clientOf(t, f.environment())
	ctx, cancel := context.WithCancel(t.Context())
	f.stream[0] = func(w http.ResponseWriter, r *http.Request) {
		answer(503, ``, "Retry-After: 3000")(w, r)
		time.AfterFunc(10*time.Millisecond, cancel)
	}
	if _, err := c.Page(ctx, Query{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestRedirect(t *testing.T) { eachStream(t, testRedirect) }

func testRedirect(t *testing.T, s under) {
	var mu sync.Mutex
	var elsewhere []string
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		elsewhere = append(elsewhere, r.URL.String())
	}))
	defer other.Close()
	away := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL+"/private?token="+strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), status)
		}
	}

	home := func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/moved", http.StatusTemporaryRedirect)
	}
	tests := map[string]http.HandlerFunc{"to its own origin": home, "to nowhere": away(300), "without an end": answer(307, "", "Location: /")}
	for _, status := range []int{301, 302, 303, 307, 308} {
		tests[fmt.Sprint(status)] = away(status)
	}
	for name, handler := range tests {
		t.Run("stream, "+name, func(t *testing.T) {
			f := s.fake(t, handler, s.page("a"))
			rule := func(*http.Request, []*http.Request) error { return nil } // the caller's, to follow them all
			c, waits := f.client(t, WithHTTPClient(&http.Client{CheckRedirect: rule}))
			_, err := c.Page(t.Context(), Query{})
			if err == nil || !strings.Contains(err.Error(), "no redirect is followed") || strings.Contains(err.Error(), "token-1") || strings.Contains(err.Error(), "private") {
				t.Errorf("error %v", err)
			}
			if len(waits.list()) > 0 || len(f.requests) != 1 {
				t.Errorf("%d requests, waited %v", len(f.requests), waits.list())
			}
		})
		t.Run("token, "+name, func(t *testing.T) {
			f := s.fake(t, s.page("a"))
			f.token = handler
			c, _ := f.client(t)
			if _, err := c.Page(t.Context(), Query{}); err == nil || !strings.Contains(err.Error(), "check the auth URL") {
				t.Errorf("error %v", err)
			}
			if f.tokens != 1 {
				t.Errorf("%d requests", f.tokens)
			}
		})
	}
	if len(elsewhere) > 0 {
		t.Errorf("the other origin was asked for %v", elsewhere)
	}
}

func TestHTTPClientIsNotChanged(t *testing.T) { eachStream(t, testHTTPClientIsNotChanged) }

func testHTTPClientIsNotChanged(t *testing.T, s under) {
	f := s.fake(t, s.page("a"))
	given := &http.Client{Transport: http.DefaultTransport}
	c, _ := f.client(t, WithHTTPClient(given))
	if _, err := c.Page(t.Context(), Query{}); err != nil {
		t.Fatal(err)
	}
	if given.CheckRedirect != nil || given.Transport != http.DefaultTransport || given.Jar != nil || given.Timeout != 0 {
		t.Errorf("the caller's client was changed: %+v", given)
	}
}

func TestCertificateNotTrusted(t *testing.T) { eachStream(t, testCertificateNotTrusted) }

func testCertificateNotTrusted(t *testing.T, s under) {
	server := httptest.NewUnstartedServer(s.page("a"))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	f := s.fake(t)
	waits := &waits{}
	c := f.clientOf(t, allAt(server.URL), WithRetry(Retry{Wait: waits.wait}))
	_, err := c.Page(t.Context(), Query{})
	if err == nil || !strings.Contains(err.Error(), "check the host, its certificate") {
		t.Errorf("error %v", err)
	}
	c = f.clientOf(t, allAt(strings.Replace(f.URL, "http:", "https:", 1)), WithRetry(Retry{Wait: waits.wait}))
	if _, err = c.Page(t.Context(), Query{}); err == nil || !strings.Contains(err.Error(), "check the host") {
		t.Errorf("error %v", err)
	}
}
