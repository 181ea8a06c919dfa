package sandbox

import (
	"crypto/tls"
	"fmt"
	"io"
	"iter"
	"log"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.com/docusign-monitor/gen/dataset"
	"example.com/docusign-monitor/gen/oauth"
	"example.com/docusign-monitor/gen/organization"
)

// Server is a running sandbox. Its methods may be called from several goroutines.
type Server struct {
	config  Config
	host    string // host:port, which is also the audience of an assertion
	tenants []*tenant
	tokens  tokens

	keyRevoked, consentWithdrawn atomic.Bool // by a fault

	countsMu sync.Mutex
	counts   map[string]Ordinal  // of the requests, by operation
	quotas   map[string]quota    // of organizations and users
	aliases  recent[alias]       // what cursors mean that cannot be told from the log
	moves    int64               // how many of them there are
	pages    map[int64]int       // how many have been asked for, by stream
	heads    map[int64]time.Time // when the head may be asked for again, by stream
	met      recent[struct{}]    // the cursors that have been given twice
	given    recent[time.Time]   // when cursors were given

	requestsMu sync.Mutex
	requests   []Request

	http      http.Server
	authority *authority // nil without TLS
	transport *http.Transport
	conns     sync.WaitGroup // the connections that are open
	served    chan struct{}  // closed when no connection is accepted any more
}

// New starts a sandbox. It fails if the address is taken or is not one of the loopback interface, and if cfg is wrong.
// Call [Server.Close] when done.
func New(cfg Config) (*Server, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	start := cfg.Clock().UTC().Truncate(tick)
	tenants, err := newTenants(cfg, start)
	if err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	if cfg.Users, err = newUsers(cfg, tenants); err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	listener, err := net.Listen("tcp", cfg.Addr)
	if err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}

	s := &Server{
		config:  cfg,
		host:    listener.Addr().String(),
		tenants: tenants,
		counts:  map[string]Ordinal{},
		quotas:  map[string]quota{},
		pages:   map[int64]int{},
		heads:   map[int64]time.Time{},
		served:  make(chan struct{}),
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
	serve := func() error { return s.http.Serve(listener) }
	if cfg.TLS {
		if s.authority, err = newAuthority(listener.Addr().(*net.TCPAddr).IP); err != nil {
			listener.Close()
			return nil, fmt.Errorf("sandbox: making a certificate: %w", err)
		}
		s.http.TLSConfig = &tls.Config{Certificates: []tls.Certificate{s.authority.server}}
		serve = func() error { return s.http.ServeTLS(listener, "", "") }
	}
	s.transport = s.newTransport()
	go func() {
		defer close(s.served)
		serve() // always returns an error, ErrServerClosed in the end
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
	s.transport.CloseIdleConnections()
	<-s.served // from here on there is no new connection to wait for
	s.conns.Wait()
}

func (s *Server) countConns(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		s.conns.Add(1)
	case http.StateClosed, http.StateHijacked: // of a hijacked one, who has it takes care
		s.conns.Done()
	}
}

// URL is the base URL of all hosts, the one that gives tokens and those of the two streams, without a slash at its end. Its
// host and port are the audience of an assertion.
func (s *Server) URL() string {
	if s.config.TLS {
		return "https://" + s.host
	}
	return "http://" + s.host
}

// Credentials are those of the first user and the first integration.
func (s *Server) Credentials() Credentials { return s.CredentialsFor(0, 0) }

// CredentialsOf are those of a user, by the place in Config.Users, and the first integration. It panics if there is no
// such user.
func (s *Server) CredentialsOf(user int) Credentials { return s.CredentialsFor(user, 0) }

// CredentialsFor are those of a user and an integration, by the places in Config.Users and Config.Integrations. Their
// organization is the first of the user's, if any. It panics if there is no such user or integration.
func (s *Server) CredentialsFor(user, integration int) Credentials {
	u, in := s.config.Users[user], s.config.Integrations[integration]
	c := Credentials{IntegrationKey: in.Key, UserID: u.ID, PrivateKey: in.PrivateKey}
	if len(u.Organizations) > 0 {
		c.OrganizationID = u.Organizations[0]
	}
	return c
}

