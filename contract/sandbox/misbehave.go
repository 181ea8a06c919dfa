package sandbox

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The operations of the documents, by their ids. That of the two streams is one.
const (
	opStream   = "getStream"
	opToken    = "createToken"
	opUserInfo = "getUserInfo"
)

// operationOf is what a request asks for; empty if that is no operation.
func operationOf(r *http.Request) string {
	path, reads := r.URL.Path, r.Method == http.MethodGet || r.Method == http.MethodHead
	switch {
	case path == "/oauth/token" && r.Method == http.MethodPost:
		return opToken
	case path == "/oauth/userinfo" && reads:
		return opUserInfo
	case reads && strings.HasSuffix(path, "/stream") && (strings.HasPrefix(path, "/api/") || strings.HasPrefix(path, "/v1/organizations/")):
		return opStream
	}
	return ""
}

// misbehaving is the layer in which faults happen.
func (s *Server) misbehaving(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fault, due := s.due(operationOf(r))
		if !due {
			next.ServeHTTP(w, r)
			return
		}
		exchangeOf(r.Context()).operation = operationOf(r)
		fault.happen(accident{s, w, r, next})
	})
}

// due counts a request and finds the fault that is to happen to it.
func (s *Server) due(operation string) (Fault, bool) {
	var first Ordinal
	switch operation {
	case "":
		return Fault{}, false
	case opToken:
		first = tokenOrdinals
	case opUserInfo:
		first = userInfoOrdinals
	}
	s.countsMu.Lock()
	defer s.countsMu.Unlock()
	s.counts[operation]++
	fault, due := s.config.Faults[first+s.counts[operation]]
	return fault, due
}

// captured is an answer before it is sent.
type captured struct {
	header http.Header
	status int
	body   []byte
}

// capture lets the request be answered, but keeps the answer.
func (a accident) capture() captured { return capture(a.next, a.w, a.r) }

func capture(next http.Handler, w http.ResponseWriter, r *http.Request) captured {
	to := &capturing{header: w.Header().Clone()}
	next.ServeHTTP(to, r)
	return captured{to.header, max(to.status, http.StatusOK), to.body.Bytes()}
}

// capturing is the ResponseWriter of capture.
type capturing struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (c *capturing) Header() http.Header         { return c.header }
func (c *capturing) Write(b []byte) (int, error) { return c.body.Write(b) }
func (c *capturing) WriteHeader(status int) {
	if c.status == 0 {
		c.status = status
	}
}

func (c captured) half() captured {
	c.body = c.body[:len(c.body)/2]
	return c
}

func (c captured) send(w http.ResponseWriter) {
	clear(w.Header())
	for name, values := range c.header {
		w.Header()[name] = values
	}
	w.WriteHeader(c.status)
	w.Write(c.body)
}

func (a accident) now() time.Time { return a.config.Clock() }

// abort breaks the connection, or the stream of HTTP/2, after what has been written.
func (a accident) abort() {
	http.NewResponseController(a.w).Flush()
	panic(http.ErrAbortHandler)
}

// drop breaks the connection before anything is written. Under HTTP/2, where it is shared, the stream is reset.
func (a accident) drop(reset bool) {
	conn, _, err := http.NewResponseController(a.w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	raw := conn
	if secure, ok := conn.(interface{ NetConn() net.Conn }); ok {
		raw = secure.NetConn()
	}
	if tcp, ok := raw.(*net.TCPConn); ok && reset {
		tcp.SetLinger(0)
	}
	raw.Close()
}

// silence waits until the client leaves or the sandbox closes the connection.
func (a accident) silence() {
	io.Copy(io.Discard, a.r.Body) // net/http looks out for the end of a connection only once the body has been read
	<-a.r.Context().Done()
	panic(http.ErrAbortHandler)
}

func (a accident) slowly(d time.Duration) {
	const pieces = 20
	whole := a.capture()
	body := whole.body
	whole.header.Set("Content-Length", strconv.Itoa(len(body)))
	whole.body = nil
	whole.send(a.w)
	for i := range pieces {
		a.w.Write(body[len(body)*i/pieces : len(body)*(i+1)/pieces])
		http.NewResponseController(a.w).Flush()
		if i < pieces-1 && !pause(a.r.Context(), d/(pieces-1)) {
			return
		}
	}
}

// pause waits in real time, and tells whether it got to the end.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (a accident) oversize() {
	a.r.Header.Del("Accept-Encoding") // white space before gzip would be no gzip
	whole := a.capture()
	body := whole.body
	whole.header.Del("Content-Length")
	whole.body = nil
	whole.send(a.w)
	spaces := bytes.Repeat([]byte(" "), 1<<20)
	for range 65 {
		if _, err := a.w.Write(spaces); err != nil {
			return
		}
	}
	a.w.Write(body)
}

// empty answers without a body.
func (a accident) empty(status int) { a.html(status, "") }

func (a accident) html(status int, title string) {
	bare{exchangeOf(a.r.Context()), status, title}.VisitGetStreamResponse(a.w)
}

// limit refuses a request for the hourly limit, with the headers that are not set yet.
func (a accident) limit(status int, code string) {
	h := a.w.Header()
	h.Set("X-RateLimit-Limit", "3000")
	h.Set("X-RateLimit-Remaining", "0")
	if h.Get("X-RateLimit-Reset") == "" {
		h.Set("X-RateLimit-Reset", strconv.FormatInt(topOfHour(a.now()).Unix(), 10))
	}
	problem(a.w, status, code, "The maximum number of hourly API invocations has been exceeded. The hourly limit is 3000.")
}

// problem answers in the shape that the platform uses outside of OAuth.
func problem(w http.ResponseWriter, status int, code, message string) {
	platformError(status, code, message).VisitGetStreamResponse(w)
}
