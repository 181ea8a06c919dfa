package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/docusign-monitor/contract/sandbox"
	"example.com/docusign-monitor/internal/doctor"
	"example.com/docusign-monitor/internal/settings"
)

// examined is what dsmonitor doctor --json says.
type examined struct {
	Healthy bool
	Checks  []doctor.Check
}

func examine(t *testing.T, environment env, args ...string) examined {
	t.Helper()
	r := try(t, system{lookup: environment.lookup}, append([]string{"doctor", "--json"}, args...)...)
	var found examined
	if err := json.Unmarshal([]byte(r.stdout), &found); err != nil {
		t.Fatalf("%v: standard output %q, standard error %q", err, r.stdout, r.stderr)
	}
	want := success
	if !found.Healthy {
		want = failure
	}
	if r.status != want || r.stderr != "" {
		t.Errorf("exit status %d, want %d; standard error %q", r.status, want, r.stderr)
	}
	return found
}

func (e examined) named(result doctor.Result) (names []string) {
	for _, c := range e.Checks {
		if c.Result == result {
			names = append(names, c.Name)
		}
	}
	return slices.Compact(names)
}

// advice is that of the failures and warnings.
func (e examined) advice() (text string) {
	for _, c := range e.Checks {
		text += c.Detail + "\n" + c.Advice + "\n"
	}
	return text
}

// traceToken is what no two answers share.
var traceToken = regexp.MustCompile(`\(trace token [^)]*\)`)

const otherOrganization = "22222222-3333-4444-8555-666666666666"

// Whatever is wrong, the check that it belongs to fails and no other, and who follows the advice is helped.
func TestDoctorFindsAndMends(t *testing.T) {
	const one = "11111111-2222-4333-8444-555555555555"
	type world struct {
		config sandbox.Config
		change env // of the settings that point at the sandbox
	}
	withUser := func(u sandbox.User) sandbox.Config { return sandbox.Config{Users: []sandbox.User{u}} }
	two := sandbox.Config{
		Organizations: []sandbox.Organization{{ID: one}, {ID: otherOrganization}},
		Users:         []sandbox.User{{Organizations: []string{one, otherOrganization}}},
	}
	well := world{}
	for _, test := range []struct {
		name     string
		ill      world
		fail     []string
		advice   string
		mended   world
		warnings []string // that the mended one still has
	}{
		{"e-mail address for the user", world{change: env{settings.UserID: "a@example.com"}}, []string{"settings"}, "the user's GUID", well, nil},
		{"no key", world{change: env{settings.PrivateKey: unset}}, []string{"private key"}, settings.PrivateKeyFile, well, nil},
		{"key cut off", world{change: env{settings.PrivateKey: "-----BEGIN RSA PRIVATE KEY-----\nMIIE"}}, []string{"private key"}, "from BEGIN to END", well, nil},
		{"account server unreachable", world{change: env{settings.AuthURL: "http://127.0.0.1:1"}}, []string{"network"}, "check host, port", well, nil},
		{"stream server unreachable", world{change: env{settings.MonitorURL: "http://127.0.0.1:1"}}, []string{"network"}, "check host, port", well, nil},
		{"another key", world{change: env{settings.PrivateKey: newKey()}}, []string{"token"}, "private key is one of the integration key's", well, nil},
		{"unknown integration key", world{change: env{settings.IntegrationKey: one}}, []string{"token"}, "check the integration key", well, nil},
		{"unknown user", world{change: env{settings.UserID: one}}, []string{"token"}, "check the user id", well, nil},
		{"other audience", world{change: env{settings.Audience: "elsewhere.example"}}, []string{"token"}, "check", well, nil},
		{"no consent", world{config: withUser(sandbox.User{NoConsent: true})}, []string{"token"},
			"scope=signature%20impersonation", world{config: withUser(sandbox.User{})}, nil},
		{"no role", world{config: withUser(sandbox.User{Role: sandbox.NoRole})}, []string{"role", "dataset stream"},
			"permission profile Security Reports Administrator", world{config: withUser(sandbox.User{Role: sandbox.SecurityReports})}, nil},
		{"no entitlement", world{config: sandbox.Config{Organizations: []sandbox.Organization{{NotEntitled: true}}}},
			[]string{"entitlement", "dataset stream"}, "have Monitor enabled", well, nil},
		{"two organizations", world{config: two}, []string{"role", "dataset stream"}, settings.OrganizationID + ": " + one + " or " + otherOrganization,
			world{config: two, change: env{settings.OrganizationID: otherOrganization}}, []string{"dataset stream"}},
		{"dataset stream gone", world{config: sandbox.Config{Assumptions: sandbox.Assumptions{DatasetGone: http.StatusGone}}}, []string{"dataset stream"}, "410",
			world{config: sandbox.Config{Assumptions: sandbox.Assumptions{DatasetGone: http.StatusGone}}, change: env{settings.OrganizationID: "b9d4a0f6-52c8-4e13-8f77-1d6a3e90c2b5"}},
			[]string{"dataset stream"}},
		{"nothing left of the hour", world{config: sandbox.Config{Faults: sandbox.Faults{1: sandbox.ThrottleReset(time.Hour)}}}, []string{"dataset stream"}, "wait until then", well, nil},
		{"a page for a browser", world{config: sandbox.Config{Faults: sandbox.Faults{1: sandbox.HTMLPage}}}, []string{"dataset stream"}, "", well, nil},
		{"tokens for a browser", world{config: sandbox.Config{Faults: sandbox.Faults{sandbox.OfToken(1): sandbox.HTMLPage}}}, []string{"token"}, "check the auth URL", well, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			visit := func(w world) examined {
				return examine(t, pointAt(sandbox.Start(t, w.config)).with(w.change))
			}

			ill := visit(test.ill)
			if diff := cmp.Diff(test.fail, ill.named(doctor.Failure)); diff != "" {
				t.Errorf("failures (-want +got):\n%s%+v", diff, ill)
			}
			if !strings.Contains(ill.advice(), test.advice) {
				t.Errorf("advice %q is not in\n%s", test.advice, ill.advice())
			}
			mended := visit(test.mended)
			if !mended.Healthy {
				t.Errorf("who follows the advice is not helped: %+v", mended)
			}
			if diff := cmp.Diff(test.warnings, mended.named(doctor.Warning)); diff != "" {
				t.Errorf("warnings afterwards (-want +got):\n%s", diff)
			}
		})
	}
}

