package api

import (
	"context"
	"sync"
	"time"

	"golang.org/x/oauth2"
)

// renewalMargin is how long before its end a token is renewed, or a fifth of its life if that is shorter.
const renewalMargin = 5 * time.Minute

// tokens keeps the access token of a client. One call at a time asks for a new one, and all who need it wait for that
// call, each as long as its own context lets it. The call ends when nobody waits for it any more.
type tokens struct {
	fetch func(context.Context) (*oauth2.Token, error)

	mu      sync.Mutex
	current *oauth2.Token
	renewAt time.Time // zero: never
	flight  *flight
}

type flight struct {
	done    chan struct{}
	cancel  context.CancelFunc
	waiting int
	token   *oauth2.Token
	err     error
}

// get returns a token other than the refused one, if any.
func (t *tokens) get(ctx context.Context, refused string) (string, error) {
	t.mu.Lock()
	if t.current != nil && t.current.AccessToken != refused && (t.renewAt.IsZero() || time.Now().Before(t.renewAt)) {
		defer t.mu.Unlock()
		return t.current.AccessToken, nil
	}
	f := t.flight
	if f == nil {
		// The values of the context of the first who waits, but not its end: others may come to wait too.
		call, cancel := context.WithCancel(context.WithoutCancel(ctx))
		f = &flight{done: make(chan struct{}), cancel: cancel}
		t.flight = f
		go t.fly(call, f)
	}
	f.waiting++
	t.mu.Unlock()

	select {
	case <-f.done:
		if f.err != nil {
			return "", f.err
		}
		return f.token.AccessToken, nil
	case <-ctx.Done():
		t.mu.Lock()
		defer t.mu.Unlock()
		if f.waiting--; f.waiting == 0 && t.flight == f {
			f.cancel()
			t.flight = nil // who comes now does not wait for a call that has been given up
		}
		return "", ctx.Err()
	}
}

func (t *tokens) fly(ctx context.Context, f *flight) {
	defer f.cancel()
	asked := time.Now()
	f.token, f.err = t.fetch(ctx)

	t.mu.Lock()
	defer t.mu.Unlock()
	if t.flight == f {
		t.flight = nil
		if f.err == nil {
			t.current, t.renewAt = f.token, time.Time{}
			if !f.token.Expiry.IsZero() {
				t.renewAt = f.token.Expiry.Add(-min(renewalMargin, f.token.Expiry.Sub(asked)/5))
			}
		}
	}
	close(f.done)
}
