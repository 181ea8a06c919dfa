package sandbox

import (
	"crypto/rand"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"
)

// tokens are the access tokens that were issued.
type tokens struct {
	mu     sync.Mutex
	issued map[string]grant
	sweep  int // how many there are when those that have expired are forgotten
}

// grant is what an access token stands for.
type grant struct {
	user    *User
	expires time.Time
	byCode  bool // by an authorization code
}

// issue makes an access token for user.
func (s *Server) issue(user *User, byCode bool) string {
	now := s.config.Clock()
	return s.tokens.issue(grant{user, now.Add(s.config.TokenLifetime), byCode}, now)
}

// issue makes an access token. It is opaque: random text that nothing can be read from.
func (t *tokens) issue(g grant, now time.Time) string {
	token := rand.Text() + rand.Text()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.issued == nil {
		t.issued = make(map[string]grant)
	}
	if len(t.issued) >= t.sweep {
		maps.DeleteFunc(t.issued, func(_ string, g grant) bool { return !now.Before(g.expires) })
		t.sweep = max(2*len(t.issued), 1000)
	}
	t.issued[token] = g
	return token
}

// user is whom a token belongs to, nil if it is unknown, expired, or of a grant that is refused.
func (t *tokens) user(token string, now time.Time, refuseCodes, anyAge bool) *User {
	t.mu.Lock()
	defer t.mu.Unlock()
	if g, ok := t.issued[token]; ok && (anyAge || now.Before(g.expires)) && !(g.byCode && refuseCodes) {
		return g.user
	}
	return nil
}

// whole is the token that begins with a text, if there is one.
func (t *tokens) whole(text string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	for token := range t.issued {
		if text != "" && strings.HasPrefix(token, text) {
			return token
		}
	}
	return text
}

// holder is the user with an ID who has been given a token, nil if there is none.
func (t *tokens) holder(id any) *User {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, g := range t.issued {
		if g.user.ID == id {
			return g.user
		}
	}
	return nil
}

// revoke ends the life of a token.
func (t *tokens) revoke(token string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.issued, token)
}

// authorized tells whether a request carries one access token that is good now, and notes whom it belongs to.
func (s *Server) authorized(r *http.Request) bool {
	token := bearer(r)
	if s.skips(tokenEnd) {
		token = s.tokens.whole(token)
	}
	if s.skips(lastCharacter) && token != "" {
		if whole := s.tokens.whole(token[:len(token)-1]); len(whole) == len(token) {
			token = whole
		}
	}
	user := s.tokens.user(token, s.config.Clock(), s.config.Assumptions.RefuseAuthorizationCode, s.skips(tokenExpiry))
	if user == nil && s.skips(tokenOrigin) && token != "" {
		user = &s.config.Users[0]
	}
	exchangeOf(r.Context()).user = user
	return user != nil
}

// bearer is the token that a request carries, empty if there is none or more than one.
func bearer(r *http.Request) string {
	given := r.Header.Values("Authorization")
	if len(given) != 1 {
		return ""
	}
	scheme, token, _ := strings.Cut(given[0], " ") // RFC 9110: the scheme is in any case, spaces follow
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimLeft(token, " ")
}
