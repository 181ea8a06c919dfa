// The requests to the collector: attempts, acknowledgements, and what its answers mean.

package splunk

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// answer is the body of one, as far as it matters.
type answer struct {
	Text  string          `json:"text"`
	Code  *int            `json:"code"`
	AckID *int64          `json:"ackId"`
	Event *int            `json:"invalid-event-number"`
	Acks  map[string]bool `json:"acks"`
}

// refusal is an answer that is no success.
type refusal struct {
	status int
	code   *int // nil if the answer is not one of HEC
	text   string
	event  *int // the place in the batch of the event that is refused
	after  time.Duration
}

// advice is what to do, by the code of HEC.
var advice = map[int]string{
	1:  "enable the token in Splunk",
	2:  "set SPLUNK_HEC_TOKEN, and let no proxy take the Authorization header out",
	3:  "let no proxy change the Authorization header",
	4:  "set SPLUNK_HEC_TOKEN to a token of this collector",
	7:  "allow the index for the token, or name another by --splunk-index",
	10: "the token has indexer acknowledgement enabled: give --splunk-ack, or disable it for the token",
	11: "the channel is refused: look at what stands between this machine and Splunk",
	14: "enable indexer acknowledgement for the token, or give --splunk-ack=false",
}

func (r *refusal) what() string {
	if r.code == nil {
		return "HTTP status " + strconv.Itoa(r.status)
	}
	return fmt.Sprintf("HTTP status %d, code %d, %q", r.status, *r.code, r.text)
}

func (r *refusal) Error() string {
	text := "splunk answered with " + r.what()
	switch {
	case r.code != nil && advice[*r.code] != "":
		text += "; " + advice[*r.code]
	case r.code == nil && r.status < 500 && r.status != http.StatusTooManyRequests:
		text += ", not as the HTTP Event Collector does; look at the URL and what stands before it"
	}
	return text
}

// ofEvents tells whether it is about the form or the size of what was sent, and so may be about a single event.
func (r *refusal) ofEvents() bool {
	if r.status == http.StatusRequestEntityTooLarge {
		return true
	}
	if r.status != http.StatusBadRequest || r.code == nil {
		return false
	}
	switch *r.code {
	case 6, 12, 13, 15: // data format; event field missing; event field blank; indexed fields
		return true
	}
	return false
}

// passes tells whether the same request may succeed later.
func (r *refusal) passes() bool {
	return r.status >= 500 || r.status == http.StatusTooManyRequests || r.status == http.StatusRequestTimeout
}

// taken tells whether the events may have been taken in spite of it: code 9, the server is busy, and the limits say they
// were not.
func (r *refusal) taken() bool {
	return r.status >= 500 && (r.code == nil || *r.code == 8)
}

// lost is a request without a whole answer.
type lost struct {
	err  error
	text string // of err, without the token: net/http quotes what a server sends in place of HTTP
	sent bool   // there was a connection, so the events may have arrived
}

func (l *lost) Error() string { return "splunk: " + l.text }
func (l *lost) Unwrap() error { return l.err }

// post sends a batch, again and again while that may help.
func (s *Sink) post(ctx context.Context, body []byte, events int) (*answer, error) {
	for attempt := 1; ; attempt++ {
		a, err := s.call(ctx, "event", nil, body, true)
		if err == nil {
			return a, nil
		}
		passes, taken, after := judge(err)
		if !passes {
			return nil, err
		}
		if attempt == maxAttempts {
			return nil, fmt.Errorf("%w; given up after %d attempts", err, attempt)
		}
		if err := s.cfg.Wait(ctx, max(after, backoff(attempt))); err != nil {
			return nil, err
		}
		if taken {
			s.again(events, "after "+strings.TrimPrefix(err.Error(), "splunk: "))
		}
	}
}

