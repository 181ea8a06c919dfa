package splunk

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/docusign-monitor/api"
)

func TestEnvelope(t *testing.T) {
	for _, test := range []struct{ name, raw, time string }{
		{"seven digits", `{"timestamp":"2026-05-20T12:00:00.1234567Z",  "n":12345678901234567890}`, "1779278400.1234567"},
		{"leading zeros", `{"timestamp":"2026-05-20T12:00:00.0000001Z"}`, "1779278400.0000001"},
		{"no fraction", `{"timestamp":"2026-05-20T12:00:00Z"}`, "1779278400.0000000"},
		{"none", `{"eventId":"a"}`, ""},
		{"unreadable", `{"timestamp":"noon"}`, ""},
		{"before 1970", `{"timestamp":"0001-01-01T00:00:00Z"}`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newHEC(t)
			s := open(t, h, func(c *Config) { c.Index = `docu"sign` })
			if _, err := s.deliver(t.Context(), []api.Event{{Raw: []byte(test.raw)}}); err != nil {
				t.Fatal(err)
			}
			want := map[string]json.RawMessage{
				"event": json.RawMessage(test.raw), "host": json.RawMessage(`"monitor.example.com"`), "index": json.RawMessage(`"docu\"sign"`),
				"source": json.RawMessage(`"docusign:dataset"`), "sourcetype": json.RawMessage(`"docusign:monitor"`),
			}
			if test.time != "" {
				want["time"] = json.RawMessage(test.time)
			}
			if diff := cmp.Diff([]map[string]json.RawMessage{want}, h.envelopes); diff != "" {
				t.Errorf("envelope (-want +got):\n%s", diff)
			}
		})
	}
}

// A page of 2 MB goes in batches below the bound, in order, each event once.
func TestBatches(t *testing.T) {
	h := newHEC(t)
	events, raw := page(20)
	for i := range events {
		size := 100 << 10
		if i == 7 {
			size = maxBatch // larger than a batch
		}
		raw[i] = strings.Replace(raw[i], "{", `{"pad":"`+strings.Repeat("x", size)+`",`, 1)
		events[i].Raw = []byte(raw[i])
	}
	if n, err := open(t, h, nil).deliver(t.Context(), events); err != nil || n != 20 {
		t.Fatal(n, err)
	}
	if diff := cmp.Diff(raw, h.events()); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int{5, 2, 1, 5, 5, 2}, h.batches); diff != "" {
		t.Errorf("batches (-want +got):\n%s", diff)
	}
}

// What may pass is tried again: nothing is lost, and what may be there twice is counted.
func TestRetries(t *testing.T) {
	for _, test := range []struct {
		name   string
		fault  func(w http.ResponseWriter, take func())
		twice  int // of three events
		least  time.Duration
		resent int
	}{
		{"busy", func(w http.ResponseWriter, _ func()) { say(w, 503, `{"text":"Server is busy","code":9}`) }, 0, time.Second / 2, 0},
		{"busy, and says how long", func(w http.ResponseWriter, _ func()) {
			w.Header().Set("Retry-After", "90")
			say(w, 503, `{"text":"Server is busy","code":9}`)
		}, 0, 90 * time.Second, 0},
		{"busy until a date", func(w http.ResponseWriter, _ func()) {
			w.Header().Set("Retry-After", noon.Add(time.Minute).Format(http.TimeFormat))
			say(w, 429, `{"text":"Queue at capacity","code":26}`)
		}, 0, time.Minute, 0},
		{"busy for days", func(w http.ResponseWriter, _ func()) {
			w.Header().Set("Retry-After", "999999")
			say(w, 503, `{"text":"Server is busy","code":9}`)
		}, 0, time.Hour, 0},
		{"internal error", func(w http.ResponseWriter, _ func()) { say(w, 500, `{"text":"Internal server error","code":8}`) }, 0, 0, 3},
		{"proxy without its server", func(w http.ResponseWriter, take func()) { take(); say(w, 504, "<html>") }, 3, 0, 3},
		{"cut after the request", func(w http.ResponseWriter, take func()) { take(); hangUp(w) }, 3, 0, 3},
		{"cut in the answer", func(w http.ResponseWriter, take func()) {
			take()
			w.Header().Set("Content-Length", "100")
			say(w, 200, `{"text":"Succ`)
		}, 3, 0, 3},
	} {
		for _, ack := range []bool{true, false} {
			t.Run(test.name, func(t *testing.T) {
				h := newHEC(t)
				h.ack = ack
				h.post = func(n int, w http.ResponseWriter, take func()) bool {
					if n == 1 {
						test.fault(w, take)
					}
					return n == 1
				}
				s := open(t, h, nil)
				events, raw := page(3)
				if _, err := s.deliver(t.Context(), events); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(append(raw[:test.twice:test.twice], raw...), h.events()); diff != "" {
					t.Errorf("events (-want +got):\n%s", diff)
				}
				if s.resent != test.resent || len(s.waits) != 1 || s.waits[0] < test.least || s.waits[0] > max(test.least, time.Second) {
					t.Errorf("%d counted as sent again, want %d; waits %v", s.resent, test.resent, s.waits)
				}
				if (s.Report() != "") != (test.resent > 0) {
					t.Errorf("report %q", s.Report())
				}
			})
		}
	}
}

