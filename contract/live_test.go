package contract_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// A live run is a guest: it reads, slowly, and not much.

var pace = flag.Duration("pace", 2*time.Second, "the time between two requests of a live run")

// mostLive is how many requests a live run sends at most.
const mostLive = 50

// polite are the clauses about a service that a live run tries. They ask for tokens, for the user and for pages, and a few
// times for what is refused.
var polite = []string{
	"SRV-AUTH-1", "SRV-AUTH-10", "SRV-CURSOR-1", "SRV-CURSOR-7", "SRV-ERROR-1", "SRV-EVENT-2", "SRV-EVENT-3", "SRV-ROUTE-1",
	byDocument, exactJSON, namedOnce,
}

// errSpent ends a clause of a live run that may send no more.
var errSpent = errors.New("the requests that a live run may send are spent")

// manners are those of a live run. It has one token, since it is one client.
type manners struct {
	mu    sync.Mutex
	sent  int
	next  time.Time // not before it
	token string
}

func newManners() *manners { return &manners{} }

// over puts them before a transport.
func (m *manners) over(next http.RoundTripper) http.RoundTripper {
	return tripper(func(r *http.Request) (*http.Response, error) {
		if r.Method != http.MethodGet && r.URL.Path != "/oauth/token" {
			return nil, fmt.Errorf("a live run reads, and does not send %s", r.Method)
		}
		if err := m.turn(r.Context()); err != nil {
			return nil, err
		}
		return next.RoundTrip(r)
	})
}

// turn waits until a request may be sent.
func (m *manners) turn(ctx context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.sent >= mostLive {
		return errSpent
	}
	select {
	case <-time.After(time.Until(m.next)):
	case <-ctx.Done():
		return ctx.Err()
	}
	m.sent++
	m.next = time.Now().Add(*pace)
	return nil
}

func (m *manners) shared() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.token
}

func (m *manners) share(token string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.token = token
}
