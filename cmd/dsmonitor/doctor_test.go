package main

import (
	"cmp"
	"crypto/ecdsa"
	curves "crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	gocmp "github.com/google/go-cmp/cmp"

	"example.com/docusign-monitor/contract/sandbox"
	"example.com/docusign-monitor/internal/doctor"
	"example.com/docusign-monitor/internal/settings"
)

// examined is what dsmonitor doctor --json says.
type examined struct {
	Healthy bool
	Checks  []doctor.Check
}

func examine(t *testing.T, sys system, args ...string) examined {
	t.Helper()
	r := try(t, sys, append([]string{"doctor", "--json"}, args...)...)
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
	key, _ := sys.lookup(settings.PrivateKey)
	file, _ := sys.lookup(settings.PrivateKeyFile)
	if strings.Contains(file, "-----BEGIN") {
		key = file
	} else if content, err := os.ReadFile(file); err == nil {
		key = string(content)
	}
	checkNoSecret(t, r, keyLines(key)...)
	if secret := opaque.FindString(r.stdout); secret != "" {
		t.Errorf("a token or an assertion is printed: %s", secret)
	}
	return found
}

// opaque is what tokens of the sandbox and assertions look like, the latter in Base64 once more too.
var opaque = regexp.MustCompile(`[A-Z2-7]{52}|eyJ|ZXlK`)

// marks are the results of all checks, in order.
func (e examined) marks() (text string) {
	for _, c := range e.Checks {
		text += marks[c.Result]
	}
	return text
}

// sheet is what a person is shown.
func (e examined) sheet() string {
	var b strings.Builder
	s := sheet{to: &b}
	for _, c := range e.Checks {
		s.tell(c)
	}
	s.end()
	return b.String()
}

func (e examined) named(result doctor.Result) (names []string) {
	for _, c := range e.Checks {
		if c.Result == result {
			names = append(names, c.Name)
		}
	}
	return slices.Compact(names)
}

// traceToken is what no two answers share.
var traceToken = regexp.MustCompile(`\(trace token [^)]*\)`)