// A server that stays away ends the run, after a bounded number of attempts.
func TestGivesUp(t *testing.T) {
	h := newHEC(t)
	h.post = func(_ int, w http.ResponseWriter, _ func()) bool {
		say(w, 503, `{"text":"Server is busy","code":9}`)
		return true
	}
	s := open(t, h, nil)
	events, _ := page(3)
	n, err := s.deliver(t.Context(), events)
	if n != 0 || err == nil || !strings.Contains(err.Error(), "given up after 12 attempts") || h.posts != 12 || s.resent != 0 {
		t.Errorf("%d delivered, %d posts, %v", n, h.posts, err)
	}
	for i, wait := range s.waits {
		if most := min(time.Second<<i, time.Minute); wait < most/2 || wait > most {
			t.Errorf("wait %d is %v", i, wait)
		}
	}
}

// One that is interrupted while it waits for a better time does so no longer.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	h := newHEC(t)
	h.post = func(_ int, w http.ResponseWriter, _ func()) bool {
		cancel()
		say(w, 503, `{"text":"Server is busy","code":9}`)
		return true
	}
	events, _ := page(1)
	if n, err := open(t, h, nil).deliver(ctx, events); n != 0 || err != context.Canceled || h.posts != 1 {
		t.Errorf("%d delivered, %d posts, %v", n, h.posts, err)
	}

	// What has been sent is waited for, but not for ever.
	for _, test := range []struct{ acked, n, polls int }{{3, 1, 3}, {99, 0, 10}} {
		ctx, cancel := context.WithCancel(t.Context())
		h := newHEC(t)
		h.acked = func(poll int) bool { cancel(); return poll == test.acked }
		if n, err := open(t, h, nil).deliver(ctx, events); n != test.n || (err == nil) != (n == 1) || h.polls != test.polls {
			t.Errorf("%d delivered after %d polls, %v", n, h.polls, err)
		}
	}
}

