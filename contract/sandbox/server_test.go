package sandbox_test

import (
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/docusign-monitor/contract/sandbox"
)

func TestNewRefuses(t *testing.T) {
	taken := sandbox.Start(t, sandbox.Config{})
	tests := map[string]struct {
		config sandbox.Config
		want   string // in the error
	}{
		"all interfaces":          {sandbox.Config{Addr: ":0"}, "loopback"},
		"all interfaces by IP":    {sandbox.Config{Addr: "0.0.0.0:0"}, "loopback"},
		"another machine":         {sandbox.Config{Addr: "192.0.2.1:0"}, "loopback"},
		"a name":                  {sandbox.Config{Addr: "example.com:0"}, "loopback"},
		"no port":                 {sandbox.Config{Addr: "127.0.0.1"}, "port"},
		"port taken":              {sandbox.Config{Addr: strings.TrimPrefix(taken.URL(), "http://")}, "bind"},
		"tokens of half a second": {sandbox.Config{TokenLifetime: time.Second / 2}, "500ms"},
		"tokens of the past":      {sandbox.Config{TokenLifetime: -time.Hour}, "-1h"},
		"user without a GUID":     {sandbox.Config{Users: []sandbox.User{{ID: "ada@example.com"}}}, "not a GUID"},
		"user twice":              {sandbox.Config{Users: []sandbox.User{{ID: refusing}, {ID: strings.ToUpper(refusing)}}}, "user 1"},
		"organization no GUID":    {sandbox.Config{Organizations: []sandbox.Organization{{ID: "acme"}}}, "organization 0"},
		"organization twice":      {sandbox.Config{Organizations: []sandbox.Organization{{ID: refusing}, {ID: strings.ToUpper(refusing)}}}, "organization 1"},
		"user of no organization": {sandbox.Config{Users: []sandbox.User{{Organizations: []string{refusing}}}}, "no organization " + refusing},
		"integration no GUID":     {sandbox.Config{Integrations: []sandbox.Integration{{Key: "acme"}}}, "integration 0"},
		"integration twice":       {sandbox.Config{Integrations: []sandbox.Integration{{Key: refusing}, {Key: strings.ToUpper(refusing)}}}, "integration 1"},
		"consent to nothing":      {sandbox.Config{Users: []sandbox.User{{Integrations: []string{refusing}}}}, "no integration " + refusing},
		"role that is none":       {sandbox.Config{Users: []sandbox.User{{Role: 3}}}, "no role 3"},
		"events that are none":    {sandbox.Config{Events: sandbox.Raw([]byte(`{}`), []byte(`null`))}, "event 2 of 2: not a JSON object"},
		"events fewer than 0":     {sandbox.Config{Events: sandbox.Generate(-1, 1)}, "-1 events"},
		"events beyond measure":   {sandbox.Config{Events: sandbox.Generate(1<<62, 1)}, "do not fit"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s, err := sandbox.New(test.config)
			if err == nil {
				s.Close()
				t.Fatal("no error")
			}
			if !strings.HasPrefix(err.Error(), "sandbox: ") || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %q does not tell %q", err, test.want)
			}
		})
	}
}

func TestRawRefuses(t *testing.T) {
	tests := map[string]string{
		"nothing":     "",
		"blank":       " ",
		"a list":      "[]",
		"a text":      `"{}"`,
		"two objects": "{}{}",
		"cut":         `{"a":1`,
		"not UTF-8":   "{\"a\":\"\xff\"}",
		"a tab in it": "{\"a\":\"\t\"}",
		"too deep":    `{"a":` + strings.Repeat("[", 9998) + strings.Repeat("]", 9998) + "}",
	}
	s := sandbox.Start(t, sandbox.Config{Events: sandbox.Raw()})
	for name, event := range tests {
		t.Run(name, func(t *testing.T) {
			if s, err := sandbox.New(sandbox.Config{Events: sandbox.Raw([]byte(event))}); err == nil {
				s.Close()
				t.Error("New took it")
			}
			if err := s.Append([]byte(event)); err == nil {
				t.Error("Append took it")
			}
		})
	}
}

