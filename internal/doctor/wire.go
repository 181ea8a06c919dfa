package doctor

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// wire is the transport of an examination. It notes what the answers say beside what they are about.
type wire struct {
	transport *http.Transport

	mu       sync.Mutex
	date     time.Time // that the first answer told
	dateSeen time.Time // when
	limits   http.Header
}

func newWire() *wire { return &wire{transport: http.DefaultTransport.(*http.Transport).Clone()} }

func (w *wire) close() { w.transport.CloseIdleConnections() }

func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := w.transport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if date, err := http.ParseTime(res.Header.Get("Date")); err == nil && w.date.IsZero() {
		w.date, w.dateSeen = date, time.Now()
	}
	if res.Header.Get("X-RateLimit-Limit") != "" || res.Header.Get("X-BurstLimit-Limit") != "" {
		w.limits = res.Header
	}
	return res, nil
}

// reach tells whether a host can be talked to. Any answer will do: nothing is asked for yet, and no secret is sent.
func (e *examination) reach(ctx context.Context, what, base string, severity Result) bool {
	ctx, cancel := context.WithTimeoutCause(ctx, e.Stall/2, fmt.Errorf("no answer within %v", e.Stall/2))
	defer cancel()
	u, err := url.Parse(base)
	var res *http.Response
	if err == nil {
		var req *http.Request
		if req, err = http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(base, "/")+"/", nil); err == nil {
			res, err = e.wire.RoundTrip(req) // a redirect is an answer too
		}
	}
	if err != nil {
		e.tell(ofNetwork, severity, what+" "+base+": "+cmp.Or(context.Cause(ctx), cause(err)).Error(), remedy(ctx, err))
		return false
	}
	res.Body.Close()

	detail := what + " " + u.Host + ": reached"
	if res.TLS != nil {
		detail += " over " + tls.VersionName(res.TLS.Version)
	}
	if proxy, err := http.ProxyFromEnvironment(res.Request); err == nil && proxy != nil {
		detail += " through the proxy " + proxy.Host
	}
	e.tell(ofNetwork, Pass, detail, "")
	return true
}

// reachStreams tries the hosts of the streams, and returns whether that of the chosen stream can be reached.
func (e *examination) reachStreams(ctx context.Context) (reached bool) {
	env := e.found.Environment
	hosts := []string{env.DatasetURL, env.OrganizationURL}
	chosen := hosts[0]
	if e.chosen() == "organization" {
		chosen = hosts[1]
	}
	for i, host := range hosts {
		if i > 0 && host == hosts[0] {
			continue
		}
		severity := Warning
		if host == chosen {
			severity = Failure
		}
		ok := e.reach(ctx, "stream server", host, severity)
		reached = reached || ok && host == chosen
	}
	return reached
}

// cause is an error without the URL in front.
func cause(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	return err
}

// remedy says what to do about a host that cannot be reached.
func remedy(ctx context.Context, err error) string {
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return "check the name of the host, and DNS on this machine"
	}
	invalid, _ := errors.AsType[x509.CertificateInvalidError](err)
	_, misnamed := errors.AsType[x509.HostnameError](err)
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	_, plain := errors.AsType[tls.RecordHeaderError](err)
	switch {
	case invalid.Cert != nil && invalid.Reason == x509.Expired:
		return "check the clock of this machine; if it is right, whoever runs the server has to renew its certificate"
	case misnamed:
		return "check the name of the host: the certificate is another host's"
	case untrusted:
		return "if a proxy or sandbox of yours is in between, name the file of its certificate authority in SSL_CERT_FILE" +
			" (on macOS and Windows, have the system trust it); else do not go on"
	case plain:
		return "check the URL: the host does not speak TLS on this port"
	case ctx.Err() != nil:
		return "check firewall and HTTPS_PROXY: nothing comes back"
	default:
		return "check host, port, firewall and HTTPS_PROXY"
	}
}

// limits tells what the servers said of their quotas, which they need not.
func (e *examination) limits() {
	h := e.wire.limits
	if h == nil {
		e.tell(ofLimits, Pass, "no headers about limits were sent", "")
		return
	}
	var parts []string
	low := false
	for _, quota := range []struct{ prefix, window string }{{"X-RateLimit-", "this hour"}, {"X-BurstLimit-", "in 30 s"}} {
		limit, left := h.Get(quota.prefix+"Limit"), h.Get(quota.prefix+"Remaining")
		most, err := strconv.Atoi(limit)
		rest, err2 := strconv.Atoi(left)
		if err != nil || err2 != nil {
			continue
		}
		parts = append(parts, fmt.Sprintf("%d of %d requests left %s", rest, most, quota.window))
		low = low || rest*10 < most
	}
	if len(parts) == 0 {
		e.tell(ofLimits, Pass, "no headers about limits could be read", "")
		return
	}
	if reset, err := strconv.ParseInt(h.Get("X-RateLimit-Reset"), 10, 64); err == nil {
		parts = append(parts, "reset at "+time.Unix(reset, 0).UTC().Format(time.RFC3339))
	}
	detail := strings.Join(parts, ", ")
	if low {
		e.tell(ofLimits, Warning, detail, "other programs of the account use up its quota; the stream waits when nothing is left")
		return
	}
	e.tell(ofLimits, Pass, detail, "")
}