// Acknowledged late is acknowledged.
func TestAckLate(t *testing.T) {
	h := newHEC(t)
	h.acked = func(poll int) bool { return poll == 10 }
	s := open(t, h, nil)
	events, raw := page(3)
	if n, err := s.deliver(t.Context(), events); n != 3 || err != nil || s.resent != 0 || len(s.waits) != 9 {
		t.Errorf("%d delivered, %v; %d sent again, waits %v", n, err, s.resent, s.waits)
	}
	if diff := cmp.Diff(raw, h.events()); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// Never acknowledged is sent three times, counted, and then an error with nothing delivered.
func TestAckNever(t *testing.T) {
	h := newHEC(t)
	h.acked = func(int) bool { return false }
	s := open(t, h, nil)
	events, _ := page(3)
	n, err := s.deliver(t.Context(), events)
	if n != 0 || err == nil || h.posts != 3 || s.resent != 6 || !strings.Contains(err.Error(), "not acknowledged 3 events, sent 3 times") {
		t.Errorf("%d delivered, %d posts, %d sent again, %v", n, h.posts, s.resent, err)
	}
	var waited time.Duration
	for _, wait := range s.waits {
		waited += wait
	}
	if waited < 3*ackPatience || waited > 3*(ackPatience+5*time.Second) {
		t.Errorf("waited for %v", waited)
	}
}

// Of a batch with bad events these alone are set aside, and the others come in order.
func TestSetAside(t *testing.T) {
	for _, number := range []bool{true, false} {
		h := newHEC(t)
		h.bad, h.number = `"bad"`, number
		path := filepath.Join(t.TempDir(), "dead")
		if err := os.WriteFile(path, []byte(`{"torn`), 0o600); err != nil {
			t.Fatal(err)
		}
		s := open(t, h, func(c *Config) { c.DeadLetter = path })
		events, raw := page(9)
		var want []string
		for i := range raw {
			if i == 0 || i == 4 || i == 5 || i == 8 {
				events[i].Raw = []byte(strings.Replace(raw[i], "{", "{\"bad\":1,\n", 1))
			} else {
				want = append(want, raw[i])
			}
		}
		if n, err := s.deliver(t.Context(), events); n != 9 || err != nil {
			t.Fatal(n, err)
		}
		if diff := cmp.Diff(want, h.events()); diff != "" {
			t.Errorf("number %v: events (-want +got):\n%s", number, diff)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
		if len(lines) != 5 || lines[0] != `{"torn` || s.setAside != 4 {
			t.Fatalf("%d set aside, %q", s.setAside, lines)
		}
		first := `{"setAside":"2026-05-20T12:00:00Z","status":400,"code":6,"reason":"Invalid data format","event":{"bad":1, ` + raw[0][1:] + "}"
		if lines[1] != first {
			t.Errorf("got  %s\nwant %s", lines[1], first)
		}
		for _, line := range lines[1:] {
			if !json.Valid([]byte(line)) {
				t.Errorf("not JSON: %s", line)
			}
		}
		if !strings.Contains(s.Report(), "4 refused events are set aside") {
			t.Errorf("report %q", s.Report())
		}
	}
}

// Without a file for it, an event that is refused ends the run; what stands before it is safe.
func TestRefusedWithoutFile(t *testing.T) {
	h := newHEC(t)
	h.bad = `"e2"`
	s := open(t, h, nil)
	events, raw := page(4)
	n, err := s.deliver(t.Context(), events)
	if n != 2 || err == nil || !strings.Contains(err.Error(), "--dead-letter") || !strings.Contains(err.Error(), `"e2"`) {
		t.Errorf("%d delivered, %v", n, err)
	}
	if diff := cmp.Diff(raw[:2], h.events()); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// A file that cannot be written to sets nothing aside.
func TestCannotSetAside(t *testing.T) {
	h := newHEC(t)
	h.bad = `"e0"`
	s := open(t, h, func(c *Config) { c.DeadLetter = filepath.Join(t.TempDir(), "dead") })
	s.letters.file.Close()
	events, _ := page(1)
	if n, err := s.deliver(t.Context(), events); n != 0 || err == nil || s.setAside != 0 {
		t.Errorf("%d delivered, %v", n, err)
	}
	for _, path := range []string{t.TempDir(), filepath.Join(t.TempDir(), "missing", "dead")} {
		if _, err := Open(Config{URL: h.URL, Token: token, DeadLetter: path}); err == nil {
			t.Errorf("took %s", path)
		}
	}
}

// What is too large is made smaller, and set aside only alone.
func TestTooLarge(t *testing.T) {
	h := newHEC(t)
	h.post = func(n int, w http.ResponseWriter, _ func()) bool {
		if n < 3 {
			say(w, 413, "Request entity too large")
		}
		return n < 3
	}
	s := open(t, h, func(c *Config) { c.DeadLetter = filepath.Join(t.TempDir(), "dead") })
	events, raw := page(4)
	if n, err := s.deliver(t.Context(), events); n != 4 || err != nil || s.setAside != 0 || s.resent != 0 {
		t.Errorf("%d delivered, %v", n, err)
	}
	if diff := cmp.Diff(raw, h.events()); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// What is refused whatever the events are ends the run at once, with what to do, and sets nothing aside.
func TestFinal(t *testing.T) {
	for _, test := range []struct {
		status int
		body   string
		want   string
	}{
		{403, `{"text":"Token disabled","code":1}`, "enable the token"},
		{401, `{"text":"Token is required","code":2}`, "SPLUNK_HEC_TOKEN"},
		{401, `{"text":"Invalid authorization","code":3}`, "Authorization"},
		{403, `{"text":"Invalid token","code":4}`, "SPLUNK_HEC_TOKEN"},
		{400, `{"text":"No data","code":5}`, "code 5"},
		{400, `{"text":"Incorrect index","code":7,"invalid-event-number":1}`, "--splunk-index"},
		{400, `{"text":"Data channel is missing","code":10}`, "--splunk-ack"},
		{400, `{"text":"Invalid data channel","code":11}`, "channel"},
		{400, `{"text":"ACK is disabled","code":14}`, "--splunk-ack=false"},
		{400, `{"text":"new","code":99}`, `"new"`},
		{400, `<html>`, "look at the URL"},
		{404, `{"text":"The requested URL was not found on this server.","code":404}`, "404"},
		{302, ``, "look at the URL"},
		{200, `<html>`, "look at the URL"},
		{200, `{"text":"Success","code":0}`, "no acknowledgement id"},
	} {
		h := newHEC(t)
		h.post = func(_ int, w http.ResponseWriter, _ func()) bool {
			w.Header().Set("Location", "/elsewhere")
			say(w, test.status, "%s", test.body)
			return true
		}
		s := open(t, h, func(c *Config) { c.DeadLetter = filepath.Join(t.TempDir(), "dead") })
		events, _ := page(2)
		n, err := s.deliver(t.Context(), events)
		if n != 0 || err == nil || !strings.Contains(err.Error(), test.want) || h.posts != 1 || s.setAside != 0 {
			t.Errorf("%d %s: %d delivered, %d posts, %v", test.status, test.body, n, h.posts, err)
		}
	}
}

// No token in an error or a notice, even if a server sends it back.
func TestTokenIsHidden(t *testing.T) {
	h := newHEC(t)
	const wrong = "canary-wrong-hec-token"
	s := open(t, h, func(c *Config) { c.Token = wrong })
	events, _ := page(1)
	_, err := s.deliver(t.Context(), events)
	if err == nil || strings.Contains(err.Error(), wrong) || !strings.Contains(err.Error(), "[token]") {
		t.Errorf("%v", err)
	}
}

// Nor is the front of one that stands where a text is cut, nor one in what net/http quotes of a server that speaks no HTTP.
func TestTokenIsHiddenEverywhere(t *testing.T) {
	for name, answer := range map[string]string{
		"across the cut":          "HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n" + `{"code":4,"text":"` + strings.Repeat(".", 190) + token + `"}`,
		"in place of a header":    "HTTP/1.1 200 OK\r\nSplunk " + token + "\r\n\r\n",
		"in place of the version": "Splunk " + token + "\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			h := newHEC(t)
			h.post = func(_ int, w http.ResponseWriter, _ func()) bool {
				conn, _, err := http.NewResponseController(w).Hijack()
				if err != nil {
					t.Error(err)
					return true
				}
				defer conn.Close()
				io.WriteString(conn, answer)
				return true
			}
			r := open(t, h, nil)
			events, _ := page(1)
			_, err := r.deliver(t.Context(), events)
			if said := fmt.Sprint(err, r.said); err == nil || strings.Contains(said, token[:8]) {
				t.Error(said)
			}
		})
	}
}

func TestTLS(t *testing.T) {
	h := newHEC(t)
	server := httptest.NewTLSServer(h)
	t.Cleanup(server.Close)
	server.Config.ErrorLog = nil
	events, _ := page(1)
	stranger := open(t, h, func(c *Config) { c.URL = server.URL })
	if _, err := stranger.deliver(t.Context(), events); err == nil || len(stranger.waits) != 0 {
		t.Errorf("an unknown certificate: %v, waits %v", err, stranger.waits)
	}
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if _, err := open(t, h, func(c *Config) { c.URL, c.CA = server.URL, ca }).deliver(t.Context(), events); err != nil {
		t.Error(err)
	}
	if CheckCA([]byte("no PEM")) == nil || CheckCA(ca) != nil {
		t.Error("certificates are told wrongly")
	}
}

func TestCheck(t *testing.T) {
	for raw, ok := range map[string]bool{
		"https://splunk.example.com:8088": true, "https://splunk.example.com/proxy/": true, "http://127.0.0.1:8088": true,
		"http://[::1]:8088": true, "http://localhost": true,
		"": false, "splunk.example.com:8088": false, "http://splunk.example.com:8088": false, "https://": false,
		"https://:8088": false, "https://u:secret@splunk.example.com": false, "https://splunk.example.com?token=secret": false, "ftp://localhost": false,
		"https://splunk.example.com/services/collector/event": false, "https://splunk.example.com#secret": false,
	} {
		if err := Check(raw); (err == nil) != ok || err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", raw, err)
		}
	}
	for token, ok := range map[string]bool{token: true, "": false, "a b": false, "a\n": false, "ä": false} {
		if err := CheckToken(token); (err == nil) != ok {
			t.Errorf("%q: %v", token, err)
		}
	}
}
