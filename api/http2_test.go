package api

import (
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/http2"
)

// What HTTP/2 adds to the ways in which an answer fails to come: each passes, and the page is asked for again.
func TestHTTP2(t *testing.T) { eachStream(t, testHTTP2) }

func testHTTP2(t *testing.T, s under) {
	whole := s.body("end", `{"n":1}`)
	tests := map[string]func(w http.ResponseWriter, r *http.Request){
		"reset before the answer": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"reset within it": func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, whole[:10])
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		},
		"reset, announced": hangUp(len(whole), whole[:10]),
		"GOAWAY after the answer": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Connection", "close")
			w.WriteHeader(503)
		},
	}
	for name, failure := range tests {
		t.Run(name, func(t *testing.T) {
			f := s.fake(t, s.page("a"), failure, answer(200, whole), answer(200, whole))
			server := httptest.NewUnstartedServer(f.Config.Handler)
			server.EnableHTTP2 = true
			server.Config.ErrorLog = log.New(io.Discard, "", 0)
			server.StartTLS()
			defer server.Close()

			waits := &waits{}
			c := f.clientOf(t, allAt(server.URL), WithHTTPClient(server.Client()), WithRetry(Retry{Wait: waits.wait}))
			pages, err := drain(t.Context(), c, Query{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{`{"n":1}`, `{"n":1}`}, raws(pages...)); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]string{"-", "a", "a", "end"}, f.cursors()); diff != "" {
				t.Errorf("cursors sent (-want +got):\n%s", diff)
			}
			if len(waits.list()) != 1 || f.requests[0].ProtoMajor != 2 {
				t.Errorf("waited %v over %s", waits.list(), f.requests[0].Proto)
			}
		})
	}
}

// A server that says GOAWAY to a request is asked again on a new connection.
func TestHTTP2GoAway(t *testing.T) { eachStream(t, testHTTP2GoAway) }

func testHTTP2GoAway(t *testing.T, s under) {
	f := s.fake(t, s.page("a"))
	server := httptest.NewUnstartedServer(f.Config.Handler)
	door := &door{Listener: server.Listener}
	server.Listener = door
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	door.config.Store(server.TLS)

	waits := &waits{}
	c := f.clientOf(t, allAt(server.URL), WithHTTPClient(server.Client()), WithRetry(Retry{Wait: waits.wait}))
	if _, err := c.Page(t.Context(), Query{}); err != nil {
		t.Fatal(err)
	}
	if got := door.connections.Load(); got < 2 || len(waits.list()) != 1 || len(f.requests) != 1 {
		t.Errorf("%d connections, %d requests, waited %v", got, len(f.requests), waits.list())
	}
}

// door turns the first connection away and lets the others through.
type door struct {
	net.Listener
	config      atomic.Pointer[tls.Config]
	connections atomic.Int32
}

func (d *door) Accept() (net.Conn, error) {
	conn, err := d.Listener.Accept()
	if err == nil && d.connections.Add(1) == 1 {
		turnAway(tls.Server(conn, d.config.Load()))
		return d.Accept()
	}
	return conn, err
}

// turnAway says GOAWAY to the first request of a connection.
func turnAway(conn net.Conn) {
	defer conn.Close()
	io.ReadFull(conn, make([]byte, len(http2.ClientPreface)))
	framer := http2.NewFramer(conn, conn)
	framer.WriteSettings()
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			return
		}
		if _, ok := frame.(*http2.HeadersFrame); ok {
			framer.WriteGoAway(frame.Header().StreamID, http2.ErrCodeInternal, nil)
			return
		}
	}
}