// Whatever is wrong, the check that it belongs to is the first to fail, what depends on it is not tried, and who follows the
// advice is helped.
func TestDoctorFindsAndMends(t *testing.T) {
	// The results in order: settings, private key, network twice, clock, token, organizations, role, entitlement, both
	// streams, rate limits.
	const (
		healthy      = "✓✓✓✓✓✓✓✓✓✓✓✓"
		noSettings   = "✗---------"
		noKey        = "✗---------"
		noToken      = "✓✓✓✓✓✗------"
		noDataset    = "✓✓✓✓✓✓✓--✗!✓"
		overQuota    = "✓✓✓✓✓✓✓--✗!!"
		authURL      = "check the auth URL"
		onTheWay     = "look at what is on the way"
		clockOfThis  = "check the clock of this machine"
		consentScope = "scope=signature%20impersonation"
	)
	user := func(u sandbox.User) world { return world{config: sandbox.Config{Users: []sandbox.User{u}}} }
	organization := func(w world) world { return w.with(env{settings.OrganizationID: firstOrganization}) }
	two := world{config: sandbox.Config{
		Organizations: []sandbox.Organization{{ID: firstOrganization}, {ID: otherOrganization}},
		Users:         []sandbox.User{{Organizations: []string{firstOrganization, otherOrganization}}},
	}}
	foreign := world{config: sandbox.Config{Organizations: []sandbox.Organization{{ID: firstOrganization}, {ID: otherOrganization}}}}
	assuming := func(a sandbox.Assumptions) world { return world{config: sandbox.Config{Assumptions: a}} }
	noMonitor := world{config: sandbox.Config{Organizations: []sandbox.Organization{{NotEntitled: true}}}}
	gone := assuming(sandbox.Assumptions{DatasetGone: http.StatusGone})
	quietly := func(w world) world { w.stall = 20 * time.Millisecond; return w }
	twoOf := func(change env) world { w := two.with(change); w.args = []string{"--stream", "organization"}; return w }
	change := func(variable, value string) world { return world{change: env{variable: value}} }
	inFile := func(variable string) world {
		return world{change: env{settings.PrivateKey: unset, settings.PrivateKeyFile: variable}}
	}
	closed, hole := closedURL(t), silent(t)
	public, elliptic, encrypted := keysOfOthers(t)
	good := string(sandbox.Start(t, sandbox.Config{}).Credentials().PEM())
	file := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	well := world{}

	for _, test := range []struct {
		name   string
		ill    world
		first  string // to fail
		marks  string
		advice string // is part of what the first failure says
		mended world
		then   string // the results afterwards; healthy if left out
	}{
		// Settings.
		{"no integration key", change(settings.IntegrationKey, unset), "settings", noSettings, "give the GUID of the integration key", well, ""},
		{"empty integration key", change(settings.IntegrationKey, ""), "settings", noSettings, "give a value", well, ""},
		{"no user", change(settings.UserID, unset), "settings", noSettings, "give the GUID of the user", well, ""},
		{"e-mail address for the user", change(settings.UserID, "a@example.com"), "settings", noSettings, "the user's GUID", well, ""},
		{"unknown environment", change(settings.Environment, "prod"), "settings", noSettings, "neither demo nor production", change(settings.Environment, "production"), ""},
		{"organization that is no GUID", change(settings.OrganizationID, "acme"), "settings", noSettings, "32 hexadecimal digits", organization(well), ""},
		{"audience that is a URL", change(settings.Audience, "https://account.docusign.com/"), "settings", noSettings, "without scheme and slash", well, ""},
		{"account server in the clear", change(settings.AuthURL, "http://account.example"), "settings", noSettings, "give a URL with https", well, ""},
		{"stream server in the clear", change(settings.MonitorURL, "http://monitor.example"), "settings", noSettings, "give a URL with https", well, ""},
		{"nothing set", world{change: env{settings.IntegrationKey: unset, settings.UserID: unset, settings.PrivateKey: unset}},
			"settings", "✗✗" + noSettings, "give the GUID of the integration key", well, ""},

		// The private key.
		{"no key", change(settings.PrivateKey, unset), "private key", noKey, "or the key itself in " + settings.PrivateKey, well, ""},
		{"empty key", change(settings.PrivateKey, ""), "private key", noKey, "give a value", well, ""},
		{"key cut off", change(settings.PrivateKey, good[:len(good)/2]), "private key", noKey, "from BEGIN to END", well, ""},
		{"key file in place of the key", change(settings.PrivateKey, "key.pem"), "private key", noKey, "name its file in " + settings.PrivateKeyFile, world{keyFile: good}, ""},
		{"key in place of the key file", inFile(good), "private key", noKey, "put the key into " + settings.PrivateKey, well, ""},
		{"key and key file", change(settings.PrivateKeyFile, "key.pem"), "private key", noKey, "unset one of them", well, ""},
		{"key file missing", inFile("nowhere.pem"), "private key", noKey, "check its path", world{keyFile: good}, ""},
		{"key file that cannot be read", inFile(file + "/key.pem"), "private key", noKey, "that this user may read it", world{keyFile: good}, ""},
		{"key file that is a folder", inFile(t.TempDir()), "private key", noKey, "names a folder", world{keyFile: good}, ""},
		{"key file that is empty", inFile(file), "private key", noKey, "names an empty file", world{keyFile: good}, ""},
		{"public key", world{keyFile: public}, "private key", noKey, "the public half of one", world{keyFile: good}, ""},
		{"key with a passphrase", world{keyFile: encrypted}, "private key", noKey, "decrypt it first: openssl pkey", world{keyFile: good}, ""},
		{"elliptic key", world{keyFile: elliptic}, "private key", noKey, "not an RSA key", world{keyFile: good}, ""},
		{"key whose newlines are spaces", world{keyFile: strings.ReplaceAll(good, "\n", " ")}, "", healthy, "", well, ""},

		// The network.
		{"account server unreachable", change(settings.AuthURL, closed), "network", "✓✓✗✓✓-------", "check host, port", well, ""},
		{"stream server unreachable", change(settings.MonitorURL, closed), "network", "✓✓✓✗✓✓✓-----", "check host, port", well, ""},
		{"account server of unknown name", change(settings.AuthURL, "https://account.invalid"), "network", "✓✓✗✓✓-------", "check the name of the host, and DNS", well, ""},
		{"stream server of unknown name", change(settings.MonitorURL, "https://monitor.invalid"), "network", "✓✓✓✗✓✓✓-----", "check the name of the host, and DNS", well, ""},
		{"server that says nothing", quietly(world{change: env{settings.AuthURL: hole, settings.MonitorURL: hole}}), "network", "✓✓✗✗--------", "nothing comes back", well, ""},

		// The clock. The sandbox takes a minute.
		{"clock an hour behind", world{ahead: -time.Hour}, "clock", "✓✓✓✓✗✗------", "set the clock of this machine", well, ""},
		{"clock an hour ahead", world{ahead: time.Hour}, "clock", "✓✓✓✓✗✗------", "set the clock of this machine", well, ""},
		{"clock two minutes ahead", world{ahead: 2 * time.Minute}, "token", "✓✓✓✓!✗------", clockOfThis, well, ""},
		{"clock two minutes behind", world{ahead: -2 * time.Minute}, "", "✓✓✓✓!✓✓✓✓✓✓✓", "", well, ""},
		{"clock half a minute ahead", world{ahead: 30 * time.Second}, "", healthy, "", well, ""},

		// The token.
		{"another key", change(settings.PrivateKey, newKey()), "token", noToken, "private key is one of the integration key's", well, ""},
		{"unknown integration key", change(settings.IntegrationKey, nobody), "token", noToken, "check the integration key, and that it belongs to this environment", well, ""},
		{"unknown user", change(settings.UserID, nobody), "token", noToken, "check the user id, and that it belongs to this environment", well, ""},
		{"audience of a stranger", change(settings.Audience, "elsewhere.example"), "token", noToken, "unset " + settings.Audience, well, ""},
		{"audience of another environment", change(settings.Audience, "account.docusign.com"), "token", noToken, "unset " + settings.Audience, well, ""},
		{"refused without a description", func() world {
			w := assuming(sandbox.Assumptions{TokenErrorBody: sandbox.CodeAlone})
			return w.with(env{settings.UserID: nobody})
		}(), "token", noToken, "check integration key, user id, private key and environment", well, ""},
		{"refused in plain text", func() world {
			w := assuming(sandbox.Assumptions{TokenErrorBody: sandbox.PlainTokenError})
			return w.with(env{settings.IntegrationKey: nobody})
		}(), "token", noToken, authURL, well, ""},
		{"no consent", user(sandbox.User{NoConsent: true}), "token", noToken, consentScope, user(sandbox.User{}), ""},
		{"key taken away", always(sandbox.OfToken, sandbox.RevokeKey), "token", noToken, "private key is one of the integration key's", well, ""},
		{"consent withdrawn", always(sandbox.OfToken, sandbox.WithdrawConsent), "token", noToken, consentScope, well, ""},
		{"tokens for a browser", always(sandbox.OfToken, sandbox.HTMLPage), "token", noToken, onTheWay, well, ""},
		{"account server elsewhere", always(sandbox.OfToken, sandbox.Redirect("https://login.example")), "token", noToken, "no redirect is followed: " + authURL, well, ""},
		{"account server behind a broken proxy", always(sandbox.OfToken, sandbox.HTMLError), "token", noToken, onTheWay, well, ""},
		{"account server out of order", always(sandbox.OfToken, sandbox.Unavailable), "token", noToken, "try again later", well, ""},
		{"account server stalled", quietly(always(sandbox.OfToken, sandbox.Silence)), "token", noToken, onTheWay, well, ""},
		{"no tokens left of the hour", always(sandbox.OfToken, sandbox.Throttle(time.Hour)), "token", noToken, "wait until then", well, ""},

		// Organizations, role and entitlement.
		{"security reports administrator", user(sandbox.User{Role: sandbox.SecurityReports}), "", healthy, "", organization(user(sandbox.User{Role: sandbox.SecurityReports})), ""},
		{"no role", user(sandbox.User{Role: sandbox.NoRole}), "role", "✓✓✓✓✓✓✓✗-✗!✓",
			"permission profile Security Reports Administrator", user(sandbox.User{Role: sandbox.SecurityReports}), ""},
		{"no role in the organization", organization(user(sandbox.User{Role: sandbox.NoRole})), "role", "✓✓✓✓✓✓✓✗-!✗✓",
			"make the user an administrator of the organization", organization(well), ""},
		{"no entitlement", noMonitor, "entitlement", "✓✓✓✓✓✓✓-✗✗!✓", "have Monitor enabled", well, ""},
		{"no entitlement of the organization", organization(noMonitor), "entitlement", "✓✓✓✓✓✓✓-✗!✗✓", "have Monitor enabled", organization(well), ""},
		{"refused without a reason", always(ofStream, sandbox.Forbidden), "role", "✓✓✓✓✓✓✓✗-✗!✓", "or have Monitor enabled", well, ""},
		{"administrator of two", two, "role", "✓✓✓✓✓✓✓✗-✗-✓", settings.OrganizationID + ": " + firstOrganization + " or " + otherOrganization,
			two.with(env{settings.OrganizationID: otherOrganization}), "✓✓✓✓✓✓✓✓✓!✓✓"},
		{"none of two chosen", twoOf(nil), "organization stream", "✓✓✓✓✓✓✓--!✗✓", settings.OrganizationID + ": " + firstOrganization + " or " + otherOrganization,
			twoOf(env{settings.OrganizationID: firstOrganization}), "✓✓✓✓✓✓✓✓✓!✓✓"},
		{"organization of others", foreign.with(env{settings.OrganizationID: otherOrganization}), "role", "✓✓✓✓✓✓!✗-✓✗✓",
			"give an organization of the user by " + settings.OrganizationID + ": " + firstOrganization, organization(foreign), ""},
		{"unknown organization", change(settings.OrganizationID, nobody), "organization stream", "✓✓✓✓✓✓!--✓✗✓",
			settings.OrganizationID, organization(well), ""},

		// The streams.
		{"dataset stream gone", gone, "dataset stream", "✓✓✓✓✓✓✓--✗✓✓", "give " + settings.OrganizationID, organization(gone), "✓✓✓✓✓✓✓✓✓!✓✓"},
		{"wrong path of the streams", world{monitor: http.NotFound}, "dataset stream", noDataset, "check " + settings.MonitorURL, well, ""},
		{"tokens refused", always(ofStream, sandbox.Unauthorized), "dataset stream", noDataset, "auth and stream belong to the same environment", well, ""},
		{"a page for a browser", always(ofStream, sandbox.HTMLPage), "dataset stream", noDataset, onTheWay, well, ""},
		{"a firewall's page", world{monitor: func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			io.WriteString(w, "<html>blocked</html>")
		}}, "dataset stream", noDataset, onTheWay, well, ""},
		{"streams behind a broken proxy", always(ofStream, sandbox.HTMLError), "dataset stream", noDataset, onTheWay, well, ""},
		{"streams out of order", always(ofStream, sandbox.ServerError), "dataset stream", noDataset, "give the trace token to Docusign's support", well, ""},
		{"streams elsewhere", always(ofStream, sandbox.Redirect("https://login.example")), "dataset stream", noDataset, "no redirect is followed", well, ""},
		{"connections reset", always(ofStream, sandbox.ResetPeer), "dataset stream", noDataset, onTheWay, well, ""},
		{"answers cut off", always(ofStream, sandbox.TruncatedBody), "dataset stream", noDataset, onTheWay, well, ""},
		{"nothing left of the hour", always(ofStream, sandbox.ThrottleReset(time.Hour)), "dataset stream", overQuota, "wait until then", well, ""},
		{"nothing left of the hour, as until 2026", always(ofStream, sandbox.Limit400(time.Hour)), "dataset stream", overQuota, "wait until then", well, ""},
		{"nothing left of the half minute", always(ofStream, sandbox.Burst), "dataset stream", overQuota, "wait until then", well, ""},
		{"limited without a word", always(ofStream, sandbox.BareThrottle), "dataset stream", noDataset, "try again in a minute", well, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			ill := test.ill.visit(t)
			if got := ill.marks(); got != test.marks {
				t.Errorf("results %s, want %s:\n%s", got, test.marks, ill.sheet())
			}
			first := doctor.Check{}
			if i := slices.IndexFunc(ill.Checks, func(c doctor.Check) bool { return c.Result == doctor.Failure }); i >= 0 {
				first = ill.Checks[i]
			}
			if said := first.Detail + "; " + first.Advice; first.Name != test.first || !strings.Contains(said, test.advice) {
				t.Errorf("the first failure is %q, want %q with %q:\n%s", first.Name, test.first, test.advice, said)
			}
			for _, c := range ill.Checks {
				if (c.Result == doctor.Failure || c.Result == doctor.Warning) && c.Advice == "" {
					t.Errorf("%s: no advice", c.Name)
				}
			}
			for line := range strings.Lines(ill.sheet()) {
				if utf8.RuneCountInString(line) > maxLine+1 && strings.Contains(strings.TrimSpace(line), " ") {
					t.Errorf("line of more than %d characters: %s", maxLine, line)
				}
			}

			mended := test.mended.visit(t)
			if got := mended.marks(); got != cmp.Or(test.then, healthy) || !mended.Healthy {
				t.Errorf("who follows the advice is not helped: results %s:\n%s", got, mended.sheet())
			}
		})
	}
}

