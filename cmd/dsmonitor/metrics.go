package main

import (
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"example.com/docusign-monitor/api"
	"example.com/docusign-monitor/internal/metrics"
)

// serve shows the metrics at --metrics until stop is called.
func (s *stream) serve(m *metrics.Metrics) (stop func(), err error) {
	listener, err := net.Listen("tcp", s.metricsAt)
	if err != nil {
		return nil, err // names the address and what is wrong with it
	}
	// What a server says of its clients is not about the run.
	server := &http.Server{Handler: m.Handler(), ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	go server.Serve(listener)
	s.say("metrics are at http://" + listener.Addr().String() + "/metrics, beside /healthz and /readyz")
	return func() { server.Close() }, nil
}

// measured sends requests through the metrics. Its transport bounds connecting as that of package api does.
func measured(m *metrics.Metrics) api.Option {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DialContext = (&net.Dialer{Timeout: 4 * time.Second, KeepAlive: 30 * time.Second}).DialContext
	transport.TLSHandshakeTimeout = 4 * time.Second
	return api.WithHTTPClient(&http.Client{Transport: m.Transport(transport)})
}

// isAddress tells whether a server can listen there, as far as the words go.
func isAddress(addr string) bool {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	_, err = net.LookupPort("tcp", port)
	return err == nil && port != ""
}
