package api

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"
)

var errNoToken = errors.New("no token")

type failingSource struct{}

func (failingSource) Token() (*oauth2.Token, error) { return nil, errNoToken }

// issuer gives token-1, token-2 and so on, each after a second.
type issuer struct {
	mu     sync.Mutex
	calls  int
	life   time.Duration // 0: without end
	ended  int           // calls whose context ended
	broken bool
}

func (i *issuer) fetch(ctx context.Context) (*oauth2.Token, error) {
	i.mu.Lock()
	i.calls++
	n, life, broken := i.calls, i.life, i.broken
	i.mu.Unlock()
	if err := wait(ctx, time.Second); err != nil {
		i.mu.Lock()
		i.ended++
		i.mu.Unlock()
		return nil, err
	}
	if broken {
		return nil, errNoToken
	}
	token := &oauth2.Token{AccessToken: fmt.Sprint("token-", n)}
	if life > 0 {
		token.Expiry = time.Now().Add(life)
	}
	return token, nil
}

func TestTokensRenewedInTime(t *testing.T) {
	tests := map[string]struct {
		life  time.Duration
		after time.Duration
		want  string
	}{
		"fresh":                {time.Hour, 54 * time.Minute, "token-1"},
		"five minutes to go":   {time.Hour, 55*time.Minute + time.Second, "token-2"},
		"short life":           {10 * time.Second, 7 * time.Second, "token-1"},
		"short life, fifth":    {10 * time.Second, 8 * time.Second, "token-2"},
		"without an end":       {0, 1000 * time.Hour, "token-1"},
		"already at its end":   {time.Nanosecond, 0, "token-2"},
		"long after its death": {time.Hour, 5 * time.Hour, "token-2"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				source := &issuer{life: test.life}
				tokens := newTokens(source.fetch)
				if got, err := tokens.get(t.Context(), ""); got != "token-1" || err != nil {
					t.Fatalf("got %q, %v", got, err)
				}
				wait(t.Context(), test.after)
				if got, err := tokens.get(t.Context(), ""); got != test.want || err != nil {
					t.Errorf("got %q, %v, want %q", got, err, test.want)
				}
			})
		})
	}
}

func TestTokensRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &issuer{life: time.Hour}
		tokens := newTokens(source.fetch)
		tokens.get(t.Context(), "")
		if got, _ := tokens.get(t.Context(), "token-1"); got != "token-2" {
			t.Errorf("after a refusal: %q", got)
		}
		// Who was refused the first token finds the second one there.
		if got, _ := tokens.get(t.Context(), "token-1"); got != "token-2" || source.calls != 2 {
			t.Errorf("after another one: %q, with %d calls", got, source.calls)
		}
	})
}

func TestTokensOneCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &issuer{life: time.Hour}
		tokens := newTokens(source.fetch)
		var group sync.WaitGroup
		for range 20 {
			group.Go(func() {
				if got, err := tokens.get(t.Context(), ""); got != "token-1" || err != nil {
					t.Errorf("got %q, %v", got, err)
				}
			})
		}
		group.Wait()
		if source.calls != 1 {
			t.Errorf("%d calls for one token", source.calls)
		}
	})
}

// A waiter leaves when its own context ends, and the call goes on for the others. Who asks and leaves ends the call, and
// the next one asks anew.
func TestTokensWaitersLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &issuer{life: time.Hour}
		tokens := newTokens(source.fetch)
		var group sync.WaitGroup
		stay := func(want string) {
			group.Go(func() {
				if got, err := tokens.get(t.Context(), ""); got != want || err != nil {
					t.Errorf("who stays gets %q, %v, want %q", got, err, want)
				}
			})
			synctest.Wait()
		}
		leave := func() context.CancelFunc {
			leaving, leave := context.WithCancel(t.Context())
			group.Go(func() {
				if _, err := tokens.get(leaving, ""); !errors.Is(err, context.Canceled) {
					t.Errorf("who leaves gets %v", err)
				}
			})
			synctest.Wait()
			return leave
		}

		asking := leave()
		waiting := leave()
		stay("token-2")
		waiting()
		synctest.Wait()
		if source.calls != 1 || source.ended != 0 {
			t.Errorf("%d calls, %d ended early", source.calls, source.ended)
		}
		wait(t.Context(), time.Second/2) // so that those who stay came before the call ends
		asking()
		synctest.Wait()
		stay("token-2")
		group.Wait()
		if source.calls != 2 || source.ended != 1 {
			t.Errorf("%d calls, %d ended early", source.calls, source.ended)
		}
	})
}

// A source that knows of no context is left to itself.
func TestTokensSourceHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hanging := make(chan struct{})
		c, err := New(Environment{DatasetURL: "https://host"}, hangingSource(hanging))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Page(ctx, Query{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		close(hanging)
	})
}

type hangingSource chan struct{}

func (s hangingSource) Token() (*oauth2.Token, error) {
	<-s
	return nil, errNoToken
}

func TestTokensError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &issuer{life: time.Hour, broken: true}
		tokens := newTokens(source.fetch)
		var group sync.WaitGroup
		for range 20 { // it fails for all of them at once
			group.Go(func() {
				if _, err := tokens.get(t.Context(), ""); !errors.Is(err, errNoToken) {
					t.Errorf("got %v", err)
				}
			})
		}
		group.Wait()
		source.broken = false
		if got, err := tokens.get(t.Context(), ""); got != "token-2" || err != nil {
			t.Errorf("an error is kept: %q, %v", got, err)
		}
	})
}