// AuthorizationCodeToken is an access token of a user, by the place in Config.Users, as an authorization-code grant gives
// it: for an integration that does not use the JWT grant. It panics if there is no such user.
func (s *Server) AuthorizationCodeToken(user int) string {
	return s.issue(&s.config.Users[user], true)
}

// Append ingests events into the log of the first organization now, in this order. It ingests none and returns an error
// if one of them is not a JSON object that a page can carry.
func (s *Server) Append(events ...[]byte) error { return s.AppendTo(s.tenants[0].ID, events...) }

// AppendTo is [Server.Append] for the organization with an ID. It is an error if there is none.
func (s *Server) AppendTo(organizationID string, events ...[]byte) error {
	t := s.tenant(organizationID)
	if t == nil {
		return fmt.Errorf("sandbox: there is no organization %s", organizationID)
	}
	if err := t.log.ingest(s.config.Clock().UTC().Truncate(tick), events); err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	return nil
}

// AppendGenerated ingests n more made-up events into the log of the first organization now: those with which [Generate]
// would go on. They are made when they are read, and take less than 100 bytes each.
func (s *Server) AppendGenerated(n int) {
	s.tenants[0].log.append(s.config.Clock().UTC().Truncate(tick), make([]arrival, max(n, 0)))
}

// Len is the number of events in the log of the first organization.
func (s *Server) Len() int { return s.tenants[0].log.view().len() }

// Events are the events that are in the log of the first organization when the loop begins, in the order of ingestion,
// exactly as both streams serve them. The caller may keep them.
func (s *Server) Events() iter.Seq[[]byte] { return s.EventsOf(s.tenants[0].ID) }

// EventsOf is [Server.Events] for the organization with an ID. There are none if there is no such organization.
func (s *Server) EventsOf(organizationID string) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		t := s.tenant(organizationID)
		if t == nil {
			return
		}
		v := t.log.view()
		for i := range v.len() {
			if !yield(v.appendEvent(nil, i)) {
				return
			}
		}
	}
}

// handler routes the operations of the three documents, with what every answer needs around them.
func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	dataset.HandlerWithOptions(
		datasetGuard{s, dataset.NewStrictHandlerWithOptions(datasetHandler{Server: s}, nil, dataset.StrictHTTPServerOptions{
			RequestErrorHandlerFunc:  s.refuseUnbound,
			ResponseErrorHandlerFunc: s.unanswered,
		})},
		dataset.StdHTTPServerOptions{
			BaseRouter: mux, ErrorHandlerFunc: s.refuseUnboundStream, Middlewares: []dataset.MiddlewareFunc{s.streamAlone},
		},
	)
	organization.HandlerWithOptions(
		organizationGuard{s, organization.NewStrictHandlerWithOptions(organizationHandler{Server: s}, nil, organization.StrictHTTPServerOptions{
			RequestErrorHandlerFunc:  s.refuseUnbound,
			ResponseErrorHandlerFunc: s.unanswered,
		})},
		organization.StdHTTPServerOptions{
			BaseRouter: mux, ErrorHandlerFunc: s.refuseUnboundStream, Middlewares: []organization.MiddlewareFunc{s.streamAlone},
		},
	)
	oauth.HandlerWithOptions(
		oauthGuard{s, oauth.NewStrictHandlerWithOptions(oauthHandler{s}, nil, oauth.StrictHTTPServerOptions{
			RequestErrorHandlerFunc:  s.refuseUnbound,
			ResponseErrorHandlerFunc: s.unanswered,
		})},
		oauth.StdHTTPServerOptions{BaseRouter: mux, ErrorHandlerFunc: s.refuseUnbound},
	)
	return s.defective(s.observed(s.misbehaving(s.zipped(mux))))
}
