package sandbox_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"example.com/docusign-monitor/contract/sandbox"
)

// open sends a request on a connection of its own.
func open(t *testing.T, s *sandbox.Server, token, target string) (*http.Request, net.Conn) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	r, err := http.NewRequest(http.MethodGet, s.URL()+target, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	if err := r.Write(conn); err != nil {
		t.Fatal(err)
	}
	return r, conn
}

// attempt asks for something and tells what came in one line: the status, a header or two, and the body, or how it failed.
func attempt(t *testing.T, s *sandbox.Server, token, target string, headers ...string) string {
	t.Helper()
	r, conn := open(t, s, token, target)
	response, err := http.ReadResponse(bufio.NewReader(conn), r)
	if err != nil {
		return failure(err)
	}
	defer response.Body.Close()
	var told strings.Builder
	fmt.Fprint(&told, response.StatusCode)
	for _, name := range headers {
		fmt.Fprintf(&told, " %s=%s", name, response.Header.Get(name))
	}
	if response.Close {
		told.WriteString(" close")
	}
	body, err := io.ReadAll(response.Body)
	fmt.Fprintf(&told, " %s", bytes.TrimSpace(body))
	if err != nil {
		told.WriteString(" " + failure(err))
	}
	return told.String()
}

func failure(err error) string {
	switch {
	case errors.Is(err, syscall.ECONNRESET):
		return "reset"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "cut"
	default:
		return err.Error()
	}
}

