package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"example.com/docusign-monitor/contract/sandbox"
)

const sandboxHelp = `Run a sandbox that imitates the account server and both streams, on this machine alone, until it is interrupted.

Once it listens it writes the settings of a client to standard output, in the form of a shell, and nothing else,
ever. In one terminal and in another:

  dsmonitor sandbox > sandbox.env
  . ./sandbox.env && dsmonitor stream

The private key is in a file of its own, which is removed in the end. It opens nothing but this sandbox. A client
that is given no organization reads the dataset stream; with --organization it is given one, and so reads the
organization stream.

With --tls the settings name the file of the sandbox's own CA in SSL_CERT_FILE. Programs that look at it, as those
in Go do on Unix other than macOS, then trust that CA and no other.

A script of --faults has entries ordinal=fault, with commas between them. The ordinal counts the requests to the
stream, or with token: or userinfo: before it those to the account server, from 1, retries included; it may be a
range, 5-8, or one with a step, 10-200/10. The faults are
`

// sandboxCommand is the command "sandbox".
type sandboxCommand struct {
	system
	config sandbox.Config // as far as flags fill it in directly

	events       string
	seed         uint64
	faults       string
	assume       string
	role         role
	organization bool
	followRate   float64
	log          string
}

func newSandbox(sys system) *cobra.Command {
	s := &sandboxCommand{system: sys, role: role{choice{roles[0].name, roleNames()}}}
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "Run a sandbox, and print the settings that point a client at it",
		Long: sandboxHelp + "\n" + folded("  ", "  ", strings.Join(sandbox.FaultNames(), ", ")) +
			"\n\nWhat the names of --assume stand for is in the table of contract/sandbox/README.md. They are\n\n" + folded("  ", "  ", strings.Join(sandbox.AssumptionNames(), ", ")),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := s.configure(cmd.Flags().Changed("seed")); err != nil {
				return usageError{err}
			}
			return s.run(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&s.config.Addr, "addr", "127.0.0.1:0", "loopback `HOST:PORT` to listen on; port 0 is a free one")
	f.BoolVar(&s.config.TLS, "tls", false, "speak HTTPS, HTTP/2 included, with a certificate of a CA of its own")
	f.StringVar(&s.events, "events", "1000", "`N|FILE`: so many made-up events of the last seven days, or those of a file, one\nJSON object a line (- is standard input)")
	f.Uint64Var(&s.seed, "seed", 1, "make up other events by another `NUMBER`")
	f.Float64Var(&s.followRate, "follow-rate", 0, "make up `N` more events a second while it runs, such as 0.5 or 200")
	f.Var(&s.role, "role", "whom the settings are of: "+strings.Join(roleNames()[:3], ", ")+",\n"+strings.Join(roleNames()[3:], ", "))
	f.BoolVar(&s.organization, "organization", false, "print the user's organization too, so that a client reads the organization stream")
	f.DurationVar(&s.config.TokenLifetime, "token-lifetime", time.Hour, "how long an access token is good, a `DURATION` of at least 1s")
	f.IntVar(&s.config.Limits.Hourly, "hourly-limit", 0, "refuse more than `N` requests to the streams in an hour (default none)")
	f.IntVar(&s.config.Limits.Burst, "burst-limit", 0, "refuse more than `N` of them in half a minute (default none)")
	f.StringVar(&s.faults, "faults", "", "what goes wrong with which request, a `SCRIPT` such as\n3=throttle:30s,token:2=html; see above")
	f.StringVar(&s.assume, "assume", "", "answers to what is not documented of the platform, a `LIST` such as\nClampLimit,DateReach=168h; see above")
	f.StringVar(&s.log, "log", "", "append a line for each request to a `FILE`: time, status, method, path (- is\nstandard error)")
	return cmd
}

// roles are who may run a client: what --role chooses from.
var roles = []struct {
	name string
	make func(*sandbox.Config)
}{
	{"administrator", func(*sandbox.Config) {}},
	{"security-reports", func(c *sandbox.Config) { c.Users = []sandbox.User{{Role: sandbox.SecurityReports}} }},
	{"none", func(c *sandbox.Config) { c.Users = []sandbox.User{{Role: sandbox.NoRole}} }},
	{"no-consent", func(c *sandbox.Config) { c.Users = []sandbox.User{{NoConsent: true}} }},
	{"no-entitlement", func(c *sandbox.Config) { c.Organizations = []sandbox.Organization{{NotEntitled: true}} }},
	{"two-organizations", func(c *sandbox.Config) {
		const first, second = "b9d4a0f6-52c8-4e13-8f77-1d6a3e90c2b5", "5b1f9c3e-2d64-4a7b-8e05-c9a1d3f7420b"
		c.Organizations = []sandbox.Organization{{ID: first}, {ID: second}}
		c.Users = []sandbox.User{{Organizations: []string{first, second}}}
	}},
}

// role is the value of --role, one of many words.
type role struct{ choice }

func (role) Type() string { return "ROLE" }

func roleNames() []string {
	var names []string
	for _, r := range roles {
		names = append(names, r.name)
	}
	return names
}

// configure makes a sandbox of the flags, or says which of them is wrong.
func (s *sandboxCommand) configure(seeded bool) (err error) {
	s.config.Clock = s.now
	if s.config.Events, err = s.source(seeded); err != nil {
		return err
	}
	if s.config.Faults, err = sandbox.ParseFaults(s.faults); err != nil {
		return fmt.Errorf("--faults: %w", err)
	}
	if s.config.Assumptions, err = sandbox.ParseAssumptions(s.assume); err != nil {
		return fmt.Errorf("--assume: %w", err)
	}
	if !(s.followRate >= 0 && s.followRate <= maxFollowRate) { // nor is it NaN
		return fmt.Errorf("--follow-rate is not between 0 and %d events a second", maxFollowRate)
	}
	for _, r := range roles {
		if r.name == s.role.value {
			r.make(&s.config)
		}
	}
	return nil
}

// source is the log that --events asks for.
func (s *sandboxCommand) source(seeded bool) (sandbox.Source, error) {
	if strings.Trim(s.events, "0123456789") == "" && s.events != "" {
		n, err := strconv.Atoi(s.events)
		if err != nil || n > math.MaxInt32 {
			return nil, errors.New("--events is too large a number")
		}
		return sandbox.Generate(n, s.seed), nil
	}
	if seeded {
		return nil, errors.New("--seed is for made-up events; leave it out, or give --events a number")
	}

	name, from := s.events, s.stdin
	if name == "-" {
		name = "standard input"
	} else {
		file, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("--events: %w", err)
		}
		defer file.Close()
		from = file
	}
	source, err := sandbox.Lines(from)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; give one JSON object a line", name, err)
	}
	return source, nil
}
