package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"example.com/docusign-monitor/contract/sandbox"
	"example.com/docusign-monitor/internal/settings"
)

const sandboxHelp = `Run a sandbox that imitates the account server and the stream, on this machine alone, until it is interrupted.

Once it listens it writes the settings of a client to standard output, in the form of a shell, and nothing else,
ever. In one terminal and in another:

  dsmonitor sandbox > sandbox.env
  . ./sandbox.env && dsmonitor stream

The private key is in a file of its own, which is removed in the end. It opens nothing but this sandbox.

A script of --faults has entries ordinal=fault, with commas between them. The ordinal counts the requests to the
stream, or with token: or userinfo: before it those to the account server, from 1, retries included; it may be a
range, 5-8, or one with a step, 10-200/10. The faults are
`

// sandboxCommand is the command "sandbox".
type sandboxCommand struct {
	system
	addr   string
	events string
	seed   uint64
	faults string
}

func newSandbox(sys system) *cobra.Command {
	s := &sandboxCommand{system: sys}
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "Run a sandbox, and print the settings that point a client at it",
		Long:  sandboxHelp + "\n" + folded("  ", strings.Join(sandbox.FaultNames(), ", ")),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			source, err := s.source(cmd.Flags().Changed("seed"))
			if err != nil {
				return usageError{err}
			}
			faults, err := sandbox.ParseFaults(s.faults)
			if err != nil {
				return misused("--faults: %v", err)
			}
			return s.run(cmd.Context(), sandbox.Config{Addr: s.addr, Events: source, Clock: s.now, Faults: faults})
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&s.addr, "addr", "127.0.0.1:0", "loopback `HOST:PORT` to listen on; port 0 is a free one")
	f.StringVar(&s.events, "events", "1000", "`N|FILE`: so many made-up events of the last seven days, or those of a file, one\nJSON object a line (- is standard input)")
	f.Uint64Var(&s.seed, "seed", 1, "make up other events by another `NUMBER`")
	f.StringVar(&s.faults, "faults", "", "what goes wrong with which request, a `SCRIPT` such as 3=throttle:30s,token:2=html;\nsee the list below")
	return cmd
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

func (s *sandboxCommand) run(ctx context.Context, cfg sandbox.Config) error {
	server, err := sandbox.New(cfg)
	var listening *net.OpError
	switch {
	case errors.As(err, &listening):
		return err
	case err != nil:
		return usageError{err}
	}
	defer server.Close()

	dir, err := os.MkdirTemp("", progName+"-sandbox-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	who := server.Credentials()
	keyFile := filepath.Join(dir, "private-key.pem")
	if err := os.WriteFile(keyFile, who.PEM(), 0o600); err != nil {
		return err
	}

	// One write, so that who waits for the first line has them all.
	var exports strings.Builder
	for _, v := range [][2]string{
		{settings.IntegrationKey, who.IntegrationKey},
		{settings.UserID, who.UserID},
		{settings.PrivateKeyFile, keyFile},
		{settings.AuthURL, server.URL()},
		{settings.MonitorURL, server.URL()},
	} {
		fmt.Fprintf(&exports, "export %s=%s\n", v[0], shellQuote(v[1]))
	}
	if _, err := io.WriteString(s.stdout, exports.String()); readerGone(err) {
		return nil
	} else if err != nil {
		return fmt.Errorf("standard output: %w", err)
	}
	s.say(fmt.Sprintf("the sandbox holds %d events and listens until it is interrupted (Ctrl-C)", server.Len()))

	<-ctx.Done()
	return nil
}

// shellQuote quotes a value for a POSIX shell, if it has to be.
func shellQuote(value string) string {
	const plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./:,+=@%"
	if value != "" && strings.Trim(value, plain) == "" {
		return value
	}
	return "'" + strings.ReplaceAll(value, "'", `'\''`) + "'"
}

// folded breaks a text at its spaces into lines of at most 100 characters.
func folded(indent, text string) string {
	var lines strings.Builder
	line := indent
	for word := range strings.FieldsSeq(text) {
		if len(line)+len(word) > 100 {
			lines.WriteString(strings.TrimRight(line, " ") + "\n")
			line = indent
		}
		line += word + " "
	}
	return lines.String() + strings.TrimRight(line, " ")
}
