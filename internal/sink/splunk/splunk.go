// Package splunk delivers events to a Splunk HTTP Event Collector (HEC).
//
// # What arrives
//
// Each event is an envelope with the received bytes as its "event", sourcetype docusign:monitor, and the timestamp of the
// event as its "time", in seconds with seven digits after the point. An event whose timestamp is missing, cannot be read
// or lies before 1970 is sent without "time": Splunk then gives it one of its own, and it is not lost.
//
// # Batches
//
// A page is sent in batches of at most 512 KiB before gzip, one after the other; an event that is larger has a batch of
// its own. After each batch the position can be saved, so a crash repeats at most one batch.
//
// # What counts as delivered
//
// With indexer acknowledgement, a batch that Splunk says is indexed. Splunk is asked for up to two minutes of waits; a
// batch that is not acknowledged by then is sent again, three times in all, and then it is an error. Without, a batch that
// was answered with success, which Splunk says before it indexes: an outage of Splunk itself can then lose events.
//
// # Failures
//
// What may pass, a network error, 408, 429 and 5xx, is tried 12 times in a row, with waits of up to 1 s, doubled up to a
// minute; Retry-After is obeyed up to an hour. A batch that is sent again although the first one may have arrived can be in
// Splunk twice: how many events that concerns is counted. An event is refused for good only when it was sent alone and
// Splunk refused its form or its size. It is then set aside in the dead-letter file, which is on the disk before the run
// goes on; without such a file it ends the run. Everything else that Splunk refuses is the same for every event, and ends
// the run with nothing set aside.
package splunk

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"

	"example.com/docusign-monitor/api"
)

// Sourcetype is that of all events.
const Sourcetype = "docusign:monitor"

// The bounds that the package comment tells of.
const (
	maxBatch    = 512 << 10 // bytes before compression
	maxAttempts = 12
	maxSends    = 3
	ackPatience = 2 * time.Minute
	maxBackoff  = time.Minute
	maxAnnounce = time.Hour
	callTimeout = time.Minute
)

// Config says which collector, and how.
type Config struct {
	// URL is that of the collector, without /services/collector; see [Check].
	URL string

	// Token is the HEC token. It is in no error and no notice.
	Token string

	// Index is where Splunk keeps the events; empty for the default of the token.
	Index string

	// Host and Source are those fields of every event.
	Host, Source string

	// Ack waits for indexer acknowledgement. The token has to have it enabled.
	Ack bool

	// CA holds certificates (PEM) that are trusted beside those of the system; nil for these alone.
	CA []byte

	// DeadLetter is the path of the file for events that are refused for good; empty if there is none.
	DeadLetter string

	// Now is the clock, and Wait the only way to wait between attempts.
	Now  func() time.Time
	Wait func(context.Context, time.Duration) error

	// Repeated and SetAside are told of so many events that were sent again, or set aside.
	Repeated, SetAside func(n int)

	// Notice is told in a sentence what somebody may wonder about.
	Notice func(string)
}

// Sink is a destination.
type Sink struct {
	cfg      Config
	client   *http.Client
	channel  string // a GUID for this run: acknowledgements are numbered within it
	letters  *letters
	meta     []byte // the part of an envelope that all share
	resent   int
	setAside int
}

// Check finds what is wrong with the URL of a collector, without a word of what may be secret in it.
func Check(raw string) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Hostname() == "" || u.Opaque != "":
		return errors.New("is not a URL; give splunk:https://HOST:PORT")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return errors.New("has more than host and path; the token belongs in SPLUNK_HEC_TOKEN")
	case strings.Contains(u.Path, "/services/collector"):
		return errors.New("names the endpoint; leave out /services/collector and what follows")
	case u.Scheme == "http" && isLoopback(u.Hostname()) || u.Scheme == "https":
		return nil
	}
	return errors.New("is neither https nor of this machine; the token would be readable on the way")
}

// CheckToken finds what is wrong with a token, without showing it.
func CheckToken(token string) error {
	if token == "" {
		return errors.New("is missing or empty; set it to the token of the HTTP Event Collector")
	}
	for _, c := range token {
		if c <= ' ' || c > '~' {
			return errors.New("has a character that no token has, such as a space or a line end")
		}
	}
	return nil
}