func TestUsersGetIDs(t *testing.T) {
	start := func() *sandbox.Server { return sandbox.Start(t, sandbox.Config{Users: make([]sandbox.User, 3)}) }
	a, b := start(), start()
	if a.Credentials().UserID != b.Credentials().UserID || !guid.MatchString(a.Credentials().UserID) {
		t.Errorf("IDs %q and %q; want one GUID", a.Credentials().UserID, b.Credentials().UserID)
	}
}

func TestConfigIsNotChanged(t *testing.T) {
	users := []sandbox.User{{}}
	sandbox.Start(t, sandbox.Config{Users: users})
	if diff := cmp.Diff([]sandbox.User{{}}, users); diff != "" {
		t.Errorf("Users (-want +got):\n%s", diff)
	}
}

func TestManyAtOnce(t *testing.T) {
	var wg sync.WaitGroup
	for i := range 3 {
		s, _, token := startWith(t, sandbox.Config{Events: sandbox.Generate(500, uint64(i))})
		want := held(s)
		for range 2 {
			wg.Go(func() {
				if diff := cmp.Diff(want, drain(t, s, token, "", "100")); diff != "" {
					t.Errorf("events of sandbox %d (-want +got):\n%s", i, diff)
				}
			})
		}
	}
	wg.Wait()
}

func TestAppendWhileRead(t *testing.T) {
	s, _, token := startWith(t, sandbox.Config{Events: numbered(1)})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 50 {
				if err := s.Append(fmt.Appendf(nil, `{"i":%d}`, i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	first := drain(t, s, token, "", "7")
	wg.Wait()

	want := held(s)
	if diff := cmp.Diff(want, drain(t, s, token, "", "7")); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if len(want) != 201 || cmp.Diff(want[:len(first)], first) != "" {
		t.Errorf("the first drain is no beginning of the log of %d events", len(want))
	}
}

func TestCloseLeavesNothing(t *testing.T) {
	s, err := sandbox.New(sandbox.Config{Events: numbered(1)})
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	idle, err := transport.RoundTrip(newRequest(t, s.URL()))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, idle.Body); err != nil { // the connection stays open
		t.Fatal(err)
	}

	s.Close()
	s.Close()

	if _, err := transport.RoundTrip(newRequest(t, s.URL())); err == nil {
		t.Error("it still answers")
	}
	for range 1_000_000 { // a goroutine that is past its last statement needs a moment to go
		if !strings.Contains(goroutines(), "net/http.(*Server)") && !strings.Contains(goroutines(), "net/http.(*conn)") {
			return
		}
		runtime.Gosched()
	}
	t.Errorf("goroutines of the server are left:\n%s", goroutines())
}

// TestCloseWaits: no request is being answered any more when Close returns.
func TestCloseWaits(t *testing.T) {
	c := newClock()
	asked, release := make(chan bool, 1), make(chan bool)
	var blocking, finished atomic.Bool
	s, err := sandbox.New(sandbox.Config{Clock: func() time.Time {
		if blocking.Load() {
			asked <- true
			<-release
			for range 10_000 {
				runtime.Gosched()
			}
			finished.Store(true)
		}
		return c.Now()
	}})
	if err != nil {
		t.Fatal(err)
	}
	r := newRequest(t, s.URL()+streamPath)
	r.Header.Set("Authorization", "Bearer x")
	blocking.Store(true)
	broken := make(chan error)
	go func() {
		_, err := new(http.Transport).RoundTrip(r)
		broken <- err
	}()
	<-asked
	closed := make(chan bool)
	go func() {
		s.Close()
		close(closed)
	}()
	if err := <-broken; err == nil {
		t.Error("the request was answered")
	}

	close(release)
	<-closed

	if !finished.Load() {
		t.Error("Close returned while a request was being answered")
	}
}

// goroutines are the stacks of all of them.
func goroutines() string {
	stacks := make([]byte, 1<<20)
	return string(stacks[:runtime.Stack(stacks, true)])
}

func newRequest(t *testing.T, url string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
