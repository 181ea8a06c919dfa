package api

import (
	"context"
	"time"

	"golang.org/x/oauth2"
)

// renewalMargin is how long before its end a token is renewed, or a fifth of its life if that is shorter.
const renewalMargin = 5 * time.Minute

// tokens keeps the access token of a client. One at a time asks for a new one. Who needs it meanwhile waits, as long as
// its own context lets it, and takes what has come of the call. Who asks and leaves ends the call; then it is the turn
// of the next.
type tokens struct {
	fetch func(context.Context) (*oauth2.Token, error)
	turn  chan struct{} // is full while somebody uses what follows

	current string
	renewAt time.Time // zero: never
	err     error     // of the last call that failed,
	failed  time.Time // at this time
}

func newTokens(fetch func(context.Context) (*oauth2.Token, error)) *tokens {
	return &tokens{fetch: fetch, turn: make(chan struct{}, 1)}
}

// get returns a token other than the refused one, if any.
func (t *tokens) get(ctx context.Context, refused string) (string, error) {
	came := time.Now()
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	asked := time.Now()
	switch {
	case t.current != "" && t.current != refused && (t.renewAt.IsZero() || asked.Before(t.renewAt)):
		return t.current, nil
	case t.failed.After(came): // it failed for all who were waiting
		return "", t.err
	}

	token, err := t.fetch(ctx)
	if err != nil {
		if ctx.Err() == nil {
			t.err, t.failed = err, time.Now()
		}
		return "", err
	}
	t.current, t.renewAt = token.AccessToken, time.Time{}
	if !token.Expiry.IsZero() {
		t.renewAt = token.Expiry.Add(-min(renewalMargin, token.Expiry.Sub(asked)/5))
	}
	return t.current, nil
}

// fetch asks the source of the client. One that knows of no context is left to itself when the context ends.
func (c *Client) fetch(ctx context.Context) (*oauth2.Token, error) {
	if grant, ok := c.source.(grantSource); ok {
		return grant.token(ctx, c)
	}
	var token *oauth2.Token
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		token, err = c.source.Token()
	}()
	select {
	case <-done:
		return token, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