// CheckCA finds out whether there are certificates in a text.
func CheckCA(pem []byte) error {
	if !x509.NewCertPool().AppendCertsFromPEM(pem) {
		return errors.New("has no certificate in it (PEM)")
	}
	return nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Open opens the dead-letter file, if there is one. Nothing is sent.
func Open(c Config) (*Sink, error) {
	if err := Check(c.URL); err != nil {
		return nil, fmt.Errorf("the URL of the collector %w", err)
	}
	if err := CheckToken(c.Token); err != nil {
		return nil, fmt.Errorf("the token of the collector %w", err)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if c.CA != nil {
		roots, err := x509.SystemCertPool()
		if err != nil {
			roots = x509.NewCertPool()
		}
		if !roots.AppendCertsFromPEM(c.CA) {
			return nil, CheckCA(c.CA)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: roots}
	}
	jar, _ := cookiejar.New(nil) // never fails; a load balancer keeps a channel at one indexer by a cookie
	s := &Sink{cfg: c, channel: guid(), client: &http.Client{
		Transport: transport, Jar: jar, Timeout: callTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	s.meta = meta(c)
	if c.DeadLetter != "" {
		var err error
		if s.letters, err = openLetters(c.DeadLetter); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// guid is a random one, of version 4.
func guid() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// meta is what follows the time in each envelope, up to the event.
func meta(c Config) []byte {
	fields := []struct{ name, value string }{
		{"host", c.Host}, {"source", c.Source}, {"sourcetype", Sourcetype}, {"index", c.Index},
	}
	var b []byte
	for _, f := range fields {
		if f.value != "" {
			value, _ := json.Marshal(f.value)
			b = fmt.Appendf(b, `"%s":%s,`, f.name, value)
		}
	}
	return append(b, `"event":`...)
}

// envelope appends an event as HEC wants it. The received bytes are not touched.
func (s *Sink) envelope(dst []byte, event api.Event) []byte {
	dst = append(dst, '{')
	if at, err := event.Timestamp(); err == nil && at.Unix() >= 0 {
		dst = fmt.Appendf(dst, `"time":%d.%07d,`, at.Unix(), at.Nanosecond()/100)
	}
	dst = append(dst, s.meta...)
	dst = append(dst, event.Raw...)
	return append(dst, "}\n"...)
}

// batch is how many events from the front make one batch.
func (s *Sink) batch(events []api.Event) int {
	size, envelope := 0, []byte(nil)
	for i, event := range events {
		envelope = s.envelope(envelope[:0], event)
		if size += len(envelope); size > maxBatch && i > 0 {
			return i
		}
	}
	return len(events)
}

// pack is the body of a request.
func (s *Sink) pack(events []api.Event) []byte {
	var plain []byte
	for _, event := range events {
		plain = s.envelope(plain, event)
	}
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	zip.Write(plain) // to memory: cannot fail
	zip.Close()
	return packed.Bytes()
}

// Deliver sends one batch from the front of a page. A batch with an event that is refused is made smaller, so that the
// events before that one come to their place, and then that one alone.
func (s *Sink) Deliver(ctx context.Context, events []api.Event) (int, error) {
	n := s.batch(events)
	for {
		err := s.send(ctx, events[:n])
		var refused *refusal
		switch {
		case err == nil:
			return n, nil
		case !errors.As(err, &refused) || !refused.ofEvents():
			return 0, err
		case n == 1:
			if err := s.putAside(events[0], refused); err != nil {
				return 0, err
			}
			return 1, nil
		}
		// Splunk does not say what becomes of the events before the one that it refuses.
		less, kept := n/2, n/2
		if i := refused.event; i != nil && *i >= 0 && *i < n {
			less, kept = max(1, *i), *i
		}
		if refused.status == http.StatusRequestEntityTooLarge {
			kept = 0
		}
		n = less
		s.again(kept, "after "+refused.what())
	}
}

// send sends a batch until it counts as delivered.
func (s *Sink) send(ctx context.Context, events []api.Event) error {
	body := s.pack(events)
	for sent := 1; ; sent++ {
		answer, err := s.post(ctx, body, len(events))
		if err != nil || !s.cfg.Ack {
			return err
		}
		if answer.AckID == nil {
			return errors.New("splunk took the events and gave no acknowledgement id: the token has no indexer acknowledgement; " +
				"enable it for the token, or give --splunk-ack=false")
		}
		acknowledged, err := s.acknowledged(ctx, *answer.AckID)
		if err != nil || acknowledged {
			return err
		}
		if sent == maxSends {
			return fmt.Errorf("splunk has not acknowledged %d events, sent %d times, within %v each; see whether its indexers are well, or give --splunk-ack=false",
				len(events), sent, ackPatience)
		}
		s.again(len(events), fmt.Sprintf("without acknowledgement for %v", ackPatience))
	}
}

// again counts events that are sent once more although they may have arrived.
func (s *Sink) again(events int, why string) {
	if events > 0 {
		s.resent += events
		s.cfg.Repeated(events)
		s.cfg.Notice(fmt.Sprintf("splunk: %d events are sent again %s; it may have them twice", events, s.hide(why)))
	}
}

// putAside keeps an event that Splunk refuses, where somebody finds it.
func (s *Sink) putAside(event api.Event, why *refusal) error {
	if s.letters == nil {
		return fmt.Errorf("%w; it refuses the event %q for good: give --dead-letter FILE to set such events aside", why, event.ID())
	}
	if err := s.letters.write(s.cfg.Now(), event, why, s.hide(why.text)); err != nil {
		return fmt.Errorf("dead-letter file: %w", err)
	}
	s.setAside++
	s.cfg.SetAside(1)
	s.cfg.Notice(fmt.Sprintf("splunk refuses the event %q for good: %s; it is set aside in %s", event.ID(), s.hide(why.what()), s.cfg.DeadLetter))
	return nil
}

// Report says how many events were set aside or may be in Splunk twice; empty if none.
func (s *Sink) Report() string {
	var parts []string
	if s.setAside > 0 {
		parts = append(parts, fmt.Sprintf("%d refused events are set aside in %s", s.setAside, s.cfg.DeadLetter))
	}
	if s.resent > 0 {
		parts = append(parts, fmt.Sprintf("%d events were sent again and may be there twice", s.resent))
	}
	if len(parts) == 0 {
		return ""
	}
	return "splunk: " + strings.Join(parts, "; ")
}

// hide takes the token out of what a server said.
func (s *Sink) hide(text string) string {
	return strings.ReplaceAll(text, s.cfg.Token, "[token]")
}

// Close releases connections and the dead-letter file.
func (s *Sink) Close() error {
	s.client.CloseIdleConnections()
	if s.letters != nil {
		return s.letters.file.Close()
	}
	return nil
}
