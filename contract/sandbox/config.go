package sandbox

import (
	"cmp"
	"crypto/rsa"
	"errors"
	"fmt"
	"net"
	"time"
)

// Config says what a sandbox is like. The zero value is a good one.
type Config struct {
	// Events is the log of the first organization at the start. Nil: Generate(1000, 1).
	Events Source

	// Organizations are whose events there are. Empty: one, which has Monitor.
	Organizations []Organization

	// Addr is the address to listen on, of the loopback interface. Empty: "127.0.0.1:0", a free port.
	Addr string

	// TLS makes the sandbox speak HTTPS, HTTP/2 included, with a certificate of an authority of its own: [Server.Client]
	// trusts it, [Server.CertPool] and [Server.CA] let others do so.
	TLS bool

	// Clock tells the time by which events are ingested, assertions judged and tokens expire, such as the Now of a [Clock].
	// It is called from several goroutines. Nil: time.Now.
	Clock func() time.Time

	// TokenLifetime is how long an access token lives, at least a second. Zero: one hour.
	TokenLifetime time.Duration

	// Users are those whom an integration may impersonate. Empty: one administrator of the first organization, who has
	// consented.
	Users []User

	// PrivateKey is the key of the first integration, whose public half the sandbox has registered. Nil: a key of 2048
	// bits that is made once in a process.
	PrivateKey *rsa.PrivateKey

	// Integrations are the applications that may ask for tokens. Empty: one, with PrivateKey.
	Integrations []Integration

	// OnRequest is told of each request before its answer begins, as [Server.Requests] notes it. It is called from several
	// goroutines. Nil: nobody is told.
	OnRequest func(Request)

	// Faults are what goes wrong, and when. Nil: nothing.
	Faults Faults

	// Defects are the promises that the sandbox breaks. Nil: none.
	Defects []Defect

	// Limits are quotas of requests. Zero: none.
	Limits Limits

	// Assumptions are the answers to what is not documented of the platform.
	Assumptions Assumptions
}

const (
	defaultAddr     = "127.0.0.1:0"
	defaultLifetime = time.Hour
)

// withDefaults returns a copy of c in which nothing is missing, or says what is wrong with c.
func (c Config) withDefaults() (Config, error) {
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
	for _, d := range c.Defects {
		if d.assume != nil {
			d.assume(&c.Assumptions)
		}
	}
	if err := cmp.Or(c.Faults.check(), c.Assumptions.check()); err != nil {
		return c, err
	}
	if l := c.Limits; l.Hourly < 0 || l.Burst < 0 || l.UserInfo < 0 {
		return c, errors.New("a limit is less than nothing")
	}
	var err error
	c.Integrations, err = newIntegrations(c)
	return c, err
}

// checkLoopback refuses an address that other machines could reach: the sandbox speaks plain HTTP with tokens in it, and
// gives them for a key that is nobody's secret.
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
