package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/docusign-monitor/contract/sandbox"
	"example.com/docusign-monitor/internal/settings"
)

// lines are the events of a sandbox, one a line.
func lines(server *sandbox.Server) string {
	var b strings.Builder
	for event := range server.Events() {
		b.Write(append(event, '\n'))
	}
	return b.String()
}

func clock(t time.Time) func() time.Time { return func() time.Time { return t } }

// at is an event of a time, with a number to tell it by.
func at(n int, t time.Time) []byte {
	return fmt.Appendf(nil, `{"timestamp":%q,"eventId":"%d"}`, t.UTC().Format(time.RFC3339Nano), n)
}

// writes records each write by itself.
type writes []string

func (w *writes) Write(p []byte) (int, error) {
	*w = append(*w, string(p))
	return len(p), nil
}

// streamed counts the stream requests that a sandbox answered.
func streamed(server *sandbox.Server) (n int) {
	for _, request := range server.Requests() {
		if request.Operation == "getStream" {
			n++
		}
	}
	return n
}

func TestStreamSandbox(t *testing.T) {
	now := clock(time.Now())
	want := sandbox.Start(t, sandbox.Config{Clock: now})

	for _, name := range []string{"dataset", "organization"} {
		t.Run(name, func(t *testing.T) {
			r := try(t, system{now: now}, "stream", "--sandbox", "--format", "json", "--stream", name)

			if r.status != success {
				t.Errorf("exit status %d", r.status)
			}
			if diff := cmp.Diff(lines(want), r.stdout); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
			if want := "dsmonitor: the sandbox holds " + strconv.Itoa(strings.Count(r.stdout, "\n")) + " events\n"; r.stderr != want {
				t.Errorf("standard error %q, want %q", r.stderr, want)
			}
		})
	}
}