// A failure that passes is survived, and waited for no longer than somebody at a terminal would.
func TestDoctorSurvives(t *testing.T) {
	server := sandbox.Start(t, sandbox.Config{Faults: sandbox.Faults{
		1: sandbox.Unavailable, sandbox.OfToken(1): sandbox.HTMLError, sandbox.OfUserInfo(1): sandbox.ResetPeer,
	}})
	if found := examine(t, pointAt(server)); !found.Healthy {
		t.Errorf("not healthy: %+v", found)
	}
}

func TestDoctorReadsTheKeyFile(t *testing.T) {
	server := sandbox.Start(t, sandbox.Config{})
	file := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(file, server.Credentials().PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	environment := pointAt(server).with(env{settings.PrivateKey: unset, settings.PrivateKeyFile: file})
	for mode, want := range map[os.FileMode][]string{0o600: nil, 0o400: nil, 0o644: {"private key"}, 0o640: {"private key"}} {
		if runtime.GOOS == "windows" {
			want = nil
		}
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		found := examine(t, environment)
		if diff := cmp.Diff(want, found.named(doctor.Warning)); diff != "" || !found.Healthy {
			t.Errorf("mode %o: healthy %t, warnings (-want +got):\n%s", mode, found.Healthy, diff)
		}
	}
}

func TestDoctorComparesClocks(t *testing.T) {
	server := sandbox.Start(t, sandbox.Config{})
	for off, want := range map[time.Duration]doctor.Result{
		0: doctor.Pass, 2 * time.Minute: doctor.Warning, -2 * time.Minute: doctor.Warning, time.Hour: doctor.Failure, -time.Hour: doctor.Failure,
	} {
		now := func() time.Time { return time.Now().Add(off) }
		r := try(t, system{lookup: pointAt(server).lookup, now: now}, "doctor")
		mark := marks[want] + " clock"
		if !strings.Contains(r.stdout, "\n"+mark) || (r.status == success) == (want == doctor.Failure) {
			t.Errorf("%v: exit status %d, %q is not in\n%s", off, r.status, mark, r.stdout)
		}
	}
}

// What a person sees: a line a check, the page to open by itself, and in one line what could not be tried.
func TestDoctorSheet(t *testing.T) {
	server := sandbox.Start(t, sandbox.Config{Users: []sandbox.User{{NoConsent: true}}, Limits: sandbox.Limits{Hourly: 3000}})
	who, host := server.Credentials(), strings.TrimPrefix(server.URL(), "http://")

	r := try(t, system{lookup: pointAt(server).lookup}, "doctor", "--redirect-uri", "https://example.com/back")

	want := `✓ settings            account server HOST, integration key IK for user USER, reads the dataset stream
✓ private key         RSA, 2048 bits, from DOCUSIGN_PRIVATE_KEY
✓ network             account server HOST: reached
✓ network             stream server HOST: reached
✓ clock               within a minute of the server's
✗ token               400 Bad Request: consent_required (trace token …)
    → let the user open this page once and accept; https://example.com/back has to be registered for the integration key as a redirect URI (--redirect-uri names another):
      http://HOST/oauth/auth?response_type=code&scope=signature%20impersonation&client_id=IK&redirect_uri=https%3A%2F%2Fexample.com%2Fback
- not tried           organizations, role, entitlement, dataset stream, organization stream, rate limits: token has to pass first
`
	got := traceToken.ReplaceAllString(r.stdout, "(trace token …)")
	got = strings.NewReplacer(host, "HOST", who.IntegrationKey, "IK", who.UserID, "USER").Replace(got)
	if diff := cmp.Diff(want, got); diff != "" || r.status != failure || r.stderr != "" {
		t.Errorf("exit status %d, standard error %q, sheet (-want +got):\n%s", r.status, r.stderr, diff)
	}
}

// The limits are told once a server tells them.
func TestDoctorLimits(t *testing.T) {
	for _, test := range []struct {
		hourly int
		want   string
	}{
		{3000, "✓ rate limits         2998 of 3000 requests left this hour, reset at "},
		{5, "✓ rate limits         3 of 5 requests left this hour, reset at "},
		{2, "! rate limits         0 of 2 requests left this hour, reset at "},
	} {
		server := sandbox.Start(t, sandbox.Config{Limits: sandbox.Limits{Hourly: test.hourly}})
		r := try(t, system{lookup: pointAt(server).lookup}, "doctor")
		if !strings.Contains(r.stdout, "\n"+test.want) || r.status != success {
			t.Errorf("exit status %d, %q is not in\n%s", r.status, test.want, r.stdout)
		}
	}
}