// A failure that passes is survived, and waited for no longer than somebody at a terminal would.
func TestDoctorSurvives(t *testing.T) {
	server := sandbox.Start(t, sandbox.Config{Faults: sandbox.Faults{
		1: sandbox.Unavailable, sandbox.OfToken(1): sandbox.HTMLError, sandbox.OfUserInfo(1): sandbox.ResetPeer,
	}})
	if found := examine(t, system{lookup: pointAt(server).lookup}); !found.Healthy {
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
		found := examine(t, system{lookup: environment.lookup})
		if diff := gocmp.Diff(want, found.named(doctor.Warning)); diff != "" || !found.Healthy {
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
    → let the user open this page once and accept; https://example.com/back has to be registered for the integration key as a redirect URI (--redirect-uri names another): http://HOST/oauth/auth?response_type=code&scope=signature%20impersonation&client_id=IK&redirect_uri=https%3A%2F%2Fexample.com%2Fback
- not tried           organizations, role, entitlement, dataset stream, organization stream, rate limits: token has to pass first
`
	got := regexp.MustCompile(`\n {6,}`).ReplaceAllString(r.stdout, " ") // where a line is broken depends on the port
	got = traceToken.ReplaceAllString(got, "(trace token …)")
	got = strings.NewReplacer(host, "HOST", who.IntegrationKey, "IK", who.UserID, "USER").Replace(got)
	if diff := gocmp.Diff(want, got); diff != "" || r.status != failure || r.stderr != "" {
		t.Errorf("exit status %d, standard error %q, sheet (-want +got):\n%s", r.status, r.stderr, diff)
	}
}

// A certificate that is another host's, or out of date, is told from one of an unknown authority.
func TestDoctorJudgesCertificates(t *testing.T) {
	key, err := ecdsa.GenerateKey(curves.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serve := func(host string, until time.Duration) string {
		template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{host}, NotAfter: time.Now().Add(until)}
		der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
		if err != nil {
			t.Fatal(err)
		}
		server := httptest.NewUnstartedServer(http.NotFoundHandler())
		server.Config.ErrorLog = log.New(io.Discard, "", 0)
		server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
		server.StartTLS()
		t.Cleanup(server.Close)
		return strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	}
	for _, test := range []struct{ url, advice string }{
		{serve("elsewhere.example", time.Hour), "check the name of the host: the certificate is another host's"},
		{serve("localhost", -time.Hour), "check the clock of this machine; if it is right"},
		{serve("localhost", time.Hour), "name the file of its certificate authority in SSL_CERT_FILE"},
	} {
		ill := world{change: env{settings.AuthURL: test.url}}.visit(t)
		if got := ill.marks(); got != "✓✓✗✓✓-------" || !strings.Contains(ill.Checks[2].Advice, test.advice) {
			t.Errorf("results %s, %q is not in\n%s", got, test.advice, ill.sheet())
		}
	}
}

// Without --json the same is said.
func TestDoctorSaysTheSame(t *testing.T) {
	for _, role := range []sandbox.Role{sandbox.Administrator, sandbox.NoRole} {
		server := sandbox.Start(t, sandbox.Config{Users: []sandbox.User{{Role: role}}})
		sys := system{lookup: pointAt(server).lookup}
		alike := func(sheet string) string {
			return regexp.MustCompile(`\(trace\s+token\s+[^)]*\)`).ReplaceAllString(sheet, "(trace token …)")
		}
		if diff := gocmp.Diff(alike(examine(t, sys).sheet()), alike(try(t, sys, "doctor").stdout)); diff != "" {
			t.Errorf("sheet (-made of JSON +printed):\n%s", diff)
		}
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