func TestStreamWritesAPageAtOnce(t *testing.T) {
	server := sandbox.Start(t, sandbox.Config{Events: sandbox.Generate(7, 1)})
	var got writes

	r := try(t, system{lookup: pointAt(server).lookup, stdout: &got}, "stream", "--limit", "3")

	if r.status != success || r.stderr != "" {
		t.Errorf("exit status %d, standard error %q", r.status, r.stderr)
	}
	var sizes []int
	for _, page := range got {
		sizes = append(sizes, strings.Count(page, "\n"))
	}
	if diff := cmp.Diff([]int{3, 3, 1}, sizes); diff != "" {
		t.Errorf("events in each write (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(lines(server), strings.Join(got, "")); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// Settings come from flags first, then from the environment.
func TestStreamSettings(t *testing.T) {
	server := sandbox.Start(t, sandbox.Config{Events: sandbox.Generate(2, 1)})
	good := pointAt(server)
	keyFile := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(keyFile, []byte(good[settings.PrivateKey]), 0o600); err != nil {
		t.Fatal(err)
	}
	wrong := env{
		settings.IntegrationKey: "not a GUID",
		settings.UserID:         "",
		settings.PrivateKey:     newKey(),
		settings.AuthURL:        closedURL(t),
		settings.MonitorURL:     closedURL(t),
		settings.Environment:    "nowhere",
		settings.Audience:       "nowhere",
		settings.OrganizationID: "99999999-2222-3333-4444-555555555555",
	}
	for _, test := range []struct {
		name string
		env  env
		args []string
	}{
		{"environment", good, nil},
		{"key file", good.with(env{settings.PrivateKey: unset, settings.PrivateKeyFile: keyFile}), nil},
		{"flags before a wrong environment", wrong, []string{
			"--integration-key", good[settings.IntegrationKey], "--user-id", good[settings.UserID], "--private-key-file", keyFile,
			"--auth-url", server.URL(), "--monitor-url", server.URL(), "--environment", "demo",
			"--audience", strings.TrimPrefix(server.URL(), "http://"), "--stream", "dataset",
		}},
		{"dataset stream in spite of an organization", good.with(env{settings.OrganizationID: wrong[settings.OrganizationID]}),
			[]string{"--stream", "dataset"}},
		{"sandbox in spite of a wrong environment", wrong, []string{"--sandbox"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := try(t, system{lookup: test.env.lookup}, append([]string{"stream"}, test.args...)...)
			if r.status != success || !strings.HasPrefix(r.stdout, "{") {
				t.Errorf("exit status %d, standard error:\n%s", r.status, r.stderr)
			}
		})
	}
}

// The organization stream is read of the organization that is given, or of the only one that the user has.
func TestStreamOrganization(t *testing.T) {
	const (
		given = "99999999-2222-3333-4444-555555555555"
		other = "88888888-2222-3333-4444-555555555555"
	)
	server := sandbox.Start(t, sandbox.Config{Events: sandbox.Generate(1, 1)})
	accounts := func(ids ...string) string {
		var accounts []string
		for _, id := range ids {
			accounts = append(accounts, `{"account_id":"a","organization":{"organization_id":"`+id+`"}}`)
		}
		return `{"sub":"u","accounts":[` + strings.Join(accounts, ",") + `]}`
	}
	for _, test := range []struct {
		name     string
		id       string // of the setting, or unset
		userinfo string // or empty, if it is not to be asked for
		args     []string
		status   int
		want     string // the id in the event, or words of the complaint
	}{
		{"given", given, "", nil, success, given},
		{"given twice", given, "", []string{"--stream", "organization"}, success, given},
		{"by flag", unset, "", []string{"--organization-id", given}, success, given},
		{"looked up", unset, accounts(other, other), []string{"--stream", "organization"}, success, other},
		{"none to be found", unset, accounts(), []string{"--stream", "organization"}, failure, "--organization-id"},
		{"several to be found", unset, accounts(given, other), []string{"--stream", "organization"}, failure, given + ", " + other},
	} {
		t.Run(test.name, func(t *testing.T) {
			mux := http.NewServeMux()
			mux.HandleFunc("GET /v1/organizations/{id}/stream", func(w http.ResponseWriter, r *http.Request) {
				fmt.Fprintf(w, `{"endCursor":"end","resultData":[{"id":%q}]}`, r.PathValue("id"))
			})
			mux.HandleFunc("POST /oauth/token", func(w http.ResponseWriter, r *http.Request) { forward(t, w, r, server.URL()) })
			mux.HandleFunc("GET /oauth/userinfo", func(w http.ResponseWriter, _ *http.Request) {
				if test.userinfo == "" {
					t.Error("userinfo is asked for in vain")
				}
				io.WriteString(w, test.userinfo)
			})
			fake := httptest.NewServer(mux)
			t.Cleanup(fake.Close)
			environment := pointAt(server).with(env{
				settings.AuthURL:        fake.URL,
				settings.MonitorURL:     fake.URL,
				settings.Audience:       strings.TrimPrefix(server.URL(), "http://"),
				settings.OrganizationID: test.id,
			})

			r := try(t, system{lookup: environment.lookup}, append([]string{"stream", "--cursor", "end"}, test.args...)...)

			if test.status != success {
				checkComplaint(t, r, test.status, 1, test.want)
				return
			}
			if want := `{"id":"` + test.want + "\"}\n"; r.status != success || r.stdout != want {
				t.Errorf("exit status %d, standard output %q, want %q; standard error:\n%s", r.status, r.stdout, want, r.stderr)
			}
		})
	}
}

func TestStreamBounds(t *testing.T) {
	now := time.Now().UTC().Truncate(time.Second)
	ago := func(d time.Duration) string { return now.Add(-d).Format(time.RFC3339) }
	var (
		until = now.Add(-10 * time.Hour)
		event = [][]byte{
			at(0, until.Add(-3*time.Hour)),
			at(1, until.Add(-time.Second)),
			at(2, until), // left out, but no end: what is older may still come
			at(3, until.Add(5*time.Minute-time.Nanosecond)),
			at(4, until.Add(-time.Minute)),                    // late by less than five minutes
			[]byte(`{"timestamp":"yesterday","eventId":"5"}`), // unreadable: stays
			at(6, until.Add(5*time.Minute)),                   // the end, at the border of this page
			at(7, until.Add(-time.Hour)),
			at(8, until.Add(-time.Hour)),
			at(9, now),
		}
	)
	for _, test := range []struct {
		name  string
		args  []string
		want  string // the numbers of the events
		pages int
	}{
		{"all", []string{"--limit", "4"}, "0123456789", 4},
		{"until, the page that ends it taken whole", []string{"--until", ago(10 * time.Hour), "--limit", "4"}, "01457", 2},
		{"until, the end seen at a border", []string{"--until", ago(10 * time.Hour), "--limit", "7"}, "0145", 1},
		{"until, by duration", []string{"--until", "10h", "--limit", "7"}, "0145", 1},
		{"until, not reached", []string{"--until", "9999-12-31", "--limit", "10"}, "0123456789", 2},
		{"until, before everything", []string{"--until", "2021-01-01", "--limit", "2"}, "", 1},
		{"since, by date", []string{"--since", "2021-01-01"}, "0123456789", 2},
		{"since and until", []string{"--since", "2021-01-01", "--until", ago(10 * time.Hour), "--limit", "4"}, "01457", 2},
		{"since, after what has been ingested", []string{"--since", "0s"}, "9", 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := sandbox.Start(t, sandbox.Config{Events: sandbox.Raw(event...), Clock: clock(now)})

			r := try(t, system{lookup: pointAt(server).lookup, now: clock(now)}, append([]string{"stream"}, test.args...)...)

			if r.status != success || r.stderr != "" {
				t.Errorf("exit status %d, standard error %q", r.status, r.stderr)
			}
			var want strings.Builder
			for _, digit := range test.want {
				want.Write(append(event[digit-'0'], '\n'))
			}
			if diff := cmp.Diff(want.String(), r.stdout); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
			if n := streamed(server); n != test.pages {
				t.Errorf("%d pages asked for, want %d", n, test.pages)
			}
		})
	}
}

// A walk from a date that ends in the past says so, and names a date from which nothing is missed.
func TestStreamStale(t *testing.T) {
	now := time.Date(2026, 5, 20, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		name   string
		newest time.Time // zero: no event
		args   []string
		want   string // the date to go on from; empty: nothing is said
	}{
		{"days ago", now.AddDate(0, 0, -9), []string{"--since", "2026-05-01"}, "2026-05-11T11:55:00Z"},
		{"a second more than a day ago", now.Add(-24*time.Hour - time.Second), []string{"--since", "36h"}, "2026-05-19T11:54:59Z"},
		{"a day ago", now.Add(-24 * time.Hour), []string{"--since", "36h"}, ""},
		{"where it began", time.Date(2026, 5, 1, 0, 5, 0, 0, time.UTC), []string{"--since", "2026-05-01"}, "2026-05-07T00:00:00Z"},
		{"where it began, lately", now.Add(-30 * time.Hour), []string{"--since", "30h"}, "2026-05-19T05:55:00Z"},
		{"no event in weeks", time.Time{}, []string{"--since", "2026-05-01"}, "2026-05-07T00:00:00Z"},
		{"no event in days", time.Time{}, []string{"--since", "2026-05-15"}, ""},
		{"without a date", now.AddDate(0, 0, -9), nil, ""},
		{"ended by --until", now.AddDate(0, 0, -9), []string{"--since", "2026-05-01", "--until", "2026-05-02"}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			cfg := sandbox.Config{Events: sandbox.Raw()}
			if !test.newest.IsZero() {
				cfg.Events = sandbox.Raw(at(1, test.newest), at(0, test.newest.Add(-time.Minute)))
			}
			server := sandbox.Start(t, cfg)

			r := try(t, system{lookup: pointAt(server).lookup, now: clock(now)}, append([]string{"stream"}, test.args...)...)

			r.stdout = ""
			if test.want == "" {
				if r.status != success || r.stderr != "" {
					t.Errorf("exit status %d, standard error %q", r.status, r.stderr)
				}
				return
			}
			checkComplaint(t, r, success, 1, "--since "+test.want+"\n")
		})
	}
}

func TestStreamLog(t *testing.T) {
	for _, test := range []struct {
		name string
		args []string
		want []string // the beginning of what stands in each line; nil: no line
	}{
		{"nothing by default", nil, nil},
		{"nothing at warn", []string{"--log-level", "warn"}, nil},
		{"the end at info", []string{"--log-level", "info"}, []string{`level=INFO msg="caught up" events=3 pages=3 `}},
		{"answers at debug, in JSON", []string{"--log-level", "debug", "--log-format", "json"}, []string{
			`"level":"DEBUG"`, `"level":"DEBUG"`, `"level":"DEBUG"`, `"level":"DEBUG"`, `"level":"INFO","msg":"caught up","events":3,"pages":3,`,
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := sandbox.Start(t, sandbox.Config{Events: sandbox.Generate(3, 1)})
			r := try(t, system{lookup: pointAt(server).lookup}, append([]string{"stream", "--limit", "2"}, test.args...)...)
			if r.status != success {
				t.Errorf("exit status %d", r.status)
			}
			got := strings.Split(strings.TrimSuffix(r.stderr, "\n"), "\n")
			if r.stderr == "" {
				got = nil
			}
			if len(got) != len(test.want) {
				t.Fatalf("%d lines, want %d:\n%s", len(got), len(test.want), r.stderr)
			}
			for i, want := range test.want {
				if !strings.Contains(got[i], want) {
					t.Errorf("line %d: %s\nwant it to hold %s", i+1, got[i], want)
				}
			}
		})
	}
}

func TestStreamRefused(t *testing.T) {
	other := sandbox.User{ID: "12345678-0000-4000-8000-123456789abc", NoConsent: true}
	server := sandbox.Start(t, sandbox.Config{Users: []sandbox.User{{}, other}})
	good := pointAt(server)
	for _, test := range []struct {
		name string
		env  env
		args []string
		want []string
	}{
		{"wrong key", good.with(env{settings.PrivateKey: newKey()}), nil, []string{"no_valid_keys_or_signatures", "private key"}},
		{"unknown integration key", good.with(env{settings.IntegrationKey: other.ID}), nil, []string{"issuer_not_found", "check the integration key"}},
		{"wrong user", good.with(env{settings.UserID: good[settings.IntegrationKey]}), nil, []string{"user_not_found", "check the user id"}},
		{"missing consent", good.with(env{settings.UserID: other.ID}), nil, []string{"consent_required", server.URL() + "/oauth/auth?"}},
		{"wrong audience", good.with(env{settings.Audience: "account.example.com"}), nil, []string{"no_valid_keys_or_signatures"}},
		{"audience of another environment", good.with(env{settings.Audience: "account.docusign.com"}), nil, []string{"issuer_not_found", "environment"}},
		{"bad cursor", good, []string{"--cursor", "nonsense"}, []string{"400", "position is not accepted"}},
		{"unreachable account server", good.with(env{settings.AuthURL: closedURL(t)}), nil, []string{"refused", "check the host"}},
		{"unreachable stream", good.with(env{settings.MonitorURL: closedURL(t)}), nil, []string{"refused", "check the host"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			begun := time.Now()
			r := try(t, system{lookup: test.env.lookup}, append([]string{"stream"}, test.args...)...)
			checkComplaint(t, r, failure, 2, test.want...)
			if took := time.Since(begun) + r.waited; took > 15*time.Second {
				t.Errorf("it would take %v to say so", took)
			}
		})
	}
}

// between stands before the stream of a sandbox and answers a request, counted from 1, in its place if it likes to.
func between(t *testing.T, server *sandbox.Server, answers func(n int32, w http.ResponseWriter) bool) env {
	t.Helper()
	var n atomic.Int32
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !answers(n.Add(1), w) {
			forward(t, w, r, server.URL())
		}
	}))
	t.Cleanup(proxy.Close)
	return pointAt(server).with(env{settings.MonitorURL: proxy.URL})
}

