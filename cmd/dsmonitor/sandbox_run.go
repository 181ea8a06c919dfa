package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"example.com/docusign-monitor/contract/sandbox"
	"example.com/docusign-monitor/internal/disk"
	"example.com/docusign-monitor/internal/settings"
)

// run starts the sandbox that the flags ask for, prints the settings of a client, and keeps it up until ctx ends: with a
// line for each request and new events, if they are asked for.
func (s *sandboxCommand) run(ctx context.Context) error {
	s.stderr = &sharedWriter{w: s.stderr}
	requests, err := s.openLog()
	if err != nil {
		return usageError{err}
	}
	defer requests.Close()
	if s.log != "" {
		s.config.OnRequest = requests.note
	}

	server, err := sandbox.New(s.config)
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
	exports, err := s.exports(server, dir)
	if err != nil {
		return err
	}
	// One write, so that who waits for the first line has them all.
	if _, err := io.WriteString(s.stdout, exports); readerGone(err) {
		return nil
	} else if err != nil {
		return fmt.Errorf("standard output: %w", err)
	}
	s.say(fmt.Sprintf("the sandbox holds %d events and listens until it is interrupted (Ctrl-C)", server.Len()))

	if s.followRate > 0 {
		s.grow(ctx, server)
	}
	<-ctx.Done()
	return nil
}

// exports are the settings of a client, with its files in a folder.
func (s *sandboxCommand) exports(server *sandbox.Server, dir string) (string, error) {
	who := server.Credentials()
	keyFile := filepath.Join(dir, "private-key.pem")
	if err := os.WriteFile(keyFile, who.PEM(), 0o600); err != nil {
		return "", err
	}
	variables := [][2]string{
		{settings.IntegrationKey, who.IntegrationKey},
		{settings.UserID, who.UserID},
		{settings.PrivateKeyFile, keyFile},
		{settings.AuthURL, server.URL()},
		{settings.MonitorURL, server.URL()},
	}
	if s.organization {
		variables = append(variables, [2]string{settings.OrganizationID, who.OrganizationID})
	}
	if s.config.TLS {
		caFile := filepath.Join(dir, "ca.pem")
		if err := os.WriteFile(caFile, server.CA(), 0o600); err != nil {
			return "", err
		}
		variables = append(variables, [2]string{"SSL_CERT_FILE", caFile})
	}
	var lines strings.Builder
	for _, v := range variables {
		fmt.Fprintf(&lines, "export %s=%s\n", v[0], shellQuote(v[1]))
	}
	return lines.String(), nil
}

// shellQuote quotes a value for a POSIX shell, if it has to be.
func shellQuote(value string) string {
	const plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./:,+=@%"
	if value != "" && strings.Trim(value, plain) == "" {
		return value
	}
	return "'" + strings.ReplaceAll(value, "'", `'\''`) + "'"
}

// maxFollowRate is how many events a second --follow-rate makes up at most.
const maxFollowRate = 100_000

// grow makes up events until ctx ends: as many as are due by the clock, each time that it wakes.
func (s *sandboxCommand) grow(ctx context.Context, server *sandbox.Server) {
	every := max(time.Duration(float64(time.Second)/s.followRate), 10*time.Millisecond)
	begun, made := s.now(), 0
	for s.pause(ctx, every) == nil {
		due := int(s.now().Sub(begun).Seconds() * s.followRate)
		server.AppendGenerated(due - made)
		made = max(made, due)
	}
}

// pause waits, or returns why it did not wait to the end.
func (s system) pause(ctx context.Context, d time.Duration) error {
	if s.wait != nil {
		return s.wait(ctx, d)
	}
	return disk.Wait(ctx, d)
}

// requestLog is what --log writes to.
type requestLog struct {
	*sandboxCommand
	mu     sync.Mutex
	file   io.Writer
	broken bool
	close  func() error
}

func (s *sandboxCommand) openLog() (*requestLog, error) {
	l := &requestLog{sandboxCommand: s, file: s.stderr, close: func() error { return nil }}
	if s.log == "" || s.log == "-" {
		return l, nil
	}
	file, err := os.OpenFile(s.log, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("--log: %w", err)
	}
	l.file, l.close = file, file.Close
	return l, nil
}

// note writes a request down. What a request may hold of secrets, the sandbox does not tell. If it cannot be written, the
// sandbox goes on without the log, and says so once.
func (l *requestLog) note(r sandbox.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken {
		return
	}
	line := fmt.Sprintf("%s %d %s %s\n", l.now().UTC().Format(time.RFC3339), r.Status, printable(r.Method), (&url.URL{Path: r.Path}).EscapedPath())
	if _, err := io.WriteString(l.file, line); err != nil {
		l.broken = true
		l.say(fmt.Sprintf("--log: %v; the sandbox goes on without it", err))
	}
}

// Close closes the file. It is called after the last note.
func (l *requestLog) Close() error { return l.close() }

// sharedWriter lets several goroutines write whole lines.
type sharedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (s *sharedWriter) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w.Write(p)
}
