package sandbox

import (
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"
)

// Config says what a sandbox is like. The zero value is a good one.
type Config struct {
	// Events is the log at the start. Nil: Generate(1000, 1).
	Events Source

	// Addr is the address to listen on, of the loopback interface. Empty: "127.0.0.1:0", a free port.
	Addr string

	// Clock tells the time by which events are ingested, assertions judged and tokens expire. It is called from several
	// goroutines. Nil: time.Now.
	Clock func() time.Time

	// TokenLifetime is how long an access token lives, at least a second. Zero: one hour.
	TokenLifetime time.Duration

	// Users are those whom an integration may impersonate. Empty: one administrator who has consented.
	Users []User

	// PrivateKey is the key of the integration, whose public half the sandbox has registered. Nil: a key of 2048 bits that
	// is made once in a process.
	PrivateKey *rsa.PrivateKey

	// Assumptions are the answers to what is not documented of the platform.
	Assumptions Assumptions
}

// User is someone whom an integration may impersonate.
type User struct {
	// ID is the user's GUID. Empty: one that depends on the user's place in the list alone.
	ID string

	// Name is the user's full name. Empty: a synthetic one.
	Name string

	// NoConsent says that the user has not consented to the integration: a token is refused with consent_required.
	NoConsent bool
}

// Who there is in every sandbox. The values are made up.
const (
	integrationKey = "7c2b5f1e-3d7a-4c55-9b0e-5a1f0c9e6d42"
	organizationID = "b9d4a0f6-52c8-4e13-8f77-1d6a3e90c2b5"
	accountID      = "e5a81c37-9f24-4b60-a6d3-08c7f2195be4"
)

const (
	defaultAddr     = "127.0.0.1:0"
	defaultLifetime = time.Hour
)

// processKey is made at run time, so that no key is ever in the tree.
var processKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// withDefaults returns a copy of c in which nothing is missing, or says what is wrong with c.
func (c Config) withDefaults() (Config, error) {
	if c.Events == nil {
		c.Events = Generate(1000, 1)
	}
	if c.Addr == "" {
		c.Addr = defaultAddr
	}
	if err := checkLoopback(c.Addr); err != nil {
		return c, err
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.TokenLifetime == 0 {
		c.TokenLifetime = defaultLifetime
	}
	if c.TokenLifetime < time.Second {
		return c, fmt.Errorf("token lifetime %v: an answer tells it in whole seconds, so the least is 1s", c.TokenLifetime)
	}
	if c.PrivateKey == nil {
		key, err := processKey()
		if err != nil {
			return c, fmt.Errorf("making a key: %w", err)
		}
		c.PrivateKey = key
	}
	users, err := usersWithDefaults(c.Users)
	c.Users = users
	return c, err
}

func usersWithDefaults(given []User) ([]User, error) {
	users := append([]User(nil), given...)
	if len(users) == 0 {
		users = []User{{}}
	}
	seen := make(map[string]bool)
	for i := range users {
		u := &users[i]
		if u.ID == "" {
			d := newDice(0, uint64(i))
			u.ID = d.guid()
		}
		u.ID = strings.ToLower(u.ID)
		if !isGUID(u.ID) {
			return nil, fmt.Errorf("user %d: %q is not a GUID", i, u.ID)
		}
		if seen[u.ID] {
			return nil, fmt.Errorf("user %d: there is another with the ID %s", i, u.ID)
		}
		seen[u.ID] = true
		if u.Name == "" {
			u.Name = fmt.Sprintf("Ada Example %d", i+1)
		}
	}
	return users, nil
}

// checkLoopback refuses an address that other machines could reach: the sandbox speaks plain HTTP, with tokens in it.
func checkLoopback(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("address %s: %w", addr, errNotLoopback)
	}
	return nil
}

var errNotLoopback = errors.New("a sandbox listens on the loopback interface only, such as 127.0.0.1")