func forward(t *testing.T, w http.ResponseWriter, r *http.Request, base string) {
	out, err := http.NewRequestWithContext(r.Context(), r.Method, base+r.URL.RequestURI(), r.Body)
	if err != nil {
		t.Error(err)
		return
	}
	out.Header = r.Header.Clone()
	res, err := http.DefaultClient.Do(out)
	if err != nil {
		t.Error(err)
		return
	}
	defer res.Body.Close()
	maps.Copy(w.Header(), res.Header)
	w.WriteHeader(res.StatusCode)
	io.Copy(w, res.Body)
}

// A run that fails after some pages has written them whole, and names the cursor that goes on after them.
func TestStreamFailsOnTheWay(t *testing.T) {
	server := sandbox.Start(t, sandbox.Config{Events: sandbox.Generate(5, 1)})
	environment := between(t, server, func(n int32, w http.ResponseWriter) bool {
		if n == 3 {
			w.WriteHeader(http.StatusForbidden)
		}
		return n == 3
	})

	first := try(t, system{lookup: environment.lookup}, "stream", "--limit", "2")

	if n := strings.Count(first.stdout, "\n"); n != 4 {
		t.Errorf("%d events before the failure, want 4", n)
	}
	written := first.stdout
	first.stdout = ""
	checkComplaint(t, first, failure, 2, "403 Forbidden", "4 events before that; go on with --cursor ")

	_, cursor, _ := strings.Cut(strings.TrimSpace(first.stderr), "--cursor ")
	rest := try(t, system{lookup: pointAt(server).lookup}, "stream", "--cursor", cursor)
	if diff := cmp.Diff(lines(server), written+rest.stdout); diff != "" {
		t.Errorf("both runs (-want +got):\n%s", diff)
	}
}

