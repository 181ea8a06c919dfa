package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
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