func TestFaults(t *testing.T) {
	const (
		whole = `{"endCursor":"C","data":[{"eventId":"0"},{"eventId":"1"}]}` // as the page stands, with C for its cursor
		html  = "<!DOCTYPE html>\n<html><head><title>%s</title></head><body><h1>%[1]s</h1></body></html>"
	)
	now := newClock().Now()
	hourly := `{"errorCode":"HOURLY_APIINVOCATION_LIMIT_EXCEEDED","message":"The maximum number of hourly API invocations has been exceeded. The hourly limit is 3000."}`
	reset := func(at time.Time) string { return fmt.Sprint(at.Unix()) }
	topOfHour := reset(now.Truncate(time.Hour).Add(time.Hour))
	tests := []struct {
		fault   sandbox.Fault
		headers []string
		want    string
	}{
		{sandbox.Throttle(1500 * time.Millisecond), []string{"Retry-After", "X-RateLimit-Remaining", "X-RateLimit-Reset"},
			"429 Retry-After=2 X-RateLimit-Remaining=0 X-RateLimit-Reset=" + topOfHour + " " + hourly},
		{sandbox.ThrottleDate(time.Minute), []string{"Retry-After"},
			"429 Retry-After=" + now.Add(time.Minute).Format(http.TimeFormat) + " " + hourly},
		{sandbox.ThrottleReset(time.Minute), []string{"Retry-After", "X-RateLimit-Reset"},
			"429 Retry-After= X-RateLimit-Reset=" + reset(now.Add(time.Minute)) + " " + hourly},
		{sandbox.Limit400(time.Minute), []string{"X-RateLimit-Reset"}, "400 X-RateLimit-Reset=" + reset(now.Add(time.Minute)) + " " + hourly},
		{sandbox.Burst, []string{"X-BurstLimit-Remaining"},
			`429 X-BurstLimit-Remaining=0 {"errorCode":"BURST_APIINVOCATION_LIMIT_EXCEEDED","message":"The burst limit has been exceeded."}`},
		{sandbox.BareThrottle, []string{"Retry-After", "X-RateLimit-Reset", "Content-Type"}, "429 Retry-After= X-RateLimit-Reset= Content-Type= "},
		{sandbox.Unavailable, nil, "503 "},
		{sandbox.ServerError, nil, `500 {"errorCode":"UNSPECIFIED_ERROR","message":"Something went wrong."}`},
		{sandbox.HTMLError, []string{"Content-Type"}, "502 Content-Type=text/html; charset=utf-8 " + fmt.Sprintf(html, "Bad Gateway")},
		{sandbox.HTMLPage, []string{"Content-Type"}, "200 Content-Type=text/html; charset=utf-8 " + fmt.Sprintf(html, "Sign in to the network")},
		{sandbox.ProblemJSON, []string{"Content-Type"}, "200 Content-Type=application/problem+json " + whole},
		{sandbox.Unauthorized, nil, `401 {"errorCode":"USER_AUTHENTICATION_FAILED","message":"The access token is missing, unknown or expired."}`},
		{sandbox.Forbidden, nil, "403 "},
		{sandbox.Redirect("https://elsewhere.example.com/x"), []string{"Location"}, "307 Location=https://elsewhere.example.com/x "},
		{sandbox.ResetPeer, nil, "reset"},
		{sandbox.HangUp, nil, "cut"},
		{sandbox.GoAway, nil, "200 close " + whole},
		{sandbox.TruncatedBody, []string{"Content-Type"}, "200 Content-Type=application/json; charset=utf-8 HALF cut"},
		{sandbox.TruncatedChunks, []string{"Content-Length"}, "200 Content-Length= HALF cut"},
		{sandbox.CutBody, nil, "200 HALF"},
		{sandbox.CutChunks, []string{"Content-Length"}, "200 Content-Length= HALF"},
		{sandbox.SlowBody(20 * time.Millisecond), nil, "200 " + whole},
		{sandbox.EmptyPage, nil, `200 {"endCursor":"C","data":[]}`},
		{sandbox.NullEvents, nil, `200 {"endCursor":"C","data":null}`},
		{sandbox.ShortPage(1), nil, `200 {"endCursor":"C","data":[{"eventId":"0"}]}`},
		{sandbox.ShortPage(0), nil, `200 {"endCursor":"C","data":[{"eventId":"0"}]}`},
		{sandbox.MissingCursor, nil, `200 {"data":[{"eventId":"0"},{"eventId":"1"}]}`},
		{sandbox.EmptyCursor, nil, `200 {"endCursor":"","data":[{"eventId":"0"},{"eventId":"1"}]}`},
		{sandbox.NullCursor, nil, `200 {"endCursor":null,"data":[{"eventId":"0"},{"eventId":"1"}]}`},
		{sandbox.Loop, nil, "200 " + whole},
		{sandbox.DuplicateEvent, nil, "200 " + whole}, // the first page has nothing before it
	}
	for _, test := range tests {
		t.Run(test.fault.String(), func(t *testing.T) {
			t.Parallel()
			s, _, token := startWith(t, sandbox.Config{Events: numbered(2), Faults: sandbox.Faults{2: test.fault}})
			sound := attempt(t, s, token, streamPath)
			body := strings.TrimPrefix(sound, "200 ")
			cursor := strings.Split(sound, `"`)[3]
			got := attempt(t, s, token, streamPath, test.headers...)
			want := strings.Replace(test.want, "HALF", body[:len(body)/2], 1)
			if parts := strings.Split(got, `"endCursor":"`); want == test.want && len(parts) == 2 && parts[1][0] == 'a' {
				end, _, _ := strings.Cut(parts[1], `"`)
				if moved := end != cursor; moved != slices.Contains([]string{"empty", "null-events", "short", "loop"}, test.fault.String()) {
					t.Errorf("the cursor is %s, without a fault %s", end, cursor)
				}
				got = strings.Replace(got, end, "C", 1)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
			if after := attempt(t, s, token, streamPath); after != sound {
				t.Errorf("the request after it: %q", after)
			}
		})
	}
}

// A client that goes on by the cursors it gets loses nothing and gets nothing twice, but for what is meant to be repeated.
func TestFaultsLoseNothing(t *testing.T) {
	s, _, token := startWith(t, sandbox.Config{Events: numbered(9), Faults: sandbox.Faults{
		1: sandbox.EmptyPage, 2: sandbox.ShortPage(1), 3: sandbox.NullEvents, 4: sandbox.DuplicateEvent, 5: sandbox.EmptyPage, 6: sandbox.DuplicateEvent,
	}})
	got := drain(t, s, token, "", "3")
	want := held(s)
	want = slices.Insert(want, 1, want[0])
	want = slices.Insert(want, 5, want[4])
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// An empty page at the head moves the cursor once more, and that one comes back unchanged then: a walk never meets a cursor
// that it met before.
func TestEmptyPagesAtTheHead(t *testing.T) {
	for name, cfg := range map[string]sandbox.Config{
		"to the head":    {},
		"to some moment": {Assumptions: sandbox.Assumptions{DateReach: 24 * time.Hour}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg.Events, cfg.Faults = numbered(3), sandbox.Faults{2: sandbox.EmptyPage, 3: sandbox.NullEvents}
			s, c, token := startWith(t, cfg)
			sent := stream(t, s, token, "cursor="+c.Now().Add(-time.Hour).UTC().Format(time.RFC3339)).EndCursor
			met := []string{sent}
			for range 3 {
				sent = stream(t, s, token, "cursor="+url.QueryEscape(sent)).EndCursor
				met = append(met, sent)
			}
			if met[0] == met[1] || met[1] == met[2] || met[0] == met[2] || met[2] != met[3] {
				t.Errorf("cursors %q", met)
			}
			if err := s.Append([]byte(`{"new":1}`)); err != nil {
				t.Fatal(err)
			}
			if got := texts(stream(t, s, token, "cursor="+url.QueryEscape(sent)).Data); name == "to the head" && !slices.Equal(got, []string{`{"new":1}`}) {
				t.Errorf("what came later: %q", got)
			}
		})
	}
}

// Faults that last, and those of the token endpoint and userinfo.
func TestFaultsOfAuth(t *testing.T) {
	s, c, token := startWith(t, sandbox.Config{Events: numbered(1), Faults: sandbox.Faults{
		1: sandbox.ExpireToken, 3: sandbox.RevokeKey, 4: sandbox.WithdrawConsent,
		sandbox.OfToken(2): sandbox.HTMLError, sandbox.OfUserInfo(1): sandbox.Unavailable,
	}})
	ask := func(token, target string) int { return get(t, s, token, target).Status }
	if got := ask(token, streamPath); got != 401 {
		t.Errorf("with a token that has expired: %d", got)
	}
	assertion := func() answer {
		return exchange(t, s, sign(t, jwt.SigningMethodRS256, s.Credentials().PrivateKey, claims(s, c.Now(), nil)))
	}
	if a := assertion(); a.Status != http.StatusBadGateway || !strings.Contains(a.Body, "<html>") {
		t.Errorf("the second token: %d %s", a.Status, a.Body)
	}
	token = tokenOf(t, assertion())
	if got := []int{ask(token, streamPath), ask(token, streamPath), ask(token, streamPath), ask(token, "/oauth/userinfo"), ask(token, "/oauth/userinfo")}; !slices.Equal(got, []int{200, 200, 200, 503, 200}) {
		t.Errorf("with a new one: %v", got)
	}
	if a := assertion(); a.Status != 400 || !strings.Contains(a.Body, "no_valid_keys_or_signatures") {
		t.Errorf("with a key that was revoked: %d %s", a.Status, a.Body)
	}
}

// A silent answer ends when the sandbox is closed, which it does not hold up.
func TestFaultsThatLast(t *testing.T) {
	for _, fault := range []sandbox.Fault{sandbox.Stall, sandbox.Silence} {
		s, _, token := startWith(t, sandbox.Config{Events: numbered(1), Faults: sandbox.Faults{1: fault}})
		r, conn := open(t, s, token, streamPath)
		answers := bufio.NewReader(conn)
		if fault.String() == "stall" {
			response, err := http.ReadResponse(answers, r)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(response.Body, make([]byte, response.ContentLength/2)); err != nil {
				t.Errorf("%s: the first half: %v", fault, err)
			}
		}
		s.Close()
		if rest, err := io.ReadAll(answers); len(rest) > 0 {
			t.Errorf("%s: closing gives %q, %v", fault, rest, err)
		}
	}
}

// Of a request with a body too, the sandbox notices that the client has left.
func TestSilenceAfterABody(t *testing.T) {
	came := make(chan struct{})
	s := sandbox.Start(t, sandbox.Config{Faults: sandbox.Faults{sandbox.OfToken(1): sandbox.Silence}})
	ctx, leave := context.WithCancel(t.Context())
	req, err := http.NewRequestWithContext(ctx, "POST", s.URL()+"/oauth/token", &lastRead{strings.NewReader("grant_type=x"), came})
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		<-came
		leave()
	}()
	if _, err := s.Client().Do(req); !errors.Is(err, context.Canceled) {
		t.Errorf("the client that left got %v", err)
	}
	s.Close()
}