// A failure that is tried again is told by default only if the wait is long.
func TestStreamTriesAgain(t *testing.T) {
	for _, test := range []struct {
		name, retryAfter string
		args             []string
		want             int // lines
	}{
		{"short wait", "2", nil, 0},
		{"long wait", "20", nil, 1},
		{"short wait, at warn", "2", []string{"--log-level", "warn"}, 1},
		{"long wait, at error", "20", []string{"--log-level", "error"}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := sandbox.Start(t, sandbox.Config{Events: sandbox.Generate(1, 1)})
			environment := between(t, server, func(n int32, w http.ResponseWriter) bool {
				if n == 2 {
					w.Header().Set("Retry-After", test.retryAfter)
					w.WriteHeader(http.StatusTooManyRequests)
				}
				return n == 2
			})
			r := try(t, system{lookup: environment.lookup}, append([]string{"stream"}, test.args...)...)
			if r.status != success || r.stdout != lines(server) {
				t.Errorf("exit status %d, standard output %q", r.status, r.stdout)
			}
			if got := strings.Count(r.stderr, "trying again"); got != test.want || strings.Count(r.stderr, "\n") != test.want {
				t.Errorf("standard error, want %d lines:\n%s", test.want, r.stderr)
			}
		})
	}
}

// writer is a standard output that does what a test wants.
type writer func(p []byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

func TestStreamOutputFails(t *testing.T) {
	t.Run("disk full", func(t *testing.T) {
		server := sandbox.Start(t, sandbox.Config{Events: sandbox.Generate(5, 1)})
		n := 0
		full := writer(func(p []byte) (int, error) {
			if n++; n == 2 {
				return 1, errors.New("no space left")
			}
			return len(p), nil
		})
		r := try(t, system{lookup: pointAt(server).lookup, stdout: full}, "stream", "--limit", "2")
		checkComplaint(t, r, failure, 2, "standard output: no space left", "2 events before that; go on with --cursor ")
	})

	t.Run("reader gone", func(t *testing.T) {
		server := sandbox.Start(t, sandbox.Config{Events: sandbox.Generate(5, 1)})
		reader, pipe, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer pipe.Close()
		reader.Close()
		r := try(t, system{lookup: pointAt(server).lookup, stdout: pipe}, "stream", "--limit", "2")
		if r.status != success || r.stderr != "" {
			t.Errorf("exit status %d, standard error %q", r.status, r.stderr)
		}
		if n := streamed(server); n != 1 {
			t.Errorf("%d pages asked for, want 1", n)
		}
	})
}

// An interrupted run finishes the page that it writes, and names the cursor that goes on after it.
func TestStreamInterrupted(t *testing.T) {
	server := sandbox.Start(t, sandbox.Config{Events: sandbox.Generate(5, 1)})
	ctx, interrupt := context.WithCancel(t.Context())
	var written, stderr bytes.Buffer
	status := run(ctx, system{
		lookup: pointAt(server).lookup,
		stdout: writer(func(p []byte) (int, error) { interrupt(); return written.Write(p) }),
		stderr: &stderr,
		now:    time.Now,
	}, []string{"stream", "--limit", "2"})

	if status != success || strings.Count(written.String(), "\n") != 2 || streamed(server) != 1 {
		t.Errorf("exit status %d, %d pages asked for, standard output:\n%s", status, streamed(server), &written)
	}
	before, cursor, _ := strings.Cut(strings.TrimSpace(stderr.String()), "; go on with --cursor ")
	if !strings.HasPrefix(before, "dsmonitor: interrupted: 2 events in 1 page, ") {
		t.Errorf("standard error: %q", &stderr)
	}
	rest := try(t, system{lookup: pointAt(server).lookup}, "stream", "--cursor", cursor)
	if diff := cmp.Diff(lines(server), written.String()+rest.stdout); diff != "" {
		t.Errorf("both runs (-want +got):\n%s", diff)
	}
}
