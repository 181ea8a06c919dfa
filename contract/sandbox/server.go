package sandbox

import (
	"fmt"
	"io"
	"iter"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/docusign-monitor/gen/dataset"
	"example.com/docusign-monitor/gen/oauth"
)

// Server is a running sandbox. Its methods may be called from several goroutines.
type Server struct {
	config Config
	host   string // host:port, which is also the audience of an assertion
	log    eventLog
	tokens tokens

	requestsMu sync.Mutex
	requests   []Request

	http   http.Server
	conns  sync.WaitGroup // the connections that are open
	served chan struct{}  // closed when no connection is accepted any more
}

// New starts a sandbox. It fails if the address is taken or is not one of the loopback interface, and if cfg is wrong.
// Call [Server.Close] when done.
func New(cfg Config) (*Server, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	start := cfg.Clock().UTC().Truncate(tick)
	past, err := cfg.Events.open(start)
	if err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	listener, err := net.Listen("tcp", cfg.Addr)
	if err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}

	s := &Server{
		config: cfg,
		host:   listener.Addr().String(),
		log:    eventLog{past: past, born: start},
		served: make(chan struct{}),
	}
	s.http = http.Server{
		Handler:           s.handler(),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       5 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		// Every answer is to come from the handler, with a trace token, so that of OPTIONS * too.
		DisableGeneralOptionsHandler: true,
		// A request may hold secrets, and the log would quote it.
		ErrorLog:  log.New(io.Discard, "", 0),
		ConnState: s.countConns,
	}
	go func() {
		defer close(s.served)
		s.http.Serve(listener) // always returns an error, ErrServerClosed in the end
	}()
	return s, nil
}

// Start is [New] for a test: it fails the test if there is an error, and closes the sandbox when the test is over.
func Start(t testing.TB, cfg Config) *Server {
	t.Helper()
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// Close stops the sandbox. It breaks the connections that are open, and returns when the last one is gone. Further calls
// do nothing.
func (s *Server) Close() {
	s.http.Close()
	<-s.served // from here on there is no new connection to wait for
	s.conns.Wait()
}

func (s *Server) countConns(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		s.conns.Add(1)
	case http.StateClosed:
		s.conns.Done()
	}
}

// URL is the base URL of both hosts, the one that gives tokens and the one that streams, without a slash at its end. Its
// host and port are the audience of an assertion.
func (s *Server) URL() string { return "http://" + s.host }

// Credentials are those of the first user.
func (s *Server) Credentials() Credentials {
	return Credentials{
		IntegrationKey: integrationKey,
		UserID:         s.config.Users[0].ID,
		OrganizationID: organizationID,
		PrivateKey:     s.config.PrivateKey,
	}
}

// Append ingests events now, in this order. It ingests none and returns an error if one of them is not a JSON object that
// a page can carry.
func (s *Server) Append(events ...[]byte) error {
	if err := s.log.ingest(s.config.Clock().UTC().Truncate(tick), events); err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	return nil
}

// Len is the number of events in the log.
func (s *Server) Len() int { return s.log.view().len() }

// Events are the events that are in the log when the loop begins, in the order of ingestion, exactly as they are served.
// The caller may keep them.
func (s *Server) Events() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		v := s.log.view()
		for i := range v.len() {
			if !yield(v.appendEvent(nil, i)) {
				return
			}
		}
	}
}

// handler routes the operations of both documents, with what every answer needs around them.
func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	dataset.HandlerWithOptions(
		streamGuard{s, dataset.NewStrictHandlerWithOptions(streamHandler{s}, nil, dataset.StrictHTTPServerOptions{
			RequestErrorHandlerFunc:  refuseUnbound,
			ResponseErrorHandlerFunc: unanswered,
		})},
		dataset.StdHTTPServerOptions{BaseRouter: mux, ErrorHandlerFunc: s.refuseUnboundStream},
	)
	oauth.HandlerWithOptions(
		oauthGuard{s, oauth.NewStrictHandlerWithOptions(oauthHandler{s}, nil, oauth.StrictHTTPServerOptions{
			RequestErrorHandlerFunc:  refuseUnbound,
			ResponseErrorHandlerFunc: unanswered,
		})},
		oauth.StdHTTPServerOptions{BaseRouter: mux, ErrorHandlerFunc: refuseUnbound},
	)
	return s.observed(mux)
}

// refuseUnbound answers a request whose parameters or body the generated code cannot read. What it says of the reason
// quotes the request, so it is not passed on.
func refuseUnbound(w http.ResponseWriter, r *http.Request, _ error) {
	refuse(w, r, http.StatusBadRequest, "INVALID_REQUEST_PARAMETER", "The request cannot be read.")
}

// unanswered is called when an answer could not be made, or not be written to the end. Only the first leaves something to
// do.
func unanswered(w http.ResponseWriter, r *http.Request, _ error) {
	if exchangeOf(r.Context()).status != 0 {
		return
	}
	refuse(w, r, http.StatusInternalServerError, "UNSPECIFIED_ERROR", "The sandbox failed.")
}

// refuse answers in the shape of the host that the path belongs to.
func refuse(w http.ResponseWriter, r *http.Request, status int, code, message string) {
	if strings.HasPrefix(r.URL.Path, "/oauth/") {
		oauthRefusal(status, "invalid_request", message).VisitCreateTokenResponse(w)
		return
	}
	streamRefusal(status, code, message).VisitGetStreamResponse(w)
}