// lastRead tells when all of a body has been read.
type lastRead struct {
	io.Reader
	done chan struct{}
}

func (l *lastRead) Read(p []byte) (int, error) {
	n, err := l.Reader.Read(p)
	if err == io.EOF {
		close(l.done)
	}
	return n, err
}

func TestParseFaults(t *testing.T) {
	tests := map[string][]string{ // what the faults are, in the order of their ordinals
		"":                                   nil,
		"3=throttle":                         {"3=throttle"},
		" 3=throttle:5s , 5-7=reset":         {"3=throttle", "5=reset", "6=reset", "7=reset"},
		"10-31/10=cut,stream:2=slow:1s":      {"2=slow", "10=cut", "20=cut", "30=cut"},
		"token:2=html,userinfo:1=error":      {"token:2=html", "userinfo:1=error"},
		"1=short:2,2=redirect:https://h:1/a": {"1=short", "2=redirect"},
	}
	for text, want := range tests {
		faults, err := sandbox.ParseFaults(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
		var ordinals []sandbox.Ordinal
		for ordinal := range faults {
			ordinals = append(ordinals, ordinal)
		}
		slices.Sort(ordinals)
		var got []string
		for _, ordinal := range ordinals {
			got = append(got, fmt.Sprintf("%s=%s", ordinal, faults[ordinal]))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
	for _, name := range sandbox.FaultNames() {
		if faults, err := sandbox.ParseFaults("1=" + name); name != "redirect" && (err != nil || faults[1].String() != name) {
			t.Errorf("%s: %v, %v", name, faults, err)
		}
	}
}

func TestParseFaultsRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"throttle":          "ordinal=name",
		"3=thrott":          "there is no fault",
		"0=reset":           "from 1 on",
		"-1=reset":          "from 1 on",
		"8-5=reset":         "not a range",
		"8/2=reset":         "not a range",
		"1-9/0=reset":       "from 1 on",
		"1=reset,1=html":    "has a fault already",
		"1=reset,":          "ordinal=name",
		"auth:1=reset":      "token or userinfo",
		"1=throttle:soon":   "not a duration",
		"1=throttle:-5s":    "not a duration",
		"1=reset:now":       "no argument",
		"1=redirect":        "redirect:URL",
		"1=short:few":       "number of events",
		"1=short:0":         "number of events",
		"token:1=empty":     "page of a stream",
		"1-2000000000=html": "more than",
	} {
		if _, err := sandbox.ParseFaults(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v does not say %q", text, err, want)
		}
	}
	if _, err := sandbox.New(sandbox.Config{Faults: sandbox.Faults{1: {}}}); err == nil {
		t.Error("the zero Fault is taken")
	}
	if _, err := sandbox.New(sandbox.Config{Faults: sandbox.Faults{sandbox.OfToken(1): sandbox.Loop}}); err == nil {
		t.Error("a fault of a page is taken for a token")
	}
}