// judge tells of an error whether it may pass, whether the events may have arrived, and how long to wait at least.
func judge(err error) (passes, taken bool, after time.Duration) {
	var (
		refused *refusal
		cut     *lost
	)
	switch {
	case errors.As(err, &refused):
		return refused.passes(), refused.taken(), refused.after
	case errors.As(err, &cut):
		var untrusted *tls.CertificateVerificationError
		return !errors.As(err, &untrusted), cut.sent, 0
	}
	return false, false, 0
}

// backoff is between half of a time that doubles and that time.
func backoff(attempt int) time.Duration {
	d := min(time.Second<<(attempt-1), maxBackoff)
	return d/2 + rand.N(d/2)
}

// acknowledged asks until a batch is indexed, or for so long that it has to be taken for lost. Who interrupts the run is
// waited for some polls more.
func (s *Sink) acknowledged(ctx context.Context, id int64) (bool, error) {
	ask, _ := json.Marshal(map[string][]int64{"acks": {id}})
	channel := url.Values{"channel": {s.channel}}
	pause, grace := 250*time.Millisecond, 10
	for waited := time.Duration(0); waited < ackPatience; {
		a, err := s.call(ctx, "ack", channel, ask, false)
		if err == nil && a.Acks[strconv.FormatInt(id, 10)] {
			return true, nil
		}
		passes, _, after := judge(err)
		if err != nil && !passes {
			return false, err
		}
		if ctx.Err() != nil {
			if grace--; grace == 0 {
				return false, ctx.Err()
			}
		}
		wait := max(pause, min(after, ackPatience))
		if err := s.cfg.Wait(context.WithoutCancel(ctx), wait); err != nil {
			return false, err
		}
		waited += wait
		pause = min(2*pause, 5*time.Second)
	}
	return false, nil
}

// call makes one request. It is finished when ctx ends, since what was sent may have arrived.
func (s *Sink) call(ctx context.Context, endpoint string, query url.Values, body []byte, zipped bool) (*answer, error) {
	connected := false
	ctx = httptrace.WithClientTrace(context.WithoutCancel(ctx), &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { connected = true },
	})
	target := strings.TrimSuffix(s.cfg.URL, "/") + "/services/collector/" + endpoint
	if query != nil {
		target += "?" + query.Encode()
	}
	// Each attempt has a reader of its own, without GetBody: the transport must not send a batch again unseen.
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target, io.NopCloser(bytes.NewReader(body)))
	if err != nil {
		return nil, err
	}
	request.ContentLength = int64(len(body))
	request.Header.Set("Authorization", "Splunk "+s.cfg.Token)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "dsmonitor")
	if zipped {
		request.Header.Set("Content-Encoding", "gzip")
	}
	if s.cfg.Ack {
		request.Header.Set("X-Splunk-Request-Channel", s.channel)
	}
	response, err := s.client.Do(request)
	if err != nil {
		var in *url.Error
		if errors.As(err, &in) {
			err = in.Err // the URL says nothing new
		}
		return nil, &lost{err, s.hide(err.Error()), connected}
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	if err != nil {
		return nil, &lost{err, s.hide(err.Error()), true}
	}
	var a answer
	if err := json.Unmarshal(text, &a); err != nil {
		a = answer{}
	}
	if response.StatusCode == http.StatusOK && (a.Code != nil && *a.Code == 0 || endpoint == "ack" && a.Acks != nil) {
		return &a, nil
	}
	return nil, &refusal{response.StatusCode, a.Code, cut(s.hide(a.Text)), a.Event, retryAfter(response.Header, s.cfg.Now())}
}

// cut keeps a text of a server short.
func cut(text string) string {
	return strings.ToValidUTF8(text[:min(len(text), 200)], "")
}

// retryAfter is how long the server wants to be left alone, up to an hour.
func retryAfter(h http.Header, now time.Time) time.Duration {
	value := h.Get("Retry-After")
	var d time.Duration
	if seconds, err := strconv.Atoi(value); err == nil {
		d = time.Duration(min(seconds, 3600)) * time.Second
	} else if at, err := http.ParseTime(value); err == nil {
		d = at.Sub(now)
	}
	return min(max(d, 0), maxAnnounce)
}
